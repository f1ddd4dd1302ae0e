package storage

import (
	"github.com/costkey/costkey-otel/pricing"
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

// model is the name under which the hourly sums keep the call: see contract of costs_hourly.model.
func (c *Call) model() string {
	switch {
	case c.PricedModel != "":
		return c.PricedModel
	case c.ResponseModel != "":
		return c.ResponseModel
	default:
		return c.RequestModel
	}
}

// Reason says why a call was set aside.
type Reason string

const (
	ReasonBadTime    Reason = "bad_time"    // neither start nor end is a time near now
	ReasonExpired    Reason = "expired"     // older than the project's retention
	ReasonBadID      Reason = "bad_id"      // a zero trace or span id
	ReasonBadProject Reason = "bad_project" // not a slug, or one project too many
	ReasonBadValue   Reason = "bad_value"   // PostgreSQL refused a value of the row
)

// WriteResult says what became of the calls of one batch. Written + Duplicate + Joined + all of SetAside is their number.
type WriteResult struct {
	Written   int            // new rows
	Duplicate int            // stored before, or twice in the batch
	Joined    int            // another span of a call that is stored: its row was kept or replaced, none was added
	Repaired  int            // of Written: a value was not storable as it came (NUL byte, invalid UTF-8, a wrong time)
	SetAside  map[Reason]int // not stored
	ByStatus  map[string]int // Written by cost status
}

func (r *WriteResult) setAside(reason Reason, n int) {
	if n == 0 {
		return
	}
	if r.SetAside == nil {
		r.SetAside = make(map[Reason]int)
	}
	r.SetAside[reason] += n
}

// add adds o to r.
func (r *WriteResult) add(o WriteResult) {
	r.Written += o.Written
	r.Duplicate += o.Duplicate
	r.Joined += o.Joined
	r.Repaired += o.Repaired
	for reason, n := range o.SetAside {
		r.setAside(reason, n)
	}
	for status, n := range o.ByStatus {
		r.written(status, n)
	}
}

// written counts n new rows in, or out where another span of a call replaced its row.
func (r *WriteResult) written(status string, n int) {
	if r.ByStatus == nil {
		r.ByStatus = make(map[string]int)
	}
	r.ByStatus[status] += n
}
