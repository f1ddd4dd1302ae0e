package genaispan_test

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"pgregory.net/rapid"

	"github.com/costkey/costkey-otel/genaispan"
	"github.com/costkey/costkey-otel/usage"
)

// anyValue draws a value as libraries send them, right and wrong.
func anyValue() *rapid.Generator[any] {
	return rapid.OneOf(
		rapid.Map(rapid.Int64Range(-5, 5000), func(n int64) any { return n }),
		rapid.Map(rapid.Int64(), func(n int64) any { return n }),
		rapid.Map(rapid.Float64Range(-2, 5000), func(x float64) any { return x }),
		rapid.Map(rapid.Int64Range(0, 5000), func(n int64) any { return float64(n) }),
		rapid.Map(rapid.Int64Range(0, 5000), func(n int64) any { return fmt.Sprint(n) }),
		rapid.Map(rapid.SampledFrom([]string{
			"", "none", "NaN", "chat", "LLM", "generation", "gpt-4o", "claude-sonnet-4-5", "gemini-2.5-pro", "anthropic", "openai",
			"aws.bedrock", "invoke_agent", "ai.generateText.doGenerate", `{"anthropic":{"usage":{"input_tokens":7}}}`,
			`{"input":1,"output":2,"input_cached_tokens":3}`, "api.openai.com", "x\x00y", "\xff", "a sentence",
		}), func(s string) any { return s }),
		rapid.Map(rapid.String(), func(s string) any { return s }),
		rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		rapid.Just(any(math.NaN())),
		rapid.Just(any(nil)),
		rapid.Map(rapid.SliceOfN(rapid.String(), 0, 3), func(s []string) any {
			out := make([]any, len(s))
			for i := range s {
				out[i] = s[i]
			}
			return out
		}),
	)
}

// drawSpan draws a span with some of the keys that are read.
func drawSpan(t *rapid.T) (span ptrace.Span, scope string) {
	span = ptrace.NewSpan()
	span.SetKind(ptrace.SpanKind(rapid.IntRange(0, 5).Draw(t, "kind")))
	span.SetName(rapid.SampledFrom([]string{"chat gpt-4o", "claude_code.llm_request", "x"}).Draw(t, "name"))
	span.SetStartTimestamp(pcommon.Timestamp(rapid.Uint64().Draw(t, "start")))
	span.SetEndTimestamp(pcommon.Timestamp(rapid.Uint64().Draw(t, "end")))
	keys := rapid.SliceOfNDistinct(rapid.SampledFrom(genaispan.Keys()), 0, 25, rapid.ID[string]).Draw(t, "keys")
	for _, k := range keys {
		if err := span.Attributes().PutEmpty(k).FromRaw(anyValue().Draw(t, k)); err != nil {
			t.Fatal(err)
		}
	}
	scope = rapid.SampledFrom([]string{
		"", "ai", "gen_ai", "langfuse-sdk", "langsmith", "@traceloop/instrumentation-anthropic", "openlit.x", "gcp.vertex.agent",
	}).Draw(t, "scope")
	return span, scope
}

func readSpan(span ptrace.Span, scopeName string) (genaispan.Verdict, genaispan.Call) {
	scope := pcommon.NewInstrumentationScope()
	scope.SetName(scopeName)
	var c genaispan.Call
	v := genaispan.NewReader(genaispan.Settings{}).Read(&genaispan.Resource{}, scope, "", span, &c)
	return v, c
}

func TestPartsNeverExceedTheirTotals(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		span, scope := drawSpan(t)
		_, c := readSpan(span, scope)
		u := &c.Usage
		for _, p := range []struct {
			name        string
			part, total usage.Count
		}{
			{"cache read", u.CacheRead, u.Input},
			{"cache write", u.CacheWrite, u.Input},
			{"cache", u.CacheRead.Add(u.CacheWrite), u.Input},
			{"cache write 1h", u.CacheWrite1h, u.CacheWrite},
			{"reasoning", u.Reasoning, u.Output},
			{"audio input", u.AudioInput, u.Input},
			{"image input", u.ImageInput, u.Input},
			{"audio output", u.AudioOutput, u.Output},
			{"cached audio", u.CachedAudioInput, u.CacheRead},
		} {
			if p.part.IsKnown() && (!p.total.IsKnown() || p.part.Value() > p.total.Value()) {
				t.Fatalf("%s is %d of %d (known %v): %+v", p.name, p.part.Value(), p.total.Value(), p.total.IsKnown(), c)
			}
		}
	})
}

func TestEveryStringOfACallIsStorable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		span, scope := drawSpan(t)
		_, c := readSpan(span, scope)
		eachString(reflect.ValueOf(c), func(s string) {
			if strings.ContainsAny(s, "\x00\n\r") || strings.ToValidUTF8(s, "") != s || len(s) > 4096 {
				t.Fatalf("a call holds %q: %+v", s, c)
			}
		})
	})
}

