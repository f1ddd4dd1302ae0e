package storage

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/jackc/pgx/v5"
)

// errRaced says that another writer changed a row between looking and writing.
var errRaced = errors.New("row changed by another writer")

func isRaced(err error) bool { return errors.Is(err, errRaced) }

// settle writes rows of which some may be stored: the same spans resent, or other spans of stored calls. One transaction
// looks, decides and writes; a writer that was faster in between makes it start again.
func (s *Store) settle(ctx context.Context, rows []row) (WriteResult, error) {
	var res WriteResult
	fresh, duplicates, err := s.withoutStored(ctx, rows)
	if err != nil {
		return res, err
	}
	res.Duplicate = duplicates
	if len(fresh) == 0 {
		return res, nil
	}
	known, err := s.relatives(ctx, fresh)
	if err != nil {
		return res, err
	}
	links, err := s.findLinks(ctx, fresh)
	if err != nil {
		return res, err
	}
	plan := join(known, fresh, links)
	whole, err := s.number(ctx, &plan)
	if err == nil && !whole {
		// A row that came of joining can't be stored: what it would replace must not be lost.
		plan = apart(known, fresh)
		plan.insert, err = s.intern(ctx, plan.insert, &res)
	}
	if err != nil {
		return res, err
	}
	res.Joined = plan.settled
	return res, s.apply(ctx, &plan, &res)
}

// number gives the rows that p puts in their numbers and reports whether all of them can be stored.
func (s *Store) number(ctx context.Context, p *plan) (whole bool, err error) {
	n := len(p.insert)
	p.insert, err = s.intern(ctx, p.insert, new(WriteResult))
	return len(p.insert) == n, err
}

// apply does what p says in one transaction and counts it.
func (s *Store) apply(ctx context.Context, p *plan, res *WriteResult) error {
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := s.checkNumbers(p.insert); err != nil {
			return err
		}
		sums := make(hourly)
		if err := removeRows(ctx, tx, p.remove, sums); err != nil {
			return err
		}
		if err := insertRows(ctx, tx, p.insert, sums); err != nil {
			return err
		}
		if err := insertLinks(ctx, tx, p.links); err != nil {
			return err
		}
		return insertSums(ctx, tx, sums)
	})
	if err == nil {
		res.countWritten(p.insert, 1)
		res.countWritten(p.remove, -1)
	}
	return err
}

// withoutStored returns the rows whose spans are not stored, and the number of the others. A stored span may stand at the
// earlier start of another span of its call.
func (s *Store) withoutStored(ctx context.Context, rows []row) (fresh []row, duplicates int, err error) {
	keys := newKeyArrays(rows)
	first, last := startBounds(rows)
	found, err := s.pool.Query(ctx, query("find_spans"), keys.projects, keys.traces, keys.spans,
		first.Add(-settleWindow), last.Add(settleWindow))
	if err != nil {
		return nil, 0, describe("look for stored spans", err)
	}
	stored := make(map[rowKey]struct{})
	var project int32
	var trace [16]byte
	var span int64
	_, err = pgx.ForEachRow(found, []any{&project, &trace, &span}, func() error {
		stored[rowKey{project, trace, spanBytes(span)}] = struct{}{}
		return nil
	})
	if err != nil {
		return nil, 0, describe("look for stored spans", err)
	}
	for _, r := range rows {
		if _, ok := stored[r.key()]; ok {
			duplicates++
			continue
		}
		fresh = append(fresh, r)
	}
	return fresh, duplicates, nil
}

// removeRows takes stored rows out and counts them out. A row that is not there any more, or is
// priced differently, was changed by another writer.
func removeRows(ctx context.Context, tx pgx.Tx, rows []row, sums hourly) error {
	if len(rows) == 0 {
		return nil
	}
	keys, old := newKeyArrays(rows), newPriceArrays(rows)
	tag, err := tx.Exec(ctx, query("delete_calls"), keys.projects, keys.traces, keys.spans, keys.starts,
		old.cells, old.variants, old.costs)
	if err != nil {
		return describe("take out replaced calls", err)
	}
	if int(tag.RowsAffected()) != len(rows) {
		return errRaced
	}
	for i := range rows {
		sums.add(&rows[i], -1)
	}
	return nil
}

// keyArrays are the keys of rows, column by column.
type keyArrays struct {
	projects []int32
	traces   [][16]byte
	spans    []int64
	starts   []time.Time
}

func newKeyArrays(rows []row) keyArrays {
	k := keyArrays{
		projects: make([]int32, len(rows)), traces: make([][16]byte, len(rows)),
		spans: make([]int64, len(rows)), starts: make([]time.Time, len(rows)),
	}
	for i := range rows {
		k.projects[i], k.traces[i] = rows[i].project, rows[i].TraceID
		k.spans[i], k.starts[i] = spanNumber(rows[i].SpanID), time.UnixMicro(rows[i].StartMicros).UTC()
	}
	return k
}

// startBounds are the first and the last start of all rows: what lets PostgreSQL leave out other partitions.
func startBounds(all ...[]row) (first, last time.Time) {
	least, most := int64(math.MaxInt64), int64(math.MinInt64)
	for _, rows := range all {
		for i := range rows {
			least, most = min(least, rows[i].StartMicros), max(most, rows[i].StartMicros)
		}
	}
	return time.UnixMicro(least).UTC(), time.UnixMicro(most).UTC()
}

// relatives loads the stored calls of the same traces that lie near in time, and those that hold one of the response ids
// on the same days: who holds an id keeps all others of its day out of the index, however far away it lies.
func (s *Store) relatives(ctx context.Context, rows []row) ([]row, error) {
	keys := newKeyArrays(rows)
	responses := make([]string, len(rows))
	for i := range rows {
		responses[i] = rows[i].ResponseID
	}
	first, last := startBounds(rows)
	first, last = first.Add(-settleWindow), last.Add(settleWindow)
	const day = 24 * time.Hour
	found, err := s.pool.Query(ctx, query("find_relatives"), keys.projects, keys.traces, responses,
		first, last, first.Truncate(day), last.Truncate(day).Add(day))
	if err != nil {
		return nil, describe("look for related calls", err)
	}
	out, err := pgx.CollectRows(found, scanStored)
	if err != nil {
		return nil, describe("look for related calls", err)
	}
	return out, nil
}
