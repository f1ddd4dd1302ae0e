package storagetest

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
)

// BaselineApplication is the application_name of a baseline's connections, by which a server's log tells its statements
// from those of a store.
const BaselineApplication = "costkey-baseline"

// Baseline writes rows of costkey.call by bare binary COPY into tables that are identical to its partitions, each with the
// same columns, constraints and indexes: what the write path is measured against. The tables are made from PostgreSQL's
// catalog, so that they follow the schema, and stand in the same database in a schema of their own.
type Baseline struct {
	dsn     string
	schema  string
	days    []string // the dates that end the tables' names
	columns []string
	pool    *pgxpool.Pool
}

// Window is a time in which calls start, from From until before Until. It lies within one UTC day.
type Window struct{ From, Until time.Time }

// NewBaseline makes a schema with a table for each day, whose partition of costkey.call must exist, and fills it with the
// rows that the partition holds: the indexes of both are of one size.
func NewBaseline(t testing.TB, dsn, schema string, connections int32, days ...time.Time) *Baseline {
	t.Helper()
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		t.Fatal("parse the DSN of a baseline")
	}
	config.MaxConns = connections
	config.ConnConfig.RuntimeParams["application_name"] = BaselineApplication
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	b := &Baseline{dsn: withApplication(dsn), schema: schema, pool: pool}
	err = connected(t.Context(), b.dsn, func(conn *pgx.Conn) error {
		if _, err := conn.Exec(t.Context(), "CREATE SCHEMA "+quoted(schema)); err != nil {
			return err
		}
		for _, day := range days {
			b.days = append(b.days, dayName(day))
			if err := b.makeTable(t.Context(), conn, b.days[len(b.days)-1]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatalf("make the tables of a baseline: %v", err)
	}
	return b
}

// withApplication returns dsn, a URL, with the application name of a baseline.
func withApplication(dsn string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		return dsn // pgx says what is wrong with it
	}
	q := u.Query()
	q.Set("application_name", BaselineApplication)
	u.RawQuery = q.Encode()
	return u.String()
}

// dayName is how the names of a day's tables end.
func dayName(t time.Time) string { return t.UTC().Format("20060102") }

// source is the partition of a day, target the baseline's own table, both quoted.
func source(day string) string { return pgx.Identifier{"costkey", "call_" + day}.Sanitize() }

func (b *Baseline) target(day string) string {
	return pgx.Identifier{b.schema, "call_" + day}.Sanitize()
}

// tableDDL lists the statements that make table $2 identical to partition $1. LIKE brings columns with their types,
// defaults, storage and compression, CHECK and NOT NULL constraints, indexes and statistics objects; the rest is read from
// the catalog. The partition's bound is checked for each row of a partition, hence here too.
const tableDDL = `SELECT ddl FROM (
	SELECT 1, format('CREATE TABLE %s (LIKE %s INCLUDING ALL)', $2::text, $1::text)
	UNION ALL
	SELECT 2, format('ALTER TABLE %s SET (%s)', $2, array_to_string(reloptions, ', '))
	FROM pg_class WHERE oid = $1::regclass AND reloptions IS NOT NULL
	UNION ALL
	SELECT 3, format('ALTER TABLE %s ADD CONSTRAINT partition_bound CHECK (%s)', $2, pg_get_partition_constraintdef($1::regclass))
	UNION ALL
	SELECT 4, format('ALTER TABLE %s ADD %s', $2, pg_get_constraintdef(oid))
	FROM pg_constraint WHERE conrelid = $1::regclass AND contype = 'f'
) AS d (step, ddl) ORDER BY step, ddl`

// tableColumns lists the columns of table $1 that COPY may name, in their order.
const tableColumns = `SELECT attname::text FROM pg_attribute
	WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum`

// tableShape describes table $1: what must be the same of a partition and its copy. Names of indexes and constraints differ.
const tableShape = `SELECT string_agg(line, E'\n' ORDER BY line) FROM (
	SELECT concat_ws(' ', 'column', attname, format_type(atttypid, atttypmod), attnotnull, attcollation, attstorage, attcompression,
		attgenerated, pg_get_expr(adbin, adrelid))
	FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
	WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped
	UNION ALL
	SELECT concat_ws(' ', 'index', indisunique, indisprimary, indnullsnotdistinct, regexp_replace(pg_get_indexdef(indexrelid), '^.*? USING ', ''))
	FROM pg_index WHERE indrelid = $1::regclass
	UNION ALL
	SELECT concat_ws(' ', 'constraint', contype, pg_get_constraintdef(oid))
	FROM pg_constraint WHERE conrelid = $1::regclass AND conname <> 'partition_bound'
	UNION ALL
	SELECT concat_ws(' ', 'options', array_to_string(reloptions, ', ')) FROM pg_class WHERE oid = $1::regclass
) AS s (line)`

func (b *Baseline) makeTable(ctx context.Context, conn *pgx.Conn, day string) error {
	ddl, err := texts(ctx, conn, tableDDL, source(day), b.target(day))
	if err != nil {
		return err
	}
	for _, statement := range ddl {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("run %q: %w", statement, err)
		}
	}
	want, err := texts(ctx, conn, tableShape, source(day))
	if err != nil {
		return err
	}
	got, err := texts(ctx, conn, tableShape, b.target(day))
	if err != nil {
		return err
	}
	if !slices.Equal(want, got) {
		return fmt.Errorf("the copy of %s is not identical: want\n%s\ngot\n%s", source(day), want, got)
	}
	if b.columns, err = texts(ctx, conn, tableColumns, source(day)); err != nil {
		return err
	}
	columns := b.columnList()
	_, err = conn.Exec(ctx, fmt.Sprintf("INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM %s",
		b.target(day), columns, columns, source(day)))
	return err
}

