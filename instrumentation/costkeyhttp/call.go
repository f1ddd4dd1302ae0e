package costkeyhttp

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/callsite"
	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/encoding"
	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/provider"
)

// call is one try at a provider, from RoundTrip's entry to the end of its span.
//
// The request's body is read on a goroutine of the base transport, the answer's on the caller's, and the context may end
// on a third: mu guards what they share.
type call struct {
	target
	transport *Transport
	start     time.Time
	ctx       context.Context // with the span; for the request below and for metrics
	span      trace.Span
	site      *callsite.Site // nil where none is worth reporting
	incoming  *http.Request

	// What the base answered, set by the tail below otelhttp before the head is looked at.
	reached  bool
	response *http.Response
	err      error
	raw      io.ReadCloser

	body io.ReadCloser // what the answer's body is read from, set before the caller has it
	head head
	over atomic.Bool // the span has ended: nothing is read any more

	mu      sync.Mutex
	ended   bool
	*tools                    // gone once the span has ended
	sending *requestBody      // whose bytes the request reader follows
	first   requestBody       // the one that is sent unless the base tries again
	named   string            // the model in the span's name
	reading bool              // the answer's bytes are read
	decoder *encoding.Decoder // where they come compressed
	ttft    time.Duration     // 0 until content has been seen
	chunks  *chunkTimer       // nil where nobody takes their times
	release func() bool       // stops waiting for the context's end

	bodies *bodies // nil unless they are captured

	attrs []attribute.KeyValue // room for what the end tells, behind what the start told: a span may keep either

	http discreetSpan // otelhttp's span, where it is ours to watch over
}

// tools are what reads the bytes that pass. They are most of a call's memory and are used
// again: by the next call once a call has ended and told what they know.
type tools struct {
	request provider.RequestReader
	answer  provider.Reader
}

var spareTools = sync.Pool{New: func() any { return new(tools) }}

// giveBack lets another call have the tools. Nothing of c reads any more.
func (c *call) giveBack() {
	c.mu.Lock()
	t := c.tools
	c.tools = nil
	c.mu.Unlock()
	t.request.Forget() // the next call may have no body, and nothing to begin with
	t.answer.Watch(nil)
	spareTools.Put(t)
}

// head is what is kept of an answer's head.
type head struct {
	status    int
	framing   provider.Framing
	stream    bool
	json      bool // by its content type
	encoded   bool // in an encoding that is not read
	requestID string
}

// usualAttributes is how many attributes the start and the end of a usual call tell together.
const usualAttributes = 28

// kindClient is made once: an option costs an allocation.
var kindClient = trace.WithSpanKind(trace.SpanKindClient)

type callKey struct{}

