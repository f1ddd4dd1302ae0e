package calls

import (
	"slices"
	"time"

	"github.com/costkey/costkey-otel/samecall"
)

// Row is a call with the ids of what it names.
type Row struct {
	*Call
	ProjectID      int64
	AttributesID   int64 // of costkey.call_attributes; 0 where it is not known yet
	DimensionSetID int64 // of costkey.dimension_set, to which the attributes belong
	TagSetID       int64 // of costkey.tag_set; 0 where the call has no tags or they stand in the row
	// ResponseHash is the keyed hash of the answer's id in the project. It means nothing where the call has no ResponseID.
	ResponseHash int64
	// Repeated says that another row of the day holds ResponseHash: the same id, or one with the same hash.
	Repeated bool
	// TagsInline says that the tags stand in the row itself, since the project has too many different ones.
	TagsInline   bool
	UsageNumbers []byte // the numbers that the usage template asks for, by commas
	Repaired     bool   // a value was not storable as it came
	Overflowed   bool   // a dimension was replaced, since the project has too many
	// Pending says that a span of the batch in the row's trace named no answer: the trace must be looked at again.
	Pending bool
	// Met says that other batches may have written to the row's trace.
	Met   bool
	Epoch int64 // of the caches that the ids are from
}

// RowKey is the identity of a call.
type RowKey struct {
	ProjectID int64
	TraceID   [16]byte
	SpanID    [8]byte
}

// TraceKey names a trace in a project.
type TraceKey struct {
	ProjectID int64
	TraceID   [16]byte
}

// Key returns the row's identity.
func (r *Row) Key() RowKey { return RowKey{r.ProjectID, r.TraceID, r.SpanID} }

// TraceKey returns the trace of the row.
func (r *Row) TraceKey() TraceKey { return TraceKey{r.ProjectID, r.TraceID} }

// Day returns the UTC day of the row's start, which is its partition.
func (r *Row) Day() Day { return DayOf(r.StartMicros) }

// NamesAnswer reports whether the call has an id that a provider gave to its answer.
func (r *Row) NamesAnswer() bool { return samecall.NamesAnswer(r.ResponseID) }

// Holds reports whether the row holds its answer's hash in its day's unique index.
func (r *Row) Holds() bool { return r.ResponseID != "" && !r.Repeated }

// SameTrace returns how many rows stand together at the beginning of rows that are of one trace.
func SameTrace(rows []Row) int {
	n := 1
	for n < len(rows) && rows[n].TraceKey() == rows[0].TraceKey() {
		n++
	}
	return n
}

// MarkPending sets Pending of all rows in whose trace a span names no answer.
func MarkPending(rows []Row) {
	var traces map[TraceKey]bool
	for i := range rows {
		if !rows[i].NamesAnswer() {
			if traces == nil {
				traces = make(map[TraceKey]bool)
			}
			traces[rows[i].TraceKey()] = true
		}
	}
	for i := range rows {
		rows[i].Pending = rows[i].Pending || traces[rows[i].TraceKey()]
	}
}

// Node is a span that has no row and stands in its trace between those that may have one: a wrapper, or a span that another
// span's row stands for.
type Node struct {
	TraceKey
	SpanID, ParentSpanID [8]byte
	StartMicros          int64
	// ReplacedBy is the call that stands for the span though it is not inside it, and Observer tells from where the span was
	// seen; zero for all others. See [samecall.Node].
	ReplacedBy [8]byte
	Observer   samecall.Observer
}

// Node returns what is left of a row that another span's row stands for.
func (r *Row) Node() Node {
	return Node{TraceKey: r.TraceKey(), SpanID: r.SpanID, ParentSpanID: r.ParentSpanID, StartMicros: r.StartMicros}
}

// Facts is what tells whether c and another span are one call. A request id is not stored: spans that share nothing else
// are joined within one batch only.
func (c *Call) Facts() samecall.Facts {
	f := samecall.Facts{
		TraceID: c.TraceID, SpanID: c.SpanID, ParentSpanID: c.ParentSpanID,
		StartNanos: c.StartMicros * int64(time.Microsecond),
		Project:    c.Project, Service: c.ServiceName, Scope: c.ScopeName,
		RequestModel: c.RequestModel, ResponseModel: c.ResponseModel, ResponseID: c.ResponseID,
		Input: c.Usage.Input, Output: c.Usage.Output, Fresh: c.Usage.Fresh(),
		Enclosing: slices.Contains(c.Notes, noteEnclosing),
		Client:    c.Client, Failed: c.ErrorType != "" || c.HTTPStatus >= 400,
		Code: c.FunctionName != "" || c.FilePath != "",
	}
	if c.DurationMicros >= 0 {
		f.EndNanos = (c.StartMicros + c.DurationMicros) * int64(time.Microsecond)
	}
	return f
}
