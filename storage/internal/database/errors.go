package database

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

var (
	// ErrNewerSchema says that the database was migrated by a newer version of CostKey.
	ErrNewerSchema = errors.New("database schema is newer than this program: run the newer version, or point the storage setting `dsn` (COSTKEY_DATABASE_URL) or `data_dir` (COSTKEY_DATA_DIR) at another database")
	// ErrServerTooOld says that the server is older than PostgreSQL 15.
	ErrServerTooOld = errors.New("PostgreSQL 15 or newer is needed: point the storage setting `dsn` (COSTKEY_DATABASE_URL) at such a server")
	// ErrOldSchema says that the schema is of a version before 0.1.0, which nothing migrates.
	ErrOldSchema = errors.New("schema costkey is of a version before 0.1.0, whose tables this program can't read: keep them under another name (ALTER SCHEMA costkey RENAME TO costkey_old) or drop them, or move the data directory (COSTKEY_DATA_DIR, .costkey) away, then start again; see docs/operations.md")
	// ErrEncoding says that the database can't hold every text.
	ErrEncoding = errors.New("database encoding must be UTF8: create the database with ENCODING 'UTF8'")
	// ErrRaced says that another writer changed what was read, or that the server is another one by now.
	ErrRaced = errors.New("changed by another writer")
	// ErrUnreadable says that a stored row holds what no program wrote.
	ErrUnreadable = errors.New("stored row can't be read")
	// ErrNotMigrated says that the schema is not there yet or not complete.
	ErrNotMigrated = errors.New("database schema is not migrated yet: run `costkey storage migrate`, or a collector with `migrate: true`")
)

// IsRetryable reports whether the operation that ended with err may succeed later, unchanged. It is the one place that
// decides so, by SQLSTATE (PostgreSQL's appendix A).
//
// Only a refused value is final, and the writer puts its row aside by itself; and a server or a schema that this program
// can't work with. Everything else may pass: a lost connection, a lock, a full disk, a standby, a missing partition, a
// missing privilege, an exhausted sequence, a table before its migration. What does not pass is narrowed down to its rows
// by the writer, whatever the error.
func IsRetryable(err error) bool {
	for _, final := range [...]error{ErrNewerSchema, ErrOldSchema, ErrServerTooOld, ErrEncoding} {
		if errors.Is(err, final) {
			return false
		}
	}
	return err != nil && !IsValueError(err)
}

// valueCodes are the SQLSTATEs that blame a value of a row. Others of class 22 do not: 2200H is an exhausted sequence,
// 22P04 a COPY that this program wrote wrong.
var valueCodes = []string{
	"22001", // string_data_right_truncation
	"22003", // numeric_value_out_of_range
	"22007", // invalid_datetime_format
	"22008", // datetime_field_overflow
	"22021", // character_not_in_repertoire
	"22030", // duplicate_json_object_key_value
	"22032", // invalid_json_text
	"22P02", // invalid_text_representation
	"22P03", // invalid_binary_representation
	"22P05", // untranslatable_character
	"23502", // not_null_violation
	"23503", // foreign_key_violation
	"23514", // check_violation
	"54000", // program_limit_exceeded: a value too large for its index or row
}

// IsValueError reports whether PostgreSQL refused a value of a row.
func IsValueError(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && !isMissingPartition(pg) && slices.Contains(valueCodes, pg.Code)
}

// Code returns the SQLSTATE of err, "" where the server did not answer.
func Code(err error) string {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return ""
	}
	return pg.Code
}

// IsTimeout reports whether a statement or the whole operation took too long.
func IsTimeout(err error) bool {
	return Code(err) == "57014" || errors.Is(err, context.DeadlineExceeded)
}

// IsTransient reports whether err tells of the server or of other sessions and not of the rows: a lost connection, too few
// resources, an operator's doing, a lock, a transaction to be begun again. It blames no row, however often it comes. A
// time-out may be a row's fault.
func IsTransient(err error) bool {
	if IsTimeout(err) || errors.Is(err, ErrUnreadable) {
		return false
	}
	code := Code(err)
	if code == "" || errors.Is(err, ErrRaced) {
		return true
	}
	for _, class := range [...]string{"08", "25", "40", "53", "55", "57", "58"} {
		if strings.HasPrefix(code, class) {
			return true
		}
	}
	return false
}

// IsUniqueViolation reports whether a row is stored already.
func IsUniqueViolation(err error) bool { return Code(err) == "23505" }

// IsDeadlock reports whether PostgreSQL broke a circle of waiting writers.
func IsDeadlock(err error) bool { return Code(err) == "40P01" }

// IsLockTimeout reports whether a lock was not to be had within lock_timeout.
func IsLockTimeout(err error) bool { return Code(err) == "55P03" }

// IsRaced reports whether other writers were at the same rows: what was read is to be read again.
func IsRaced(err error) bool {
	return errors.Is(err, ErrRaced) || IsUniqueViolation(err) || IsDeadlock(err)
}

// isOtherServer reports whether costkey.check_identity() found another server.
func isOtherServer(err error) bool { return Code(err) == "CK001" }

// IsMissingTable reports whether a table that the writer counts on is gone: its partition was dropped, or the whole schema.
func IsMissingTable(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "42P01" || pg.Code == "3F000" || isMissingPartition(pg))
}

func isMissingPartition(pg *pgconn.PgError) bool {
	return pg.Code == "23514" && pg.ConstraintName == "" // "no partition of relation … found for row"
}

var partitionName = regexp.MustCompile(`_\d{6,8}"`)

// isMissingSchema reports whether the schema, or a table of it that is no partition, is not there.
func isMissingSchema(pg *pgconn.PgError) bool {
	return pg.Code == "3F000" || pg.Code == "42P01" && strings.Contains(pg.Message, `"costkey.`) && !partitionName.MatchString(pg.Message)
}

// Describe wraps err with what was being done. What PostgreSQL says of a row's content (DETAIL, CONTEXT, and the message of
// a refused value) stays out: it quotes the row.
func Describe(doing string, err error) error {
	if err == nil {
		return nil
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) && IsValueError(err) {
		return fmt.Errorf("%s: %w", doing, &refusedError{pg})
	}
	if pg != nil && isMissingSchema(pg) {
		return fmt.Errorf("%s: %w: %w", doing, ErrNotMigrated, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// refusedError hides the text of a refused value; errors.As still finds the PgError below.
type refusedError struct{ pg *pgconn.PgError }

func (e *refusedError) Error() string {
	return fmt.Sprintf("value refused (SQLSTATE %s, table %q, column %q)", e.pg.Code, e.pg.TableName, e.pg.ColumnName)
}

func (e *refusedError) Unwrap() error { return e.pg }
