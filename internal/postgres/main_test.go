//go:build unix

package postgres

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// helperVariable makes the test binary a collector in miniature: it starts a server on the named directory, says its
// DSN or its error, and stops the server when its input ends.
const helperVariable = "COSTKEY_POSTGRES_TEST_OWNER_OF"

func TestMain(m *testing.M) {
	if dir := os.Getenv(helperVariable); dir != "" {
		os.Exit(own(dir))
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if dir, err := seed(); err == nil {
			_ = os.RemoveAll(dir)
		}
		os.Exit(code)
	}))
}

// seed makes one data directory with a cluster, which is stopped: copying it is several times cheaper than making one.
var seed = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "costkey-pg-seed-")
	if err != nil {
		return "", err
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return dir, err
	}
	s, err := Start(context.Background(), Config{DataDir: dir, Parameters: fast()})
	if err != nil {
		return dir, err
	}
	return dir, s.Stop(context.Background())
})

// seeded is openDir with a data directory in it that has a cluster already.
func seeded(t *testing.T) string {
	t.Helper()
	from, err := seed()
	require.NoError(t, err)
	dir := openDir(t)
	require.NoError(t, exec.Command("cp", "-a", filepath.Join(from, "postgres"), filepath.Join(from, "postgres.pgpass"), dir).Run())
	return dir
}

func own(dir string) int {
	s, err := Start(context.Background(), Config{DataDir: dir, Parameters: fast()})
	if err != nil {
		fmt.Println("error:", err)
		return 1
	}
	fmt.Println(s.DSN())
	_, _ = io.Copy(io.Discard, os.Stdin)
	if err := s.Stop(context.Background()); err != nil {
		fmt.Println("error:", err)
		return 1
	}
	return 0
}

// owner is a process that owns a server.
type owningProcess struct {
	cmd   *exec.Cmd
	input io.Closer
	said  string // its first line
}

// startOwner runs a copy of the test binary, under an ordinary account if asked, as the owner of a server on dir.
func startOwner(t *testing.T, dir string, ordinary bool) *owningProcess {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	program := filepath.Join(openDir(t), "owner")
	// Another process copies it: were it open for writing in this one, a process that a test beside it starts could
	// hold it open a moment longer, and to run it would be "text file busy".
	require.NoError(t, exec.Command("cp", self, program).Run())
	require.NoError(t, os.Chmod(program, 0o755))
	// What this account has fetched, the other one could not find.
	programs, _, err := Programs(t.Context(), Config{}, 0)
	require.NoError(t, err)
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), helperVariable+"="+dir, BinVariable+"="+programs)
	cmd.Dir = "/"
	if ordinary && os.Geteuid() == 0 {
		nobody, err := lookupAccount("nobody")
		require.NoError(t, err)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody.uid, Gid: nobody.gid}}
	}
	input, err := cmd.StdinPipe()
	require.NoError(t, err)
	output, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	line, err := bufio.NewReader(output).ReadString('\n')
	require.NoError(t, err)
	p := &owningProcess{cmd: cmd, input: input, said: strings.TrimSpace(line)}
	t.Cleanup(func() { _ = p.end() })
	return p
}

// end lets the process stop its server, and waits for it.
func (p *owningProcess) end() error {
	_ = p.input.Close()
	return p.cmd.Wait()
}

// kill ends the process the hard way; its server goes on.
func (p *owningProcess) kill(t *testing.T) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Kill())
	require.Error(t, p.cmd.Wait())
}

// openDir makes a directory that any account may enter, unlike t.TempDir.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "costkey-pg-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	dir, err = filepath.EvalSymlinks(dir)
	require.NoError(t, err)
	return dir
}

func fast() map[string]string { return map[string]string{"fsync": "off", "shared_buffers": "16MB"} }

func start(t *testing.T, dir string) *Server {
	t.Helper()
	s, err := Start(t.Context(), Config{DataDir: dir, Parameters: fast()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Stop(context.Background())) })
	return s
}

// query returns the one value that sql finds, as text; nothing where it finds no row.
func query(t *testing.T, dsn, sql string) string {
	t.Helper()
	got, err := tryQuery(t, dsn, sql)
	require.NoError(t, err)
	return got
}

func tryQuery(t *testing.T, dsn, sql string) (string, error) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		return "", err
	}
	defer func() { require.NoError(t, conn.Close(context.Background())) }()
	rows, err := conn.Query(t.Context(), sql, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		return "", err
	}
	values, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (string, error) {
		if raw := row.RawValues(); len(raw) > 0 {
			return string(raw[0]), nil
		}
		return "", nil
	})
	return strings.Join(values, "\n"), err
}
