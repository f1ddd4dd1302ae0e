package genaispan_test

import (
	"slices"
	"testing"

	"github.com/costkey/costkey-otel/genaispan"
)

// How the numbers of a dialect stand to the provider's, where nothing in the span itself tells: as in the table of README.md.
const (
	allInside   = "all inside"
	cacheApart  = "cache beside the input"
	thinkApart  = "reasoning beside the output"
	cacheLost   = "cache not reported"
	notKnown    = "not known"
	notSent     = "" // the dialect does not reach this provider
	accountedIn = 1000
	accountedR  = 300
	accountedW  = 100
	accountedO  = 200
	accountedT  = 50
)

// asked is who answered, by the columns of the table.
var asked = [...]struct{ name, provider, model string }{
	{"OpenAI", "openai", "gpt-4o"},
	{"Anthropic", "anthropic", "claude-sonnet-4-5"},
	{"Bedrock", "aws.bedrock", "us.anthropic.claude-sonnet-4-20250514-v1:0"},
	{"Google", "gcp.gemini", "gemini-2.5-pro"},
	{"xAI", "x_ai", "grok-4"},
}

var accountings = []struct {
	dialect, scope string
	marks          attrs
	want           [len(asked)]string
}{
	{"CostKey's transport", "github.com/costkey/costkey-otel/instrumentation/costkeyhttp", nil, [...]string{allInside, allInside, allInside, allInside, allInside}},
	{"Anthropic's SDKs", "com.anthropic.sdk.python", nil, [...]string{allInside, allInside, allInside, allInside, allInside}},
	{"Pydantic AI", "pydantic-ai", nil, [...]string{allInside, allInside, allInside, allInside, allInside}},
	{"Logfire", "logfire.anthropic", nil, [...]string{allInside, allInside, allInside, allInside, allInside}},
	{"Mastra", "@mastra/otel-exporter", attrs{"mastra.span.type": "model_inference"}, [...]string{allInside, allInside, allInside, allInside, allInside}},
	{"AI SDK 7", "gen_ai", nil, [...]string{allInside, allInside, allInside, allInside, allInside}},
	{
		"AI SDK 6", "ai",
		attrs{"ai.operationId": "ai.generateText.doGenerate", "ai.usage.inputTokenDetails.noCacheTokens": 600},
		[...]string{allInside, allInside, allInside, allInside, allInside},
	},
	{
		"AI SDK 4 and 5", "ai",
		attrs{"ai.operationId": "ai.generateText.doGenerate"},
		[...]string{cacheLost, cacheApart, cacheApart, thinkApart, thinkApart},
	},
	{"contrib, Python, OpenAI", "opentelemetry.instrumentation.openai_v2", nil, [...]string{allInside, notSent, notSent, notSent, notSent}},
	{"contrib, Python, google_genai", "opentelemetry.instrumentation.google_genai", nil, [...]string{notSent, notSent, notSent, allInside, notSent}},
	{"contrib, Python, vertexai", "opentelemetry.instrumentation.vertexai_v2", nil, [...]string{notSent, notSent, notSent, thinkApart, notSent}},
	{"contrib, Python, botocore", "opentelemetry.instrumentation.botocore.bedrock-runtime", nil, [...]string{notSent, notSent, cacheLost, notSent, notSent}},
	{"contrib, JavaScript", "@opentelemetry/instrumentation-openai", nil, [...]string{cacheLost, notSent, notSent, notSent, notSent}},
	{"OpenLLMetry, Python", "opentelemetry.instrumentation.anthropic", nil, [...]string{allInside, allInside, cacheApart, thinkApart, allInside}},
	{"OpenLLMetry, JavaScript", "@traceloop/instrumentation-anthropic", nil, [...]string{cacheLost, cacheApart, cacheApart, thinkApart, allInside}},
	{"OpenLLMetry of LangChain", "opentelemetry.instrumentation.langchain", nil, [...]string{allInside, allInside, cacheApart, allInside, allInside}},
	{"ADOT of LangChain", "amazon.opentelemetry.distro.instrumentation.langchain", nil, [...]string{allInside, allInside, cacheApart, allInside, allInside}},
	{"LangSmith", "langsmith", attrs{"langsmith.span.kind": "llm"}, [...]string{allInside, allInside, cacheApart, allInside, allInside}},
	{
		"OpenInference", "openinference.instrumentation.openai",
		attrs{"openinference.span.kind": "LLM"},
		[...]string{allInside, allInside, notKnown, allInside, allInside}, // Bedrock: by the total, see the golden case
	},
	{
		"OpenInference of Vertex", "openinference.instrumentation.vertexai",
		attrs{"openinference.span.kind": "LLM"},
		[...]string{notSent, allInside, notSent, thinkApart, notSent},
	},
	{"OpenLIT", "openlit.otel.tracing", nil, [...]string{allInside, cacheApart, cacheApart, thinkApart, allInside}},
	{"Google ADK", "gcp.vertex.agent", nil, [...]string{allInside, allInside, notSent, thinkApart, allInside}},
	{"Strands", "strands.telemetry.tracer", nil, [...]string{allInside, cacheLost, cacheApart, allInside, notSent}},
	{
		"Claude Code", "com.anthropic.claude_code.tracing",
		attrs{"input_tokens": accountedIn, "output_tokens": accountedO},
		[...]string{notSent, cacheApart, cacheApart, cacheApart, notSent},
	},
	{"Claude Code since 2.1.332", "com.anthropic.claude_code.tracing", nil, [...]string{notSent, allInside, allInside, allInside, notSent}},
	{"LiteLLM", "litellm", nil, [...]string{allInside, cacheLost, cacheLost, allInside, allInside}},
	{"Sentry", "@sentry/node", attrs{"sentry.op": "gen_ai.chat"}, [...]string{allInside, allInside, notSent, notSent, notSent}},
	{"Microsoft.Extensions.AI", "Experimental.Microsoft.Extensions.AI", nil, [...]string{allInside, notKnown, notKnown, notSent, notSent}},
	{"Semantic Kernel", "Microsoft.SemanticKernel.Connectors", nil, [...]string{allInside, notKnown, notKnown, notSent, notSent}},
	{"MS Agent Framework", "agent_framework", nil, [...]string{allInside, cacheApart, cacheApart, thinkApart, allInside}},
	{"Spring AI", "org.springframework.boot", nil, [...]string{allInside, cacheApart, notKnown, thinkApart, notSent}},
	{"nobody's", "acme.tracing", nil, [...]string{allInside, notKnown, notKnown, allInside, allInside}},
}

