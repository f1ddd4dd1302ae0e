package genaispan_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

const captures = "testdata/captures"

// captured reads one capture of a real library.
func captured(tb testing.TB, file string) ptrace.Traces {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join(captures, file))
	if err != nil {
		tb.Fatal(err)
	}
	td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(b)
	if err != nil {
		tb.Fatalf("read %s: %v", file, err)
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
