package storage

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// carefulFor is how long batches look before they write after one of them met a stored row.
const carefulFor = 10 * time.Second

// settleWindow is how far apart in time two spans of one call may arrive or lie: see the exporter's README.
const settleWindow = 15 * time.Minute

// maxRaces bounds how often a batch looks again because another writer stored one of its calls in between.
const maxRaces = 5

// WriteCalls stores calls, each once, however often and from wherever they come, together with their hourly sums. It
// works on calls in place and leaves them in an undefined state. If the error is not nil the batch may be written again
// where [IsRetryable] says so; what of it was stored already, all or nothing unless a value was refused, is then found
// to be a duplicate. links are the spans of the batch that are no calls: they tell which calls of other batches are one.
func (s *Store) WriteCalls(ctx context.Context, calls []Call, links ...Link) (WriteResult, error) {
	var res WriteResult
	rows, err := s.prepare(ctx, calls, &res)
	if err == nil {
		err = s.writePrepared(ctx, rows, links, &res)
	}
	if err != nil {
		if isMissingTable(err) {
			s.resetCaches()
		}
		return WriteResult{}, fmt.Errorf("write %d calls: %w", len(calls), err)
	}
	return res, nil
}

// writePrepared writes prepared rows and joins them with what is there.
func (s *Store) writePrepared(ctx context.Context, rows []row, outer []Link, res *WriteResult) error {
	links, err := s.numberLinks(ctx, outer)
	if err != nil || len(rows)+len(links) == 0 {
		return err
	}
	if err := s.announce(ctx); err != nil {
		return err
	}
	seen := s.recent.enter(rows, links, s.now())
	if err := s.keepBeside(ctx, links); err != nil {
		return err
	}
	if err := s.writeRows(ctx, rows, res); err != nil {
		return err
	}
	return s.lookAgain(ctx, rows, links, seen, res)
}

// writeRows writes prepared rows, which are sorted by day and key.
func (s *Store) writeRows(ctx context.Context, rows []row, res *WriteResult) error {
	if len(rows) == 0 {
		return nil
	}
	err := error(nil)
	if !s.mustLook(rows) {
		// Fast path - nothing of the batch is stored yet.
		if err = s.insert(ctx, rows); err == nil {
			res.countWritten(rows, 1)
			return nil
		}
	}
	if err == nil || isUniqueViolation(err) {
		// Slow path - some of it may be stored.
		s.careful.Store(s.now().Add(carefulFor).UnixNano())
		for range maxRaces {
			var got WriteResult
			if got, err = s.settle(ctx, rows); !isUniqueViolation(err) && !isRaced(err) {
				if err == nil {
					res.add(got)
				}
				break
			}
		}
	}
	if isValueError(err) {
		return s.bisect(ctx, rows, err, res)
	}
	return err
}

// mustLook reports whether rows may have company in the database that no unique index of their own day would tell.
func (s *Store) mustLook(rows []row) bool {
	if s.now().UnixNano() < s.careful.Load() {
		return true
	}
	for i := range rows {
		inDay := rows[i].StartMicros - int64(rows[i].day())*microsPerDay
		near := inDay < settleWindow.Microseconds() || inDay > microsPerDay-settleWindow.Microseconds()
		if near && rows[i].ResponseID != "" {
			return true
		}
	}
	return false
}

// bisect narrows a refused value down to its row and sets that row aside; all others are written.
func (s *Store) bisect(ctx context.Context, rows []row, refused error, res *WriteResult) error {
	if len(rows) == 1 {
		res.setAside(ReasonBadValue, 1)
		return nil
	}
	half := len(rows) / 2
	if err := s.writeRows(ctx, rows[:half], res); err != nil {
		return err
	}
	return s.writeRows(ctx, rows[half:], res)
}

// buffers are reused between batches.
var buffers = sync.Pool{New: func() any { return new(copyBuffer) }}

// insert writes rows and their sums in one transaction.
func (s *Store) insert(ctx context.Context, rows []row) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := s.checkNumbers(rows); err != nil {
			return err
		}
		sums := make(hourly)
		if err := insertRows(ctx, tx, rows, sums); err != nil {
			return err
		}
		return insertSums(ctx, tx, sums)
	})
}

// checkNumbers reports errRaced where rows were numbered from caches that have been reset since. It is called with the
// connection in hand, which would have noticed another server.
func (s *Store) checkNumbers(rows []row) error {
	epoch := s.epoch.Load()
	for i := range rows {
		if rows[i].epoch != epoch {
			return errRaced
		}
	}
	return nil
}

// approximateRowBytes is about what a row takes in COPY's format.
const approximateRowBytes = 256

// insertRows copies rows into the partitions of their days and counts them in.
func insertRows(ctx context.Context, tx pgx.Tx, rows []row, sums hourly) error {
	buf := buffers.Get().(*copyBuffer)
	defer buffers.Put(buf)
	if err := insertSuspects(ctx, tx, rows, buf); err != nil {
		return err
	}
	for len(rows) > 0 {
		d, n := rows[0].day(), 0
		b := slices.Grow((*buf)[:0], len(rows)*approximateRowBytes).begin()
		for ; n < len(rows) && rows[n].day() == d; n++ {
			b = appendRow(b, &rows[n])
			sums.add(&rows[n], 1)
		}
		*buf = b.end()
		if err := copyIn(ctx, tx, "call_"+d.suffix(), callColumns, *buf); err != nil {
			return describe(fmt.Sprintf("copy %d calls", n), err)
		}
		if err := insertBodies(ctx, tx, d, rows[:n], buf); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

var bodyColumns = []string{"started_at", "span_id", "trace_id", "project_id", "request_body", "response_body"}

// insertBodies copies the bodies of one day's rows, where there are any.
func insertBodies(ctx context.Context, tx pgx.Tx, d day, rows []row, buf *copyBuffer) error {
	b, n := buf.begin(), 0
	for i := range rows {
		r := &rows[i]
		if r.RequestBody == "" && r.ResponseBody == "" {
			continue
		}
		n++
		b = b.row(len(bodyColumns)).timestamp(r.StartMicros).spanID(r.SpanID).uuid(r.TraceID).int4(r.project)
		b = b.textOrNull(r.RequestBody).textOrNull(r.ResponseBody)
	}
	*buf = b
	if n == 0 {
		return nil
	}
	*buf = b.end()
	if err := copyIn(ctx, tx, "call_body_"+d.suffix(), bodyColumns, *buf); err != nil {
		return describe(fmt.Sprintf("copy %d bodies", n), err)
	}
	return nil
}

func insertSums(ctx context.Context, tx pgx.Tx, sums hourly) error {
	if len(sums) == 0 {
		return nil
	}
	buf := buffers.Get().(*copyBuffer)
	defer buffers.Put(buf)
	*buf = sums.appendTo(*buf)
	if err := copyIn(ctx, tx, "hourly_delta", hourlyColumns, *buf); err != nil {
		return describe("copy hourly sums", err)
	}
	return nil
}

// copyIn sends one finished COPY body. The names are this package's own.
func copyIn(ctx context.Context, tx pgx.Tx, table string, columns []string, body copyBuffer) error {
	sql := "COPY costkey." + table + " (" + strings.Join(columns, ", ") + ") FROM STDIN (FORMAT binary)"
	_, err := tx.Conn().PgConn().CopyFrom(ctx, bytes.NewReader(body), sql)
	return err
}
