package database

import (
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/assert"
)

func pgError(code string) error {
	return fmt.Errorf("copy: %w", &pgconn.PgError{Code: code, ConstraintName: "c"})
}

func TestOnlySomeCodesBlameAValue(t *testing.T) {
	t.Parallel()
	for code, blames := range map[string]bool{
		"22001": true, "22003": true, "22007": true, "22008": true, "22021": true, "22P02": true, "22P03": true, "22P05": true,
		"23502": true, "23503": true, "23514": true, "54000": true,
		"2200H": false, // an exhausted sequence
		"22P04": false, // a COPY that this program wrote wrong
		"22000": false, "22023": false, "23505": false, "42501": false, "53100": false, "P0001": false, "XX000": false, "": false,
	} {
		assert.Equal(t, blames, IsValueError(pgError(code)), code)
		assert.Equal(t, !blames, IsRetryable(pgError(code)), code)
	}
	assert.False(t, IsValueError(&pgconn.PgError{Code: "23514"}), "a missing partition")
}

func TestWhatTellsOfTheServerBlamesNoRow(t *testing.T) {
	t.Parallel()
	for code, transient := range map[string]bool{
		"08006": true, "25006": true, "40001": true, "40P01": true, "53100": true, "53300": true, "55P03": true, "57P01": true, "58030": true,
		"57014": false, // a time-out may be a row's fault
		"2200H": false, "23505": false, "42501": false, "42P01": false, "P0001": false, "XX000": false, "22P04": false,
	} {
		assert.Equal(t, transient, IsTransient(pgError(code)), code)
	}
	assert.True(t, IsTransient(errors.New("unexpected EOF")))
	assert.False(t, IsTransient(fmt.Errorf("look: %w", ErrUnreadable)))
}

func TestAMessageQuotesNothingOfARefusedValue(t *testing.T) {
	t.Parallel()
	err := Describe("copy 3 calls", &pgconn.PgError{
		Code: "22P02", Message: `invalid input syntax for type json: "my secret"`, Detail: "secret", TableName: "call", ColumnName: "tags",
	})
	assert.EqualError(t, err, `copy 3 calls: value refused (SQLSTATE 22P02, table "call", column "tags")`)
	var pg *pgconn.PgError
	assert.ErrorAs(t, err, &pg)
}

func TestAMissingSchemaIsNamedAndAMissingPartitionIsNot(t *testing.T) {
	t.Parallel()
	for message, missing := range map[string]bool{
		`relation "costkey.project" does not exist`: true, `relation "costkey.call_20261120" does not exist`: false,
		`relation "costkey.hourly_202611" does not exist`: false, `relation "gone" does not exist`: false,
	} {
		err := Describe("list projects", &pgconn.PgError{Code: "42P01", Message: message})
		assert.Equal(t, missing, errors.Is(err, ErrNotMigrated), message)
		assert.True(t, IsMissingTable(err) && IsRetryable(err), message)
	}
	assert.ErrorIs(t, Describe("list projects", &pgconn.PgError{Code: "3F000"}), ErrNotMigrated)
}
