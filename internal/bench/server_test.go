package bench

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/internal/postgres"
	"github.com/costkey/costkey-otel/storage/storagetest"
)

// harness is the application_name of the harness's own connections, by which its statements are told from a store's.
const harness = "costkey-bench"

// casePrefix begins the names of databases that live as long as a row is measured.
const casePrefix = "case_"

// slowFrom is the duration in milliseconds from which a statement stands in the server's log.
const slowFrom = "10"

// server is the collector's own PostgreSQL on a directory that outlives the process. It belongs to one process at a time.
type server struct {
	dsn         string    // of a database that stays empty
	log         string    // the server's log
	noon        time.Time // from when on calls are written, where there is no past
	fingerprint string    // of the schema and of what seed makes; see fingerprinted
}

// startServer starts the server on dir until tb ends, and removes what a killed process left. Autovacuum is off: statistics
// stay as they were made, and no subject of a round pays for another's rows. Parameters win over the harness's own.
func startServer(tb testing.TB, dir string, parameters map[string]string) *server {
	tb.Helper()
	all := map[string]string{
		"autovacuum":                 "off",
		"log_line_prefix":            "%d|%a|",
		"log_min_duration_statement": slowFrom,
		"log_parameter_max_length":   "0",
	}
	maps.Copy(all, parameters)
	// The harness writes checkpoints, reads the server's log and drops what sessions hold: as a superuser.
	running, err := postgres.Start(tb.Context(), postgres.Config{DataDir: dir, Parameters: all, RoleOptions: []string{"SUPERUSER"}})
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, running.Stop(context.Background())) })
	s := &server{dsn: running.DSN(), noon: lastNoon()}
	// The log stands beside the cluster: see internal/postgres.
	s.log = filepath.Join(filepath.Dir(storagetest.Value(tb, s.dsn, "SELECT current_setting('data_directory')")), "server.log")
	for _, name := range s.databases(tb, casePrefix) {
		s.drop(tb, name)
	}
	return s
}

// at returns the URL of a database.
func (s *server) at(database string) string { return s.url(database, nil) }

// own is at for the harness's own statements.
func (s *server) own(database string) string {
	return s.url(database, map[string]string{"application_name": harness})
}

// url returns the URL of a database with parameters of the session.
func (s *server) url(database string, parameters map[string]string) string {
	u, err := url.Parse(s.dsn)
	if err != nil {
		panic(err) // internal/postgres writes URLs
	}
	u.Path = "/" + database
	q := u.Query()
	for name, value := range parameters {
		q.Set(name, value)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// databases lists those whose name begins with prefix.
func (s *server) databases(tb testing.TB, prefix string) []string {
	tb.Helper()
	return strings.Fields(storagetest.Value(tb, s.dsn, "SELECT string_agg(datname, ' ') FROM pg_database WHERE starts_with(datname, $1)", prefix))
}

// create makes a database as a copy of template, to which nobody may be connected.
func (s *server) create(tb testing.TB, name, template string) {
	tb.Helper()
	storagetest.Exec(tb, s.dsn, fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s STRATEGY file_copy", name, template))
}

func (s *server) drop(tb testing.TB, name string) {
	tb.Helper()
	storagetest.Exec(tb, s.dsn, fmt.Sprintf("DROP DATABASE %s WITH (FORCE)", name))
}

// checkpoint writes what is dirty, so that it is not written while the next subject is measured.
func (s *server) checkpoint(tb testing.TB) {
	tb.Helper()
	storagetest.Exec(tb, s.dsn, "CHECKPOINT")
}

// caseName returns a name for a database of one row.
func caseName() string { return casePrefix + strings.ToLower(rand.Text()) }
