package rows

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/costkey/costkey-otel/storage/internal/database"
)

// table names an interned table. Its column list is the one place where the order of the values stands.
type table struct {
	name    string
	columns []string
	types   []string
	factor  int // how often the limit of new rows it may have; 0 is once
}

// key is the encoded values of a row: the fields in order, each with its length.
type key []byte

func (k key) text(s string) key {
	if len(s) < 0x80 { // Fast path - the one-byte varint, inlined.
		return append(append(k, byte(len(s))), s...)
	}
	k = binary.AppendUvarint(k, uint64(len(s)))
	return append(k, s...)
}

func (k key) number(n int64) key { return binary.AppendVarint(k, n) }

func (k key) flag(b bool) key {
	if b {
		return append(k, 1)
	}
	return append(k, 0)
}

func (k key) list(items []string) key {
	k = binary.AppendUvarint(k, uint64(len(items)))
	for _, s := range items {
		k = k.text(s)
	}
	return k
}

// entry is a row of an interned table that a cache does not know.
type entry struct {
	project int64
	digest  [16]byte // the row's key in the database
	cached  string   // its key in the cache
	values  []*string
	room    room
}

// room says how much room there is for a row in what a project may make a day.
type room int16

const (
	limited  room = iota // as much as the limit
	reserved             // as much again, for what is left of rows beyond the limit
	exempt               // all, for what is few
)

// newEntry returns the entry of an encoded row.
func newEntry(project int64, k key, values []*string) entry {
	sum := sha256.Sum256(k)
	return entry{project: project, digest: [16]byte(sum[:16]), cached: string(k), values: values}
}

func compareEntries(a, b entry) int {
	return cmp.Or(cmp.Compare(a.project, b.project), bytes.Compare(a.digest[:], b.digest[:]))
}

// resolution is what became of entries: ids by their keys in the cache, those that PostgreSQL refuses, and those for which
// their project has no room.
type resolution struct {
	server   string    // see database.Identity
	day      time.Time // today, by the database's clock
	ids      map[string]int64
	refused  map[string]bool
	overflow map[string]bool
}

// resolve finds or makes the rows of entries on the server that they are for: their values may name ids of it. A project may
// make limit new rows of a table a day. Rows are written in the order of their keys, so that two collectors with the same
// news don't lock each other out, in transactions of their own: an id must outlive a batch that is rolled back.
func (t *table) resolve(ctx context.Context, q database.Queryer, server string, entries []entry, limit int, day time.Time) (resolution, error) {
	res := resolution{ids: make(map[string]int64, len(entries)), server: server, day: day}
	if len(entries) == 0 {
		return res, nil
	}
	slices.SortFunc(entries, compareEntries)
	if err := t.find(ctx, q, entries, &res); err != nil {
		return res, database.Describe("look up "+t.name, err)
	}
	if err := t.write(ctx, q, res.open(entries), limit*max(t.factor, 1), &res); err != nil {
		return res, database.Describe("write "+t.name, err)
	}
	open := res.open(entries)
	if len(open) == 0 {
		return res, nil
	}
	// Another collector was first, or there is no room.
	if err := t.find(ctx, q, open, &res); err != nil {
		return res, database.Describe("look up "+t.name, err)
	}
	for _, e := range res.open(open) {
		if e.room == exempt {
			return res, fmt.Errorf("look up %s: a row is missing after it was written: %w", t.name, database.ErrRaced)
		}
		if res.overflow == nil {
			res.overflow = make(map[string]bool)
		}
		res.overflow[e.cached] = true
	}
	return res, nil
}

// open returns the entries of which nothing is known yet.
func (r *resolution) open(entries []entry) []entry {
	var out []entry
	for _, e := range entries {
		if _, ok := r.ids[e.cached]; !ok && !r.refused[e.cached] {
			out = append(out, e)
		}
	}
	return out
}

// find notes the ids of rows that are there, and that they are in use today.
func (t *table) find(ctx context.Context, q database.Queryer, entries []entry, res *resolution) error {
	projects, keys := entryKeys(entries)
	return t.collect(ctx, q, entries, res, strings.ReplaceAll(findSQL, "{table}", t.name), projects, keys, res.day, res.server)
}

// Both statements end with an error where the server is not the one of $4: ids that were read of one mean something else in
// another, which may take its place under a connection.