func TestEachDialectCountsAsItsRowOfTheTableSays(t *testing.T) {
	t.Parallel()
	for _, a := range accountings {
		for i, who := range asked {
			if a.want[i] == notSent {
				continue
			}
			t.Run(a.dialect+" of "+who.name, func(t *testing.T) {
				t.Parallel()
				span := chat("msg_1", accountedIn, accountedO, a.marks)
				span["gen_ai.provider.name"], span["gen_ai.request.model"] = who.provider, who.model
				span["gen_ai.usage.reasoning.output_tokens"] = accountedT
				if _, flat := a.marks["input_tokens"]; flat {
					delete(span, "gen_ai.usage.input_tokens")
					delete(span, "gen_ai.usage.output_tokens")
				}
				if a.want[i] != cacheLost {
					span["gen_ai.usage.cache_read.input_tokens"], span["gen_ai.usage.cache_creation.input_tokens"] = accountedR, accountedW
					span["costkey.usage.cache_write_5m.input_tokens"] = accountedW // so that nothing is said of the split
				}
				c := one(t, a.scope, span)
				want, note := accounted(a.want[i])
				if got := countsOfCall(&c); got != want {
					t.Errorf("counts are %+v, want %+v (notes %v)", got, want, c.Notes)
				}
				if note == "" && len(c.Notes) > 0 || note != "" && !slices.Contains(c.Notes, note) {
					t.Errorf("notes are %v, want %q", c.Notes, note)
				}
			})
		}
	}
}

