package write

import (
	"context"
	"time"

	"github.com/costkey/costkey-otel/storage/internal/calls"
	"github.com/costkey/costkey-otel/storage/internal/database"
)

// number gives links the ids of their projects. A link alone makes no project, and one without a parent leads nowhere.
func (w *Writer) number(ctx context.Context, links []calls.SpanNode) ([]calls.Node, error) {
	var slugs []string
	for i := range links {
		if i == 0 || links[i].Project != links[i-1].Project {
			slugs = append(slugs, links[i].Project)
		}
	}
	found, err := w.projects.Find(ctx, slugs)
	if err != nil {
		return nil, err
	}
	out := make([]calls.Node, 0, len(links))
	for i := range links {
		l := &links[i]
		project, ok := found[l.Project]
		if !ok || l.ParentSpanID == [8]byte{} {
			continue
		}
		out = append(out, calls.Node{
			TraceKey: calls.TraceKey{ProjectID: project.ID, TraceID: l.TraceID}, SpanID: l.SpanID, ParentSpanID: l.ParentSpanID,
			StartMicros: l.StartMicros, ReplacedBy: l.ReplacedBy, Observer: l.Observer,
		})
	}
	return out, nil
}

// keepReplaced keeps those nodes of a batch for which a call beside them stands and that name no answer, nearly always none,
// before the rows are written: who looks then must know of them. It does so for all projects, since one whose calls all
// name their answers may have such calls. The others matter only to calls that name none: resolveAfterCommit keeps them.
func (w *Writer) keepReplaced(ctx context.Context, nodes []calls.Node) error {
	var replaced []calls.Node
	for i := range nodes {
		if nodes[i].ReplacedBy != [8]byte{} && !nodes[i].Observer.NamesAnswer() {
			replaced = append(replaced, nodes[i])
		}
	}
	return w.keepNodes(ctx, replaced)
}

// keepNodes keeps nodes outside of a transaction. One whose place beside a call is taken becomes a node like others.
func (w *Writer) keepNodes(ctx context.Context, nodes []calls.Node) error {
	err := insertNodes(ctx, w.db.Pool(), nodes)
	if !database.IsUniqueViolation(err) {
		return err
	}
	for i := range nodes {
		one := nodes[i : i+1]
		if err = insertNodes(ctx, w.db.Pool(), one); database.IsUniqueViolation(err) {
			one[0].ReplacedBy = [8]byte{}
			err = insertNodes(ctx, w.db.Pool(), one)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// insertNodes keeps nodes until the deduplication window is over. A unique violation says that a call stands for another
// span of one of those places already.
func insertNodes(ctx context.Context, q database.Queryer, nodes []calls.Node) error {
	if len(nodes) == 0 {
		return nil
	}
	projects, traces := make([]int64, len(nodes)), make([][16]byte, len(nodes))
	spans, parents := make([]int64, len(nodes)), make([]int64, len(nodes))
	replacedBy, observers, starts := make([]*int64, len(nodes)), make([]*int64, len(nodes)), make([]*time.Time, len(nodes))
	for i := range nodes {
		n := &nodes[i]
		projects[i], traces[i] = n.ProjectID, n.TraceID
		spans[i], parents[i] = calls.SpanNumber(n.SpanID), calls.SpanNumber(n.ParentSpanID)
		if n.ReplacedBy != [8]byte{} {
			replacedBy[i], observers[i] = new(calls.SpanNumber(n.ReplacedBy)), new(int64(n.Observer))
			starts[i] = new(time.UnixMicro(n.StartMicros).UTC())
		}
	}
	_, err := q.Exec(ctx, query("insert_nodes"), projects, traces, spans, parents, replacedBy, observers, starts)
	return database.Describe("keep spans without a row", err)
}
