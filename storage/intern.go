package storage

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// internLimit bounds an interner's memory. Beyond it the cache starts anew: ids are in the database.
const internLimit = 200_000

// internedTable names a table whose rows are written once and then named by number. Its column list is the one place
// where the order of the values stands.
type internedTable struct {
	name    string
	columns []string
	types   []string
	perDay  bool // the first column is the day, and ids are unique within it
}

// internKey is the encoded values of a row: the fields in order, each with its length, "absent" told from "empty".
type internKey []byte

func (k internKey) text(s string) internKey {
	if len(s) < 0x80 { // Fast path - the one-byte varint, inlined.
		return append(append(k, byte(len(s))), s...)
	}
	k = binary.AppendUvarint(k, uint64(len(s)))
	return append(k, s...)
}

func (k internKey) number(n int64) internKey { return binary.AppendVarint(k, n) }

func (k internKey) flag(b bool) internKey {
	if b {
		return append(k, 1)
	}
	return append(k, 0)
}

func (k internKey) list(items []string) internKey {
	k = binary.AppendUvarint(k, uint64(len(items)))
	for _, s := range items {
		k = k.text(s)
	}
	return k
}

// digest is the row's key in the database.
func (k internKey) digest() [16]byte {
	sum := sha256.Sum256(k)
	return [16]byte(sum[:16])
}

// interner maps rows of one table to their numbers. Numbers are cached only after the transaction that made them is
// committed.
type interner struct {
	table internedTable
	mu    sync.RWMutex
	ids   map[string]int32
}

func newInterner(t internedTable) *interner {
	return &interner{table: t, ids: make(map[string]int32)}
}

func (in *interner) reset() {
	in.mu.Lock()
	defer in.mu.Unlock()
	clear(in.ids)
}

// lookup finds a number; the caller holds in.mu for reading.
func (in *interner) lookup(key internKey) (int32, bool) {
	id, ok := in.ids[string(key)]
	return id, ok
}

func (in *interner) store(found map[string]int32) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(in.ids)+len(found) > internLimit {
		clear(in.ids)
	}
	for key, id := range found {
		in.ids[key] = id
	}
}

// missing is a row that the cache does not know.
type missing struct {
	key    [16]byte
	cached string    // the internKey
	values []*string // by the table's columns, as text; nil is NULL
}

// resolve finds or makes the rows of miss and caches their numbers. Rows are written in the order of their keys, so
// that two collectors with the same news don't lock each other out. Rows that PostgreSQL refuses are counted, not made.
func (in *interner) resolve(ctx context.Context, pool *pgxpool.Pool, miss []missing) (refused int, err error) {
	if len(miss) == 0 {
		return 0, nil
	}
	slices.SortFunc(miss, func(a, b missing) int { return bytes.Compare(a.key[:], b.key[:]) })
	found := make(map[string]int32, len(miss))
	open := miss
	if !in.table.perDay { // what is kept by day is new nearly always, anything else after a start only
		if err := in.find(ctx, pool, open, found); err != nil {
			return 0, describe("look up "+in.table.name, err)
		}
		open = without(open, found)
	}
	if refused, err = in.write(ctx, pool, open, found); err != nil {
		return 0, describe("write "+in.table.name, err)
	}
	// Another collector was first with what was not written.
	if open = without(open, found); len(open) > refused {
		if err := in.find(ctx, pool, open, found); err != nil {
			return 0, describe("look up "+in.table.name, err)
		}
	}
	if len(found)+refused < len(miss) {
		return 0, fmt.Errorf("look up %s: %d of %d rows are missing after they were written", in.table.name, len(miss)-len(found), len(miss))
	}
	in.store(found)
	return refused, nil
}

// without returns the rows that are not found yet.
func without(rows []missing, found map[string]int32) []missing {
	if len(found) == 0 {
		return rows
	}
	var out []missing
	for _, m := range rows {
		if _, ok := found[m.cached]; !ok {
			out = append(out, m)
		}
	}
	return out
}

// write inserts rows and puts the numbers of those that are new into found; one by one where PostgreSQL refuses a value
// among them.
func (in *interner) write(ctx context.Context, pool *pgxpool.Pool, rows []missing, found map[string]int32) (refused int, err error) {
	if len(rows) == 0 {
		return 0, nil
	}
	err = in.collect(ctx, pool, rows, found, in.insertSQL(), in.arrays(rows)...)
	if !isValueError(err) {
		return 0, err
	}
	if len(rows) == 1 {
		return 1, nil
	}
	for i := range rows {
		n, err := in.write(ctx, pool, rows[i:i+1], found)
		if err != nil {
			return 0, err
		}
		refused += n
	}
	return refused, nil
}

func (in *interner) find(ctx context.Context, pool *pgxpool.Pool, rows []missing, found map[string]int32) error {
	keys := make([][16]byte, len(rows))
	for i, m := range rows {
		keys[i] = m.key
	}
	sql, args := "SELECT key, id FROM costkey."+in.table.name+" WHERE key = ANY ($1::uuid[])", []any{keys}
	if in.table.perDay {
		sql += " AND day = ANY ($2::text[]::date[])"
		args = append(args, days(rows))
	}
	return in.collect(ctx, pool, rows, found, sql, args...)
}

// collect puts the numbers that a query answers, as (key, id), into found.
func (in *interner) collect(ctx context.Context, pool *pgxpool.Pool, rows []missing, found map[string]int32, sql string, args ...any) error {
	byKey := make(map[[16]byte]string, len(rows))
	for _, m := range rows {
		byKey[m.key] = m.cached
	}
	answer, err := pool.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	var key [16]byte
	var id int32
	_, err = pgx.ForEachRow(answer, []any{&key, &id}, func() error {
		found[byKey[key]] = id
		return nil
	})
	return err
}

// insertSQL writes the rows as text arrays: arrays of arrays do not exist, so that a list goes as its literal.
func (in *interner) insertSQL() string {
	var params, casts strings.Builder
	for i, typ := range in.table.types {
		fmt.Fprintf(&params, ", $%d::text[]", i+2)
		fmt.Fprintf(&casts, ", %s::%s", in.table.columns[i], typ)
	}
	columns := strings.Join(in.table.columns, ", ")
	return fmt.Sprintf("INSERT INTO costkey.%s (key, %s) SELECT key%s FROM unnest($1::uuid[]%s) AS t (key, %s) ORDER BY key ON CONFLICT DO NOTHING RETURNING key, id",
		in.table.name, columns, casts.String(), params.String(), columns)
}

func (in *interner) arrays(rows []missing) []any {
	keys := make([][16]byte, len(rows))
	columns := make([][]*string, len(in.table.columns))
	for i := range columns {
		columns[i] = make([]*string, len(rows))
	}
	for r, row := range rows {
		keys[r] = row.key
		for c, v := range row.values {
			columns[c][r] = v
		}
	}
	args := make([]any, 0, len(columns)+1)
	args = append(args, keys)
	for _, c := range columns {
		args = append(args, c)
	}
	return args
}

// days are the distinct days of the rows of a table that is kept by day.
func days(miss []missing) []string {
	var out []string
	for _, m := range miss {
		if !slices.Contains(out, *m.values[0]) {
			out = append(out, *m.values[0])
		}
	}
	return out
}
