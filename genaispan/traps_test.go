package genaispan_test

import (
	"fmt"
	"slices"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/costkey/costkey-otel/genaispan"
	"github.com/costkey/costkey-otel/usage"
)

// attrs are the attributes of a span in a test.
type attrs map[string]any

// testSpan is a span of a trace in a test. Times are in milliseconds.
type testSpan struct {
	name       string
	id, parent byte
	trace      byte
	scope      string
	service    string
	start, dur int64
	attrs      attrs
}

// traces builds the OTLP form of spans, each with a resource of its own.
func traces(tb testing.TB, spans ...testSpan) ptrace.Traces {
	tb.Helper()
	td := ptrace.NewTraces()
	for _, s := range spans {
		rs := td.ResourceSpans().AppendEmpty()
		if s.service != "" {
			rs.Resource().Attributes().PutStr("service.name", s.service)
		}
		ss := rs.ScopeSpans().AppendEmpty()
		ss.Scope().SetName(s.scope)
		s.build(tb, ss.Spans().AppendEmpty())
	}
	return td
}

func (s testSpan) build(tb testing.TB, out ptrace.Span) {
	tb.Helper()
	const t0 = 1_795_466_607_000
	out.SetName(s.name)
	out.SetKind(ptrace.SpanKindClient)
	out.SetTraceID(pcommon.TraceID{1, s.trace})
	out.SetSpanID(pcommon.SpanID{s.id})
	out.SetParentSpanID(pcommon.SpanID{s.parent})
	out.SetStartTimestamp(pcommon.Timestamp((t0 + s.start) * 1_000_000))
	out.SetEndTimestamp(pcommon.Timestamp((t0 + s.start + s.dur) * 1_000_000))
	if err := out.Attributes().FromRaw(s.attrs); err != nil {
		tb.Fatal(err)
	}
}

// resolved reads and resolves spans.
func resolved(tb testing.TB, spans ...testSpan) []genaispan.Call {
	tb.Helper()
	return readCalls(genaispan.NewReader(genaispan.Settings{}), traces(tb, spans...))
}

// one reads a single span that must be a call.
func one(tb testing.TB, scope string, a attrs) genaispan.Call {
	tb.Helper()
	calls := resolved(tb, testSpan{name: "call", id: 1, scope: scope, dur: 100, attrs: a})
	if len(calls) != 1 {
		tb.Fatalf("read %d calls of one span: %+v", len(calls), calls)
	}
	return calls[0]
}

func tokens(input, output int64) string { return fmt.Sprintf("%d in, %d out", input, output) }

// bill shows what calls come to: one line each, sorted.
func bill(calls []genaispan.Call) []string {
	out := make([]string, len(calls))
	for i := range calls {
		c := &calls[i]
		switch {
		case c.Refused():
			out[i] = "not billed"
		case c.Usage.IsZero():
			out[i] = "no usage"
		default:
			out[i] = tokens(c.Usage.Input.Value(), c.Usage.Output.Value())
		}
	}
	slices.Sort(out)
	return out
}

func wantBill(tb testing.TB, calls []genaispan.Call, want ...string) {
	tb.Helper()
	slices.Sort(want)
	if got := bill(calls); !slices.Equal(got, want) {
		tb.Errorf("bill is %q, want %q\n%+v", got, want, calls)
	}
}

// chat is a call as the semantic conventions have it, with more put over it.
func chat(id string, input, output int, more attrs) attrs {
	a := attrs{"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o"}
	if id != "" {
		a["gen_ai.response.id"] = id
	}
	if input > 0 {
		a["gen_ai.usage.input_tokens"], a["gen_ai.usage.output_tokens"] = input, output
	}
	for k, v := range more {
		a[k] = v
	}
	return a
}

func openInference(kind string, more attrs) attrs {
	a := attrs{
		"openinference.span.kind": kind, "llm.model_name": "gpt-4o", "llm.token_count.prompt": 1207,
		"llm.token_count.completion": 143,
	}
	for k, v := range more {
		a[k] = v
	}
	return a
}

