//go:build unix

package postgres

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheRoleOfTheDSNOwnsTheDatabaseAndIsNoSuperuser(t *testing.T) {
	t.Parallel()
	s := start(t, seeded(t))
	assert.Equal(t, "costkey", query(t, s.DSN(), "SELECT current_user"))
	assert.Equal(t, "off", query(t, s.DSN(), "SHOW is_superuser"))
	assert.Equal(t, "costkey", query(t, s.DSN(), "SELECT datdba::regrole FROM pg_database WHERE datname = current_database()"))
	assert.Equal(t, "postgres", query(t, s.DSN(), "SELECT string_agg(rolname, ',') FROM pg_roles WHERE rolsuper"))
	_, err := tryQuery(t, s.DSN(), "CREATE ROLE another SUPERUSER")
	require.ErrorContains(t, err, "42501", "insufficient privilege")
}

func TestNobodyConnectsByTrust(t *testing.T) {
	t.Parallel()
	s := start(t, seeded(t))
	whole := s.DSN()
	plain, _, ok := strings.Cut(whole, "&passfile=")
	require.True(t, ok)
	for _, role := range []string{"costkey", "postgres", "nobody"} {
		for _, database := range []string{"costkey", "postgres", "template1"} {
			target := strings.Replace(plain, "costkey@/costkey", role+"@/"+database, 1)
			_, err := tryQuery(t, target, "SELECT 1")
			require.Error(t, err, target)
		}
	}
	_, err := tryQuery(t, strings.Replace(whole, "costkey@", "postgres@", 1), "SELECT 1")
	require.ErrorContains(t, err, "rejects connection", "a password does not help either")
}

func TestThePasswordIsReadByTheStarterAlone(t *testing.T) {
	t.Parallel()
	dir := seeded(t)
	s := start(t, dir)
	info, err := os.Stat(s.layout.passFile())
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	uid, _, err := owner(s.layout.passFile())
	require.NoError(t, err)
	assert.EqualValues(t, os.Geteuid(), uid, "not the account that the server runs under")
	password, ok := readPassword(s.layout.passFile())
	require.True(t, ok)
	assert.GreaterOrEqual(t, len(password), 26)
	for _, name := range []string{s.layout.stateFile(), s.layout.logFile()} {
		content, err := os.ReadFile(name)
		require.NoError(t, err)
		assert.NotContains(t, string(content), password, name)
	}
}

func TestARootThatTakesOverLeavesThePasswordToTheUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root takes over")
	}
	dir := openDir(t)
	require.NoError(t, os.Chmod(dir, 0o777))
	dir = filepath.Join(dir, ".costkey")
	require.NoError(t, startOwner(t, dir, true).end())
	require.NoError(t, os.Remove(filepath.Join(dir, "postgres.pgpass")))
	s := start(t, dir)
	query(t, s.DSN(), "CREATE TABLE kept ()")
	require.NoError(t, s.Stop(t.Context()))

	user := startOwner(t, dir, true)
	query(t, user.said, "TABLE kept")
	require.NoError(t, user.end())
}

func TestALostOrUselessPasswordIsReplaced(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(path string) error{
		"lost":             os.Remove,
		"emptied":          func(path string) error { return os.Truncate(path, 0) },
		"not one of ours":  func(path string) error { return os.WriteFile(path, []byte(passPrefix+"it's\n"), 0o600) },
		"of another shape": func(path string) error { return os.WriteFile(path, []byte("localhost:1:a:b:C\n"), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := seeded(t)
			s := start(t, dir)
			query(t, s.DSN(), "CREATE TABLE kept AS SELECT 7 AS n")
			require.NoError(t, s.Stop(t.Context()))
			require.NoError(t, lose(s.layout.passFile()))
			assert.Equal(t, "7", query(t, start(t, dir).DSN(), "SELECT n FROM kept"))
		})
	}
}

// trusting turns a data directory into one of before the role: the superuser is called costkey, owns all there is, and is
// trusted.
func trusting(t *testing.T, dir, content string) {
	t.Helper()
	s := start(t, dir)
	require.NoError(t, s.Stop(t.Context()))
	require.NoError(t, os.Remove(s.layout.passFile()))
	require.NoError(t, writeWhole(filepath.Join(s.layout.cluster(), "pg_hba.conf"), "local all all trust\n", s.run.give))
	sql := "DROP OWNED BY costkey;\n\nALTER DATABASE costkey OWNER TO postgres;\n\nDROP ROLE costkey;\n\n" +
		"UPDATE pg_authid SET rolname = 'costkey' WHERE oid = 10;\n\n" + content + ";\n\n"
	require.NoError(t, s.singleUser(context.Background(), s.layout.cluster(), databaseName, sql, "-j", "-c", "allow_system_table_mods=on"))
}

func TestDataOfBeforeTheRoleIsHandedToItAtStart(t *testing.T) {
	t.Parallel()
	dir := seeded(t)
	trusting(t, dir, `
		CREATE SCHEMA costkey;
		CREATE DOMAIN costkey.slug AS text CHECK (value <> '');
		CREATE TYPE costkey.status AS ENUM ('priced', 'free');
		CREATE SEQUENCE costkey.numbers;
		CREATE TABLE costkey.project (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "Slug" costkey.slug);
		CREATE TABLE costkey.call (day date, status costkey.status) PARTITION BY RANGE (day);
		CREATE TABLE costkey."call 2026" PARTITION OF costkey.call FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
		CREATE VIEW costkey.calls AS SELECT * FROM costkey.call;
		CREATE FUNCTION costkey.trace(text) RETURNS SETOF costkey.calls LANGUAGE sql AS 'SELECT * FROM costkey.calls';
		CREATE TABLE kept AS SELECT 7 AS n`)
	for range 2 {
		s := start(t, dir)
		assert.Equal(t, "off", query(t, s.DSN(), "SHOW is_superuser"))
		assert.Equal(t, "7", query(t, s.DSN(), "SELECT n FROM kept"))
		query(t, s.DSN(), `INSERT INTO costkey.project ("Slug") VALUES ('a')`)
		require.NoError(t, s.Stop(t.Context()))
	}
	s := start(t, dir)
	query(t, s.DSN(), "DROP TABLE costkey.call, kept CASCADE")
	query(t, s.DSN(), "DROP SCHEMA costkey CASCADE")
	_, err := tryQuery(t, strings.Replace(s.DSN(), "costkey@", "postgres@", 1), "SELECT 1")
	require.ErrorContains(t, err, "rejects connection")
}
