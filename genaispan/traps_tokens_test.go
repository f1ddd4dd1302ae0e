package genaispan_test

import (
	"slices"
	"testing"

	"github.com/costkey/costkey-otel/genaispan"
	"github.com/costkey/costkey-otel/usage"
)

// counts is what a bill is made of; none is unknown.
type counts struct{ input, cacheRead, cacheWrite, output, reasoning int64 }

const none = -1

func countsOfCall(c *genaispan.Call) counts {
	n := func(c usage.Count) int64 {
		if !c.IsKnown() {
			return none
		}
		return c.Value()
	}
	u := &c.Usage
	return counts{n(u.Input), n(u.CacheRead), n(u.CacheWrite), n(u.Output), n(u.Reasoning)}
}

// tokenTrap is a span and what it must come to.
type tokenTrap struct {
	scope string
	attrs attrs
	want  counts
	note  string // must be among the notes; "" means that there must be none
}

func runTokenTraps(t *testing.T, traps map[string]tokenTrap) {
	t.Helper()
	for name, trap := range traps {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := one(t, trap.scope, trap.attrs)
			if got := countsOfCall(&c); got != trap.want {
				t.Errorf("counts are %+v, want %+v (notes %v)", got, trap.want, c.Notes)
			}
			if trap.note == "" && len(c.Notes) > 0 || trap.note != "" && !slices.Contains(c.Notes, trap.note) {
				t.Errorf("notes are %v, want %q", c.Notes, trap.note)
			}
		})
	}
}

func claude(more attrs) attrs {
	a := chat("msg_1", 0, 0, attrs{"gen_ai.provider.name": "anthropic", "gen_ai.request.model": "claude-sonnet-4-5"})
	for k, v := range more {
		a[k] = v
	}
	return a
}

func TestTrapB1_CachedInputIsInsideTheInput(t *testing.T) {
	t.Parallel()
	runTokenTraps(t, map[string]tokenTrap{
		"semconv": {
			attrs: chat("", 1207, 143, attrs{"gen_ai.usage.cache_read.input_tokens": 1024}),
			want:  counts{1207, 1024, none, 143, none},
		},
		"Langfuse's buckets are disjoint": {
			scope: "langfuse-sdk",
			attrs: attrs{
				"langfuse.observation.type": "generation", "langfuse.observation.model.name": "gpt-4o",
				"langfuse.observation.usage_details": `{"input":183,"output":143,"input_cached_tokens":1024,"total":1350}`,
			},
			want: counts{1207, 1024, none, 143, none},
		},
		"Langfuse's buckets filled by hand with the whole input": {
			scope: "langfuse-sdk",
			attrs: attrs{
				"langfuse.observation.type": "generation", "langfuse.observation.model.name": "gpt-4o",
				"langfuse.observation.usage_details": `{"input":1207,"output":143,"input_cached_tokens":1024,"total":1350}`,
			},
			want: counts{1207, 1024, none, 143, none}, note: genaispan.NoteAmbiguousCache,
		},
	})
}

func TestTrapB2_AnthropicsInputByDialectAndVersion(t *testing.T) {
	t.Parallel()
	cached := attrs{
		"gen_ai.usage.input_tokens": 6007, "gen_ai.usage.output_tokens": 90,
		"gen_ai.usage.cache_read.input_tokens": 1024, "gen_ai.usage.cache_creation.input_tokens": 256,
		"costkey.usage.cache_write_5m.input_tokens": 256,
	}
	with := func(more attrs) attrs {
		a := claude(cached)
		for k, v := range more {
			a[k] = v
		}
		return a
	}
	excl, incl := counts{7287, 1024, 256, 90, none}, counts{6007, 1024, 256, 90, none}
	runTokenTraps(t, map[string]tokenTrap{
		"Traceloop leaves the cache out":   {"@traceloop/instrumentation-anthropic", with(nil), excl, genaispan.NoteByTable},
		"OpenLIT leaves the cache out":     {"@openlit/instrumentation-anthropic", with(nil), excl, genaispan.NoteByTable},
		"Anthropic's SDK includes it":      {"com.anthropic.sdk.go", with(nil), incl, ""},
		"Sentry 10 includes it":            {"@sentry/node", with(attrs{"gen_ai.usage.total_tokens": 6097}), incl, ""},
		"Sentry 9's total shows the cache": {"@sentry/node", with(attrs{"gen_ai.usage.total_tokens": 7377}), excl, genaispan.NoteInputExcludedCache},
		"AI SDK 5 leaves it out":           {"ai", with(attrs{"ai.operationId": "ai.generateText.doGenerate"}), excl, genaispan.NoteByTable},
		"AI SDK 6 includes it": {"ai", with(attrs{
			"ai.operationId": "ai.generateText.doGenerate", "ai.usage.inputTokenDetails.noCacheTokens": 4727,
		}), incl, ""},
		"AI SDK 6 tells its version": {"ai", with(attrs{
			"ai.operationId": "ai.generateText.doGenerate", "ai.request.headers.user-agent": "ai/6.0.326",
		}), incl, ""},
		"an unknown dialect is marked": {"acme", with(nil), incl, genaispan.NoteAmbiguousCache},
	})
}

