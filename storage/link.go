package storage

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/costkey/costkey-otel/samecall"
)

// Link is a span that is no call, such as a chain's or a workflow's: what is around it and what is inside it may be one
// call.
type Link struct {
	Project      string
	TraceID      [16]byte
	SpanID       [8]byte
	ParentSpanID [8]byte // a root leads nowhere
	StartMicros  int64
	// Beside is the call that stands for the span though it is not inside it, and Eye from where the span was seen; zero for
	// all spans but those that [samecall.Resolve] joined so. See [samecall.Node].
	Beside [8]byte
	Eye    samecall.Observer
}

// link is a span without a row, through which a span's ancestors are found.
type link struct {
	traceKey
	span, parentSpan [8]byte
	startMicros      int64
	beside           [8]byte // the call that stands for it beside it, and from where it was seen
	eye              samecall.Observer
}

// link returns what is left of a row that another span stands for.
func (r *row) link() link {
	return link{traceKey: r.traceKey(), span: r.SpanID, parentSpan: r.ParentSpanID, startMicros: r.StartMicros}
}

// numberLinks gives links the numbers of their projects. A link alone makes no project.
func (s *Store) numberLinks(ctx context.Context, links []Link) ([]link, error) {
	out := make([]link, 0, len(links))
	for i := range links {
		l := &links[i]
		if l.ParentSpanID == [8]byte{} || !ValidProject(l.Project) {
			continue
		}
		found, ok := s.projects.cached(l.Project)
		if !ok {
			var err error
			found, err = readProject(ctx, s.pool, l.Project)
			if errors.Is(err, pgx.ErrNoRows) {
				continue
			}
			if err != nil {
				return nil, describe("read a project", err)
			}
			s.projects.store(l.Project, found)
		}
		out = append(out, link{
			traceKey: traceKey{found.id, l.TraceID}, span: l.SpanID, parentSpan: l.ParentSpanID, startMicros: l.StartMicros,
			beside: l.Beside, eye: l.Eye,
		})
	}
	return out, nil
}

// keepBeside keeps those links of a batch for which a call beside them stands and that name no answer, nearly always none,
// before the rows are written: who looks then must know of them. It does so for all projects, since whose calls all have
// an id may have such calls. The others tell of calls without an id only: lookAgain keeps them.
func (s *Store) keepBeside(ctx context.Context, links []link) error {
	var beside []link
	for i := range links {
		if links[i].beside != [8]byte{} && !links[i].eye.NamesAnswer() {
			beside = append(beside, links[i])
		}
	}
	return s.keepLinks(ctx, beside)
}

// keepLinks keeps links outside of a transaction. One whose place beside a call is taken becomes a link like others.
func (s *Store) keepLinks(ctx context.Context, links []link) error {
	err := insertLinks(ctx, s.pool, links)
	if !isUniqueViolation(err) {
		return err
	}
	for i := range links {
		one := links[i : i+1]
		if err = insertLinks(ctx, s.pool, one); isUniqueViolation(err) {
			one[0].beside = [8]byte{}
			err = insertLinks(ctx, s.pool, one)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// insertLinks keeps links until the settle window is over. A unique violation says that a call stands for another span of
// one of those places already.
func insertLinks(ctx context.Context, db linkWriter, links []link) error {
	if len(links) == 0 {
		return nil
	}
	projects, traces := make([]int32, len(links)), make([][16]byte, len(links))
	spans, parents := make([]int64, len(links)), make([]int64, len(links))
	beside, eyes, starts := make([]*int64, len(links)), make([]*int64, len(links)), make([]*time.Time, len(links))
	for i := range links {
		l := &links[i]
		projects[i], traces[i], spans[i], parents[i] = l.project, l.trace, spanNumber(l.span), spanNumber(l.parentSpan)
		if l.beside != [8]byte{} {
			beside[i], eyes[i] = new(spanNumber(l.beside)), new(int64(l.eye))
			starts[i] = new(time.UnixMicro(l.startMicros).UTC())
		}
	}
	if _, err := db.Exec(ctx, query("insert_links"), projects, traces, spans, parents, beside, eyes, starts); err != nil {
		return describe("keep spans without a row", err)
	}
	return nil
}

// linkWriter is the pool, or a transaction that gives rise to links.
type linkWriter interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// findLinks returns the kept links of the rows' traces.
func (s *Store) findLinks(ctx context.Context, rows []row) ([]samecall.Node, error) {
	keys := newKeyArrays(rows)
	found, err := s.pool.Query(ctx, query("find_links"), keys.projects, keys.traces)
	if err != nil {
		return nil, describe("look for spans without a row", err)
	}
	var out []samecall.Node
	var trace [16]byte
	var span, parent int64
	var beside, from *int64
	var started *time.Time
	var project *string
	_, err = pgx.ForEachRow(found, []any{&trace, &span, &parent, &beside, &from, &started, &project}, func() error {
		l := samecall.Node{TraceID: trace, SpanID: spanBytes(span), ParentSpanID: spanBytes(parent)}
		if beside != nil {
			l.ReplacedBy, l.Observer, l.Project = spanBytes(*beside), samecall.Observer(value(from)), value(project)
			l.StartNanos = value(started).UnixMicro() * int64(time.Microsecond)
		}
		out = append(out, l)
		return nil
	})
	if err != nil {
		return nil, describe("look for spans without a row", err)
	}
	return out, nil
}
