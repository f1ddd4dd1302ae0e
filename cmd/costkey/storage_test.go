package main

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/storage"
	"github.com/costkey/costkey-otel/storage/storagetest"
)

// status is what `costkey storage status --format json` prints.
type status struct {
	Server []struct {
		PostgreSQL string `json:"postgresql"`
	} `json:"server"`
	Migrations []struct {
		Version   int        `json:"version"`
		Name      string     `json:"name"`
		AppliedAt *time.Time `json:"applied_at"`
	} `json:"migrations"`
	DeadLetters []map[string]any `json:"dead_letters"`
	Maintenance []struct {
		Task       string     `json:"task"`
		StartedAt  time.Time  `json:"started_at"`
		FinishedAt *time.Time `json:"finished_at"`
		Done       int64      `json:"done"`
		Error      *string    `json:"error"`
	} `json:"maintenance"`
}

func statusOf(t *testing.T, dsn string) status {
	t.Helper()
	got := costkey(t, "storage", "status", "--format", "json", "--database-url", dsn)
	require.Equal(t, exitDone, got.status, got.stderr)
	var s status
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &s), got.stdout)
	return s
}

func TestStorageStatusShowsWhatMigrateDid(t *testing.T) {
	t.Parallel()
	dsn := storagetest.DSN(t)
	before := statusOf(t, dsn)
	require.NotEmpty(t, before.Migrations)
	for _, step := range before.Migrations {
		assert.Nil(t, step.AppliedAt, "nothing is applied yet")
	}
	for range 2 {
		assert.Equal(t, result{stdout: "the schema is up to date\n"}, costkey(t, "storage", "migrate", "--database-url", dsn))
	}
	after := statusOf(t, dsn)
	for _, step := range after.Migrations {
		require.NotNil(t, step.AppliedAt, step.Name)
		assert.WithinDuration(t, time.Now(), *step.AppliedAt, time.Minute)
	}
	assert.Equal(t, storagetest.Value(t, dsn, "SELECT current_setting('server_version')"), after.Server[0].PostgreSQL)
	assert.Empty(t, after.DeadLetters)
	assert.Empty(t, after.Maintenance)
}

func TestStorageStatusShowsMaintenanceAndDeadLetters(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	store, err := storage.Open(storage.Config{DSN: dsn})
	require.NoError(t, err)
	defer store.Close()
	storagetest.Exec(t, dsn, "ALTER TABLE costkey.trace_node RENAME TO away")
	_, err = store.Maintain(t.Context())
	require.ErrorContains(t, err, "forget_nodes")
	deadLetter(t, dsn, 1, "shop", storage.ReasonFailing, "{}")
	deadLetter(t, dsn, 2, "shop", storage.ReasonFailing, "{}")
	deadLetter(t, dsn, 3, "blog", storage.ReasonClocks, "{}")

	s := statusOf(t, dsn)
	tasks := make(map[string]bool)
	for _, task := range s.Maintenance {
		tasks[task.Task] = true
		assert.WithinDuration(t, time.Now(), task.StartedAt, time.Minute)
		assert.NotNil(t, task.FinishedAt, task.Task)
		if task.Task == "forget_nodes" {
			require.NotNil(t, task.Error)
			assert.Contains(t, *task.Error, "trace_node")
		} else {
			assert.Nil(t, task.Error, task.Task)
		}
	}
	assert.Subset(t, tasks, map[string]bool{"merge_sums": true, "drop_days": true, "forget_nodes": true})
	require.Len(t, s.DeadLetters, 2)
	assert.Equal(t, "blog", s.DeadLetters[0]["project"])
	assert.EqualValues(t, 2, s.DeadLetters[1]["calls"])

	table := costkey(t, "storage", "status", "--database-url", dsn)
	for _, part := range []string{"Server\nPOSTGRESQL\n", "\n\nMigrations\nVERSION", "\n\nDead letters\nPROJECT", "\n\nMaintenance\nTASK"} {
		assert.Contains(t, table.stdout, part)
	}
	rows, err := csv.NewReader(strings.NewReader(costkey(t, "storage", "status", "--format", "csv", "--database-url", dsn).stdout)).ReadAll()
	require.NoError(t, err, "one table, each line of one length")
	assert.Equal(t, "section,postgresql,version,name,applied_at,project,reason,calls,oldest_at,newest_at,task,started_at,finished_at,done,error",
		strings.Join(rows[0], ","))
	assert.Len(t, rows, 1+1+len(s.Migrations)+len(s.DeadLetters)+len(s.Maintenance))
}

func TestASchemaOfBeforeTheFirstReleaseIsRefusedWithTheWayOut(t *testing.T) {
	t.Parallel()
	dsn := storagetest.DSN(t)
	storagetest.Exec(t, dsn, "CREATE SCHEMA costkey; CREATE TABLE costkey.cell (id integer)")
	for _, command := range []string{"migrate", "status"} {
		got := costkey(t, "storage", command, "--database-url", dsn)
		assert.Equal(t, exitFailed, got.status)
		assert.Empty(t, got.stdout)
		for _, part := range []string{"before 0.1.0", "ALTER SCHEMA costkey RENAME TO costkey_old", "COSTKEY_DATA_DIR", "docs/operations.md"} {
			assert.Contains(t, got.stderr, part)
		}
	}
	storagetest.Exec(t, dsn, "ALTER SCHEMA costkey RENAME TO costkey_old")
	assert.Equal(t, result{stdout: "the schema is up to date\n"}, costkey(t, "storage", "migrate", "--database-url", dsn))
}

