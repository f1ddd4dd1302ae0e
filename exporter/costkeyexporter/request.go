package costkeyexporter

import (
	"context"
	"fmt"
	"slices"

	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exporterhelper/xexporterhelper"

	"github.com/costkey/costkey-otel/genaispan"
)

// request is what waits in the queue: calls as they were read from spans, with their project, without bodies unless
// those are captured. A span is read once, before the queue, so that nothing else of it can reach a queue's file.
type request struct {
	calls []genaispan.Call // outer spans among them: they tell which calls belong together
	// accepted is the number of calls in the sender's batch that this request was made of.
	accepted int
	// settled says that spans of one call are joined already: in a request that was made of one batch, or for a retry.
	settled bool
}

// settle joins the spans of one call once a batch is complete, and returns how many spans that made outer ones.
func (r *request) settle() int {
	if r.settled {
		return 0
	}
	r.settled = true
	return r.join(nil)
}

func (r *request) join(others []genaispan.Link) int {
	before := r.leaves()
	r.calls = genaispan.Settle(r.calls, others...)
	return before - r.leaves()
}

func (r *request) leaves() int {
	n := 0
	for i := range r.calls {
		if !r.calls[i].Outer {
			n++
		}
	}
	return n
}

var _ xexporterhelper.Request = (*request)(nil)

// ItemsCount is the number of calls, outer spans included.
func (r *request) ItemsCount() int { return len(r.calls) }

// bytesPerCall is about what a call takes in memory, for the queue's metrics.
const bytesPerCall = 1024

// BytesSize is an estimate: sizing by bytes is refused by Config.Validate.
func (r *request) BytesSize() int { return len(r.calls) * bytesPerCall }

// MergeSplit appends other to r and cuts the whole into requests of at most maxSize calls; 0 is no limit. Both requests
// are used up: the batcher goes on with what is returned alone.
func (r *request) MergeSplit(_ context.Context, maxSize int, _ exporterhelper.RequestSizerType, other xexporterhelper.Request) ([]xexporterhelper.Request, error) {
	calls, settled := r.calls, r.settled && other == nil
	if other != nil {
		o, ok := other.(*request)
		if !ok {
			return nil, fmt.Errorf("merge requests: unexpected type %T", other)
		}
		if cap(calls) < len(calls)+len(o.calls) {
			// A batch is merged of many requests: twice the room now, so that its calls are moved about once.
			calls = slices.Grow(calls, 2*len(o.calls)+len(calls))
		}
		calls = append(calls, o.calls...)
	}
	if maxSize <= 0 || len(calls) <= maxSize {
		return []xexporterhelper.Request{&request{calls: calls, settled: settled}}, nil
	}
	var out []xexporterhelper.Request
	for len(calls) > maxSize {
		out = append(out, &request{calls: calls[:maxSize:maxSize]})
		calls = calls[maxSize:]
	}
	return append(out, &request{calls: calls}), nil
}

// referenceCounter has nothing to count: a request owns its calls.
type referenceCounter struct{}

func (referenceCounter) Ref(xexporterhelper.Request) {}

func (referenceCounter) Unref(xexporterhelper.Request) {}
