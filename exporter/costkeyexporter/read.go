package costkeyexporter

import (
	"context"
	"slices"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/costkey/costkey-otel/genaispan"
)

// reading is the state of turning one ptrace.Traces into calls.
type reading struct {
	calls  []genaispan.Call // as in a request; they lie in a buffer that release gives back
	used   int              // elements of the buffer that were written to
	bodies map[string]bool  // the projects that may store bodies

	genAI                                     []bool // of each span
	leaves, outer, notGenAI, joined, otherKey int
	rejected                                  map[string]int // calls by reason
	rejection                                 error
}

// read turns spans into calls, which are the caller's until it releases them; there may be none. Spans of a resource whose
// project can't be told are dropped and counted; if that is all there is, the sender hears of it.
func (e *tracesExporter) read(ctx context.Context, td ptrace.Traces) (*reading, error) {
	r := &reading{calls: readBuffers.take(), genAI: make([]bool, 0, td.SpanCount())}
	auth := client.FromContext(ctx).Auth
	if e.cfg.CaptureBody {
		r.bodies = e.settings.current(ctx).bodies
	}
	for _, rs := range td.ResourceSpans().All() {
		res := e.reader.ReadResource(rs.Resource())
		project, other, err := e.projectOf(auth, res.Project)
		before := r.leaves
		for _, ss := range rs.ScopeSpans().All() {
			e.readScope(r, &res, ss, project, err)
		}
		if other {
			r.otherKey += r.leaves - before
		}
	}
	if r.leaves > 0 {
		// Here, where the whole batch of the sender is at hand, spans that are not GenAI still tell who called whom.
		r.join(td)
	}
	e.telemetry.read(ctx, r)
	if r.leaves == 0 && (r.rejection != nil || len(linksOf(r.calls)) == 0) {
		r.calls = r.calls[:0]
		return r, r.rejection
	}
	return r, nil
}

// accepted is how many calls the sender's batch has.
func (r *reading) accepted() int { return r.leaves - r.joined }

// release ends the use of the calls.
func (r *reading) release() { readBuffers.release(r.calls, r.used) }

// join joins the spans of one call.
func (r *reading) join(td ptrace.Traces) {
	r.calls = genaispan.Resolve(r.calls, r.links(td)...)
	r.joined = r.leaves - genaispan.Leaves(r.calls)
}

// links returns the spans that are not GenAI: ancestors are looked for through them.
func (r *reading) links(td ptrace.Traces) []genaispan.Node {
	if r.notGenAI == 0 {
		return nil
	}
	links := make([]genaispan.Node, 0, r.notGenAI)
	n := 0
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				if !r.genAI[n] {
					links = append(links, genaispan.Node{TraceID: span.TraceID(), SpanID: span.SpanID(), ParentSpanID: span.ParentSpanID()})
				}
				n++
			}
		}
	}
	return links
}

func (r *reading) reject(err error) {
	if r.rejected == nil {
		r.rejected = make(map[string]int)
	}
	r.rejected[rejectionReason(err)]++
	r.rejection = err
}

// next returns where to read the next span into: behind the calls, which grow by what was found and not by how many spans
// there are. A call is too large to copy for nothing; what is no call is overwritten by the span that follows.
func (r *reading) next() *genaispan.Call {
	n := len(r.calls)
	r.calls = slices.Grow(r.calls, 1)
	r.used = max(r.used, n+1)
	return &r.calls[:n+1][n]
}

// readScope reads the spans of one scope. rejection is why the calls of its resource can't be taken, nil if they can.
func (e *tracesExporter) readScope(r *reading, res *genaispan.Resource, ss ptrace.ScopeSpans, project string, rejection error) {
	for _, span := range ss.Spans().All() {
		call := r.next()
		verdict := e.reader.Read(res, ss.Scope(), ss.SchemaUrl(), span, call)
		r.genAI = append(r.genAI, verdict != genaispan.NotGenAI)
		switch verdict {
		case genaispan.NotGenAI:
			r.notGenAI++
			continue
		case genaispan.OuterSpan:
			r.outer++
			if rejection != nil {
				continue
			}
		case genaispan.ProviderCall:
			if rejection != nil {
				r.reject(rejection)
				continue
			}
			r.leaves++
		}
		call.Project = project
		if !r.bodies[project] {
			call.RequestBody, call.ResponseBody = "", ""
		}
		r.calls = r.calls[:len(r.calls)+1]
	}
}
