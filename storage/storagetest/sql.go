package storagetest

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Exec runs one statement on the database, for tests of packages that may not speak SQL themselves.
func Exec(t testing.TB, dsn, statement string, args ...any) {
	t.Helper()
	err := connected(t.Context(), dsn, func(conn *pgx.Conn) error {
		_, err := conn.Exec(t.Context(), statement, args...)
		return err
	})
	if err != nil {
		t.Fatalf("run %q: %v", statement, err)
	}
}

// Value returns the one value that a query of one row and one column finds, as text; NULL is the empty string.
func Value(t testing.TB, dsn, query string, args ...any) string {
	t.Helper()
	var value *string
	err := connected(t.Context(), dsn, func(conn *pgx.Conn) error {
		return conn.QueryRow(t.Context(), "SELECT v::text FROM ("+query+") q (v)", args...).Scan(&value)
	})
	if err != nil {
		t.Fatalf("run %q: %v", query, err)
	}
	if value == nil {
		return ""
	}
	return *value
}

// connected lets do use a connection of its own: a pool would have to be closed before goroutines are counted.
func connected(ctx context.Context, dsn string, do func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	return errors.Join(do(conn), conn.Close(ctx))
}
