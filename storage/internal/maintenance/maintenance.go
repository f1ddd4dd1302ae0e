// Package maintenance does what writers leave to be done later: it merges sums, ends deduplication windows, makes the
// partitions of the next days, and deletes what retention ends. One program does it at a time, in bounded steps, and notes
// what it did.
package maintenance

import (
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/costkey/costkey-otel/storage/internal/database"
	"github.com/costkey/costkey-otel/storage/internal/deadletters"
	"github.com/costkey/costkey-otel/storage/internal/rollup"
	"github.com/costkey/costkey-otel/storage/internal/schema"
	"github.com/costkey/costkey-otel/storage/internal/write"
)

//go:embed queries/*.sql
var queryFiles embed.FS

func query(name string) string { return database.Query(queryFiles, name) }

const (
	// taskTimeout bounds one task: what it leaves it does in the next round.
	taskTimeout = time.Minute
	// endTimeout bounds the end of a round.
	endTimeout = 5 * time.Second
	// leaseFor is how long a program that dies keeps others from maintenance.
	leaseFor = taskTimeout + 30*time.Second
)

// Report says what one round of maintenance did.
type Report struct {
	// Elsewhere says that another program does maintenance at the moment: nothing was done.
	Elsewhere      bool
	MergedSums     int64 // appended sums that were merged into the hourly table
	Joined         int   // spans of a call that were joined when their deduplication window ended
	DroppedDays    int   // days whose partitions were dropped
	DeletedExpired int64 // calls of projects with a shorter retention than the longest
	DeletedUnused  int64 // interned rows that nothing names any more
	DeletedLetters int64 // dead letters whose retention ended
}

// Task is what is known of one task.
type Task struct {
	Name       string
	StartedAt  time.Time
	FinishedAt *time.Time // nil while it runs, and where it was cut short
	Done       int64      // rows, or days
	Error      string     // "" where it went well
}

// Maintainer does maintenance for one program. Its methods are safe for concurrent use.
type Maintainer struct {
	db     *database.DB
	days   *schema.Days
	writer *write.Writer
	id     [16]byte // at random
}

// New returns a maintainer of db.
func New(db *database.DB, days *schema.Days, writer *write.Writer) *Maintainer {
	m := &Maintainer{db: db, days: days, writer: writer}
	_, _ = rand.Read(m.id[:]) // never fails
	return m
}

// Run does one round, unless another program is at it. Every task is tried, whatever became of those before it; the error
// tells of all that failed. What failed, and what took too long, is done in a later round.
func (m *Maintainer) Run(ctx context.Context) (Report, error) {
	var rep Report
	if _, _, err := m.db.Current(ctx); err != nil { // retention goes by the database's clock
		return rep, fmt.Errorf("do maintenance: %w", err)
	}
	var errs []error
	for _, t := range m.tasks(&rep) {
		mine, err := m.takeLease(ctx)
		if err != nil || !mine {
			rep.Elsewhere = !mine && err == nil
			errs = append(errs, err)
			break
		}
		if err := m.do(ctx, t); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", t.name, err))
		}
	}
	// Also where ctx is done: others need not wait until the lease ends.
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	if _, err := m.db.Pool().Exec(end, query("end_lease"), m.id); err != nil {
		errs = append(errs, database.Describe("end the maintenance lease", err))
	}
	return rep, errors.Join(errs...)
}

// task is one part of a round.
type task struct {
	name  string
	every time.Duration // 0 is each round
	run   func(ctx context.Context) (done int64, err error)
}

func (m *Maintainer) tasks(rep *Report) []task {
	const day = 24 * time.Hour
	return []task{
		{"merge_sums", 0, func(ctx context.Context) (done int64, err error) {
			rep.MergedSums, err = rollup.Merge(ctx, m.db)
			return rep.MergedSums, err
		}},
		{"resolve_pending", 0, func(ctx context.Context) (done int64, err error) {
			rep.Joined, err = m.writer.ResolvePending(ctx)
			return int64(rep.Joined), err
		}},
		{"forget_nodes", 0, m.writer.ForgetOld},
		{"make_partitions", 0, m.makePartitions},
		{"drop_days", 0, func(ctx context.Context) (done int64, err error) {
			rep.DroppedDays, err = m.dropDays(ctx)
			return int64(rep.DroppedDays), err
		}},
		{"delete_expired", 0, func(ctx context.Context) (done int64, err error) {
			rep.DeletedExpired, err = m.deleteExpired(ctx)
			return rep.DeletedExpired, err
		}},
		{"delete_dead_letters", time.Hour, func(ctx context.Context) (done int64, err error) {
			rep.DeletedLetters, err = deadletters.DeleteExpired(ctx, m.db.Pool())
			return rep.DeletedLetters, err
		}},
		{"drop_months", day, m.dropMonths},
		{"delete_unused", day, func(ctx context.Context) (done int64, err error) {
			rep.DeletedUnused, err = m.deleteUnused(ctx)
			return rep.DeletedUnused, err
		}},
	}
}

// takeLease reports whether this program may do maintenance now.
func (m *Maintainer) takeLease(ctx context.Context) (bool, error) {
	var mine bool
	err := m.db.Pool().QueryRow(ctx, query("take_lease"), m.id, leaseFor).Scan(&mine)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	return mine, database.Describe("take the maintenance lease", err)
}

// do runs a task that is due and notes what became of it.
func (m *Maintainer) do(ctx context.Context, t task) error {
	if t.every > 0 {
		var due bool
		if err := m.db.Pool().QueryRow(ctx, query("is_due"), t.name, t.every).Scan(&due); err != nil || !due {
			return database.Describe("ask whether it is due", err)
		}
	}
	if _, err := m.db.Pool().Exec(ctx, query("begin_task"), t.name); err != nil {
		return database.Describe("note that it begins", err)
	}
	limited, cancel := context.WithTimeout(ctx, taskTimeout)
	defer cancel()
	done, err := t.run(limited)
	text := ""
	if err != nil {
		text = err.Error()
	}
	_, noted := m.db.Pool().Exec(ctx, query("end_task"), t.name, done, text)
	return errors.Join(err, database.Describe("note that it ended", noted))
}

// Tasks returns what is known of the tasks, by name.
func Tasks(ctx context.Context, db *database.DB) ([]Task, error) {
	found, err := db.Pool().Query(ctx, query("tasks"))
	if err != nil {
		return nil, database.Describe("list maintenance tasks", err)
	}
	tasks, err := pgx.CollectRows(found, pgx.RowToStructByPos[Task])
	return tasks, database.Describe("list maintenance tasks", err)
}