func TestTrapA1_AWrapperThatRepeatsItsLeafCountsOnce(t *testing.T) {
	t.Parallel()
	wantBill(t, resolved(t,
		testSpan{name: "agent", id: 1, dur: 900, attrs: openInference("AGENT", nil)},
		testSpan{name: "chain", id: 2, parent: 1, dur: 900, attrs: openInference("CHAIN", nil)},
		testSpan{name: "llm", id: 3, parent: 2, dur: 800, attrs: openInference("LLM", nil)},
	), tokens(1207, 143))
}

func TestTrapA2_AnLLMSpanInsideAnLLMSpanCountsOnce(t *testing.T) {
	t.Parallel()
	outer := testSpan{
		name: "ChatOpenAI", id: 1, dur: 900, scope: "openinference.instrumentation.langchain",
		attrs: openInference("LLM", attrs{"session.id": "s-1", "llm.token_count.prompt_details.cache_read": 1024}),
	}
	inner := testSpan{
		name: "chat gpt-4o", id: 2, parent: 1, start: 10, dur: 700, scope: "opentelemetry.instrumentation.openai_v2",
		attrs: chat("chatcmpl-1", 1207, 143, nil),
	}
	for _, order := range [][]testSpan{{outer, inner}, {inner, outer}} {
		calls := resolved(t, order...)
		wantBill(t, calls, tokens(1207, 143))
		c := calls[0]
		if c.ResponseID != "chatcmpl-1" || c.SessionID != "s-1" || c.Usage.CacheRead != usage.Known(1024) {
			t.Errorf("the kept call is not the richer one: %+v", c)
		}
	}
}

func TestTrapA2_AnInnerSpanThatKnowsNothingOfTheCacheIsTheSameCall(t *testing.T) {
	t.Parallel()
	bedrock := attrs{"gen_ai.provider.name": "aws.bedrock", "gen_ai.request.model": "us.anthropic.claude-sonnet-4-20250514-v1:0"}
	outer := testSpan{
		name: "ChatBedrock", id: 1, dur: 900, scope: "opentelemetry.instrumentation.langchain",
		attrs: chat("", 310, 42, attrs{"gen_ai.usage.cache_read.input_tokens": 100}),
	}
	inner := testSpan{
		name: "chat", id: 2, parent: 1, start: 10, dur: 700, scope: "opentelemetry.instrumentation.botocore.bedrock-runtime",
		attrs: chat("", 310, 42, nil),
	}
	for k, v := range bedrock {
		outer.attrs[k], inner.attrs[k] = v, v
	}
	for _, order := range [][]testSpan{{outer, inner}, {inner, outer}} {
		calls := resolved(t, order...)
		wantBill(t, calls, tokens(410, 42))
		c := calls[0]
		if c.SpanID != [8]byte{2} || c.Usage.CacheRead != usage.Known(100) || slices.Contains(c.Notes, genaispan.NoteCacheUnknown) {
			t.Errorf("the kept call is not the inner one with the outer one's cache: %+v", c)
		}
	}
	other := inner
	other.attrs = chat("", 311, 42, bedrock)
	wantBill(t, resolved(t, outer, other), tokens(410, 42), tokens(311, 42))
}

func TestTrapA2_TwoInstrumentorsSideBySideCountOnce(t *testing.T) {
	t.Parallel()
	tests := map[string][]testSpan{
		"by the response id": {
			{name: "a", id: 1, parent: 9, dur: 500, scope: "one", attrs: chat("chatcmpl-1", 1207, 143, nil)},
			{name: "b", id: 2, parent: 9, start: 2, dur: 500, scope: "two", attrs: chat("chatcmpl-1", 1207, 143, nil)},
		},
		"where one saw no answer": {
			{name: "a", id: 1, parent: 9, dur: 500, scope: "one", attrs: chat("chatcmpl-1", 1207, 143, nil)},
			{name: "b", id: 2, parent: 9, start: 2, dur: 500, scope: "two", attrs: chat("", 0, 0, attrs{"error.type": ""})},
		},
		"Anthropic's stream helper": {
			{name: "a", id: 1, parent: 9, dur: 500, scope: "com.anthropic.sdk.typescript", attrs: chat("msg_1", 1207, 143, nil)},
			{name: "b", id: 2, parent: 9, start: 2, dur: 490, scope: "@traceloop/instrumentation-anthropic", attrs: chat("", 1207, 143, nil)},
		},
	}
	for name, spans := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantBill(t, resolved(t, spans...), tokens(1207, 143))
		})
	}
}

