package genaispan

import (
	"slices"

	"github.com/costkey/costkey-otel/usage"
)

// Call is what a span tells about one call to a provider, in one vocabulary whatever the dialect. Strings that a
// dialect does not send are empty, counts unknown, times 0.
//
// The struct tags are the on-disk format of the exporter's queue: numbers are never reused, and a field keeps its type.
type Call struct {
	// Outer marks a span that repeats or encloses calls (agent, chain, tool, workflow, an SDK's outer span). It is no
	// call and never billed, but tells which calls below it belong together.
	Outer bool `cbor:"1,keyasint,omitempty"`

	TraceID      [16]byte `cbor:"2,keyasint,omitempty"`
	SpanID       [8]byte  `cbor:"3,keyasint,omitempty"`
	ParentSpanID [8]byte  `cbor:"4,keyasint,omitempty"` // zero at a root
	StartNanos   int64    `cbor:"5,keyasint,omitempty"` // Unix time as the span says; may be absurd: storage decides
	EndNanos     int64    `cbor:"6,keyasint,omitempty"` // 0 where the span has no end
	TTFTNanos    int64    `cbor:"7,keyasint,omitempty"` // time to first token; 0 is unknown
	Client       bool     `cbor:"8,keyasint,omitempty"` // span kind CLIENT

	Project        string `cbor:"9,keyasint,omitempty"` // set by the exporter, never by the data alone
	ServiceName    string `cbor:"10,keyasint,omitempty"`
	ServiceVersion string `cbor:"11,keyasint,omitempty"`
	Environment    string `cbor:"12,keyasint,omitempty"`
	ScopeName      string `cbor:"13,keyasint,omitempty"`

	Provider      string `cbor:"14,keyasint,omitempty"` // canonical, see the provider table; "" is unknown
	Operation     string `cbor:"15,keyasint,omitempty"`
	RequestModel  string `cbor:"16,keyasint,omitempty"`
	ResponseModel string `cbor:"17,keyasint,omitempty"`
	ResponseID    string `cbor:"18,keyasint,omitempty"`
	RequestID     string `cbor:"19,keyasint,omitempty"`
	ServiceTier   string `cbor:"20,keyasint,omitempty"` // as served; "" is not said
	Host          string `cbor:"21,keyasint,omitempty"` // server.address, without port, path or query
	FinishReason  string `cbor:"22,keyasint,omitempty"`
	Streaming     bool   `cbor:"23,keyasint,omitempty"`

	Usage usage.Usage `cbor:"24,keyasint,omitempty"`
	// ReportedCost is what the span itself says the call cost, in USD as a plain decimal; "" where it does not say.
	ReportedCost string `cbor:"25,keyasint,omitempty"`
	// ProviderUsage is the provider's usage object, compact JSON of numbers, booleans and short enum strings.
	ProviderUsage string `cbor:"26,keyasint,omitempty"`

	HTTPStatus int    `cbor:"27,keyasint,omitempty"` // 0 is unknown
	ErrorType  string `cbor:"28,keyasint,omitempty"`
	// NoConnection says that the request never reached the provider, so that it can't have been billed.
	NoConnection bool `cbor:"29,keyasint,omitempty"`

	FunctionName string   `cbor:"30,keyasint,omitempty"`
	FilePath     string   `cbor:"31,keyasint,omitempty"`
	LineNumber   int      `cbor:"32,keyasint,omitempty"`
	CallPath     []string `cbor:"33,keyasint,omitempty"` // outermost first

	SessionID string `cbor:"34,keyasint,omitempty"`
	UserID    string `cbor:"35,keyasint,omitempty"`
	Tags      []Tag  `cbor:"36,keyasint,omitempty"` // sorted by key, each key once

	// Notes say how the numbers were read where it was not plain: "ambiguous_cache", "partial_usage". In the order
	// in which the rules fired, each once.
	Notes []string `cbor:"37,keyasint,omitempty"`

	// Bodies, only where capturing is on; else always empty.
	RequestBody  string `cbor:"38,keyasint,omitempty"`
	ResponseBody string `cbor:"39,keyasint,omitempty"`

	// Inner, beside Outer, marks an agent or a tool: a call below it is not the same call as one above it.
	Inner bool `cbor:"40,keyasint,omitempty"`
	// Enclosing marks a call that was read from a span which encloses others (LangSmith puts the usage of a streamed call
	// there). It counts only where no other span has its response id.
	Enclosing bool `cbor:"41,keyasint,omitempty"`
}

// Clone returns a copy of c that shares no memory with it that Read would use again.
func (c *Call) Clone() Call {
	d := *c
	d.CallPath, d.Tags, d.Notes = slices.Clone(c.CallPath), slices.Clone(c.Tags), slices.Clone(c.Notes)
	return d
}

// Tag is one label of a call. Value is JSON of one scalar: `"acme"`, `3`, `true`.
type Tag struct {
	Key   string `cbor:"1,keyasint"`
	Value string `cbor:"2,keyasint"`
}

// Refused reports whether the provider can't have billed the call: it answered with HTTP 400 or above, or no
// connection was made, and no usage came.
func (c *Call) Refused() bool {
	return (c.HTTPStatus >= 400 || c.NoConnection) && c.Usage.IsZero()
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
