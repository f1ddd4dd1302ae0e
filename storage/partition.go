package storage

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// day is a UTC day, counted from 1970-01-01.
type day int32

const microsPerDay = 24 * 60 * 60 * 1_000_000

// dayOf returns the day of a Unix time in microseconds.
func dayOf(micros int64) day {
	d := micros / microsPerDay
	if micros%microsPerDay < 0 {
		d--
	}
	return day(d)
}

func (d day) time() time.Time { return time.Unix(int64(d)*86400, 0).UTC() }

// suffix ends the names of the day's partitions: "20261124".
func (d day) suffix() string { return d.time().Format("20060102") }

// daySet holds the days whose partitions are known to exist. Its zero value is empty.
type daySet struct {
	mu   sync.RWMutex
	days map[day]struct{}
}

func (s *daySet) has(d day) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, ok := s.days[d]
	return ok
}

func (s *daySet) add(d day) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.days == nil {
		s.days = make(map[day]struct{})
	}
	s.days[d] = struct{}{}
}

func (s *daySet) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.days = nil
}

// ensurePartition makes the partitions of d unless they are known to exist.
func (s *Store) ensurePartition(ctx context.Context, d day) error {
	if s.partitions.has(d) {
		return nil
	}
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1, $2)", lockSpace, lockPartition); err != nil {
			return err
		}
		var exists bool
		if err := tx.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", "costkey.call_"+d.suffix()).Scan(&exists); err != nil || exists {
			return err
		}
		_, err := tx.Exec(ctx, partitionDDL(d))
		return err
	})
	if err != nil {
		return describe("make the partition of "+d.time().Format(time.DateOnly), err)
	}
	s.partitions.add(d)
	return nil
}

// partitionDDL fills the template with dates, which need no quoting.
func partitionDDL(d day) string {
	const instant = "2006-01-02 00:00:00+00"
	return strings.NewReplacer(
		"{{day}}", d.suffix(),
		"{{from}}", d.time().Format(instant),
		"{{until}}", (d + 1).time().Format(instant),
		"{{from_date}}", d.time().Format(time.DateOnly),
		"{{until_date}}", (d + 1).time().Format(time.DateOnly),
	).Replace(query("create_partition"))
}
