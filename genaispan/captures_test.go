package genaispan_test

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/costkey/costkey-otel/genaispan"
	"github.com/costkey/costkey-otel/usage"
)

const captures = "testdata/captures"

// captured reads one capture of a real library.
func captured(tb testing.TB, file string) ptrace.Traces {
	tb.Helper()
	return tracesOf(tb, filepath.Join(captures, file))
}

// tracesOf reads a file of OTLP in JSON.
func tracesOf(tb testing.TB, path string) ptrace.Traces {
	tb.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(b)
	if err != nil {
		tb.Fatalf("read %s: %v", path, err)
	}
	return td
}

// capturedSpan returns the first span of a capture whose name has part in it.
func capturedSpan(tb testing.TB, file, part string) ptrace.Span {
	tb.Helper()
	for _, rs := range captured(tb, file).ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				if strings.Contains(s.Name(), part) {
					return s
				}
			}
		}
	}
	tb.Fatalf("no span named %q in %s", part, file)
	return ptrace.Span{}
}

// readCalls reads all spans of td, and resolves them.
func readCalls(r *genaispan.Reader, td ptrace.Traces) []genaispan.Call {
	var calls []genaispan.Call
	var others []genaispan.Node
	r.Each(td, func(v genaispan.Verdict, c *genaispan.Call) {
		if v == genaispan.NotGenAI {
			others = append(others, genaispan.Node{TraceID: c.TraceID, SpanID: c.SpanID, ParentSpanID: c.ParentSpanID})
			return
		}
		calls = append(calls, c.Clone())
	})
	return slices.DeleteFunc(genaispan.Resolve(calls, others...), func(c genaispan.Call) bool { return c.Outer })
}

// seen is what EXPECTED.tsv says that a careful reader learns from a capture; "" is unknown.
type seen struct {
	provider, models                                   string
	calls, input, cacheRead, cacheWrite, output, think string
}

func expectations(tb testing.TB) map[string]seen {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join(captures, "EXPECTED.tsv"))
	if err != nil {
		tb.Fatal(err)
	}
	out := make(map[string]seen)
	for _, line := range strings.Split(strings.TrimSpace(string(b)), "\n")[1:] {
		c := strings.Split(line, "\t")
		for len(c) < 17 {
			c = append(c, "")
		}
		out[c[0]] = seen{c[2], c[3], c[11], c[12], c[13], c[14], c[15], c[16]}
	}
	return out
}

func TestEveryCaptureComesOutAsACarefulReaderSeesIt(t *testing.T) {
	t.Parallel()
	want := expectations(t)
	files, err := filepath.Glob(filepath.Join(captures, "*.json"))
	if err != nil || len(files) != len(want) {
		t.Fatalf("%d captures for %d expectations, %v", len(files), len(want), err)
	}
	for file, w := range want {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			calls := readCalls(genaispan.NewReader(genaispan.Settings{}), captured(t, file))
			if got := summed(calls, w); got != w {
				t.Errorf("calls came out as\n%+v, want\n%+v\n%+v", got, w, calls)
			}
		})
	}
}

// summed adds up the answered calls in the terms of w.
func summed(calls []genaispan.Call, w seen) seen {
	var n int
	var u usage.Usage
	got := seen{provider: w.provider, models: w.models}
	for i := range calls {
		c := &calls[i]
		// Some libraries have the answered model alone: the asked one with its date.
		if dated := strings.HasPrefix(c.RequestModel, w.models+"-20"); c.RequestModel != w.models && !dated {
			got.models = c.RequestModel
		}
		if c.Provider != w.provider && c.Provider != "gcp.gen_ai" {
			got.provider = c.Provider
		}
		if c.ErrorType != "" {
			continue
		}
		n++
		u.Input = u.Input.Add(c.Usage.Input)
		u.CacheRead = u.CacheRead.Add(c.Usage.CacheRead)
		u.CacheWrite = u.CacheWrite.Add(c.Usage.CacheWrite)
		u.Output = u.Output.Add(c.Usage.Output)
		u.Reasoning = u.Reasoning.Add(c.Usage.Reasoning)
	}
	say := func(c usage.Count) string {
		if !c.IsKnown() && n > 0 {
			return ""
		}
		return strconv.FormatInt(c.Value(), 10)
	}
	got.calls = strconv.Itoa(n)
	got.input, got.cacheRead, got.cacheWrite = say(u.Input), say(u.CacheRead), say(u.CacheWrite)
	got.output, got.think = say(u.Output), say(u.Reasoning)
	return got
}
