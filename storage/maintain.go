package storage

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// MaintenanceReport says what one round of maintenance did.
type MaintenanceReport struct {
	MergedSums     int64 // appended sums that were merged into the hourly table
	DroppedDays    int   // days whose partitions were dropped
	DeletedExpired int64 // calls of projects with a shorter retention than the longest
	Joined         int   // spans of a call that were joined when their settle window ended
}

// Maintain does one round of housekeeping: it merges appended sums, makes tomorrow's partitions, and drops what is
// older than its project's retention. Any number of collectors may call it; one works at a time, the others return.
func (s *Store) Maintain(ctx context.Context) (MaintenanceReport, error) {
	var rep MaintenanceReport
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		mine, err := tryLock(ctx, tx)
		if err != nil || !mine {
			return err
		}
		tag, err := tx.Exec(ctx, query("merge_sums"))
		rep.MergedSums = tag.RowsAffected()
		return err
	})
	if err != nil {
		return rep, describe("merge hourly sums", err)
	}
	today := dayOf(s.now().UnixMicro())
	rep.Joined, err = s.forgetSettled(ctx)
	return rep, errors.Join(
		err,
		s.ensurePartition(ctx, today),
		s.ensurePartition(ctx, today+1),
		s.expire(ctx, today, &rep),
	)
}

func tryLock(ctx context.Context, tx pgx.Tx) (bool, error) {
	var mine bool
	err := tx.QueryRow(ctx, "SELECT pg_try_advisory_xact_lock($1, $2)", lockSpace, lockMaintain).Scan(&mine)
	return mine, err
}

// expire drops the days that every project's retention has passed, and deletes older calls of projects that keep less.
func (s *Store) expire(ctx context.Context, today day, rep *MaintenanceReport) error {
	var longest, shortest int
	err := s.pool.QueryRow(ctx, "SELECT coalesce(max(retention_days), 90), coalesce(min(retention_days), 90) FROM costkey.project").
		Scan(&longest, &shortest)
	if err != nil {
		return describe("read retention", err)
	}
	days, err := s.storedDays(ctx)
	if err != nil {
		return describe("list partitions", err)
	}
	for _, d := range days {
		switch age := int(today - d); {
		case age > longest:
			if err := s.dropDay(ctx, d); err != nil {
				return describe("drop the partition of "+d.time().Format(time.DateOnly), err)
			}
			rep.DroppedDays++
		case age > shortest:
			tag, err := s.pool.Exec(ctx, query("delete_expired"), d.time(), (d + 1).time(), age)
			if err != nil {
				return describe("delete expired calls", err)
			}
			rep.DeletedExpired += tag.RowsAffected()
		}
	}
	return nil
}

// storedDays lists the days that have partitions.
func (s *Store) storedDays(ctx context.Context) ([]day, error) {
	rows, err := s.pool.Query(ctx, query("list_partitions"))
	if err != nil {
		return nil, err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	var out []day
	for _, name := range names {
		t, err := time.Parse("20060102", strings.TrimPrefix(name, "call_"))
		if err == nil {
			out = append(out, dayOf(t.UnixMicro()))
		}
	}
	return out, nil
}

// dropTimeout bounds the wait for a partition's readers: whoever waits for the lock makes all others wait behind.
const dropTimeout = "2s"

// dropDay drops the partitions of one day; a table at a time, the calls last, so that an interrupted drop goes on.
func (s *Store) dropDay(ctx context.Context, d day) error {
	s.partitions.reset()
	for _, table := range []string{"call_body_", "tagset_", "call_"} {
		err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, "SET LOCAL lock_timeout = '"+dropTimeout+"'"); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, "DROP TABLE IF EXISTS costkey."+table+d.suffix())
			return err
		})
		if err != nil {
			return fmt.Errorf("drop %s%s: %w", table, d.suffix(), err)
		}
	}
	return nil
}
