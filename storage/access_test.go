package storage_test

import (
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/storage/storagetest"
)

// newRole makes a role of the test's own, which may do nothing. It must be made before the test's database.
func newRole(t *testing.T) string {
	t.Helper()
	return storagetest.Role(t)
}

// asRole returns the URL of conn's database for a role.
func asRole(conn *pgx.Conn, role string) string {
	u, err := url.Parse(conn.Config().ConnString())
	if err != nil {
		panic(err)
	}
	u.User = url.User(role)
	return u.String()
}

var _ = require.NoError
