package storage

import (
	"context"
	"errors"

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
}

// link is a span without a row, through which a span's ancestors are found.
type link struct {
	traceKey
	span, parentSpan [8]byte
	startMicros      int64
}

// link returns what is left of a row that another span stands for.
func (r *row) link() link { return link{r.traceKey(), r.SpanID, r.ParentSpanID, r.StartMicros} }

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
		out = append(out, link{traceKey{found.id, l.TraceID}, l.SpanID, l.ParentSpanID, l.StartMicros})
	}
	return out, nil
}

// insertLinks keeps links until the settle window is over.
func insertLinks(ctx context.Context, db linkWriter, links []link) error {
	if len(links) == 0 {
		return nil
	}
	projects, traces := make([]int32, len(links)), make([][16]byte, len(links))
	spans, parents := make([]int64, len(links)), make([]int64, len(links))
	for i := range links {
		l := &links[i]
		projects[i], traces[i], spans[i], parents[i] = l.project, l.trace, spanNumber(l.span), spanNumber(l.parentSpan)
	}
	if _, err := db.Exec(ctx, query("insert_links"), projects, traces, spans, parents); err != nil {
		return describe("keep spans without a row", err)
	}
	return nil
}

// linkWriter is the pool, or a transaction that gives rise to links.
type linkWriter interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// findLinks returns the kept links of the rows' traces.
func (s *Store) findLinks(ctx context.Context, rows []row) ([]samecall.Link, error) {
	keys := newKeyArrays(rows)
	found, err := s.pool.Query(ctx, query("find_links"), keys.projects, keys.traces)
	if err != nil {
		return nil, describe("look for spans without a row", err)
	}
	var out []samecall.Link
	var l samecall.Link
	var span, parent int64
	_, err = pgx.ForEachRow(found, []any{&l.TraceID, &span, &parent}, func() error {
		l.SpanID, l.ParentSpanID = spanBytes(span), spanBytes(parent)
		out = append(out, l)
		return nil
	})
	if err != nil {
		return nil, describe("look for spans without a row", err)
	}
	return out, nil
}
