package genaispan

import (
	"slices"

	"github.com/costkey/costkey-otel/semconv"
	"github.com/costkey/costkey-otel/usage"
)

// Call is what a span tells about one call to a provider, in one vocabulary whatever the dialect. Strings that a
// dialect does not send are empty, counts unknown, times 0.
type Call struct {
	// Outer marks a span that repeats or encloses calls (agent, chain, tool, workflow, an SDK's outer span). It is no
	// call and never billed, but tells which calls below it belong together.
	Outer bool

	TraceID      [16]byte
	SpanID       [8]byte
	ParentSpanID [8]byte // zero at a root
	StartNanos   int64   // Unix time as the span says; may be absurd: storage decides
	EndNanos     int64   // 0 where the span has no end
	TTFTNanos    int64   // time to first token; 0 is unknown
	Client       bool    // span kind CLIENT

	Project        string // set by the exporter, never by the data alone
	ServiceName    string
	ServiceVersion string
	Environment    string
	ScopeName      string

	Provider      string // canonical, see the provider table; "" is unknown
	Operation     string
	RequestModel  string
	ResponseModel string
	ResponseID    string
	RequestID     string
	ServiceTier   string // as served; "" is not said
	Host          string // server.address, without port, path or query
	FinishReason  string
	Streaming     bool

	Usage usage.Usage
	// ReportedCost is what the span itself says the call cost, in USD as a plain decimal; "" where it does not say. It is
	// "0" only where the provider said so: libraries write a 0 for a price they do not know.
	ReportedCost string
	// ProviderUsage is the provider's usage object, compact JSON of numbers, booleans and short enum strings.
	ProviderUsage string

	HTTPStatus int // 0 is unknown
	ErrorType  string
	// NoConnection says that the request never reached the provider, so that it can't have been billed.
	NoConnection bool

	FunctionName string
	FilePath     string
	LineNumber   int
	CallPath     []string // outermost first

	SessionID string
	UserID    string
	Tags      []Tag // sorted by key, each key once

	// Notes say how the numbers were read where it was not plain: "ambiguous_cache", "partial_usage". In the order
	// in which the rules fired, each once.
	Notes []string

	// Bodies, only where capturing is on; else always empty.
	RequestBody  string
	ResponseBody string

	// Inner, beside Outer, marks an agent or a tool: a call below it is not the same call as one above it.
	Inner bool
	// ReplacedBy, beside Outer, is the call that Resolve found to stand for the span though it is not inside it; zero otherwise.
	ReplacedBy [8]byte
	// Enclosing marks a call that was read from a span which encloses others (LangSmith puts the usage of a streamed call
	// there). It counts only where no other span has its response id.
	Enclosing bool
}

// Clone returns a copy of c that shares no memory with it that Read would use again.
func (c *Call) Clone() Call {
	d := *c
	d.CallPath, d.Tags, d.Notes = slices.Clone(c.CallPath), slices.Clone(c.Tags), slices.Clone(c.Notes)
	return d
}

// Tag is one label of a call.
type Tag = semconv.Tag

// Refused reports whether the provider can't have billed the call: it answered with HTTP 400 or above, by its status or by
// the class of the error, or no connection was made, and no usage came.
func (c *Call) Refused() bool {
	return (c.HTTPStatus >= 400 || c.NoConnection || c.refusedByClass()) && c.Usage.IsZero()
}

// Verdict says what a span is.
type Verdict uint8

const (
	// NotGenAI spans are none of ours.
	NotGenAI Verdict = iota
	// OuterSpan repeats or encloses calls and is never billed.
	OuterSpan
	// ProviderCall is one call to a provider.
	ProviderCall
)
