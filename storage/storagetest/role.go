package storagetest

import (
	"context"
	"fmt"
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Role makes a role that may log in and no more, for a test of privileges, and returns its name and the URL by which it uses
// the database. It ends with the test, with what it was granted in that database.
func Role(t testing.TB, dsn string) (name, asRole string) {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal("the URL of a test's database can't be read")
	}
	name = newName()
	// Membership is needed to take away what it was granted.
	Exec(t, dsn, fmt.Sprintf("CREATE ROLE %[1]s LOGIN PASSWORD '%[1]s'; GRANT %[1]s TO CURRENT_USER", name))
	t.Cleanup(func() {
		ctx := context.Background()
		err := connected(ctx, dsn, func(conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, fmt.Sprintf("DROP OWNED BY %[1]s; DROP ROLE %[1]s", name))
			return err
		})
		if err != nil {
			t.Errorf("drop the role of a test: %v", err)
		}
	})
	query := u.Query()
	query.Del("passfile")
	query.Set("password", name)
	u.User, u.RawQuery = url.User(name), query.Encode()
	return name, u.String()
}
