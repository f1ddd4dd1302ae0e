package storage

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
)

var (
	// ErrNewerSchema says that the database was migrated by a newer version of CostKey.
	ErrNewerSchema = errors.New("database schema is newer than this program: run the newer version, or point the storage setting `dsn` (COSTKEY_DATABASE_URL) or `data_dir` (COSTKEY_DATA_DIR) at another database")
	// ErrServerTooOld says that the server is older than PostgreSQL 15.
	ErrServerTooOld = errors.New("PostgreSQL 15 or newer is needed: point the storage setting `dsn` (COSTKEY_DATABASE_URL) at such a server")
	// ErrNotMigrated says that the schema is not there yet or not complete.
	ErrNotMigrated = errors.New("database schema is not migrated yet")
)

// IsRetryable reports whether the operation that ended with err may succeed later, unchanged. It is the one place that
// decides so, by SQLSTATE (PostgreSQL's appendix A): only a value that the server refuses, a refused statement and our
// own permanent errors are final. A batch itself is never permanent: [Store.WriteCalls] sets the refused row aside.
func IsRetryable(err error) bool {
	if err == nil || errors.Is(err, ErrNewerSchema) || errors.Is(err, ErrServerTooOld) {
		return false
	}
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return true // the connection, a time-out, the context: nothing is known to be wrong with the data
	}
	if isMissingPartition(pg) {
		return true
	}
	switch pg.Code {
	case "23505", // unique_violation: another writer was first, the next try sees its row
		"42P01", "3F000", // undefined_table, invalid_schema_name: before the migration
		"42P07", "42P06", // duplicate_table, duplicate_schema: two collectors making one partition
		"25006", // read_only_sql_transaction: a standby that is being promoted
		"42501": // insufficient_privilege: an operator can grant it
		return true
	}
	switch class(pg) {
	case "22", // data_exception
		"23", // integrity_constraint_violation
		"42": // syntax_error_or_access_rule_violation: a defect of ours
		return false
	}
	return true // 08 connection, 25, 28 authorization, 40 rollback, 53 resources, 55 locks, 57 intervention, 58 system, XX
}

// isValueError reports whether PostgreSQL refused a value of a row.
func isValueError(err error) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || isMissingPartition(pg) {
		return false
	}
	return class(pg) == "22" || pg.Code == "23502" || pg.Code == "23503" || pg.Code == "23514" || pg.Code == "54000"
}

// isUniqueViolation reports whether a row is stored already.
func isUniqueViolation(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "23505"
}

// isMissingTable reports whether a table that the writer counts on is gone: its partition was dropped, or the whole schema.
func isMissingTable(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "42P01" || pg.Code == "3F000" || isMissingPartition(pg))
}

func isMissingPartition(pg *pgconn.PgError) bool {
	return pg.Code == "23514" && pg.ConstraintName == "" // "no partition of relation … found for row"
}

func class(pg *pgconn.PgError) string {
	if len(pg.Code) < 2 {
		return ""
	}
	return pg.Code[:2]
}

// describe wraps err with what was being done. What PostgreSQL says of a row's content (DETAIL, CONTEXT, and the message of
// a refused value) stays out: it quotes the row.
func describe(doing string, err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		if isValueError(err) {
			return fmt.Errorf("%s: %w", doing, &refusedError{pg})
		}
		return fmt.Errorf("%s: %w", doing, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// refusedError hides the text of a refused value; errors.As still finds the PgError below.
type refusedError struct{ pg *pgconn.PgError }

func (e *refusedError) Error() string {
	return fmt.Sprintf("value refused (SQLSTATE %s, table %q, column %q)", e.pg.Code, e.pg.TableName, e.pg.ColumnName)
}

func (e *refusedError) Unwrap() error { return e.pg }
