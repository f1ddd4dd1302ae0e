package calls

import (
	"github.com/costkey/costkey-otel/pricing"
	"github.com/costkey/costkey-otel/samecall"
	"github.com/costkey/costkey-otel/semconv"
	"github.com/costkey/costkey-otel/usage"
)

// Unknown is the value of a duration that is not known.
const Unknown = -1

// Call is one priced call as it is stored. Empty strings are stored as NULL.
type Call struct {
	Project      string // slug; see [ValidProject]
	TraceID      [16]byte
	SpanID       [8]byte
	ParentSpanID [8]byte // zero at a root

	StartMicros      int64 // Unix time of the start, UTC
	DurationMicros   int64 // Unknown where the span has no sane end
	FirstTokenMicros int64 // time to the first token; Unknown where nothing streamed

	ServiceName    string
	ServiceVersion string
	Environment    string
	ScopeName      string
	Client         bool // span kind CLIENT

	Provider      string
	Operation     string
	RequestModel  string
	ResponseModel string
	PricedModel   string
	ResponseID    string
	ServiceTier   string // the tier that priced the call, else as served
	Host          string

	Usage        usage.Usage
	CostUSD      pricing.Money
	CostKnown    bool // false: cost_usd is NULL
	CostStatus   string
	ReportedUSD  pricing.Money
	HasReported  bool
	Catalogue    string // version of the catalogue that priced the call
	UsageObject  string // the provider's own usage object: compact JSON without free text
	Streaming    bool
	HTTPStatus   int // 0 is unknown
	ErrorType    string
	FunctionName string
	FilePath     string
	LineNumber   int // 0 is unknown
	CallPath     []string
	SessionID    string
	UserID       string
	Tags         []Tag // sorted by key
	Notes        []string
	RequestBody  string // stored in call_bodies where either is not empty
	ResponseBody string
}

// Tag is one label.
type Tag = semconv.Tag

// Model is the name under which the hourly sums keep the call: see contract of costs_hourly.model.
func (c *Call) Model() string {
	switch {
	case c.PricedModel != "":
		return c.PricedModel
	case c.ResponseModel != "":
		return c.ResponseModel
	default:
		return c.RequestModel
	}
}

// SpanNode is a span that is no call, such as a chain's or a workflow's: what is around it and what is inside it may be one
// call.
type SpanNode struct {
	Project      string
	TraceID      [16]byte
	SpanID       [8]byte
	ParentSpanID [8]byte // a root leads nowhere
	StartMicros  int64
	// ReplacedBy is the call that stands for the span though it is not inside it, and Observer from where the span was seen; zero for
	// all spans but those that [samecall.Resolve] joined so. See [samecall.Node].
	ReplacedBy [8]byte
	Observer   samecall.Observer
}
