package maintenance

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/costkey/costkey-otel/storage/internal/calls"
	"github.com/costkey/costkey-otel/storage/internal/database"
)

const (
	// maxDroppedDays bounds the days that one round drops: a mistake in a clock or a setting must not cost a year at once.
	maxDroppedDays = 2
	// maxClockSkew is how far the clocks of this program and of the database may be apart where something is deleted for
	// its age. One of them is wrong beyond it.
	maxClockSkew = time.Hour
	// keptMonths is how long hourly sums are kept.
	keptMonths = 25
	// defaultRetention is the retention in days where there are no projects.
	defaultRetention = 90
	// blocksAtOnce bounds one step of deleting: some 40 MB of a partition.
	blocksAtOnce = 5000
	// lockTimeout bounds the wait for a day that somebody else holds: it is done in a later round.
	lockTimeout = "2s"
	// unusedAtOnce bounds one step of deleting interned rows.
	unusedAtOnce = 10_000
)

// daysAhead is for how many days there are partitions beforehand: a call may start a day ahead.
const daysAhead = 2

func (m *Maintainer) makePartitions(ctx context.Context) (done int64, err error) {
	today := calls.DayOfTime(m.db.Now())
	var errs []error
	for d := today; d <= today+daysAhead; d++ {
		errs = append(errs, m.days.Ensure(ctx, d))
	}
	return 0, errors.Join(errs...)
}

// checkClocks refuses to delete for age where the clocks differ.
func (m *Maintainer) checkClocks() error {
	if skew := m.db.ClockSkew(); skew.Abs() > maxClockSkew {
		return fmt.Errorf("the clocks of this collector and of the database differ by %s: nothing is deleted for its age until they agree",
			skew.Abs().Round(time.Second))
	}
	return nil
}

// project is a project's retention.
type project struct {
	id           int64
	days         int
	expiredUntil *time.Time
}

func (m *Maintainer) retention(ctx context.Context) ([]project, error) {
	found, err := m.db.Pool().Query(ctx, query("retention"))
	if err != nil {
		return nil, database.Describe("read retention", err)
	}
	projects, err := pgx.CollectRows(found, func(row pgx.CollectableRow) (project, error) {
		var p project
		err := row.Scan(&p.id, &p.days, &p.expiredUntil)
		return p, err
	})
	return projects, database.Describe("read retention", err)
}

func longest(projects []project) int {
	days := 0
	for _, p := range projects {
		days = max(days, p.days)
	}
	if days == 0 {
		return defaultRetention
	}
	return days
}

// dropDays drops the days that every project's retention has passed, the oldest first.
func (m *Maintainer) dropDays(ctx context.Context) (dropped int, err error) {
	if err := m.checkClocks(); err != nil {
		return 0, err
	}
	projects, err := m.retention(ctx)
	if err != nil {
		return 0, err
	}
	stored, err := m.days.Stored(ctx)
	if err != nil {
		return 0, err
	}
	oldest := calls.DayOfTime(m.db.Now()) - calls.Day(longest(projects))
	var errs []error
	for n, d := range stored {
		if d >= oldest || n == maxDroppedDays { // each try makes readers of the table wait
			break
		}
		if err := m.days.Drop(ctx, d); err != nil {
			errs = append(errs, err)
		} else {
			dropped++
		}
	}
	return dropped, errors.Join(errs...)
}

// deleteExpired deletes the calls of projects that keep less than the longest retention, a day after the other. How far it
// came stands with the project, so that each day is read once.
func (m *Maintainer) deleteExpired(ctx context.Context) (deleted int64, err error) {
	if err := m.checkClocks(); err != nil {
		return 0, err
	}
	projects, err := m.retention(ctx)
	if err != nil {
		return 0, err
	}
	stored, err := m.days.Stored(ctx)
	if err != nil || len(stored) == 0 {
		return 0, err
	}
	today := calls.DayOfTime(m.db.Now())
	for _, d := range stored {
		due := expiredOn(projects, d, today)
		if len(due) == 0 {
			continue
		}
		n, err := m.deleteDay(ctx, d, due)
		deleted += n
		if err != nil {
			return deleted, err // what is noted for a later day would hide this one
		}
	}
	return deleted, nil
}

// expiredOn returns the projects whose retention day d has passed and whose calls of that day were not deleted yet.
func expiredOn(projects []project, d, today calls.Day) []int64 {
	var due []int64
	for _, p := range projects {
		if d < today-calls.Day(p.days) && (p.expiredUntil == nil || calls.DayOfTime(*p.expiredUntil) <= d) {
			due = append(due, p.id)
		}
	}
	return due
}

