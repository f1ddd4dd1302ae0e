package write

import (
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/costkey/costkey-otel/storage/internal/calls"
	"github.com/costkey/costkey-otel/storage/internal/database"
	"github.com/costkey/costkey-otel/storage/internal/dedup"
	"github.com/costkey/costkey-otel/storage/internal/projects"
	"github.com/costkey/costkey-otel/storage/internal/rows"
	"github.com/costkey/costkey-otel/storage/internal/schema"
)

//go:embed queries/*.sql
var queryFiles embed.FS

func query(name string) string { return database.Query(queryFiles, name) }

// maxRaces bounds how often rows are judged again because another writer stored some of them in between.
const maxRaces = 5

// Writer writes batches of calls. It is safe for concurrent use, by several programs on one database too.
type Writer struct {
	db       *database.DB
	days     *schema.Days
	projects *projects.Projects
	interner *rows.Interner
	memory   dedup.Memory
	presence presence
	checks   checks
	failures failures
	testing  Testing
}

// New returns a writer to db.
func New(db *database.DB, days *schema.Days, p *projects.Projects, in *rows.Interner) *Writer {
	w := &Writer{db: db, days: days, projects: p, interner: in}
	_, _ = rand.Read(w.presence.id[:]) // never fails
	return w
}

// Write stores calls, each once, however often and from wherever they come, together with their hourly sums. It works on
// cs in place and leaves them in an undefined state. If the error is not nil the batch may be written again where
// [database.IsRetryable] says so; what of it was stored already is then found to be a duplicate. links are the spans of the
// batch that are no calls: they tell which calls of other batches are one.
func (w *Writer) Write(ctx context.Context, cs []calls.Call, links []calls.SpanNode) (calls.WriteResult, error) {
	write := w.try
	if w.failures.due(cs) {
		write = w.narrow
	}
	res, err := write(ctx, cs, links)
	if err == nil {
		w.failures.succeeded(cs)
		return res, nil
	}
	if database.IsMissingTable(err) {
		w.db.Reset()
	}
	w.failures.failed(cs, err)
	if !database.IsRetryable(err) {
		err = &waitingError{err} // the calls wait: for the newer program, or for what refuses more than a call's values
	}
	return calls.WriteResult{}, fmt.Errorf("write %s: %w", describeBatch(cs), err)
}

// describeBatch names a batch so that its tries and its calls can be told: by its number, its projects and its first trace.
func describeBatch(cs []calls.Call) string {
	const named = 3
	projects := slugs(cs)
	more := ""
	if len(projects) > named {
		projects, more = projects[:named], ", …"
	}
	for i, p := range projects {
		if !calls.ValidProject(p) {
			projects[i] = "?"
		}
	}
	first := ""
	if len(cs) > 0 {
		first = fmt.Sprintf(", first trace %x", cs[0].TraceID)
	}
	return fmt.Sprintf("%d calls (projects %s%s; batch %016x%s)", len(cs), strings.Join(projects, ", "), more, fingerprint(cs), first)
}

// try writes a batch, from the beginning again where its ids turn out to be those of another server.
func (w *Writer) try(ctx context.Context, cs []calls.Call, links []calls.SpanNode) (res calls.WriteResult, err error) {
	b := batch{links: links}
	for range maxRaces {
		res = calls.WriteResult{}
		if b.rows, err = w.prepare(ctx, cs, &res); err == nil {
			w.pause(ctx, StepPrepared)
			err = w.writeBatch(ctx, &b, &res)
		}
		if !errors.Is(err, database.ErrRaced) {
			break
		}
	}
	return res, err
}

// waitingError is an error that is final for a program, but not for the calls.
type waitingError struct{ reason error }

func (e *waitingError) Error() string { return e.reason.Error() }

// batch is what is written at once.
type batch struct {
	rows  []calls.Row // sorted by day and key
	links []calls.SpanNode
	nodes []calls.Node // the links whose projects are known
}

// writeBatch writes prepared rows and joins them with what is there.
func (w *Writer) writeBatch(ctx context.Context, b *batch, res *calls.WriteResult) error {
	var err error
	if b.nodes, err = w.number(ctx, b.links); err != nil || len(b.rows)+len(b.nodes) == 0 {
		return err
	}
	if err := w.announce(ctx); err != nil {
		return err
	}
	visit := w.memory.Enter(b.rows, b.nodes, w.db.Now())
	w.memory.MarkMet(visit, b.rows, w.db.Now())
	if err := w.keepReplaced(ctx, b.nodes); err != nil {
		return err
	}
	if err := w.writeRows(ctx, b.rows, res); err != nil {
		return err
	}
	w.pause(ctx, StepWritten)
	return w.resolveAfterCommit(ctx, b, visit, res)
}

const (
	// announceEvery is how old a writer's row in costkey.writer may be when it writes.
	announceEvery = 30 * time.Second
	// writersKept is how long the database remembers a writer that is silent.
	writersKept = 48 * time.Hour
)

// presence is what the database knows of this writer.
type presence struct {
	id [16]byte // at random

	mu        sync.Mutex // held while the database is told
	announced time.Time
	epoch     int64 // of the caches: another database was not told
}

// announce tells the database that this writer writes, unless it knows.
func (w *Writer) announce(ctx context.Context) error {
	p := &w.presence
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now().Round(0) // by the wall: the monotonic clock stands still while a machine sleeps
	epoch := w.db.Epoch()
	if age := now.Sub(p.announced); age >= 0 && age < announceEvery && p.epoch == epoch {
		return nil
	}
	if _, err := w.db.Pool().Exec(ctx, query("note_writer"), p.id); err != nil {
		return database.Describe("tell that this collector writes", err)
	}
	p.announced, p.epoch = now, epoch
	return nil
}
