package seed

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/costkey/costkey-otel/semconv"
)

func options() Options {
	from := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	return Options{Calls: 3000, First: 600, From: from, Until: from.Add(time.Minute)}
}

// values returns the values of one attribute, and how many spans have it.
func values(td ptrace.Traces, key string) map[string]int {
	out := make(map[string]int)
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				if v, ok := span.Attributes().Get(key); ok {
					out[v.AsString()]++
				}
			}
		}
	}
	return out
}

func TestTheSameOptionsMakeTheSameSpans(t *testing.T) {
	t.Parallel()
	var marshaler ptrace.ProtoMarshaler
	first, err := marshaler.MarshalTraces(Traces(options()))
	require.NoError(t, err)
	second, err := marshaler.MarshalTraces(Traces(options()))
	require.NoError(t, err)
	assert.Equal(t, first, second)
}

func TestCallsComeFromAsManyFunctionsAsAreAskedFor(t *testing.T) {
	t.Parallel()
	o := options()
	assert.Len(t, values(Traces(o), string(semconv.CodeFunctionNameKey)), defaultFunctions)
	o.Functions = 5
	assert.Len(t, values(Traces(o), string(semconv.CodeFunctionNameKey)), 5)
	o.Calls, o.Functions = 9000, 500
	assert.Len(t, values(Traces(o), string(semconv.CodeFunctionNameKey)), 500)
}

func TestDisjointRangesShareNoID(t *testing.T) {
	t.Parallel()
	a, b := options(), options()
	b.First += a.Calls
	ids := values(Traces(a), string(semconv.GenAIResponseIDKey))
	assert.InDelta(t, 0.8*float64(a.Calls), len(ids), 0.05*float64(a.Calls), "four of five answers have an id")
	for id := range values(Traces(b), string(semconv.GenAIResponseIDKey)) {
		assert.Zero(t, ids[id], id)
	}
}

func TestEnclosingSpansStandInTheScopeOfAnSDK(t *testing.T) {
	t.Parallel()
	o := options()
	o.Doubles = 0.2
	enclosing, calls := 0, 0
	for _, rs := range Traces(o).ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			if ss.Scope().Name() == ScopeSDK {
				enclosing += ss.Spans().Len()
			} else {
				calls += ss.Spans().Len()
			}
		}
	}
	assert.Equal(t, o.Calls, calls)
	assert.InDelta(t, 0.2*float64(o.Calls), enclosing, 0.03*float64(o.Calls))
}