// deleteDay deletes the calls of projects on one day with their bodies, in steps, and notes it.
func (m *Maintainer) deleteDay(ctx context.Context, d calls.Day, projects []int64) (deleted int64, err error) {
	deleted, err = m.deleteBlocks(ctx, "delete_expired", "call_", d, projects)
	if err == nil {
		_, err = m.deleteBlocks(ctx, "delete_expired_bodies", "call_body_", d, projects)
	}
	if err == nil {
		_, err = m.db.Pool().Exec(ctx, query("note_expired"), projects, (d + 1).Time())
	}
	return deleted, database.Describe("delete expired calls of "+d.String(), err)
}

// deleteBlocks runs a query for the blocks of a day's table, in steps, and adds up what it returns.
func (m *Maintainer) deleteBlocks(ctx context.Context, name, table string, d calls.Day, projects []int64) (deleted int64, err error) {
	var blocks int64
	err = m.inDay(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, query("blocks"), "costkey."+table+d.Suffix()).Scan(&blocks)
	})
	sql := strings.ReplaceAll(query(name), "{day}", d.Suffix())
	for from := int64(0); from < blocks && err == nil; from += blocksAtOnce {
		err = m.inDay(ctx, func(tx pgx.Tx) error {
			var n int64
			err := tx.QueryRow(ctx, sql, projects, tid(from), tid(from+blocksAtOnce)).Scan(&n)
			deleted += n
			return err
		})
	}
	return deleted, err
}

// inDay runs do in a transaction that does not wait long for a day that somebody else holds.
func (m *Maintainer) inDay(ctx context.Context, do func(tx pgx.Tx) error) error {
	return m.db.Lookup(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SET LOCAL lock_timeout = '"+lockTimeout+"'"); err != nil {
			return err
		}
		return do(tx)
	})
}

// tid is the first place of a block.
func tid(block int64) string { return fmt.Sprintf("(%d,0)", block) }

// dropMonths drops the months of hourly sums that are older than is kept.
func (m *Maintainer) dropMonths(ctx context.Context) (dropped int64, err error) {
	if err := m.checkClocks(); err != nil {
		return 0, err
	}
	found, err := m.db.Pool().Query(ctx, query("hourly_months"))
	if err != nil {
		return 0, database.Describe("list months", err)
	}
	months, err := pgx.CollectRows(found, pgx.RowTo[string])
	if err != nil {
		return 0, database.Describe("list months", err)
	}
	oldest := "hourly_" + m.db.Now().UTC().AddDate(0, -keptMonths, 0).Format("200601")
	for _, name := range months {
		if name >= oldest {
			break
		}
		if _, err := m.db.Pool().Exec(ctx, "SET lock_timeout = '2s'; DROP TABLE IF EXISTS costkey."+name+"; RESET lock_timeout"); err != nil {
			return dropped, database.Describe("drop "+name, err)
		}
		dropped++
	}
	return dropped, nil
}

// deleteUnused deletes the interned rows that no stored call and no stored sum names: those that were in use last before the
// oldest day, or month, that is stored. A writer names a row on the day of its call at the earliest, or a day before.
func (m *Maintainer) deleteUnused(ctx context.Context) (deleted int64, err error) {
	if err := m.checkClocks(); err != nil {
		return 0, err
	}
	stored, err := m.days.Stored(ctx)
	if err != nil || len(stored) == 0 {
		return 0, err
	}
	const margin = 2
	oldestCall := (stored[0] - margin).Time()
	oldestSum := m.db.Now().UTC().AddDate(0, -keptMonths-2, 0)
	for _, t := range []struct {
		table  string
		before time.Time
	}{{"call_attributes", oldestCall}, {"tag_set", oldestCall}, {"call_path", oldestCall}, {"dimension_set", oldestSum}} {
		n, err := m.deleteUnusedOf(ctx, t.table, t.before)
		deleted += n
		if err != nil {
			return deleted, err
		}
	}
	return deleted, nil
}

func (m *Maintainer) deleteUnusedOf(ctx context.Context, table string, before time.Time) (deleted int64, err error) {
	for {
		var n int64
		err := m.db.Lookup(ctx, func(tx pgx.Tx) error {
			tag, err := tx.Exec(ctx, strings.ReplaceAll(query("delete_unused"), "{table}", table), before, unusedAtOnce)
			n = tag.RowsAffected()
			return err
		})
		if err != nil {
			return deleted, database.Describe("delete unused rows of "+table, err)
		}
		deleted += n
		if n < unusedAtOnce {
			return deleted, nil
		}
	}
}
