package costkeyexporter

import (
	"time"

	"github.com/costkey/costkey-otel/genaispan"
	"github.com/costkey/costkey-otel/storage"
)

// links are the outer spans through which storage finds that calls of other batches are one. Agents and tools are none:
// what is around them is another call than what is inside.
func (r *request) links() []storage.Link {
	var out []storage.Link
	for i := range r.calls {
		if c := &r.calls[i]; isLink(c) {
			out = append(out, storage.Link{
				Project: c.Project, TraceID: c.TraceID, SpanID: c.SpanID, ParentSpanID: c.ParentSpanID,
				StartMicros: c.StartNanos / int64(time.Microsecond),
			})
		}
	}
	return out
}

func (r *request) hasLinks() bool {
	for i := range r.calls {
		if isLink(&r.calls[i]) {
			return true
		}
	}
	return false
}

func isLink(c *genaispan.Call) bool {
	return c.Outer && !c.Inner && c.ParentSpanID != [8]byte{} && c.Project != ""
}