// usesDatabase are arguments with which each command gets to the database; those that need none have nil.
var usesDatabase = map[string][]string{
	"costkey dsn":                         nil,
	"costkey keys create":                 {"--project", "default"},
	"costkey keys list":                   {},
	"costkey keys revoke":                 {"1"},
	"costkey prices disagreements":        {},
	"costkey prices import":               nil,
	"costkey prices lookup":               nil,
	"costkey prices unknown":              {},
	"costkey prices update":               nil,
	"costkey projects create":             {"shop"},
	"costkey projects list":               {},
	"costkey projects set":                {"shop", "--name", "The shop"},
	"costkey report":                      {},
	"costkey reprice":                     {"--from", "1d"},
	"costkey reprice list":                {},
	"costkey sourcemaps delete":           {"--release", "1"},
	"costkey sourcemaps list":             {},
	"costkey sourcemaps upload":           {"--release", "1", "testdata/sourcemap"},
	"costkey storage dead-letters delete": {"1"},
	"costkey storage dead-letters list":   {},
	"costkey storage dead-letters replay": {},
	"costkey storage grant":               {"nobody", "read"},
	"costkey storage migrate":             {},
	"costkey storage status":              {},
}

func TestEveryCommandRefusesANewerSchema(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	storagetest.Exec(t, dsn, "UPDATE costkey.database_identity SET oldest_program = 9999")
	maps := buildDir(t, map[string]string{"main.js": "x\n//# sourceMappingURL=main.js.map\n", "main.js.map": someMap})
	var begun bool
	for _, path := range commandPaths(newRootCommand(&begun)) {
		args, known := usesDatabase[path]
		require.True(t, known, "the command %q is not in the list of this test", path)
		if args == nil {
			continue
		}
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			if path == "costkey sourcemaps upload" {
				args = []string{"--release", "1", maps}
			}
			got := costkey(t, append(append(strings.Fields(path)[1:], args...), "--database-url", dsn)...)
			assert.Equal(t, exitFailed, got.status, got.stderr)
			assert.Contains(t, got.stderr, "newer than this program")
		})
	}
}

func TestTheREADMENamesEveryCommand(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	var begun bool
	for _, path := range commandPaths(newRootCommand(&begun)) {
		assert.Contains(t, string(readme), "`"+path+"`")
	}
}

// commandPaths lists the commands that do something.
func commandPaths(cmd *cobra.Command) []string {
	var paths []string
	for _, sub := range cmd.Commands() {
		if sub.Name() == "help" || sub.Name() == "completion" {
			continue
		}
		if !sub.HasSubCommands() || sub.Name() == "reprice" {
			paths = append(paths, sub.CommandPath())
		}
		paths = append(paths, commandPaths(sub)...)
	}
	return paths
}

func TestRolesGetWhatTheyNeedAndNoMore(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	writer, asWriter := storagetest.Role(t, dsn)
	reader, asReader := storagetest.Role(t, dsn)
	for role, access := range map[string]string{writer: "write", reader: "read"} {
		for range 2 {
			assert.Equal(t, result{stdout: role + " may " + access + "\n"}, costkey(t, "storage", "grant", role, access, "--database-url", dsn))
		}
	}
	require.Equal(t, exitDone, costkey(t, "projects", "create", "shop", "--database-url", asWriter).status)
	require.Equal(t, exitDone, costkey(t, "storage", "status", "--database-url", asWriter).status)
	for refused, why := range map[string]string{
		"storage grant " + reader + " write": "only the owner of schema costkey", "keys create --project shop": "42501",
	} {
		got := costkey(t, append(strings.Fields(refused), "--database-url", asWriter)...)
		assert.Equal(t, exitFailed, got.status, refused)
		assert.Contains(t, got.stderr, why)
	}
	for _, view := range []string{"calls", "costs_hourly", "costs_daily", "projects", "call_bodies", "price_changes"} {
		storagetest.Value(t, asReader, "SELECT count(*) FROM costkey."+view)
	}
	assert.Equal(t, "0", storagetest.Value(t, asReader, "SELECT count(*) FROM costkey.trace('0123456789abcdef0123456789abcdef')"))
}

func TestAGrantThatCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"grant", "grant someone", "grant someone admin"} {
		assert.Equal(t, exitMisuse, costkey(t, strings.Fields("storage "+args)...).status, args)
	}
	got := costkey(t, "storage", "grant", "someone", "read", "--database-url", storagetest.DSN(t))
	assert.Equal(t, exitFailed, got.status)
	assert.Contains(t, got.stderr, "costkey storage migrate")
	got = costkey(t, "storage", "grant", "no such role", "read", "--database-url", migrated(t))
	assert.Equal(t, exitFailed, got.status)
	assert.Contains(t, got.stderr, `role "no such role" does not exist`)
}
