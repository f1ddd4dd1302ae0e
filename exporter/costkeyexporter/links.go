package costkeyexporter

import (
	"time"

	"github.com/costkey/costkey-otel/genaispan"
	"github.com/costkey/costkey-otel/storage"
)

// linksOf are the outer spans among calls through which storage finds that calls of other batches are one. Agents and
// tools are none: what is around them is another call than what is inside.
func linksOf(calls []genaispan.Call) []storage.Node {
	var out []storage.Node
	for i := range calls {
		if c := &calls[i]; isLink(c) {
			l := storage.Node{
				Project: c.Project, TraceID: c.TraceID, SpanID: c.SpanID, ParentSpanID: c.ParentSpanID,
				StartMicros: c.StartNanos / int64(time.Microsecond),
			}
			if c.ReplacedBy != [8]byte{} {
				facts := c.Facts()
				l.ReplacedBy, l.Observer = c.ReplacedBy, facts.Observer()
			}
			out = append(out, l)
		}
	}
	return out
}

func isLink(c *genaispan.Call) bool {
	return c.Outer && !c.Inner && c.ParentSpanID != [8]byte{} && c.Project != ""
}
