package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/internal/postgres"
	"github.com/costkey/costkey-otel/storage/storagetest"
)

func TestMain(m *testing.M) { storagetest.Main(m) }

// result is what one call of the command did.
type result struct {
	status         int
	stdout, stderr string
}

func costkey(t *testing.T, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status := run(t.Context(), args, &stdout, &stderr)
	return result{status, stdout.String(), stderr.String()}
}

// noDatabase makes sure that the test's own environment names no database.
func noDatabase(t *testing.T) {
	t.Helper()
	t.Setenv(urlVariable, "")
	t.Setenv(dataDirVariable, "")
}

func TestWrongUseHasStatusTwoAndSaysWhereTheHelpIs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"unknown command":    {[]string{"reprot"}, `unknown command "reprot"`},
		"unknown subcommand": {[]string{"storage", "migrat"}, `unknown command "migrat" for "costkey storage"`},
		"unknown flag":       {[]string{"dsn", "--datadir", "x"}, "--datadir"},
		"argument too many":  {[]string{"dsn", "x"}, "x"},
		"unknown format":     {[]string{"report", "--format", "xml"}, "must be one of table, json, csv"},
		"malformed since":    {[]string{"report", "--since", "yesterday"}, "--since must be a time"},
		"negative limit":     {[]string{"report", "--limit", "-1"}, "--limit must not be negative"},
		"malformed DSN":      {[]string{"report", "--database-url", "postgres://u:hunter2@h:x/d"}, "not a PostgreSQL connection string"},
		"flag without value": {[]string{"dsn", "--data-dir"}, "--data-dir"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := costkey(t, c.args...)
			assert.Equal(t, exitMisuse, got.status)
			assert.Contains(t, got.stderr, c.want)
			assert.Contains(t, got.stderr, "--help'.")
			assert.NotContains(t, got.stderr, "hunter2")
			assert.Empty(t, got.stdout)
		})
	}
}

func TestHelpIsNoError(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"--help"}, {"help", "dsn"}, {"storage"}} {
		got := costkey(t, args...)
		assert.Equal(t, exitDone, got.status, args)
		assert.Contains(t, got.stdout, "Usage:", args)
	}
}

func TestTheDSNIsThatOfTheFlagThenOfTheVariable(t *testing.T) {
	noDatabase(t)
	t.Setenv(urlVariable, "postgres://variable/db")
	assert.Equal(t, result{stdout: "postgres://variable/db\n"}, costkey(t, "dsn"))
	assert.Equal(t, result{stdout: "postgres://flag/db\n"}, costkey(t, "dsn", "--database-url", "postgres://flag/db"))
	assert.Equal(t, result{stdout: "postgres://variable/db\n"}, costkey(t, "dsn", "--data-dir", "anywhere"))
}

func TestTheDSNIsThatOfTheRunningCollector(t *testing.T) {
	noDatabase(t)
	dir, err := os.MkdirTemp("", "costkey-cli-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	defer func() { require.NoError(t, os.RemoveAll(dir)) }()
	server, err := postgres.Start(t.Context(), postgres.Config{
		DataDir: filepath.Join(dir, defaultDataDir), Parameters: map[string]string{"fsync": "off"},
	})
	require.NoError(t, err)
	defer func() { require.NoError(t, server.Stop(context.Background())) }()
	running := result{stdout: server.DSN() + "\n"}

	assert.Equal(t, running, costkey(t, "dsn", "--data-dir", filepath.Join(dir, defaultDataDir)))
	t.Setenv(dataDirVariable, filepath.Join(dir, defaultDataDir))
	assert.Equal(t, running, costkey(t, "dsn"))
	t.Setenv(dataDirVariable, "")
	t.Chdir(dir)
	assert.Equal(t, running, costkey(t, "dsn"))
	assert.Equal(t, "1", storagetest.Value(t, server.DSN(), "SELECT 1"))
}

func TestWithNoDatabaseTheWayOutIsSaid(t *testing.T) {
	noDatabase(t)
	dir := t.TempDir()
	for _, args := range [][]string{{"dsn"}, {"report"}, {"storage", "status"}} {
		got := costkey(t, append(args, "--data-dir", dir)...)
		assert.Equal(t, exitFailed, got.status)
		assert.Empty(t, got.stdout)
		for _, part := range []string{dir, "make run", "--data-dir", dataDirVariable, "--database-url", urlVariable} {
			assert.Contains(t, got.stderr, part)
		}
	}
}

func TestADatabaseThatDoesNotAnswerIsAFailureNotAMisuse(t *testing.T) {
	t.Parallel()
	got := costkey(t, "storage", "status", "--database-url", "postgres://user:hunter2@127.0.0.1:1/db")
	assert.Equal(t, exitFailed, got.status)
	assert.NotContains(t, got.stderr, "hunter2")
}

func TestReportOfAnEmptyDatabaseIsAnEmptyListing(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	for format, want := range map[string]string{
		"json":  "[]\n",
		"csv":   "function,file,calls,unpriced_calls,input_tokens,output_tokens,cost_usd\n",
		"table": "FUNCTION  FILE  CALLS  UNPRICED  INPUT  OUTPUT  COST USD\n",
	} {
		for _, name := range []string{"report", "top"} {
			got := costkey(t, name, "--since", "24h", "--format", format, "--database-url", dsn)
			assert.Equal(t, result{stdout: want}, got, format)
		}
	}
}