// callFrom returns the call that ctx was made for, or nil.
func callFrom(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

// begin starts the span of a call. It returns nil where r is no call, or nobody wants to know of it, or a transport of
// ours above this one has it already.
func (t *Transport) begin(r *http.Request) (c *call) {
	defer func() {
		if p := recover(); p != nil {
			c = nil
			reportPanic()
		}
	}()
	start := time.Now()
	to, ok := t.match(r)
	if !ok || callFrom(r.Context()) != nil {
		return nil
	}
	c = &call{target: to, transport: t, start: start, incoming: r}
	c.tools, _ = spareTools.Get().(*tools)
	ctx := r.Context()
	told := startAttributes(ctx, make([]attribute.KeyValue, 0, usualAttributes), to)
	c.attrs = told[len(told):]
	ctx, c.span = t.tracer.Start(ctx, spanName(to.Operation, to.Model),
		kindClient, trace.WithAttributes(slices.Clip(told)...))
	recording := c.span.IsRecording()
	if !recording && !t.metrics.enabled(ctx) {
		c.giveBack()
		return nil
	}
	if recording {
		c.site = t.sites.Capture(ctx, 0)
	}
	if recording && t.bodies.on {
		c.bodies = new(bodies)
	}
	c.ctx = context.WithValue(ctx, callKey{}, c)
	return c
}

// answered notes what the base answered to r, and gives the answer the caller's request as its own.
func (c *call) answered(r *http.Request, resp *http.Response, err error) {
	c.reached, c.response, c.err = true, resp, err
	if resp == nil {
		return
	}
	c.raw = resp.Body
	// HTTP/2 answers with a copy of the request it was given.
	if q := resp.Request; q == r || (q != nil && q.URL == r.URL && callFrom(q.Context()) == c) {
		resp.Request = c.incoming
	}
}

// headed looks at the answer's head and has the body read as it passes, or ends the span.
func (c *call) headed(resp *http.Response, err error) {
	defer c.guard()
	switch {
	case err != nil:
		c.end(ending{err: err})
	case resp == nil:
		c.end(ending{err: errNoResponse})
	case resp.StatusCode == http.StatusSwitchingProtocols, resp.StatusCode/100 == 3:
		c.drop(resp)
	default:
		c.open(resp)
	}
}

var errNoResponse = errors.New("neither a response nor an error")

// drop leaves a call that is none without an end, and otelhttp's span below it too: its body is taken out of the way.
func (c *call) drop(resp *http.Response) {
	c.over.Store(true)
	if c.reached {
		resp.Body = c.raw
	}
}

func (c *call) open(resp *http.Response) {
	c.head = readHead(resp)
	if c.reached && (c.raw == nil || c.raw == http.NoBody) {
		if resp.Body != nil {
			_ = resp.Body.Close() // ends otelhttp's span; there is nothing to close
		}
		resp.Body = c.raw
		c.end(ending{whole: true})
		return
	}
	if resp.Body == nil {
		c.end(ending{whole: true})
		return
	}
	c.body = resp.Body
	resp.Body = (*responseBody)(c)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reading = true
	if c.head.encoded {
		c.decoder = encoding.New(header(resp, "Content-Encoding"), c.decoded)
		c.reading = c.decoder != nil
		c.head.encoded = !c.reading
	}
	c.answer.Init(c.Format, c.head.framing)
	if c.head.json {
		c.answer.Sniff()
	}
	c.bodies.beginAnswer(&c.answer, c.head.framing, c.transport.bodies.limit)
	c.answer.ReadHeader(resp.Header)
	if ctx := c.incoming.Context(); ctx.Done() != nil {
		c.release = context.AfterFunc(ctx, func() { c.end(ending{err: context.Cause(ctx)}) })
	}
}

// readHead reads the few headers of an answer that are read at all.
func readHead(resp *http.Response) head {
	h := head{status: resp.StatusCode, requestID: requestID(resp)}
	kind := mediaType(header(resp, "Content-Type"))
	h.framing, h.json = provider.FramingOf(kind), kind == "application/json"
	h.stream = h.framing != provider.Plain
	switch header(resp, "Content-Encoding") {
	case "", "identity":
	default:
		h.encoded = true
	}
	return h
}

// header returns a header of an answer by its canonical name, which [http.Header.Get] would spell anew.
func header(resp *http.Response, name string) string {
	if values := resp.Header[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// mediaType returns the type that a content type names, without its parameters.
func mediaType(contentType string) string {
	kind, _, _ := strings.Cut(contentType, ";")
	return strings.ToLower(strings.TrimSpace(kind))
}

// requestID returns the provider's id of the request, or "".
func requestID(resp *http.Response) string {
	for _, name := range [...]string{"Request-Id", "X-Request-Id", "Apim-Request-Id", "X-Amzn-Requestid"} {
		if id := header(resp, name); id != "" && provider.IsName(id) {
			return id
		}
	}
	return ""
}

// guard keeps a mistake of ours, or of a span processor, from the caller.
func (c *call) guard() {
	if p := recover(); p != nil {
		c.over.Store(true)
		reportPanic()
	}
}

var errPanic = errors.New("costkeyhttp: recover from a panic while observing a call")

// reportPanic tells OpenTelemetry's error handler that an observation was lost. The panic's value stays out: it may quote
// what passed by.
func reportPanic() {
	defer func() { _ = recover() }() // the handler is the user's
	otel.Handle(errPanic)
}