func TestTrapB3_MoreCachedThanInputIsNeverNegative(t *testing.T) {
	t.Parallel()
	runTokenTraps(t, map[string]tokenTrap{
		"the input can't contain the cache": {
			attrs: chat("", 100, 20, attrs{"gen_ai.usage.cache_read.input_tokens": 4000}),
			want:  counts{4100, 4000, none, 20, none}, note: genaispan.NoteInputExcludedCache,
		},
		"an unknown input has no parts": {
			attrs: chat("", 0, 0, attrs{"gen_ai.usage.output_tokens": 20, "gen_ai.usage.cache_read.input_tokens": 4000}),
			want:  counts{none, none, none, 20, none}, note: genaispan.NotePartialUsage,
		},
		"a negative count is unknown, not 0": {
			attrs: chat("", 0, 0, attrs{"gen_ai.usage.input_tokens": -5, "gen_ai.usage.output_tokens": 20}),
			want:  counts{none, none, none, 20, none}, note: genaispan.NoteBadCount,
		},
	})
}

func TestTrapB4_ReasoningIsInsideTheOutput(t *testing.T) {
	t.Parallel()
	runTokenTraps(t, map[string]tokenTrap{
		"OpenAI": {
			attrs: chat("", 1207, 143, attrs{"gen_ai.usage.reasoning.output_tokens": 64}),
			want:  counts{1207, none, none, 143, 64},
		},
		"more reasoning than output": {
			attrs: chat("", 1207, 43, attrs{"gen_ai.usage.reasoning.output_tokens": 64}),
			want:  counts{1207, none, none, 107, 64}, note: genaispan.NoteOutputExcludedReasoning,
		},
	})
}

func TestTrapB5_GeminisThoughtsAreOutput(t *testing.T) {
	t.Parallel()
	gemini := func(output int, more attrs) attrs {
		a := chat("", 3011, output, attrs{"gen_ai.provider.name": "gcp.gemini", "gen_ai.request.model": "gemini-2.5-flash"})
		for k, v := range more {
			a[k] = v
		}
		return a
	}
	runTokenTraps(t, map[string]tokenTrap{
		"the total shows that they are left out": {
			"acme", gemini(127, attrs{"gen_ai.usage.reasoning_tokens": 83, "gen_ai.usage.total_tokens": 3221}),
			counts{3011, none, none, 210, 83},
			genaispan.NoteOutputExcludedReasoning,
		},
		"only the total has them": {
			"acme", gemini(127, attrs{"gen_ai.usage.total_tokens": 3221}),
			counts{3011, none, none, 210, none},
			genaispan.NoteOutputFromTotal,
		},
		"OpenLIT leaves them out": {
			"@openlit/instrumentation-google-ai", gemini(127, attrs{"gen_ai.usage.reasoning_tokens": 83}),
			counts{3011, none, none, 210, 83},
			genaispan.NoteByTable,
		},
		"Sentry has them inside, and the cached prompt too": {
			"@sentry/node", gemini(210, attrs{
				"gen_ai.usage.reasoning.output_tokens": 83, "gen_ai.usage.total_tokens": 3221,
				"gen_ai.usage.cache_read.input_tokens": 2560,
			}),
			counts{3011, 2560, none, 210, 83},
			"",
		},
	})
}

func TestTrapB6_BedrocksCacheWritesAreCountedOnce(t *testing.T) {
	t.Parallel()
	converse := attrs{
		"gen_ai.system": "aws.bedrock", "gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 10,
		"gen_ai.request.model": "us.anthropic.claude-sonnet-4-20250514-v1:0", "gen_ai.usage.output_tokens": 20,
		"gen_ai.usage.cache_creation_input_tokens": 4000, "gen_ai.usage.total_tokens": 4030,
	}
	runTokenTraps(t, map[string]tokenTrap{
		"Converse leaves them out": {"strands.telemetry.tracer", converse, counts{4010, none, 4000, 20, none}, genaispan.NoteInputExcludedCache},
	})
}

