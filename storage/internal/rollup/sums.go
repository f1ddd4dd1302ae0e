// Package rollup keeps the hourly sums: what a transaction changes in them, and the merging of what writers appended.
package rollup

import (
	"context"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/costkey/costkey-otel/pricing"
	"github.com/costkey/costkey-otel/storage/internal/calls"
	"github.com/costkey/costkey-otel/storage/internal/database"
	"github.com/costkey/costkey-otel/storage/internal/rows"
	"github.com/costkey/costkey-otel/usage"
)

const microsPerHour = 60 * 60 * 1_000_000

// hourKey names one row of the hourly sums.
type hourKey struct {
	project, dimensions int64
	hour                int64 // Unix microseconds of the hour's start
}

// hourSum is what a batch changes in one row of the hourly sums. A call that goes out counts negative.
type hourSum struct {
	calls, errors, unpriced                         int64
	input, cacheRead, cacheWrite, output, reasoning tokenSum
	cost                                            pricing.Money
}

// tokenSum is a sum with the number of calls that said theirs: a sum over none is unknown, not 0.
type tokenSum struct{ known, tokens int64 }

func (t *tokenSum) add(c usage.Count, sign int64) {
	if c.IsKnown() && c.Value() <= 1<<31-1 { // what the columns hold
		t.known += sign
		t.tokens += sign * c.Value()
	}
}

// Sums gathers what one transaction changes in the hourly sums.
type Sums map[hourKey]*hourSum

// Add counts r in (sign 1) or out (sign −1).
func (h Sums) Add(r *calls.Row, sign int64) {
	hour := r.StartMicros - r.StartMicros%microsPerHour
	if hour > r.StartMicros { // before 1970
		hour -= microsPerHour
	}
	key := hourKey{project: r.ProjectID, dimensions: r.DimensionSetID, hour: hour}
	sum, ok := h[key]
	if !ok {
		sum = new(hourSum)
		h[key] = sum
	}
	sum.calls += sign
	if r.ErrorType != "" {
		sum.errors += sign
	}
	u := &r.Usage
	sum.input.add(u.Input, sign)
	sum.cacheRead.add(u.CacheRead, sign)
	sum.cacheWrite.add(u.CacheWrite, sign)
	sum.output.add(u.Output, sign)
	sum.reasoning.add(u.Reasoning, sign)
	switch {
	case !r.CostKnown:
		sum.unpriced += sign
	case sign > 0:
		sum.cost = sum.cost.Add(r.CostUSD)
	default:
		sum.cost = sum.cost.Sub(r.CostUSD)
	}
}

// Columns are the columns of costkey.hourly_delta in the order in which [Sums.Append] writes them.
var Columns = []string{
	"hour", "project_id", "dimension_set_id", "calls", "errors", "unpriced_calls", "input_known", "input_tokens", "cache_read_known",
	"cache_read_tokens", "cache_write_known", "cache_write_tokens", "output_known", "output_tokens", "reasoning_known", "reasoning_tokens", "cost_usd",
}

// Append writes the changes as the body of one COPY and returns how many rows they are. What adds up to nothing is left
// out.
func (h Sums) Append(b rows.Buffer) (rows.Buffer, int) {
	b = b.Begin()
	n := 0
	for key, sum := range h {
		if *sum == (hourSum{}) {
			continue
		}
		n++
		b = b.Row(len(Columns)).Timestamp(key.hour).Int8(key.project).Int8(key.dimensions)
		b = b.Int8(sum.calls).Int8(sum.errors).Int8(sum.unpriced)
		for _, t := range [...]tokenSum{sum.input, sum.cacheRead, sum.cacheWrite, sum.output, sum.reasoning} {
			b = b.Int8(t.known).Int8(t.tokens)
		}
		b = b.Numeric(sum.cost)
	}
	return b.End(), n
}

// buffers are reused between transactions.
var buffers = sync.Pool{New: func() any { return new(rows.Buffer) }}

// Insert appends the changes to what writers appended.
func (h Sums) Insert(ctx context.Context, tx pgx.Tx) error {
	buf := buffers.Get().(*rows.Buffer)
	defer buffers.Put(buf)
	var n int
	if *buf, n = h.Append(*buf); n == 0 {
		return nil
	}
	return database.Describe("copy hourly sums", database.CopyIn(ctx, tx, "hourly_delta", Columns, *buf))
}
