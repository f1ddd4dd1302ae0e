package storagetest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"
)

// URLVariable names the environment variable with the URL of a server to use instead of a private one.
const URLVariable = "COSTKEY_TEST_DATABASE_URL"

// shared is the process's one server.
var shared cluster

// cluster is a server that starts when it is first asked for.
type cluster struct {
	mu     sync.Mutex
	url    string // empty until started
	server *Server

	templates sync.Map // key → func() (string, error), made once
}

// Main runs the tests of a package that uses databases, stops the server, then checks that no goroutine is left, and
// exits.
func Main(m *testing.M, options ...goleak.Option) {
	code := m.Run()
	if err := shared.stop(); err != nil {
		fmt.Fprintln(os.Stderr, "storagetest:", err)
		code = max(code, 1)
	}
	if code == 0 {
		if err := goleak.Find(options...); err != nil {
			fmt.Fprintln(os.Stderr, "storagetest:", err)
			code = 1
		}
	}
	os.Exit(code) //nolint:revive // it is the end of a TestMain
}

// DSN returns the URL of a new, empty database, which is dropped when the test ends, with whoever is still connected.
func DSN(t testing.TB) string {
	t.Helper()
	return shared.database(t, "template0")
}

// Prepared returns the URL of a new database that prepare has filled. prepare runs once in a process for each key, on
// a database of its own, of which the tests get copies: cheaper than filling each. It must leave no connection open.
func Prepared(t testing.TB, key string, prepare func(ctx context.Context, dsn string) error) string {
	t.Helper()
	once, _ := shared.templates.LoadOrStore(key, sync.OnceValues(func() (string, error) {
		return shared.template(prepare)
	}))
	template, err := once.(func() (string, error))()
	if err != nil {
		t.Fatalf("prepare the database %q: %v", key, err)
	}
	return shared.database(t, template)
}

// template makes the database that Prepared copies.
func (c *cluster) template(prepare func(context.Context, string) error) (string, error) {
	ctx := context.Background() // outlives the test that happens to be first
	name := newName()
	if err := c.exec(ctx, "CREATE DATABASE "+quoted(name)+" TEMPLATE template0"); err != nil {
		return "", err
	}
	dsn, err := c.databaseURL(name)
	if err != nil {
		return "", err
	}
	return name, prepare(ctx, dsn)
}

// database makes a database for one test.
func (c *cluster) database(t testing.TB, template string) string {
	t.Helper()
	name := newName()
	if err := c.exec(t.Context(), "CREATE DATABASE "+quoted(name)+" TEMPLATE "+quoted(template)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.drop(context.Background(), name); err != nil {
			t.Error(err)
		}
	})
	dsn, err := c.databaseURL(name)
	if err != nil {
		t.Fatal(err)
	}
	return dsn
}

// drop drops a database with whoever is still connected. WITH (FORCE) is not for an ordinary role: an autovacuum worker
// in the database is not the role's to end. A plain drop ends that itself, and waits for it.
func (c *cluster) drop(ctx context.Context, name string) error {
	return errors.Join(
		c.exec(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '"+name+"' AND backend_type = 'client backend'"),
		c.exec(ctx, "DROP DATABASE IF EXISTS "+quoted(name)))
}

func newName() string {
	random := make([]byte, 8)
	_, _ = rand.Read(random) // never fails
	return "costkey_test_" + hex.EncodeToString(random)
}

func quoted(name string) string { return pgx.Identifier{name}.Sanitize() }

// serverURL returns the server's URL and starts the server if need be.
func (c *cluster) serverURL() (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.url != "" {
		return c.url, nil
	}
	if named := os.Getenv(URLVariable); named != "" {
		c.url = named
		return c.url, nil
	}
	server, err := newServer(fastParameters())
	if err != nil {
		return "", err
	}
	c.server, c.url = server, server.DSN()
	return c.url, nil
}

func (c *cluster) databaseURL(name string) (string, error) {
	server, err := c.serverURL()
	if err != nil {
		return "", err
	}
	u, err := url.Parse(server)
	if err != nil || u.Scheme == "" {
		return "", errors.New(URLVariable + " must be a URL such as postgres://user@host/database")
	}
	u.Path = "/" + name
	return u.String(), nil
}

// exec runs one statement on the server itself.
func (c *cluster) exec(ctx context.Context, statement string) error {
	server, err := c.serverURL()
	if err != nil {
		return err
	}
	err = connected(ctx, server, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, statement)
		return err
	})
	if err != nil {
		return fmt.Errorf("run %q on the test server: %w", statement, err)
	}
	return nil
}

func (c *cluster) stop() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.server == nil {
		return nil
	}
	return c.server.remove()
}
