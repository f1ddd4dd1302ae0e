package schema

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/costkey/costkey-otel/storage/internal/calls"
	"github.com/costkey/costkey-otel/storage/internal/database"
)

// Days makes and drops the partitions of days, and remembers which are there. It is safe for concurrent use.
type Days struct {
	db *database.DB

	mu    sync.RWMutex
	known map[calls.Day]struct{}
}

// NewDays returns the days of db.
func NewDays(db *database.DB) *Days {
	d := &Days{db: db}
	db.OnReset(d.forget)
	return d
}

func (d *Days) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.known = nil
}

// Ensure makes the partitions of a day unless they are known to exist.
func (d *Days) Ensure(ctx context.Context, day calls.Day) error {
	d.mu.RLock()
	_, known := d.known[day]
	d.mu.RUnlock()
	if known {
		return nil
	}
	epoch := d.db.Epoch()
	if _, err := d.db.Pool().Exec(ctx, "SELECT costkey.ensure_day($1)", day.Time()); err != nil {
		return database.Describe("make the partition of "+day.String(), err)
	}
	if d.db.Epoch() != epoch {
		return nil // is asked again for the next batch
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.known == nil {
		d.known = make(map[calls.Day]struct{})
	}
	d.known[day] = struct{}{}
	return nil
}

// Stored lists the days that have partitions, the oldest first.
func (d *Days) Stored(ctx context.Context) ([]calls.Day, error) {
	rows, err := d.db.Pool().Query(ctx, query("list_days"))
	if err != nil {
		return nil, database.Describe("list partitions", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, database.Describe("list partitions", err)
	}
	var out []calls.Day
	for _, name := range names {
		t, err := time.Parse("20060102", strings.TrimPrefix(name, "call_"))
		if err == nil {
			out = append(out, calls.DayOfTime(t))
		}
	}
	return out, nil
}

// dropTimeout bounds the wait for a partition's readers: whoever waits for the lock makes all others wait behind.
const dropTimeout = "2s"

// Drop drops the partitions of one day, all or none. A backup or a report that reads them makes it fail with a lock
// time-out; then it is tried again in the next round.
func (d *Days) Drop(ctx context.Context, day calls.Day) error {
	d.forget()
	err := pgx.BeginFunc(ctx, d.db.Pool(), func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "SET LOCAL lock_timeout = '"+dropTimeout+"'; "+
			fmt.Sprintf("DROP TABLE IF EXISTS costkey.call_%[1]s, costkey.call_body_%[1]s", day.Suffix()))
		return err
	})
	return database.Describe("drop the partitions of "+day.String(), err)
}
