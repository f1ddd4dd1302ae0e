package protocol

import (
	"errors"
	"time"
)

// Bounds of what is kept of one event. What is longer is left out, but for frames, whose innermost are kept.
const (
	MaxFields      = 32  // context values, and unknown fields
	MaxKey         = 64  // bytes of a field's name
	MaxContextText = 256 // bytes of a context value
	MaxUnknownText = 128 // bytes of an unknown field's text
	MaxFrames      = 128
	MaxBody        = 256 << 10
	maxText        = 4096 // bytes of any other text
	maxURL         = 16384
)

// What Decode returns of a batch that is refused as a whole.
var (
	// ErrMalformed is no JSON.
	ErrMalformed = errors.New("the body is not valid JSON")
	// ErrShape is JSON that is no batch of events: what a newer SDK may send.
	ErrShape = errors.New("the body is no object with a list of events")
	// ErrTooMany is a batch of more events than allowed.
	ErrTooMany = errors.New("the batch has too many events")
)

// Settings say how a batch is read.
type Settings struct {
	MaxEvents int
	// Bodies keeps prompts and answers. Off: none is read, but for the usage of an answer.
	Bodies bool
}

// Batch is one request.
type Batch struct {
	SDKVersion string // "0.5.0", "python-0.4.0"
	Release    string // of the program; "" is not said
	Events     []Event
	Rejected   []Rejection
}

// Rejection is an event that was not taken. Error quotes nothing of the event.
type Rejection struct {
	Index int    `json:"index"`
	Error string `json:"error"`
}

// Event is one call to a provider. Texts that did not come are empty.
type Event struct {
	ID        string
	Timestamp time.Time // the end of the call
	// Duration is 0 where it did not come.
	Duration  time.Duration
	ProjectID string
	Provider  string
	Model     string
	// URL is scheme, host and path. Its query, which can hold an API key, is not read.
	URL string
	// StatusCode is 0 where the request failed on the network.
	StatusCode int
	// Usage are the SDK's own numbers, whose meaning differs by provider.
	Usage Usage
	// Answer is what the answer's body tells, where it came along.
	Answer Answer
	// CostUSD is the SDK's own estimate as a plain number; "" where it has none.
	CostUSD   string
	Streaming bool
	// TTFT is the time to the first byte; 0 is unknown.
	TTFT time.Duration
	// Stack is the list of frames as it came, for [Frames]; nil where there is none. It is part of the body that was decoded.
	Stack []byte
	// Printed is the stack as one text, a JSON string as it came, for [Unquote]; nil where there is none. It can hold lines of
	// source code: names are held against it, and it goes no further.
	Printed []byte
	TraceID string // context.traceId, as it came
	// Context are the user's own values, traceId among them; Unknown the fields that this version does not know.
	Context, Unknown []Field
	// Bodies are empty unless they were asked for.
	Bodies Bodies
	// Repaired tells that a value was left out or mended.
	Repaired bool
}

// Bodies hold the texts of a call as the SDK sent them, each JSON of at most MaxBody bytes; what is longer is cut. Secrets
// are still in them.
type Bodies struct{ Request, Response, System, Metadata string }

// Count is a number of tokens; below 0 it is unknown.
type Count int64

// Unknown is a count that was not said.
const Unknown Count = -1

// Known reports whether the count was said.
func (c Count) Known() bool { return c >= 0 }

// Usage are the counts of one call.
type Usage struct{ Input, Output, Reasoning, CacheRead, CacheCreation Count }

// NoUsage has no count.
var NoUsage = Usage{Unknown, Unknown, Unknown, Unknown, Unknown}

// Said reports whether input or output is known.
func (u Usage) Said() bool { return u.Input.Known() || u.Output.Known() }

// Answer is what is read of an answer's body: never its text.
type Answer struct {
	ID, Model, ServiceTier string
	// UsageObject is the provider's own usage object: compact JSON of numbers, booleans and words, 4 KiB at most.
	UsageObject string
	// Input and Output are the answer's own totals, which mean what the provider's do; Billed are those that a provider bills
	// where it tells them apart, as Cohere does.
	Input, Output, BilledInput, BilledOutput Count
	CacheRead, Reasoning                     Count
	CacheWrite                               Count
	CacheWrite5m, CacheWrite1h, Search       Count
}

// NoAnswer is known of an answer whose body did not come.
var NoAnswer = Answer{
	Input: Unknown, Output: Unknown, BilledInput: Unknown, BilledOutput: Unknown,
	CacheRead: Unknown, Reasoning: Unknown, CacheWrite: Unknown, CacheWrite5m: Unknown, CacheWrite1h: Unknown, Search: Unknown,
}

// Frame is one frame of the stack.
type Frame struct {
	Function, File string
	Line, Column   int
}

// Field is a scalar with its name.
type Field struct {
	Key  string
	Kind Kind
	// Text is a text's, Number a number's, and 1 for true.
	Text   string
	Number float64
}

// Kind is which of a field's values counts.
type Kind uint8

// The kinds of scalars. The zero value is none.
const (
	Text Kind = iota + 1
	Number
	Flag
)
