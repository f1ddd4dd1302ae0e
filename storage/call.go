package storage

import (
	"context"

	"github.com/costkey/costkey-otel/storage/internal/calls"
)

// Unknown is the value of a duration that is not known.
const Unknown = calls.Unknown

type (
	// Call is one priced call as it is stored. Empty strings are stored as NULL.
	Call = calls.Call
	// Tag is one label.
	Tag = calls.Tag
	// Node is a span that is no call, such as a chain's or a workflow's: what is around it and what is inside it may be one
	// call.
	Node = calls.SpanNode
	// Reason says why a call was not stored.
	Reason = calls.Reason
	// WriteResult says what became of the calls of one batch.
	WriteResult = calls.WriteResult
)

// The reasons for which calls are dropped, and those for which they are kept as dead letters.
const (
	ReasonBadTime    = calls.ReasonBadTime    // neither start nor end is a time near now
	ReasonExpired    = calls.ReasonExpired    // older than the project's retention
	ReasonBadID      = calls.ReasonBadID      // a zero trace or span id
	ReasonBadProject = calls.ReasonBadProject // not a slug

	ReasonBadValue = calls.ReasonBadValue // PostgreSQL refused a value of the row
	ReasonClocks   = calls.ReasonClocks   // the collector's clock and the database's disagree whether its time is sane
	ReasonFailing  = calls.ReasonFailing  // its write failed again and again while those of other rows succeeded
)

// WriteCalls stores calls, each once, however often and from wherever they come, together with their hourly sums. It
// works on cs in place and leaves them in an undefined state. If the error is not nil the batch may be written again where
// [IsRetryable] says so; what of it was stored already is then found to be a duplicate. A batch that fails again and again
// in one way is narrowed down: calls that can't be written become dead letters, all others are stored. nodes are the spans
// of the batch that are no calls: they tell which calls of other batches are one.
func (s *Store) WriteCalls(ctx context.Context, cs []Call, nodes ...Node) (WriteResult, error) {
	return s.writer.Write(ctx, cs, nodes)
}
