package costkeyexporter

import (
	"context"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/costkey/costkey-otel/genaispan"
)

// reading is the state of turning one ptrace.Traces into a request.
type reading struct {
	req                             request
	links                           []genaispan.Link // spans that are not GenAI: ancestors are looked for through them
	leaves, outer, joined, rejected int
	rejection                       error
}

// read turns spans into calls, nil if there are none. Spans of a resource whose project can't be told are dropped and
// counted; if that is all there is, the sender hears of it.
func (e *tracesExporter) read(ctx context.Context, td ptrace.Traces) (*request, error) {
	r := reading{}
	r.req.calls = make([]genaispan.Call, 0, td.SpanCount())
	auth := client.FromContext(ctx).Auth
	for _, rs := range td.ResourceSpans().All() {
		res := e.reader.ReadResource(rs.Resource())
		project, err := projectOf(auth, res.Project)
		for _, ss := range rs.ScopeSpans().All() {
			e.readScope(&r, &res, ss, project, err)
		}
	}
	if r.leaves > 0 {
		// Here, where the whole batch of the sender is at hand, spans that are not GenAI still tell who called whom.
		r.joined = r.req.join(r.links)
		r.req.settled = true
	}
	add(ctx, e.telemetry.ignored, len(r.links), "reason", "not_genai")
	add(ctx, e.telemetry.ignored, r.outer, "reason", "outer")
	add(ctx, e.telemetry.settled, r.joined, "", "")
	add(ctx, e.telemetry.dropped, r.rejected, "reason", "bad_project")
	if r.leaves == 0 {
		return nil, r.rejection
	}
	r.req.accepted = r.leaves - r.joined
	return &r.req, nil
}

// readScope reads the spans of one scope. rejection is why the calls of its resource can't be taken, nil if they can.
func (e *tracesExporter) readScope(r *reading, res *genaispan.Resource, ss ptrace.ScopeSpans, project string, rejection error) {
	for _, span := range ss.Spans().All() {
		n := len(r.req.calls)
		call := &r.req.calls[:n+1][n] // in place: a call is too large to copy for nothing
		switch e.reader.Read(res, ss.Scope(), ss.SchemaUrl(), span, call) {
		case genaispan.NotGenAI:
			r.links = append(r.links, genaispan.Link{
				TraceID: call.TraceID, SpanID: call.SpanID, ParentSpanID: call.ParentSpanID,
			})
			continue
		case genaispan.OuterSpan:
			r.outer++
		case genaispan.ProviderCall:
			if rejection != nil {
				r.rejected, r.rejection = r.rejected+1, rejection
				continue
			}
			r.leaves++
		}
		call.Project = project
		r.req.calls = r.req.calls[:n+1]
	}
}
