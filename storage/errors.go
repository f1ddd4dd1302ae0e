package storage

import (
	"errors"
	"fmt"
	"strings"

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
// decides so, by SQLSTATE (PostgreSQL's appendix A).
//
// Only a refused value is final, and [Store.WriteCalls] sets its row aside by itself; and a server or a schema that this
// program can't work with. Everything else may pass: a lost connection, a lock, a full disk, a standby, a missing
// partition, a missing privilege, a table before its migration, and even a statement that is wrong, which a new version
// mends while the calls wait. A batch is never given up for a reason that lies outside its rows.
func IsRetryable(err error) bool {
	if err == nil || errors.Is(err, ErrNewerSchema) || errors.Is(err, ErrServerTooOld) {
		return false
	}
	return !isValueError(err)
}

// isValueError reports whether PostgreSQL refused a value of a row.
func isValueError(err error) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || isMissingPartition(pg) {
		return false
	}
	switch pg.Code {
	case "23502", // not_null_violation
		"23503", // foreign_key_violation
		"23514", // check_violation
		"54000": // program_limit_exceeded: a value too large for its index or row
		return true
	default:
		return strings.HasPrefix(pg.Code, "22") // data_exception
	}
}

// isUniqueViolation reports whether a row is stored already.
func isUniqueViolation(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "23505"
}

// isDeadlock reports whether PostgreSQL broke a circle of waiting writers.
func isDeadlock(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "40P01"
}

// isMissingTable reports whether a table that the writer counts on is gone: its partition was dropped, or the whole schema.
func isMissingTable(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "42P01" || pg.Code == "3F000" || isMissingPartition(pg))
}

func isMissingPartition(pg *pgconn.PgError) bool {
	return pg.Code == "23514" && pg.ConstraintName == "" // "no partition of relation … found for row"
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