func TestTrapA3_AnAppAndItsGatewayCountOnceWithTheAppsCodeLocation(t *testing.T) {
	t.Parallel()
	code := attrs{"code.function.name": "shop.Summarize", "code.file.path": "shop.go"}
	app := func(id string, input int) testSpan {
		return testSpan{name: "app", id: 1, dur: 900, service: "shop", scope: "app", attrs: chat(id, input, 143, code)}
	}
	gateway := func(parent byte, trace byte) testSpan {
		return testSpan{
			name: "gateway", id: 2, parent: parent, trace: trace, start: 20, dur: 700, service: "gateway", scope: "litellm",
			attrs: chat("chatcmpl-1", 1207, 143, attrs{"gen_ai.usage.cache_read.input_tokens": 1024}),
		}
	}
	tests := map[string]struct {
		spans   []testSpan
		service string
	}{
		"in one trace, both with usage: the client's row":        {[]testSpan{app("chatcmpl-1", 1207), gateway(1, 0)}, "shop"},
		"in one trace, usage at the gateway only":                {[]testSpan{app("", 0), gateway(1, 0)}, "gateway"},
		"without a common trace, joined by the id of the answer": {[]testSpan{app("chatcmpl-1", 1207), gateway(0, 7)}, "shop"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls := resolved(t, test.spans...)
			wantBill(t, calls, tokens(1207, 143))
			c := calls[0]
			if c.FunctionName != "shop.Summarize" || c.Usage.CacheRead != usage.Known(1024) || c.ServiceName != test.service {
				t.Errorf("the kept call is %+v, want the app's code location, all usage and service %s", c, test.service)
			}
		})
	}
}

func TestTrapA4_LeavesAloneAreSummed(t *testing.T) {
	t.Parallel()
	tool := attrs{"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search", "gen_ai.usage.input_tokens": 5}
	agent := attrs{"gen_ai.operation.name": "invoke_agent", "gen_ai.usage.input_tokens": 30, "gen_ai.usage.output_tokens": 12}
	wantBill(t, resolved(t,
		testSpan{name: "agent", id: 1, dur: 900, attrs: agent},
		testSpan{name: "chat", id: 2, parent: 1, dur: 100, attrs: chat("a", 10, 5, nil)},
		testSpan{name: "tool", id: 3, parent: 1, start: 110, dur: 100, attrs: tool},
		testSpan{name: "chat", id: 4, parent: 1, start: 220, dur: 100, attrs: chat("b", 20, 7, nil)},
	), tokens(10, 5), tokens(20, 7))
}

func TestTrapA4_ALeafThatSumsTheLeavesInsideIsNone(t *testing.T) {
	t.Parallel()
	wantBill(t, resolved(t,
		testSpan{name: "sum", id: 1, dur: 900, attrs: chat("", 30, 12, nil)},
		testSpan{name: "chat", id: 2, parent: 1, start: 1, dur: 100, attrs: chat("a", 10, 5, nil)},
		testSpan{name: "chat", id: 4, parent: 1, start: 220, dur: 100, attrs: chat("b", 20, 7, nil)},
	), tokens(10, 5), tokens(20, 7))
}

func TestTrapA6_TheSDKsFigureWinsOverALibraryThatAddsUpAStream(t *testing.T) {
	t.Parallel()
	model := attrs{"gen_ai.provider.name": "anthropic", "gen_ai.request.model": "claude-sonnet-4-5"}
	wantBill(t, resolved(t,
		testSpan{name: "library", id: 1, dur: 900, scope: "@openlit/instrumentation-anthropic", attrs: chat("msg_1", 5353, 184, model)},
		testSpan{name: "sdk", id: 2, parent: 1, start: 3, dur: 800, scope: "com.anthropic.sdk.typescript", attrs: chat("msg_1", 5353, 181, model)},
	), tokens(5353, 181))
}