// texts returns the rows of a query of one text column.
func texts(ctx context.Context, conn *pgx.Conn, query string, args ...any) ([]string, error) {
	rows, err := conn.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

func (b *Baseline) columnList() string {
	list := make([]string, len(b.columns))
	for i, column := range b.columns {
		list[i] = quoted(column)
	}
	return strings.Join(list, ", ")
}

// Batch is the rows of one COPY for each day, decoded.
type Batch []struct {
	day  string
	rows [][]any
}

// Len is the number of rows.
func (b Batch) Len() int {
	n := 0
	for _, part := range b {
		n += len(part.rows)
	}
	return n
}

// Read loads the stored calls that started in the windows of each batch, in the order in which a writer puts them: by day,
// then by key. No two windows overlap.
func (b *Baseline) Read(t testing.TB, batches [][]Window) []Batch {
	t.Helper()
	out := make([]Batch, len(batches))
	for i, windows := range batches {
		out[i] = make(Batch, len(windows))
		for j, w := range windows {
			out[i][j].day = dayName(w.From)
		}
	}
	b.scan(t, batches, func(batch, window int, row pgx.Rows) error {
		values, err := decoded(row)
		part := &out[batch][window]
		part.rows = append(part.rows, values)
		return err
	})
	return out
}

// decoded returns the row's values as pgx has them. JSON stays text: reading and writing it anew is no part of a COPY.
func decoded(row pgx.Rows) ([]any, error) {
	values, err := row.Values()
	if err != nil {
		return nil, err
	}
	values = values[1:] // the start by which scan tells the window
	for i, raw := range row.RawValues()[1:] {
		if values[i] == nil {
			continue
		}
		switch row.FieldDescriptions()[i+1].DataTypeOID {
		case pgtype.JSONBOID:
			values[i] = slices.Clone(raw[1:]) // after the version
		case pgtype.JSONOID:
			values[i] = slices.Clone(raw)
		}
	}
	return values, nil
}

// Copy writes a batch in one transaction, as pgx does COPY.
func (b *Baseline) Copy(ctx context.Context, batch Batch) error {
	return pgx.BeginFunc(ctx, b.pool, func(tx pgx.Tx) error {
		for _, part := range batch {
			_, err := tx.CopyFrom(ctx, pgx.Identifier{b.schema, "call_" + part.day}, b.columns, pgx.CopyFromRows(part.rows))
			if err != nil {
				return fmt.Errorf("copy %d rows: %w", len(part.rows), err)
			}
		}
		return nil
	})
}

// Raw is the bodies of COPY for each day, as PostgreSQL itself writes them.
type Raw []struct {
	day  string
	body []byte
}

// ReadRaw is Read for CopyRaw.
func (b *Baseline) ReadRaw(t testing.TB, batches [][]Window) []Raw {
	t.Helper()
	out := make([]Raw, len(batches))
	const header = "PGCOPY\n\xff\r\n\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00" // no flags, no extension
	for i, windows := range batches {
		out[i] = make(Raw, len(windows))
		for j, w := range windows {
			out[i][j].day, out[i][j].body = dayName(w.From), []byte(header)
		}
	}
	b.scan(t, batches, func(batch, window int, row pgx.Rows) error {
		part := &out[batch][window]
		part.body = appendTuple(part.body, row.RawValues()[1:])
		return nil
	})
	for _, raw := range out {
		for i := range raw {
			raw[i].body = binary.BigEndian.AppendUint16(raw[i].body, 1<<16-1)
		}
	}
	return out
}

// appendTuple writes values in COPY's binary format.
func appendTuple(body []byte, values [][]byte) []byte {
	body = binary.BigEndian.AppendUint16(body, uint16(len(values)))
	for _, value := range values {
		if value == nil {
			body = binary.BigEndian.AppendUint32(body, 1<<32-1)
			continue
		}
		body = append(binary.BigEndian.AppendUint32(body, uint32(len(value))), value...)
	}
	return body
}

// CopyRaw writes a batch that needs no encoding at all: the least that any client could spend.
func (b *Baseline) CopyRaw(ctx context.Context, raw Raw) error {
	return pgx.BeginFunc(ctx, b.pool, func(tx pgx.Tx) error {
		for _, part := range raw {
			statement := fmt.Sprintf("COPY %s (%s) FROM STDIN (FORMAT binary)", b.target(part.day), b.columnList())
			if _, err := tx.Conn().PgConn().CopyFrom(ctx, bytes.NewReader(part.body), statement); err != nil {
				return fmt.Errorf("copy raw rows: %w", err)
			}
		}
		return nil
	})
}

// place is a window and where it stands among the batches.
type place struct {
	Window
	batch, window int
}

// scan hands the stored rows of each window to take, a day after the other, each in the order of the keys. The row's first
// column is its start, then follow those of the table.
func (b *Baseline) scan(t testing.TB, batches [][]Window, take func(batch, window int, row pgx.Rows) error) {
	t.Helper()
	byDay := make(map[string][]place)
	for i, windows := range batches {
		for j, w := range windows {
			byDay[dayName(w.From)] = append(byDay[dayName(w.From)], place{Window: w, batch: i, window: j})
		}
	}
	err := connected(t.Context(), b.dsn, func(conn *pgx.Conn) error {
		for day, places := range byDay {
			if err := b.scanDay(t.Context(), conn, day, places, take); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatalf("read stored calls: %v", err)
	}
}

func (b *Baseline) scanDay(ctx context.Context, conn *pgx.Conn, day string, places []place,
	take func(batch, window int, row pgx.Rows) error,
) error {
	slices.SortFunc(places, func(a, b place) int { return a.From.Compare(b.From) })
	rows, err := conn.Query(ctx, fmt.Sprintf(
		"SELECT started_at, %s FROM %s WHERE started_at >= $1 AND started_at < $2 ORDER BY trace_id, span_id", b.columnList(), source(day)),
		pgx.QueryResultFormats{pgx.BinaryFormatCode}, places[0].From, places[len(places)-1].Until)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		at := postgresTime(rows.RawValues()[0])
		i, found := slices.BinarySearchFunc(places, at, func(p place, at time.Time) int { return p.From.Compare(at) })
		if !found {
			i-- // the last window that begins before
		}
		if i < 0 || !at.Before(places[i].Until) {
			continue
		}
		if err := take(places[i].batch, places[i].window, rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// postgresTime reads a timestamptz in its binary form: microseconds since 2000.
func postgresTime(raw []byte) time.Time {
	const year2000 = 946_684_800_000_000
	return time.UnixMicro(int64(binary.BigEndian.Uint64(raw)) + year2000).UTC()
}

// RequireSame fails unless the baseline's tables hold as many rows as the partitions they copy, and, of those that started
// in the windows, equal ones.
func (b *Baseline) RequireSame(t testing.TB, windows ...Window) {
	t.Helper()
	err := connected(t.Context(), b.dsn, func(conn *pgx.Conn) error {
		for _, day := range b.days {
			const count = "SELECT (SELECT count(*) FROM %s) - (SELECT count(*) FROM %s)"
			if err := b.requireNone(t.Context(), conn, day, count); err != nil {
				return err
			}
		}
		for _, w := range windows {
			const differ = `SELECT count(*) FROM (
				SELECT * FROM %s WHERE started_at >= $1 AND started_at < $2 EXCEPT ALL SELECT * FROM %s WHERE started_at >= $1 AND started_at < $2) AS d`
			if err := b.requireNone(t.Context(), conn, dayName(w.From), differ, w.From, w.Until); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatalf("compare schema %s with what was stored: %v", b.schema, err)
	}
}

// requireNone runs a query on the partition of a day and its copy, and wants the number 0 of it.
func (b *Baseline) requireNone(ctx context.Context, conn *pgx.Conn, day, query string, args ...any) error {
	var n int64
	if err := conn.QueryRow(ctx, fmt.Sprintf(query, source(day), b.target(day)), args...).Scan(&n); err != nil {
		return err
	}
	if n != 0 {
		return fmt.Errorf("%d rows more or other in %s than in %s", n, source(day), b.target(day))
	}
	return nil
}