// accounted is what the numbers of the test come to, and the note that goes with them.
func accounted(how string) (want counts, note string) {
	want = counts{accountedIn, accountedR, accountedW, accountedO, accountedT}
	switch how {
	case cacheApart:
		want.input, note = accountedIn+accountedR+accountedW, genaispan.NoteByTable
	case thinkApart:
		want.output, note = accountedO+accountedT, genaispan.NoteByTable
	case cacheLost:
		want.cacheRead, want.cacheWrite, note = none, none, genaispan.NoteCacheUnknown
	case notKnown:
		note = genaispan.NoteAmbiguousCache
	}
	return want, note
}

// TestEachStepOfTheAccountingDecides names the steps as README.md does: the first rule that fires decides.
func TestEachStepOfTheAccountingDecides(t *testing.T) {
	t.Parallel()
	of := func(provider, model string, more attrs) attrs {
		a := chat("", 0, 0, more)
		a["gen_ai.provider.name"], a["gen_ai.request.model"] = provider, model
		return a
	}
	claude := func(more attrs) attrs { return of("anthropic", "claude-sonnet-4-5", more) }
	gemini := func(more attrs) attrs { return of("gcp.gemini", "gemini-2.5-pro", more) }
	const (
		in, out, total = "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "gen_ai.usage.total_tokens"
		read, think    = "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.reasoning.output_tokens"
		metadata       = "ai.response.providerMetadata"
	)
	runTokenTraps(t, map[string]tokenTrap{
		"0 a count above 10⁹ is absent": {
			attrs: claude(attrs{in: 2_000_000_000, out: 20}), want: counts{none, none, none, 20, none}, note: genaispan.NoteBadCount,
		},
		"0 zeros alone are absent": {
			attrs: claude(attrs{in: 0, out: 0, total: 0}), want: counts{none, none, none, none, none}, note: genaispan.NoteZeroUsage,
		},
		"0 a 0 beside a count is a count": {attrs: claude(attrs{in: 10, out: 0}), want: counts{10, none, none, 0, none}},
		"1a more cached than input: apart": {
			attrs: of("openai", "gpt-4o", attrs{in: 10, out: 20, read: 30}), want: counts{40, 30, none, 20, none},
			note: genaispan.NoteInputExcludedCache,
		},
		"1b AI SDK 6 is inside, whatever the total says": {
			scope: "ai",
			attrs: claude(attrs{
				"ai.operationId": "ai.generateText.doGenerate", "ai.usage.inputTokenDetails.noCacheTokens": 700, in: 1000, out: 20, read: 300,
				total: 1320,
			}),
			want: counts{1000, 300, none, 20, none},
		},
		"1c Claude, the total has the cache beside the input": {
			attrs: claude(attrs{in: 1000, out: 20, read: 300, total: 1320}), want: counts{1300, 300, none, 20, none},
			note: genaispan.NoteInputExcludedCache,
		},
		"1c the same with reasoning in the excess": {
			attrs: claude(attrs{in: 1000, out: 20, read: 300, think: 5, total: 1325}), want: counts{1300, 300, none, 25, 5},
			note: genaispan.NoteInputExcludedCache,
		},
		"1c not for others": {
			attrs: of("openai", "gpt-4o", attrs{in: 1000, out: 20, read: 300, total: 1320}), want: counts{1000, 300, none, 20, none},
		},
		"1d the input is Anthropic's own: apart": {
			attrs: claude(attrs{in: 1000, out: 20, read: 300, metadata: `{"anthropic":{"usage":{"input_tokens":1000}}}`}),
			want:  counts{1300, 300, none, 20, none}, note: genaispan.NoteInputExcludedCache,
		},
		"1d the input is Anthropic's own and the cache: inside": {
			attrs: claude(attrs{in: 1300, out: 20, read: 300, metadata: `{"anthropic":{"usage":{"input_tokens":1000}}}`}),
			want:  counts{1300, 300, none, 20, none},
		},
		"1e by the table": {
			scope: "openlit.otel.tracing", attrs: claude(attrs{in: 1000, out: 20, read: 300}), want: counts{1300, 300, none, 20, none},
			note: genaispan.NoteByTable,
		},
		"1f nothing tells: inside, and said": {
			attrs: claude(attrs{in: 1000, out: 20, read: 300}), want: counts{1000, 300, none, 20, none}, note: genaispan.NoteAmbiguousCache,
		},
		"2a more reasoning than output: apart": {
			attrs: of("openai", "o3", attrs{in: 10, out: 20, think: 30}), want: counts{10, none, none, 50, 30},
			note: genaispan.NoteOutputExcludedReasoning,
		},
		"2b the excess is the reasoning: apart": {
			attrs: of("x_ai", "grok-4", attrs{in: 10, out: 20, think: 5, total: 35}), want: counts{10, none, none, 25, 5},
			note: genaispan.NoteOutputExcludedReasoning,
		},
		"2b Gemini's own candidates: apart": {
			attrs: gemini(attrs{in: 10, out: 20, think: 5, metadata: `{"google":{"usageMetadata":{"candidatesTokenCount":20}}}`}),
			want:  counts{10, none, none, 25, 5}, note: genaispan.NoteOutputExcludedReasoning,
		},
		"2b Gemini's own candidates and the thoughts: inside": {
			attrs: gemini(attrs{in: 10, out: 25, think: 5, metadata: `{"google":{"usageMetadata":{"candidatesTokenCount":20}}}`}),
			want:  counts{10, none, none, 25, 5},
		},
		"2c by the table": {
			scope: "agent_framework", attrs: gemini(attrs{in: 10, out: 20, think: 5}), want: counts{10, none, none, 25, 5},
			note: genaispan.NoteByTable,
		},
		"2d Gemini's thoughts in the total alone": {
			attrs: gemini(attrs{in: 10, out: 20, total: 37}), want: counts{10, none, none, 27, none}, note: genaispan.NoteOutputFromTotal,
		},
		"2e else inside": {attrs: of("openai", "o3", attrs{in: 10, out: 20, think: 5, total: 30}), want: counts{10, none, none, 20, 5}},
		"4 a split beyond the writes is their sum": {
			attrs: claude(attrs{
				in: 5000, out: 20, "gen_ai.usage.cache_creation.input_tokens": 900, total: 5020,
				"costkey.usage.cache_write_5m.input_tokens": 600, "costkey.usage.cache_write_1h.input_tokens": 500,
			}),
			want: counts{5000, none, 1100, 20, none}, note: genaispan.NoteAmbiguousCache,
		},
		"5 only a total: no usage": {
			attrs: of("openai", "gpt-4o", attrs{total: 30}), want: counts{none, none, none, none, none}, note: genaispan.NoteTotalOnly,
		},
		"5 only a total of embeddings: input": {
			attrs: of("openai", "text-embedding-3-small", attrs{"gen_ai.operation.name": "embeddings", total: 30}),
			want:  counts{30, none, none, none, none},
		},
		"6 embeddings have no output": {
			attrs: of("openai", "text-embedding-3-small", attrs{"gen_ai.operation.name": "embeddings", in: 30}),
			want:  counts{30, none, none, none, none},
		},
		"6 one total alone: its part is known": {
			attrs: of("openai", "gpt-4o", attrs{out: 20, read: 5}), want: counts{none, none, none, 20, none}, note: genaispan.NotePartialUsage,
		},
		"a total of another hand proves nothing": {
			attrs: claude(attrs{in: 1000, out: 20, read: 300, "llm.token_count.total": 1320}),
			want:  counts{1000, 300, none, 20, none}, note: genaispan.NoteAmbiguousCache,
		},
	})
}