func eachString(v reflect.Value, f func(string)) {
	switch v.Kind() {
	case reflect.String:
		f(v.String())
	case reflect.Struct:
		for i := range v.NumField() {
			eachString(v.Field(i), f)
		}
	case reflect.Slice:
		for i := range v.Len() {
			eachString(v.Index(i), f)
		}
	}
}

func TestTheOrderOfAttributesChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		span, scope := drawSpan(t)
		v, c := readSpan(span, scope)
		raw := span.Attributes().AsRaw()
		keys := make([]string, 0, len(raw))
		for k := range span.Attributes().All() {
			keys = append(keys, k)
		}
		other := ptrace.NewSpan()
		span.CopyTo(other)
		other.Attributes().Clear()
		for _, k := range rapid.Permutation(keys).Draw(t, "order") {
			from, _ := span.Attributes().Get(k)
			from.CopyTo(other.Attributes().PutEmpty(k))
		}
		v2, c2 := readSpan(other, scope)
		if v != v2 || fmt.Sprint(c) != fmt.Sprint(c2) {
			t.Fatalf("read %d %+v, and in another order %d %+v", v, c, v2, c2)
		}
	})
}

// drawCalls draws calls of few traces, ids, models and counts, so that many of them are one.
func drawCalls(t *rapid.T) []genaispan.Call {
	n := rapid.IntRange(0, 9).Draw(t, "n")
	calls := make([]genaispan.Call, n)
	for i := range calls {
		c := &calls[i]
		c.TraceID = [16]byte{rapid.Byte().Filter(func(b byte) bool { return b > 0 && b < 3 }).Draw(t, "trace")}
		c.SpanID = [8]byte{byte(i + 1)}
		c.ParentSpanID = [8]byte{byte(rapid.IntRange(0, n).Draw(t, "parent"))}
		c.StartNanos = rapid.Int64Range(0, 100).Draw(t, "start") * 1_000_000
		c.EndNanos = c.StartNanos + rapid.Int64Range(0, 100).Draw(t, "duration")*1_000_000
		c.ScopeName = rapid.SampledFrom([]string{"a", "b", "com.anthropic.sdk.x", "logfire.openai"}).Draw(t, "scope")
		c.ServiceName = rapid.SampledFrom([]string{"s", "t"}).Draw(t, "service")
		c.RequestModel = rapid.SampledFrom([]string{"gpt-4o", "gpt-4o-2024-08-06", "o3"}).Draw(t, "model")
		c.ResponseID = rapid.SampledFrom([]string{"", "", "x", "y"}).Draw(t, "id")
		c.Client = rapid.Bool().Draw(t, "client")
		c.Outer = rapid.IntRange(0, 5).Draw(t, "outer") == 0
		c.Inner = c.Outer && rapid.Bool().Draw(t, "inner")
		if rapid.Bool().Draw(t, "usage") {
			c.Usage.Input = usage.Known(rapid.Int64Range(1, 3).Draw(t, "input"))
			c.Usage.Output = usage.Known(rapid.Int64Range(1, 3).Draw(t, "output"))
		} else if rapid.Bool().Draw(t, "failed") {
			c.ErrorType = "500"
		}
	}
	return calls
}

func cloned(calls []genaispan.Call) []genaispan.Call {
	out := make([]genaispan.Call, len(calls))
	for i := range calls {
		out[i] = calls[i].Clone()
	}
	return out
}

func sorted(calls []genaispan.Call) string {
	slices.SortFunc(calls, func(a, b genaispan.Call) int {
		return cmp.Or(cmp.Compare(hex.EncodeToString(a.TraceID[:]), hex.EncodeToString(b.TraceID[:])), cmp.Compare(a.SpanID[0], b.SpanID[0]))
	})
	return fmt.Sprintf("%+v", calls)
}

func TestResolvingDoesNotDependOnTheOrderOfCalls(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		calls := drawCalls(t)
		want := sorted(genaispan.Resolve(cloned(calls)))
		got := sorted(genaispan.Resolve(rapid.Permutation(cloned(calls)).Draw(t, "order")))
		if got != want {
			t.Fatalf("resolved to\n%s\nand in another order to\n%s", want, got)
		}
	})
}

func TestResolvingNeverBillsMoreThanWasSaidAndNeverLosesTheLastCall(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		calls := drawCalls(t)
		before, after := int64(0), int64(0)
		leaves, kept := 0, 0
		for i := range calls {
			if !calls[i].Outer {
				before += calls[i].Usage.Input.Value()
				leaves++
			}
		}
		for _, c := range genaispan.Resolve(cloned(calls)) {
			if !c.Outer {
				after += c.Usage.Input.Value()
				kept++
			}
		}
		if after > before || leaves > 0 && kept == 0 || before > 0 && after == 0 {
			t.Fatalf("%d leaves with %d tokens became %d with %d", leaves, before, kept, after)
		}
	})
}

func TestResolvingTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		once := genaispan.Resolve(drawCalls(t))
		want := sorted(cloned(once))
		if got := sorted(genaispan.Resolve(cloned(once))); got != want {
			t.Fatalf("resolved to\n%s\nand once more to\n%s", want, got)
		}
	})
}
