package costkeyexporter

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"pgregory.net/rapid"

	"github.com/costkey/costkey-otel/storage"
	"github.com/costkey/costkey-otel/storage/storagetest"
)

// told is one span of a story. Its number is its place in the story, from 1; times are milliseconds.
type told struct {
	parent     byte
	scope      string
	service    string // "" is shop
	start, dur int64
	attrs      map[string]any
}

// story is the spans of one trace, and what the bill must say of it however they come.
type story struct {
	name  string
	spans []told
	want  string // calls, of them without a cost, USD
}

// merge returns the union of attributes, the later ones over the earlier.
func merge(all ...map[string]any) map[string]any {
	out := map[string]any{}
	for _, a := range all {
		for k, v := range a {
			out[k] = v
		}
	}
	return out
}

var (
	asked = map[string]any{"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o"}
	// counted costs 0.0035 USD.
	counted  = map[string]any{"gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 100}
	answered = merge(asked, counted)
	chain    = map[string]any{"gen_ai.operation.name": "chain"}
)

func id(name string) map[string]any { return map[string]any{"gen_ai.response.id": name} }

func refusedWith(status int) map[string]any {
	return map[string]any{"http.response.status_code": status, "error.type": fmt.Sprint(status)}
}

// stories are cases of docs/deduplication.md. Ids get the trace's number.
var stories = []story{
	{"a framework, a chain and an SDK", []told{
		{0, "framework", "", 0, 1000, answered}, {1, "framework", "", 1, 990, chain}, {2, "sdk", "", 5, 900, merge(answered, id("a"))},
	}, "1 0 0.0035"},
	{"three spans of one call, the middle one blank", []told{
		{0, "framework", "", 0, 1000, answered}, {1, "sdk", "", 5, 900, asked}, {2, "http", "", 10, 800, merge(answered, id("a"))},
	}, "1 0 0.0035"},
	{"tries refused, refused and answered", []told{
		{0, "sdk", "", 0, 3000, answered},
		{1, "http", "", 1, 100, merge(asked, refusedWith(429))},
		{1, "http", "", 500, 100, merge(asked, refusedWith(500))},
		{1, "http", "", 1000, 900, answered},
	}, "3 0 0.0035"},
	{"two calls at once, each told by two instrumentations side by side", []told{
		{9, "one", "", 0, 500, merge(answered, id("a"))},
		{9, "two", "", 2, 500, asked},
		{9, "one", "", 10, 500, merge(answered, id("b"))},
		{9, "two", "", 12, 500, asked},
	}, "2 0 0.007"},
	{"an unanswered call beside one that two instrumentations told", []told{
		{9, "one", "", 0, 500, merge(answered, id("a"))}, {9, "two", "", 2, 500, asked}, {9, "two", "", 12, 500, asked},
	}, "2 1 0.0035"},
	{"an app and its gateway", []told{
		{0, "sdk", "", 0, 1000, merge(answered, id("a"))}, {1, "litellm", "gateway", 10, 900, merge(answered, id("a"))},
	}, "1 0 0.0035"},
	{"a leaf that sums the leaves inside", []told{
		{0, "agents", "", 0, 3000, merge(asked, map[string]any{"gen_ai.usage.input_tokens": 3000, "gen_ai.usage.output_tokens": 300})},
		{1, "sdk", "", 10, 500, merge(answered, id("a"))},
		{1, "sdk", "", 900, 500, merge(asked, id("b"), map[string]any{"gen_ai.usage.input_tokens": 2000, "gen_ai.usage.output_tokens": 200})},
	}, "2 0 0.0105"},
	{"an agent around a call and its tool", []told{
		{0, "agents", "", 0, 3000, merge(counted, map[string]any{"gen_ai.operation.name": "invoke_agent"})},
		{1, "sdk", "", 10, 500, merge(answered, id("a"))},
		{1, "agents", "", 600, 10, map[string]any{"gen_ai.operation.name": "execute_tool"}},
	}, "1 0 0.0035"},
	{"an agent between two calls", []told{
		{0, "sdk", "", 0, 3000, answered},
		{1, "agents", "", 10, 900, map[string]any{"gen_ai.operation.name": "invoke_agent"}},
		{2, "sdk", "", 20, 500, answered},
	}, "2 0 0.007"},
	{"a stream whose usage LangSmith put around it", []told{
		{9, "langsmith", "", 0, 1000, merge(answered, id("a"), map[string]any{"langsmith.span.kind": "chain"})},
		{1, "langsmith", "", 10, 900, merge(answered, id("a"), map[string]any{"langsmith.span.kind": "llm"})},
	}, "1 0 0.0035"},
	{"a library that knows nothing of the cache inside one that does", []told{
		{0, "opentelemetry.instrumentation.langchain", "", 0, 900, merge(bedrock, map[string]any{"gen_ai.usage.cache_read.input_tokens": 500})},
		{1, "opentelemetry.instrumentation.botocore.bedrock-runtime", "", 10, 800, bedrock},
	}, "1 0 0.00465"}, // 1,000 fresh, 500 cached, 100 out
	{"a replayed id", []told{
		{9, "sdk", "", 0, 100, merge(answered, id("a"))}, {9, "sdk", "", 200_000, 100, merge(answered, id("a"))},
	}, "2 0 0.007"},
}

var bedrock = merge(counted, map[string]any{
	"gen_ai.operation.name": "chat", "gen_ai.provider.name": "aws.bedrock",
	"gen_ai.request.model": "us.anthropic.claude-sonnet-4-20250514-v1:0",
})

// place is one span of a story in a trace.
type place struct{ story, trace, span int }

// add appends the span to td.
func (p place) add(t require.TestingT, td ptrace.Traces, began time.Time) {
	s := &stories[p.story].spans[p.span]
	rs := td.ResourceSpans().AppendEmpty()
	service := s.service
	if service == "" {
		service = "shop"
	}
	rs.Resource().Attributes().PutStr("service.name", service)
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName(s.scope)
	out := ss.Spans().AppendEmpty()
	out.SetKind(ptrace.SpanKindClient)
	var trace pcommon.TraceID
	binary.BigEndian.PutUint32(trace[:], uint32(p.trace)+1)
	out.SetTraceID(trace)
	out.SetSpanID(pcommon.SpanID{7: byte(p.span + 1)})
	out.SetParentSpanID(pcommon.SpanID{7: s.parent})
	start := began.Add(time.Duration(s.start) * time.Millisecond)
	out.SetStartTimestamp(pcommon.NewTimestampFromTime(start))
	out.SetEndTimestamp(pcommon.NewTimestampFromTime(start.Add(time.Duration(s.dur) * time.Millisecond)))
	require.NoError(t, out.Attributes().FromRaw(s.attrs))
	if v, ok := out.Attributes().Get("gen_ai.response.id"); ok {
		v.SetStr(fmt.Sprintf("chatcmpl-%s-%d", v.Str(), p.trace))
	}
}

// drawBatches draws stories, and splits their spans into batches in any order, of which some come again.
func drawBatches(r *rapid.T, trace int) (batches [][]place, drawn []int) {
	drawn = rapid.SliceOfN(rapid.IntRange(0, len(stories)-1), 1, 4).Draw(r, "stories")
	var places []place
	for k, n := range drawn {
		for i := range stories[n].spans {
			places = append(places, place{n, trace + k, i})
		}
	}
	places = rapid.Permutation(places).Draw(r, "order")
	for len(places) > 0 {
		n := rapid.IntRange(1, len(places)).Draw(r, "batch")
		batches = append(batches, places[:n])
		places = places[n:]
		for range rapid.IntRange(0, 1).Draw(r, "again") {
			batches = append(batches, rapid.SampledFrom(batches).Draw(r, "which"))
		}
	}
	return batches, drawn
}

// TestTheBillIsTheSameHoweverSpansAreBatched lets several collectors read, join, price and store the spans of some stories,
// in any order and company, some batches again.
func TestTheBillIsTheSameHoweverSpansAreBatched(t *testing.T) {
	t.Parallel()
	dsn := storagetest.DSN(t)
	var collectors []*tracesExporter
	for range 2 {
		store, err := storage.Open(storage.Config{DSN: dsn})
		require.NoError(t, err)
		t.Cleanup(store.Close)
		require.NoError(t, store.Migrate(t.Context()))
		e, _ := newTest(t, store, nil)
		collectors = append(collectors, e)
	}
	began, trace := time.Now().Add(-10*time.Minute), 0
	// Wrappers are kept for projects with calls without an id.
	first := ptrace.NewTraces()
	place{2, 1 << 20, 3}.add(t, first, began)
	require.NoError(t, collectors[0].ConsumeTraces(t.Context(), first))
	rapid.Check(t, func(r *rapid.T) {
		at := trace
		batches, drawn := drawBatches(r, at)
		trace += len(drawn)
		for _, places := range batches {
			td := ptrace.NewTraces()
			for _, p := range places {
				p.add(r, td, began)
			}
			e := collectors[rapid.IntRange(0, len(collectors)-1).Draw(r, "collector")]
			require.NoError(r, e.ConsumeTraces(t.Context(), td))
		}
		for k, n := range drawn {
			got := storagetest.Value(t, dsn, `SELECT count(*) || ' ' || count(*) - count(cost_usd) || ' ' ||
				trim_scale(coalesce(sum(cost_usd), 0))::text FROM costkey.calls WHERE trace_id = $1`, fmt.Sprintf("%08x%024x", at+k+1, 0))
			require.Equal(r, stories[n].want, got, stories[n].name)
		}
	})
	require.Equal(t, "t", storagetest.Value(t, dsn, `SELECT ((SELECT sum(cost_usd) FROM costkey.calls) =
		(SELECT sum(cost_usd) FROM costkey.costs_hourly))::text::char(1)`))
}
