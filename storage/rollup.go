package storage

import (
	"github.com/costkey/costkey-otel/pricing"
	"github.com/costkey/costkey-otel/usage"
)

const microsPerHour = 60 * 60 * 1_000_000

// hourKey names one row of the hourly sums.
type hourKey struct {
	project, cell int32
	hour          int64 // Unix microseconds of the hour's start
}

// hourSum is what a batch changes in one row of the hourly sums. A call that goes out counts negative.
type hourSum struct {
	calls, errors, unpriced              int64
	input, cacheRead, cacheWrite, output tokenSum
	cost                                 pricing.Money
}

// tokenSum is a sum with the number of calls that said theirs: a sum over none is unknown, not 0.
type tokenSum struct{ known, tokens int64 }

func (t *tokenSum) add(c usage.Count, sign int64) {
	if c.IsKnown() && c.Value() <= 1<<31-1 { // what appendRow stores
		t.known += sign
		t.tokens += sign * c.Value()
	}
}

// hourly gathers the changes of one transaction.
type hourly map[hourKey]*hourSum

// add counts r in (sign 1) or out (sign −1).
func (h hourly) add(r *row, sign int64) {
	hour := r.StartMicros - r.StartMicros%microsPerHour
	if hour > r.StartMicros { // before 1970
		hour -= microsPerHour
	}
	key := hourKey{project: r.project, cell: r.cell, hour: hour}
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
	switch {
	case !r.CostKnown:
		sum.unpriced += sign
	case sign > 0:
		sum.cost = sum.cost.Add(r.CostUSD)
	default:
		sum.cost = sum.cost.Sub(r.CostUSD)
	}
}

// hourlyColumns are the columns of costkey.hourly_delta in the order in which appendTo writes them.
var hourlyColumns = []string{
	"project_id", "hour", "cell_id", "calls", "errors", "unpriced_calls", "input_known", "input_tokens", "cache_read_known",
	"cache_read_tokens", "cache_write_known", "cache_write_tokens", "output_known", "output_tokens", "cost_usd",
}

func (h hourly) appendTo(b copyBuffer) copyBuffer {
	b = b.begin()
	for key, sum := range h {
		b = b.row(len(hourlyColumns)).int4(key.project).timestamp(key.hour).int4(key.cell)
		b = b.int8(sum.calls).int8(sum.errors).int8(sum.unpriced)
		for _, t := range [...]tokenSum{sum.input, sum.cacheRead, sum.cacheWrite, sum.output} {
			b = b.int8(t.known).int8(t.tokens)
		}
		b = b.numeric(sum.cost)
	}
	return b.end()
}
