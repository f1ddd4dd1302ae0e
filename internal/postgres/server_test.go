//go:build unix

package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func TestDataIsKeptFromOneRunToTheNext(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(openDir(t), ".costkey")
	s := start(t, dir)
	query(t, s.DSN(), "CREATE TABLE kept AS SELECT 7 AS n")
	require.NoError(t, s.Stop(t.Context()))
	assert.NoFileExists(t, filepath.Join(dir, "postgres.json"))

	s = start(t, dir)
	assert.Equal(t, "7", query(t, s.DSN(), "SELECT n FROM kept"))
}

func TestAnOrdinaryUserRunsItTwiceInARow(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	require.NoError(t, os.Chmod(dir, 0o777))
	for range 2 {
		owner := startOwner(t, filepath.Join(dir, ".costkey"), true)
		require.True(t, strings.HasPrefix(owner.said, "postgres://"), owner.said)
		query(t, owner.said, "SELECT 1")
		require.NoError(t, owner.end())
	}
}

func TestRootTakesOverTheDataOfAnOrdinaryUserAndItsAccount(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	require.NoError(t, os.Chmod(dir, 0o777))
	owner := startOwner(t, filepath.Join(dir, ".costkey"), true)
	query(t, owner.said, "CREATE TABLE kept ()")
	require.NoError(t, owner.end())
	query(t, start(t, filepath.Join(dir, ".costkey")).DSN(), "TABLE kept")
}

func TestTheServerIsOutOfTheTerminalsReachAndListensOnNoPort(t *testing.T) {
	t.Parallel()
	s := start(t, seeded(t))
	group, err := syscall.Getpgid(s.process.Pid)
	require.NoError(t, err)
	assert.Equal(t, s.process.Pid, group)
	assert.Empty(t, query(t, s.DSN(), "SHOW listen_addresses"))
	info, err := os.Stat(s.layout.base)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o700), info.Mode().Perm())
}

func TestWritesAreDurableAndTimesAreUTCUnlessAsked(t *testing.T) {
	t.Parallel()
	s, err := Start(t.Context(), Config{DataDir: openDir(t)})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Stop(context.Background())) }()
	for setting, want := range map[string]string{
		"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "timezone": "UTC", "server_encoding": "UTF8",
	} {
		assert.Equal(t, want, query(t, s.DSN(), "SHOW "+setting), setting)
	}
	assert.Equal(t, "C", query(t, s.DSN(), "SELECT datcollate FROM pg_database WHERE datname = current_database()"))
}

func TestTheServersLogQuotesNoRow(t *testing.T) {
	t.Parallel()
	s := start(t, seeded(t))
	query(t, s.DSN(), "CREATE TABLE t (i int CHECK (i < 10), secret text)")
	_, err := tryQuery(t, s.DSN(), "INSERT INTO t VALUES (11, 'prompt text')")
	require.Error(t, err)
	content, err := os.ReadFile(s.layout.logFile())
	require.NoError(t, err)
	assert.NotContains(t, string(content), "prompt text")
}

func TestASecondOwnerIsToldWhoHasTheDataAndWhatToDo(t *testing.T) {
	t.Parallel()
	dir := seeded(t)
	first := start(t, dir)
	_, err := Start(t.Context(), Config{DataDir: dir})
	require.ErrorIs(t, err, ErrLocked)
	for _, part := range []string{"data_dir", "COSTKEY_DATA_DIR", "COSTKEY_DATABASE_URL", dir, strconv.Itoa(os.Getpid())} {
		assert.ErrorContains(t, err, part)
	}
	query(t, first.DSN(), "SELECT 1")
	require.NoError(t, first.Stop(t.Context()))
	start(t, dir)
}

func TestAServerThatOutlivedItsKilledOwnerIsStoppedAndItsDataServed(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(openDir(t), ".costkey")
	owner := startOwner(t, dir, false)
	query(t, owner.said, "CREATE TABLE kept AS SELECT 7 AS n")
	owner.kill(t)
	left, err := Location(dir)
	require.NoError(t, err, "the server outlives its owner")

	s := start(t, dir)
	assert.Equal(t, "7", query(t, s.DSN(), "SELECT n FROM kept"))
	assert.NotEqual(t, left.PID, s.process.Pid)
	assert.False(t, serves(left.PID, s.layout.cluster()))
}

