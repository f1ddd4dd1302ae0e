package storagetest

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Baseline writes the rows of one database into an identical table of another by bare binary COPY: what the write path
// is measured against.
type Baseline struct {
	columns []string
	source  string
	pool    *pgxpool.Pool
	table   string
}

// NewBaseline prepares the table of one day in the database at target, which must be migrated and have that day's
// partitions. source is the database whose rows are copied.
func NewBaseline(t testing.TB, source, target string, day time.Time, connections int32) *Baseline {
	t.Helper()
	config, err := pgxpool.ParseConfig(target)
	if err != nil {
		t.Fatal(err)
	}
	config.MaxConns = connections
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	rows, err := pool.Query(t.Context(), `SELECT attname::text FROM pg_attribute
		WHERE attrelid = 'costkey.call'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`)
	if err != nil {
		t.Fatal(err)
	}
	columns, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return &Baseline{columns: columns, source: source, pool: pool, table: "call_" + day.Format("20060102")}
}

// Batch is rows, decoded, ready for COPY.
type Batch [][]any

// Read loads the stored calls that started in [from, until), in the order in which the writer puts them.
func (b *Baseline) Read(t testing.TB, from, until time.Time) Batch {
	t.Helper()
	var out Batch
	err := connected(t.Context(), b.source, func(conn *pgx.Conn) error {
		rows, err := conn.Query(t.Context(), "SELECT * FROM costkey.call WHERE started_at >= $1 AND started_at < $2 ORDER BY trace_id, span_id", from, until)
		if err != nil {
			return err
		}
		out, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) ([]any, error) { return row.Values() })
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Copy writes a batch in one transaction, as pgx does COPY.
func (b *Baseline) Copy(ctx context.Context, batch Batch) error {
	_, err := b.pool.CopyFrom(ctx, pgx.Identifier{"costkey", b.table}, b.columns, pgx.CopyFromRows(batch))
	if err != nil {
		return fmt.Errorf("copy %d rows: %w", len(batch), err)
	}
	return nil
}

// Raw is the body of a COPY as PostgreSQL itself wrote it.
type Raw []byte

// ReadRaw is Read for CopyRaw.
func (b *Baseline) ReadRaw(t testing.TB, from, until time.Time) Raw {
	t.Helper()
	var out bytes.Buffer
	err := connected(t.Context(), b.source, func(conn *pgx.Conn) error {
		_, err := conn.PgConn().CopyTo(t.Context(), &out, fmt.Sprintf(
			"COPY (SELECT * FROM costkey.call WHERE started_at >= '%s' AND started_at < '%s' ORDER BY trace_id, span_id) TO STDOUT (FORMAT binary)",
			from.Format(time.RFC3339Nano), until.Format(time.RFC3339Nano)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// CopyRaw writes a batch that needs no encoding at all: the least that any client could spend.
func (b *Baseline) CopyRaw(ctx context.Context, body Raw) error {
	conn, err := b.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("acquire a connection: %w", err)
	}
	defer conn.Release()
	if _, err := conn.Conn().PgConn().CopyFrom(ctx, bytes.NewReader(body), "COPY costkey."+b.table+" FROM STDIN (FORMAT binary)"); err != nil {
		return fmt.Errorf("copy raw rows: %w", err)
	}
	return nil
}