// findSQL leaves alone a row that another session is just noting: it notes the same.
const findSQL = `WITH found AS MATERIALIZED (
    SELECT f.project_id, f.key, f.id, f.used_on
    FROM costkey.check_identity($4) AS same, unnest($1::bigint[], $2::uuid[]) AS q (project_id, key),
         LATERAL (SELECT t.project_id, t.key, t.id, t.used_on FROM costkey.{table} t
                  WHERE t.project_id = q.project_id AND t.key = q.key LIMIT 1) AS f
), used AS (
    UPDATE costkey.{table} t SET used_on = $3
    FROM (SELECT h.project_id, h.id
          FROM found f, LATERAL (SELECT project_id, id FROM costkey.{table} h
                                 WHERE h.project_id = f.project_id AND h.id = f.id
                                 FOR NO KEY UPDATE SKIP LOCKED) AS h
          WHERE f.used_on < $3) AS h
    WHERE t.project_id = h.project_id AND t.id = h.id
)
SELECT project_id, key, id FROM found`

// write inserts rows and notes the ids of those that are new; it narrows down what PostgreSQL refuses.
func (t *table) write(ctx context.Context, q database.Queryer, entries []entry, limit int, res *resolution) error {
	if len(entries) == 0 {
		return nil
	}
	err := t.collect(ctx, q, entries, res, t.insertSQL(), t.arguments(entries, limit, res)...)
	switch {
	case !database.IsValueError(err):
		return err
	case len(entries) == 1:
		if res.refused == nil {
			res.refused = make(map[string]bool)
		}
		res.refused[entries[0].cached] = true
		return nil
	}
	half := len(entries) / 2
	if err := t.write(ctx, q, entries[:half], limit, res); err != nil {
		return err
	}
	return t.write(ctx, q, entries[half:], limit, res)
}

// collect notes the ids that a query answers, as (project, key, id).
func (t *table) collect(ctx context.Context, q database.Queryer, entries []entry, res *resolution, sql string, args ...any) error {
	type name struct {
		project int64
		key     [16]byte
	}
	names := make(map[name]string, len(entries))
	for _, e := range entries {
		names[name{e.project, e.digest}] = e.cached
	}
	answer, err := q.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	var n name
	var id int64
	_, err = pgx.ForEachRow(answer, []any{&n.project, &n.key, &id}, func() error {
		res.ids[names[n]] = id
		return nil
	})
	return err
}

// insertSQL writes the rows as text arrays: arrays of arrays do not exist, so that a list goes as its literal.
func (t *table) insertSQL() string {
	var params, casts strings.Builder
	for i, typ := range t.types {
		fmt.Fprintf(&params, ", $%d::text[]", i+firstColumn)
		fmt.Fprintf(&casts, ", r.%s::%s", t.columns[i], typ)
	}
	return strings.NewReplacer("{table}", t.name, "{columns}", strings.Join(t.columns, ", "), "{casts}", casts.String(),
		"{params}", params.String()).Replace(insertSQL)
}

// firstColumn is the parameter of the first of a table's own columns.
const firstColumn = 7

const insertSQL = `WITH r AS (
    SELECT q.*, row_number() OVER (PARTITION BY project_id, room ORDER BY key) AS n
    FROM costkey.check_identity($4) AS same,
         unnest($1::bigint[], $2::uuid[], $3::smallint[]{params}) AS q (project_id, key, room, {columns})
), made AS (
    SELECT p.project_id, (SELECT count(*) FROM costkey.{table} t
                          WHERE t.project_id = p.project_id AND t.created_on = $6) AS n
    FROM (SELECT DISTINCT project_id FROM r) AS p
)
INSERT INTO costkey.{table} (project_id, key, used_on, created_on, {columns})
SELECT r.project_id, r.key, $6::date, $6::date{casts}
FROM r JOIN made USING (project_id)
WHERE r.room = 2 OR r.n + made.n <= $5 * (r.room + 1)
ORDER BY r.project_id, r.key
ON CONFLICT DO NOTHING
RETURNING project_id, key, id`

func (t *table) arguments(entries []entry, limit int, res *resolution) []any {
	projects, keys := entryKeys(entries)
	rooms := make([]int16, len(entries))
	columns := make([][]*string, len(t.columns))
	for i := range columns {
		columns[i] = make([]*string, len(entries))
	}
	for r, e := range entries {
		rooms[r] = int16(e.room)
		for c, v := range e.values {
			columns[c][r] = v
		}
	}
	args := []any{projects, keys, rooms, res.server, limit, res.day}
	for _, c := range columns {
		args = append(args, c)
	}
	return args
}

func entryKeys(entries []entry) (projects []int64, keys [][16]byte) {
	projects, keys = make([]int64, len(entries)), make([][16]byte, len(entries))
	for i := range entries {
		projects[i], keys[i] = entries[i].project, entries[i].digest
	}
	return projects, keys
}
