package costkeyexporter

import (
	"context"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/costkey/costkey-otel/genaispan"
)

// reading is the state of turning one ptrace.Traces into a request.
type reading struct {
	calls                           []genaispan.Call // as in a request
	links                           []genaispan.Node // spans that are not GenAI: ancestors are looked for through them
	bodies                          map[string]bool  // the projects that may store bodies
	leaves, outer, joined, otherKey int
	rejected                        map[string]int // calls by reason
	rejection                       error
}

// read turns spans into calls, in buffer, which has room for all of them. It returns no request if there are none. Spans of
// a resource whose project can't be told are dropped and counted; if that is all there is, the sender hears of it.
func (e *tracesExporter) read(ctx context.Context, td ptrace.Traces, buffer []genaispan.Call) (*request, error) {
	r := reading{calls: buffer[:0]}
	auth := client.FromContext(ctx).Auth
	if e.cfg.CaptureBody {
		r.bodies = e.settings.current(ctx).bodies
	}
	for _, rs := range td.ResourceSpans().All() {
		res := e.reader.ReadResource(rs.Resource())
		project, other, err := e.projectOf(auth, res.Project)
		before := r.leaves
		for _, ss := range rs.ScopeSpans().All() {
			e.readScope(&r, &res, ss, project, err)
		}
		if other {
			r.otherKey += r.leaves - before
		}
	}
	if r.leaves > 0 {
		// Here, where the whole batch of the sender is at hand, spans that are not GenAI still tell who called whom.
		r.join()
	}
	add(ctx, e.telemetry.ignored, len(r.links), "reason", "not_genai")
	add(ctx, e.telemetry.ignored, r.outer, "reason", "outer")
	add(ctx, e.telemetry.settled, r.joined, "", "")
	add(ctx, e.telemetry.forged, r.otherKey, "", "")
	for reason, n := range r.rejected {
		add(ctx, e.telemetry.dropped, n, "reason", reason)
	}
	if r.leaves == 0 && (r.rejection != nil || len(linksOf(r.calls)) == 0) {
		return nil, r.rejection
	}
	req := newRequest(r.calls)
	req.accepted = r.leaves - r.joined
	return req, nil
}

// join joins the spans of one call.
func (r *reading) join() {
	r.calls = genaispan.Resolve(r.calls, r.links...)
	r.joined = r.leaves - genaispan.Leaves(r.calls)
}

func (r *reading) reject(err error) {
	if r.rejected == nil {
		r.rejected = make(map[string]int)
	}
	r.rejected[rejectionReason(err)]++
	r.rejection = err
}

// readScope reads the spans of one scope. rejection is why the calls of its resource can't be taken, nil if they can.
func (e *tracesExporter) readScope(r *reading, res *genaispan.Resource, ss ptrace.ScopeSpans, project string, rejection error) {
	for _, span := range ss.Spans().All() {
		n := len(r.calls)
		call := &r.calls[:n+1][n] // in place: a call is too large to copy for nothing
		switch e.reader.Read(res, ss.Scope(), ss.SchemaUrl(), span, call) {
		case genaispan.NotGenAI:
			r.links = append(r.links, genaispan.Node{
				TraceID: call.TraceID, SpanID: call.SpanID, ParentSpanID: call.ParentSpanID,
			})
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
		r.calls = r.calls[:n+1]
	}
}
