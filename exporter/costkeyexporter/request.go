package costkeyexporter

import (
	"context"
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"
	"github.com/klauspost/compress/s2"
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

// MergeSplit appends other to r and cuts the whole into requests of at most maxSize calls; 0 is no limit.
func (r *request) MergeSplit(_ context.Context, maxSize int, _ exporterhelper.RequestSizerType, other xexporterhelper.Request) ([]xexporterhelper.Request, error) {
	calls, settled := r.calls, r.settled && other == nil
	if other != nil {
		o, ok := other.(*request)
		if !ok {
			return nil, fmt.Errorf("merge requests: unexpected type %T", other)
		}
		calls = append(calls[:len(calls):len(calls)], o.calls...)
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

// encoding is how a request stands in a persistent queue's file: two bytes that name the format, then CBOR with the
// field numbers of genaispan.Call, compressed: calls of one place are alike, and every byte is written and synced
// twice. Fields that a version does not know are skipped, so that a queue survives an upgrade and a downgrade.
type encoding struct{}

const (
	formatMagic   = 0xc5
	formatVersion = 1
)

// maxQueued bounds what a damaged file can make us allocate.
const maxQueued = 1 << 30

var errFormat = errors.New("queued request is of an unknown format")

// Marshal leaves the context out: it can hold a client's metadata and with it a key.
func (encoding) Marshal(_ context.Context, req xexporterhelper.Request) ([]byte, error) {
	r, ok := req.(*request)
	if !ok {
		return nil, fmt.Errorf("encode a request: unexpected type %T", req)
	}
	body, err := cbor.Marshal(r.calls)
	if err != nil {
		return nil, fmt.Errorf("encode %d calls: %w", len(r.calls), err)
	}
	out := make([]byte, 2, 2+s2.MaxEncodedLen(len(body)))
	out[0], out[1] = formatMagic, formatVersion
	return out[:2+len(s2.Encode(out[2:cap(out)], body))], nil
}

func (encoding) Unmarshal(b []byte) (context.Context, xexporterhelper.Request, error) {
	ctx := context.Background()
	if len(b) < 2 || b[0] != formatMagic || b[1] != formatVersion {
		return ctx, nil, errFormat
	}
	if n, err := s2.DecodedLen(b[2:]); err != nil || n > maxQueued {
		return ctx, nil, errFormat
	}
	body, err := s2.Decode(nil, b[2:])
	if err != nil {
		return ctx, nil, fmt.Errorf("decompress queued calls: %w", err)
	}
	r := new(request)
	if err := decoder.Unmarshal(body, &r.calls); err != nil {
		return ctx, nil, fmt.Errorf("decode queued calls: %w", err)
	}
	return ctx, r, nil
}

// decoder takes what a queue may hold: strings are not checked again, storage repairs what PostgreSQL would refuse.
var decoder = func() cbor.DecMode {
	mode, err := cbor.DecOptions{MaxArrayElements: 1 << 24, UTF8: cbor.UTF8DecodeInvalid}.DecMode()
	if err != nil {
		panic(err) // the options are constants
	}
	return mode
}()

// referenceCounter has nothing to count: a request owns its calls.
type referenceCounter struct{}

func (referenceCounter) Ref(xexporterhelper.Request) {}

func (referenceCounter) Unref(xexporterhelper.Request) {}