func TestAnOwnerAndItsServerKilledTogetherLeaveUsableData(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(openDir(t), ".costkey")
	owner := startOwner(t, dir, false)
	query(t, owner.said, "CREATE TABLE kept AS SELECT 7 AS n")
	state, err := Location(dir)
	require.NoError(t, err)
	owner.kill(t)
	require.NoError(t, syscall.Kill(state.PID, syscall.SIGKILL))
	assert.Equal(t, "7", query(t, start(t, dir).DSN(), "SELECT n FROM kept"))
}

func TestALockFileThatNamesAnUnrelatedProcessIsNotBelieved(t *testing.T) {
	t.Parallel()
	dir := seeded(t)
	s := start(t, dir)
	require.NoError(t, s.Stop(t.Context()))
	stale := fmt.Sprintf("%d\n%s\n1\n5432\n\n\n\nready\n", os.Getpid(), s.layout.cluster())
	require.NoError(t, os.WriteFile(pidFile(s.layout.cluster()), []byte(stale), 0o600))
	query(t, start(t, dir).DSN(), "SELECT 1")
}

func TestAServerThatEndsByItselfIsNoticedAndComesBackWithTheSameDSN(t *testing.T) {
	t.Parallel()
	s := start(t, seeded(t))
	before := s.DSN()
	require.NoError(t, s.Restart(t.Context()), "restarting a running server does nothing")
	exited := s.Exited()
	require.NoError(t, s.process.Kill())
	<-exited
	require.NoError(t, s.Restart(t.Context()))
	assert.Equal(t, before, s.DSN())
	query(t, s.DSN(), "SELECT 1")
}

func TestAClusterMadeByHalfIsMadeAnew(t *testing.T) {
	t.Parallel()
	t.Run("its files are there", func(t *testing.T) {
		t.Parallel()
		dir := openDir(t)
		half := filepath.Join(dir, "postgres", "data.new")
		require.NoError(t, os.MkdirAll(half, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(half, "PG_VERSION"), []byte("15\n"), 0o600))
		query(t, start(t, dir).DSN(), "SELECT 1")
	})
	for _, after := range []time.Duration{30 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond} {
		t.Run(fmt.Sprint("the start is cancelled after ", after), func(t *testing.T) {
			t.Parallel()
			dir := openDir(t)
			ctx, cancel := context.WithTimeout(t.Context(), after)
			defer cancel()
			if s, err := Start(ctx, Config{DataDir: dir, Parameters: fast()}); err == nil {
				require.NoError(t, s.Stop(t.Context())) // a fast machine
			}
			query(t, start(t, dir).DSN(), "SELECT 1")
		})
	}
}

func TestASocketPathThatIsTooLongMovesToAShortPlace(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(openDir(t), strings.Repeat("long/", 30))
	s := start(t, dir)
	assert.LessOrEqual(t, len(socketPath(s.socketDir)), maxSocketPath)
	query(t, s.DSN(), "SELECT 1")
	state, err := Location(dir)
	require.NoError(t, err)
	assert.Equal(t, s.socketDir, state.SocketDir)
	require.NoError(t, s.Stop(t.Context()))
	assert.NoDirExists(t, s.socketDir)
}

func TestAPathWithSpacesAndSignsWorks(t *testing.T) {
	t.Parallel()
	s := start(t, filepath.Join(openDir(t), "a b+c&d=e%f é"))
	assert.Equal(t, "1", query(t, s.DSN(), "SELECT 1"))
	psql, err := exec.LookPath("psql")
	if err != nil {
		t.Skip("psql is not on this machine: the DSN is tried with pgx only")
	}
	cmd := exec.Command(psql, "-X", "-At", "-w", "-c", "SELECT 1", s.DSN())
	cmd.Env = append(os.Environ(), "PGPORT=1", "PGPASSWORD=another", "PGPASSFILE=/nowhere", "PGUSER=nobody")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Equal(t, "1\n", string(out))
}

