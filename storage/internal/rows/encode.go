package rows

import (
	"github.com/costkey/costkey-otel/storage/internal/calls"
)

// ApproximateBytes is about what a row takes in COPY's format.
const ApproximateBytes = 288

// Columns are the columns of costkey.call in the order in which [Append] writes them.
var Columns = []string{
	"started_at", "span_id", "parent_span_id", "duration_us", "first_token_us", "response_hash", "project_id", "attributes_id",
	"tag_set_id", "trace_id", "input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens",
	"cost_usd", "reported_cost_usd", "response_id", "usage_numbers", "usage_detail", "session_id", "user_id", "tags",
}

// Append writes r in the order of [Columns].
func Append(b Buffer, r *calls.Row) Buffer {
	u := &r.Usage
	b = b.Row(len(Columns))
	b = b.Timestamp(r.StartMicros).SpanID(r.SpanID)
	if r.ParentSpanID == [8]byte{} {
		b = b.Null()
	} else {
		b = b.SpanID(r.ParentSpanID)
	}
	b = b.Micros(r.DurationMicros).Micros(r.FirstTokenMicros)
	if r.Holds() {
		b = b.Int8(r.ResponseHash)
	} else {
		b = b.Null()
	}
	b = b.Int8(r.ProjectID).Int8(r.AttributesID).Int8OrNull(r.TagSetID).UUID(r.TraceID)
	b = b.Count(u.Input).Count(u.CacheRead).Count(u.CacheWrite).Count(u.Output).Count(u.Reasoning)
	b = b.MoneyOrNull(r.CostUSD, r.CostKnown).MoneyOrNull(r.ReportedUSD, r.HasReported)
	b = b.TextOrNull(r.ResponseID)
	b = b.TextOrNull(string(r.UsageNumbers)).JSONB(calls.UsageDetail(u))
	b = b.TextOrNull(r.SessionID).TextOrNull(r.UserID)
	if !r.TagsInline {
		return b.Null()
	}
	return b.JSONB([]byte(tagsJSON(r.Tags)))
}

// BodyColumns are the columns of costkey.call_body in the order in which [AppendBody] writes them.
var BodyColumns = []string{"started_at", "span_id", "project_id", "trace_id", "request_body", "response_body"}

// AppendBody writes the bodies of r in the order of [BodyColumns].
func AppendBody(b Buffer, r *calls.Row) Buffer {
	b = b.Row(len(BodyColumns)).Timestamp(r.StartMicros).SpanID(r.SpanID).Int8(r.ProjectID).UUID(r.TraceID)
	return b.TextOrNull(r.RequestBody).TextOrNull(r.ResponseBody)
}
