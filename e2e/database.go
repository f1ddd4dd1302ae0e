package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/costkey/costkey-otel/internal/postgres"
)

// dsn asks the costkey command which database the collector uses, as a user would.
func (c *collector) dsn(ctx context.Context) (string, error) {
	return output(c.command(ctx, filepath.Join(c.s.root, "bin", "costkey"), "dsn"))
}

// query returns what psql prints for sql on the collector's database: columns divided by |, a row per line.
func (c *collector) query(ctx context.Context, sql string) (string, error) {
	dsn, err := c.dsn(ctx)
	if err != nil {
		return "", err
	}
	return output(c.command(ctx, "psql", dsn, "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql))
}

// output runs the command and returns what it printed; the error holds what it complained of.
func output(cmd *exec.Cmd) (string, error) {
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, strings.TrimSpace(string(exit.Stderr)))
		}
		return "", fmt.Errorf("run %s: %w", filepath.Base(cmd.Path), err)
	}
	return strings.TrimSpace(string(out)), nil
}

// expect fails unless sql answers exactly want.
func (c *collector) expect(ctx context.Context, sql, want string) error {
	got, err := c.query(ctx, sql)
	if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("got %q, want %q from: %s", got, want, sql)
	}
	return nil
}

// holds fails unless the database holds exactly n calls of a load, each once, each at its exact price, and the hourly
// sums say the same. The load is the only thing the scenario sent.
func (c *collector) holds(ctx context.Context, n int) error {
	const sql = `
		select count(*), count(distinct (trace_id, span_id)), count(*) filter (where cost_usd = ` + callPrice + `),
			coalesce((select sum(calls) from costkey.costs_hourly), 0),
			coalesce(sum(cost_usd), 0) = coalesce((select sum(cost_usd) from costkey.costs_hourly), 0)
		from costkey.calls`
	return c.expect(ctx, sql, fmt.Sprintf("%d|%d|%d|%d|t", n, n, n, n))
}

// database is a PostgreSQL of the user's own, which can be stopped and started again.
type database struct {
	dir    string
	url    string // known after the first start
	server *postgres.Server
}

// database prepares one; nothing runs yet.
func (s *stage) database() *database {
	db := &database{dir: filepath.Join(s.dir, "database")}
	s.onClose(func() error { return db.stop(context.Background()) })
	return db
}

func (db *database) start(ctx context.Context) error {
	server, err := postgres.Start(ctx, postgres.Config{DataDir: db.dir})
	if err != nil {
		return fmt.Errorf("start the database: %w", err)
	}
	db.server, db.url = server, server.DSN()
	return nil
}

// stop is safe where none runs.
func (db *database) stop(ctx context.Context) error {
	if db.server == nil {
		return nil
	}
	server := db.server
	db.server = nil
	if err := server.Stop(ctx); err != nil {
		return fmt.Errorf("stop the database: %w", err)
	}
	return nil
}