func TestADirectoryThatCannotBeWrittenIsNamedWithTheWayOut(t *testing.T) {
	t.Parallel()
	file := filepath.Join(openDir(t), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := Start(t.Context(), Config{DataDir: filepath.Join(file, "data")})
	require.ErrorContains(t, err, "data_dir (COSTKEY_DATA_DIR)")
	require.ErrorContains(t, err, "dsn (COSTKEY_DATABASE_URL)")

	owner := startOwner(t, "/usr/lib/costkey-nowhere", true)
	require.Error(t, owner.end())
	assert.Contains(t, owner.said, "permission denied")
	assert.Contains(t, owner.said, "data_dir (COSTKEY_DATA_DIR)")
}

func TestProblemsWithProgramsAreNamedWithTheWayOut(t *testing.T) {
	t.Parallel()
	t.Run("there are none in the named directory", func(t *testing.T) {
		t.Parallel()
		_, err := Start(t.Context(), Config{DataDir: openDir(t), BinDir: openDir(t)})
		require.ErrorIs(t, err, ErrNoPrograms)
		require.ErrorContains(t, err, "version 15 or newer is needed")
	})
	t.Run("none fit the existing data", func(t *testing.T) {
		t.Parallel()
		dir := seeded(t)
		s := start(t, dir)
		require.NoError(t, s.Stop(t.Context()))
		require.NoError(t, os.WriteFile(filepath.Join(s.layout.cluster(), "PG_VERSION"), []byte("99\n"), 0o600))
		_, err := Start(t.Context(), Config{DataDir: dir})
		require.ErrorIs(t, err, ErrNoPrograms)
		require.ErrorContains(t, err, "serve the existing data")
		require.ErrorContains(t, err, "version 99 is needed, found "+s.Version())
		require.ErrorContains(t, err, "COSTKEY_DATABASE_URL")
	})
}

func TestLocationTellsARunningServerFromNone(t *testing.T) {
	t.Parallel()
	dir := seeded(t)
	_, err := Location(dir)
	require.ErrorIs(t, err, ErrNotRunning)
	s := start(t, dir)
	state, err := Location(dir)
	require.NoError(t, err)
	assert.Equal(t, s.DSN(), state.DSN)
	assert.Equal(t, os.Getpid(), state.OwnerPID)
	require.NoError(t, s.process.Kill())
	<-s.Exited()
	// A child of the killed server may hold the socket for a moment.
	require.Eventually(t, func() bool {
		_, err := Location(dir)
		return errors.Is(err, ErrNotRunning)
	}, 10*time.Second, pollEvery)
}

func TestStoppingTwiceDoesNothingTheSecondTime(t *testing.T) {
	t.Parallel()
	s := start(t, seeded(t))
	require.NoError(t, s.Stop(t.Context()))
	require.NoError(t, s.Stop(t.Context()))
	require.ErrorIs(t, s.Restart(t.Context()), ErrNotRunning)
}

// Not parallel: it moves the system's directory for all tests.
func TestRootsDataGoesElsewhereWhereTheAccountCannotFollow(t *testing.T) {
	home := openDir(t)
	systemHome = filepath.Join(home, "var", "lib", "costkey")
	defer func() { systemHome = "/var/lib/costkey" }()
	closed := filepath.Join(home, "root")
	require.NoError(t, os.Mkdir(closed, 0o700))
	dir := filepath.Join(closed, ".costkey")
	core, logs := observer.New(zap.WarnLevel)
	s, err := Start(t.Context(), Config{DataDir: dir, Parameters: fast(), Logger: zap.New(core)})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Stop(context.Background())) }()
	state, err := Location(dir)
	require.NoError(t, err)
	query(t, state.DSN, "SELECT 1")
	info, err := os.Stat(closed)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o700), info.Mode().Perm(), "a home is never opened")
	if os.Geteuid() != 0 {
		assert.Equal(t, filepath.Join(dir, "postgres", "data"), state.Cluster, "an ordinary user can follow")
		return
	}
	assert.True(t, strings.HasPrefix(state.Cluster, systemHome), state.Cluster)
	require.Equal(t, 1, logs.FilterField(zap.String("data_dir", dir)).Len(), "said aloud")
}
