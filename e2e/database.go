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

// holds fails unless the database holds exactly n calls of a load, each once, each at its exact price, and the sums of
// each hour say the same. The load is the only thing the scenario sent.
func (c *collector) holds(ctx context.Context, n int) error {
	const sql = `
		with summed as (
			select hour, sum(calls), sum(cost_usd), sum(input_tokens), sum(cache_read_tokens), sum(output_tokens)
			from costkey.costs_hourly group by hour
		), counted as (
			select date_trunc('hour', started_at, 'UTC'), count(*), sum(cost_usd), sum(input_tokens), sum(cache_read_tokens),
				sum(output_tokens)
			from costkey.calls group by 1
		)
		select count(*), count(distinct (trace_id, span_id)), count(*) filter (where cost_usd = ` + callPrice + `),
			(select count(*) from (table summed except table counted) s) + (select count(*) from (table counted except table summed) c)
		from costkey.calls`
	return c.expect(ctx, sql, fmt.Sprintf("%d|%d|%d|0", n, n, n))
}

// responses returns how many rows each call of the load has.
func (c *collector) responses(ctx context.Context, l load) (map[int]int, error) {
	out, err := c.query(ctx, `select response_id, count(*) from costkey.calls group by 1`)
	if err != nil {
		return nil, err
	}
	rows := map[int]int{}
	for line := range strings.Lines(out) {
		var i, n int
		if _, err := fmt.Sscanf(line, "chatcmpl-"+l.name+"-%d|%d", &i, &n); err != nil {
			return nil, fmt.Errorf("read the row %q: %w", line, err)
		}
		rows[i] += n
	}
	return rows, nil
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
