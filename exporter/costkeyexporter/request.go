package costkeyexporter

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exporterhelper/xexporterhelper"

	"github.com/costkey/costkey-otel/genaispan"
)

// request is what waits in the queue: calls as they were read from spans, with their project, without bodies unless
// those are captured. A span is read once, before the queue, so that nothing else of it can reach a queue's file.
type request struct {
	parts []part
	items int // calls of all parts, outer spans among them
}

// part is the calls of one sender's batch, in which spans of one call are joined already. The queue works under a lock: a
// part for a queue's file is packed before it and unpacked behind it, by whoever sends or writes.
type part struct {
	calls  []genaispan.Call // outer spans among them: they tell which calls belong together
	packed []byte           // the calls as encoding.go says, instead of calls
	n      int              // how many they are
}

func newRequest(calls []genaispan.Call) *request {
	r := new(request)
	r.add(part{calls: calls, n: len(calls)})
	return r
}

func (r *request) add(parts ...part) {
	r.parts = append(r.parts, parts...)
	for i := range parts {
		r.items += parts[i].n
	}
}

// unpack returns the calls of p, which are not to be changed.
func (p *part) unpack() ([]genaispan.Call, error) {
	if p.packed == nil {
		return p.calls, nil
	}
	var r requestReader
	err := r.unpack(p.packed)
	return r.calls, err
}

// unpackAll appends the calls of all parts to buffer. Parts that can't be read are left out and counted by their calls.
func (r *request) unpackAll(buffer []genaispan.Call) (calls []genaispan.Call, lost int, err error) {
	reader := requestReader{calls: buffer}
	for i := range r.parts {
		p := &r.parts[i]
		if p.packed == nil {
			reader.calls = append(reader.calls, p.calls...)
		} else if problem := reader.unpack(p.packed); problem != nil {
			lost, err = lost+p.n, problem
		}
	}
	return reader.calls, lost, err
}

var _ xexporterhelper.Request = (*request)(nil)

// ItemsCount is the number of calls, outer spans included.
func (r *request) ItemsCount() int { return r.items }

// bytesPerCall is about what a call takes in memory, for the queue's metrics.
const bytesPerCall = 1024

// BytesSize is an estimate: sizing by bytes is refused by Config.Validate.
func (r *request) BytesSize() int { return r.items * bytesPerCall }

// MergeSplit appends other to r and divides the whole into requests of at most maxSize calls; 0 is no limit. Senders'
// batches stay whole where they are not larger than that. Both requests are used up: the batcher goes on with what is
// returned alone. An error tells of a part that could not be read; the others are returned.
func (r *request) MergeSplit(_ context.Context, maxSize int, _ exporterhelper.RequestSizerType, other xexporterhelper.Request) ([]xexporterhelper.Request, error) {
	all := r
	if other != nil {
		o, ok := other.(*request)
		if !ok {
			return nil, fmt.Errorf("merge requests: unexpected type %T", other)
		}
		all = &request{parts: r.parts, items: r.items}
		all.add(o.parts...)
	}
	if maxSize <= 0 || all.items <= maxSize {
		return []xexporterhelper.Request{all}, nil
	}
	return all.divide(maxSize)
}

func (r *request) divide(maxSize int) ([]xexporterhelper.Request, error) {
	var out []xexporterhelper.Request
	var errs []error
	current := new(request)
	for i := range r.parts {
		pieces, err := r.parts[i].cut(maxSize)
		errs = append(errs, err)
		for _, p := range pieces {
			if current.items > 0 && current.items+p.n > maxSize {
				out = append(out, current)
				current = new(request)
			}
			current.add(p)
		}
	}
	if current.items > 0 {
		out = append(out, current)
	}
	return out, errors.Join(errs...)
}

// cut returns p in pieces of at most maxSize calls.
func (p *part) cut(maxSize int) ([]part, error) {
	if p.n <= maxSize {
		return []part{*p}, nil
	}
	calls, err := p.unpack()
	if err != nil {
		return nil, fmt.Errorf("divide a request: %w", err)
	}
	var out []part
	for ; len(calls) > maxSize; calls = calls[maxSize:] {
		out = append(out, part{calls: calls[:maxSize:maxSize], n: maxSize})
	}
	return append(out, part{calls: calls, n: len(calls)}), nil
}

// referenceCounter has nothing to count: a request owns its calls.
type referenceCounter struct{}

func (referenceCounter) Ref(xexporterhelper.Request) {}

func (referenceCounter) Unref(xexporterhelper.Request) {}