func TestTrapB7_EverySpellingOfTheCacheIsRead(t *testing.T) {
	t.Parallel()
	traps := map[string]tokenTrap{}
	for _, key := range []string{
		"gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens", "gen_ai.usage.input_tokens.cached",
		"gen_ai.usage.cached_tokens", "gen_ai.usage.details.cache_read_tokens", "gen_ai.usage.details.cache_read_input_tokens",
		"gen_ai.usage.prompt_tokens_details.cached_tokens", "llm.token_count.prompt_details.cache_read",
		"ai.usage.inputTokenDetails.cacheReadTokens", "ai.usage.cachedInputTokens", "cache_read_tokens",
	} {
		traps[key] = tokenTrap{attrs: chat("", 1207, 143, attrs{key: 1024}), want: counts{1207, 1024, none, 143, none}}
	}
	for _, key := range []string{"gen_ai.usage.prompt_tokens", "llm.usage.prompt_tokens", "llm.token_count.prompt", "ai.usage.promptTokens"} {
		traps["usage under "+key] = tokenTrap{
			attrs: chat("", 0, 0, attrs{key: "1207", "gen_ai.usage.completion_tokens": 143.0}),
			want:  counts{1207, none, none, 143, none},
		}
	}
	runTokenTraps(t, traps)
}

func TestTrapB8_MissingUsageIsUnknownAndNotZero(t *testing.T) {
	t.Parallel()
	unknown := counts{none, none, none, none, none}
	runTokenTraps(t, map[string]tokenTrap{
		"a stream without usage": {
			attrs: chat("chatcmpl-1", 0, 0, attrs{"gen_ai.request.stream": true, "gen_ai.response.finish_reasons": []any{"stop"}}),
			want:  unknown,
		},
		"zeros for what was not seen": {
			attrs: chat("chatcmpl-1", 0, 0, attrs{"gen_ai.usage.input_tokens": 0, "gen_ai.usage.output_tokens": 0}),
			want:  unknown, note: genaispan.NoteZeroUsage,
		},
		"our own instrumentation says why": {
			attrs: chat("chatcmpl-1", 0, 0, attrs{"costkey.usage.missing": "stream_without_usage"}),
			want:  unknown, note: "stream_without_usage",
		},
	})
}

func TestTrapB9_WhatALibraryMayHaveGuessedIsMarked(t *testing.T) {
	t.Parallel()
	runTokenTraps(t, map[string]tokenTrap{
		"Traceloop's streams": {
			scope: "@traceloop/instrumentation-openai", attrs: chat("chatcmpl-1", 35, 26, nil),
			want: counts{35, none, none, 26, none}, note: genaispan.NoteEstimatedUsage,
		},
		"nothing is guessed here": {
			attrs: chat("chatcmpl-1", 0, 0, attrs{"gen_ai.usage.total_tokens": 61}),
			want:  counts{none, none, none, none, none}, note: genaispan.NoteTotalOnly,
		},
	})
}

func TestTrapB10_CacheWritesAreSplitByTheirTime(t *testing.T) {
	t.Parallel()
	both := one(t, "acme", claude(attrs{
		"gen_ai.usage.input_tokens": 5000, "gen_ai.usage.output_tokens": 20, "gen_ai.usage.cache_write.input_tokens": 900,
		"anthropic.usage.cache_creation.ephemeral_5m_input_tokens": 400,
		"anthropic.usage.cache_creation.ephemeral_1h_input_tokens": 500,
	}))
	if u := both.Usage; u.CacheWrite != usage.Known(900) || u.CacheWrite1h != usage.Known(500) {
		t.Errorf("writes are %+v, want 900 of which 500 for an hour", u)
	}
	if slices.Contains(both.Notes, genaispan.NoteCacheTTLUnknown) {
		t.Errorf("notes are %v although the split is known", both.Notes)
	}
	unsplit := one(t, "acme", claude(attrs{
		"gen_ai.usage.input_tokens": 5000, "gen_ai.usage.output_tokens": 20, "gen_ai.usage.cache_write.input_tokens": 900,
	}))
	if !slices.Contains(unsplit.Notes, genaispan.NoteCacheTTLUnknown) || unsplit.Usage.CacheWrite1h.IsKnown() {
		t.Errorf("an unknown split is not said: %+v", unsplit)
	}
	sum := one(t, "acme", claude(attrs{
		"gen_ai.usage.input_tokens": 5000, "gen_ai.usage.output_tokens": 20,
		"costkey.usage.cache_write_5m.input_tokens": 400, "costkey.usage.cache_write_1h.input_tokens": 500,
	}))
	if sum.Usage.CacheWrite != usage.Known(900) {
		t.Errorf("writes are %+v, want the sum of the split", sum.Usage)
	}
}
