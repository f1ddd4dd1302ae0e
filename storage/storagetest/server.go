package storagetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/costkey/costkey-otel/internal/postgres"
)

const (
	dirPattern = "costkey-test-*"
	// abandonedAfter is the age from which a directory that no living process owns is one that a killed test left.
	abandonedAfter = 15 * time.Minute
)

// roleOptions are what the tests' role may do beyond what a user's may: it makes a database for each test, and roles of
// which a test wants to see what they may not. It is no superuser, since what we write must need none.
var roleOptions = []string{"CREATEDB", "CREATEROLE"}

// Server is a private PostgreSQL that a test may stop and start again, as an outage. Its DSN stays the same. It is not
// safe for concurrent use.
type Server struct {
	dir        string
	dsn        string
	parameters map[string]string
	running    *postgres.Server
}

// NewServer starts a server of the test's own, which ends with the test.
func NewServer(t testing.TB) *Server {
	t.Helper()
	return startFor(t, fastParameters())
}

// NewDurableServer is NewServer with the parameters that the collector's private server has, fsync among them: for
// benchmarks.
func NewDurableServer(t testing.TB) *Server {
	t.Helper()
	return startFor(t, nil)
}

func startFor(t testing.TB, parameters map[string]string) *Server {
	t.Helper()
	server, err := newServer(parameters)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.remove(); err != nil {
			t.Error(err)
		}
	})
	return server
}

// DSN returns the URL of the server's database, also while it is stopped.
func (s *Server) DSN() string { return s.dsn }

// Database returns the URL of a new, empty database on this server.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	c := cluster{url: s.dsn}
	return c.database(t, "template0")
}

// Stop ends the server cleanly and keeps its data. Stopping a stopped server does nothing.
func (s *Server) Stop() error {
	if s.running == nil {
		return nil
	}
	err := s.running.Stop(context.Background())
	s.running = nil
	return err
}

// Start starts a stopped server on its data. Starting a running server does nothing.
func (s *Server) Start() error {
	if s.running != nil {
		return nil
	}
	running, err := postgres.Start(context.Background(), postgres.Config{
		DataDir: s.dir, Parameters: s.parameters, RoleOptions: roleOptions,
	})
	if err != nil {
		return fmt.Errorf("start a PostgreSQL for tests: %w", err)
	}
	s.running, s.dsn = running, running.DSN()
	return nil
}

func newServer(parameters map[string]string) (*Server, error) {
	removeAbandoned()
	dir, err := os.MkdirTemp("", dirPattern)
	if err != nil {
		return nil, fmt.Errorf("create a directory for tests: %w", err)
	}
	server := &Server{dir: dir, parameters: parameters}
	// The server's account is another one when the tests run as root.
	if err := errors.Join(os.Chmod(dir, 0o711), server.Start()); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return server, nil
}

func (s *Server) remove() error { return errors.Join(s.Stop(), os.RemoveAll(s.dir)) }

// fastParameters trade durability for speed: the data dies with the test.
func fastParameters() map[string]string {
	return map[string]string{
		"fsync":                "off",
		"full_page_writes":     "off",
		"max_connections":      "200",
		"shared_buffers":       "128MB",
		"effective_cache_size": "512MB",
	}
}

// removeAbandoned stops the servers of test processes that were killed, and removes what they left. It is best effort:
// what it cannot remove costs disk, not correctness.
func removeAbandoned() {
	dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), dirPattern)) // the pattern is well formed
	for _, dir := range dirs {
		info, err := os.Stat(dir)
		if err != nil || time.Since(info.ModTime()) < abandonedAfter {
			continue
		}
		left := &Server{dir: dir}
		if left.Start() == nil {
			_ = left.remove()
		}
	}
}