func TestTrapA7_ASpanThatIsThereTwiceCountsOnce(t *testing.T) {
	t.Parallel()
	s := testSpan{name: "chat", id: 1, dur: 100, attrs: chat("a", 10, 5, nil)}
	wantBill(t, resolved(t, s, s, s), tokens(10, 5))
}

func TestTrapA8_AnOuterLeafWhoseInnerOneIsNotThereCountsOnce(t *testing.T) {
	t.Parallel()
	wantBill(t, resolved(t, testSpan{name: "ChatOpenAI", id: 1, dur: 900, attrs: openInference("LLM", nil)}), tokens(1207, 143))
}

func TestTrapA9_ARetriedCallIsBilledOnceInEveryOrderOfArrival(t *testing.T) {
	t.Parallel()
	failed := func(status int) attrs {
		return chat("", 0, 0, attrs{"http.response.status_code": status, "error.type": fmt.Sprint(status)})
	}
	spans := []testSpan{
		{name: "sdk", id: 1, dur: 900, scope: "com.anthropic.sdk.go", attrs: chat("msg_1", 100, 20, nil)},
		{name: "429", id: 2, parent: 1, start: 1, dur: 100, attrs: failed(429)},
		{name: "500", id: 3, parent: 1, start: 200, dur: 100, attrs: failed(500)},
		{name: "200", id: 4, parent: 1, start: 400, dur: 100, attrs: chat("", 0, 0, nil)},
	}
	for _, p := range permutations(len(spans)) {
		order := make([]testSpan, len(spans))
		for i, j := range p {
			order[i] = spans[j]
		}
		calls := resolved(t, order...)
		wantBill(t, calls, "not billed", "not billed", tokens(100, 20))
		for _, c := range calls {
			told := slices.Contains(c.Notes, genaispan.NoteUsageFromOuter)
			if !c.Refused() && (c.SpanID != [8]byte{4} || c.ResponseID != "msg_1" || !told) {
				t.Fatalf("order %v billed %+v, want the last try, by what the SDK's span told", p, c)
			}
		}
	}
}

func TestTrapA9_AnAnswerWhoseTryIsNotThereYetKeepsItsUsage(t *testing.T) {
	t.Parallel()
	wantBill(t, resolved(t,
		testSpan{name: "sdk", id: 1, dur: 900, scope: "com.anthropic.sdk.go", attrs: chat("msg_1", 100, 20, nil)},
		testSpan{name: "429", id: 2, parent: 1, start: 1, dur: 100, attrs: chat("", 0, 0, attrs{"http.response.status_code": 429})},
	), "not billed", tokens(100, 20))
}

func permutations(n int) [][]int {
	if n == 0 {
		return [][]int{{}}
	}
	var out [][]int
	for _, p := range permutations(n - 1) {
		for i := range n {
			out = append(out, slices.Insert(slices.Clone(p), i, n-1))
		}
	}
	return out
}

func TestTrapA11_AReplayedResponseIDIsTwoCalls(t *testing.T) {
	t.Parallel()
	tests := map[string][]testSpan{
		"one scope, at once": {
			{name: "a", id: 1, dur: 100, scope: "x", attrs: chat("same", 10, 5, nil)},
			{name: "b", id: 2, trace: 1, dur: 100, scope: "x", attrs: chat("same", 10, 5, nil)},
		},
		"two scopes, minutes apart": {
			{name: "a", id: 1, dur: 100, scope: "x", attrs: chat("same", 10, 5, nil)},
			{name: "b", id: 2, trace: 1, start: 120_000, dur: 100, scope: "y", attrs: chat("same", 10, 5, nil)},
		},
		"two scopes, other counts": {
			{name: "a", id: 1, dur: 100, scope: "x", attrs: chat("same", 10, 5, nil)},
			{name: "b", id: 2, trace: 1, dur: 100, scope: "y", attrs: chat("same", 10, 6, nil)},
		},
	}
	for name, spans := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if calls := resolved(t, spans...); len(calls) != 2 {
				t.Errorf("%d calls, want 2: %+v", len(calls), calls)
			}
		})
	}
}
