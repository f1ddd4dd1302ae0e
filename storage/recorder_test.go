package storage_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/costkey/costkey-otel/storage"
	"github.com/costkey/costkey-otel/storage/internal/database"
)

// recorder notes the statements of a store. It implements [pgx.QueryTracer]; COPY is not among them.
type recorder struct {
	mu    sync.Mutex
	all   []string
	after func(ctx context.Context, sql string) // is called when a statement has ended; may be nil
}

type recordedKey struct{}

// TraceQueryStart implements [pgx.QueryTracer].
func (r *recorder) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, data.SQL)
	return context.WithValue(ctx, recordedKey{}, data.SQL)
}

// TraceQueryEnd implements [pgx.QueryTracer].
func (r *recorder) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryEndData) {
	if sql, ok := ctx.Value(recordedKey{}).(string); ok && r.after != nil {
		r.after(ctx, sql)
	}
}

// take returns what was recorded since it was called last.
func (r *recorder) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := r.all
	r.all = nil
	return all
}

// takeNaming is take, of what contains a text.
func (r *recorder) takeNaming(text string) []string {
	var out []string
	for _, sql := range r.take() {
		if strings.Contains(sql, text) {
			out = append(out, sql)
		}
	}
	return out
}

// openRecorded opens a store whose statements are recorded.
func openRecorded(t testing.TB, dsn string, now func() time.Time) (*storage.Store, *recorder) {
	t.Helper()
	var r recorder
	s := openWith(t, storage.Config{DSN: dsn, Now: now}, func(c *database.Config) {
		c.Configure = func(pc *pgxpool.Config) { pc.ConnConfig.Tracer = &r }
	})
	return s, &r
}

// testClock is a clock that a test sets. It is safe for concurrent use.
type testClock struct {
	mu sync.Mutex
	at time.Time
}

func (c *testClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *testClock) forward(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(by)
}
