package genaispan_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/costkey/costkey-otel/genaispan"
	"github.com/costkey/costkey-otel/usage"
)

var update = flag.Bool("update", false, "write the expected.json files anew")

// view is a call as the golden files show it: unknown counts left out, known ones as they are.
type view struct {
	Span     string                     `json:"span"`
	Verdict  string                     `json:"verdict"`
	Resolved string                     `json:"resolved,omitempty"`
	Texts    map[string]string          `json:"texts,omitempty"`
	Counts   map[string]int64           `json:"counts,omitempty"`
	Flags    []string                   `json:"flags,omitempty"`
	CallPath []string                   `json:"call_path,omitempty"`
	Tags     map[string]json.RawMessage `json:"tags,omitempty"`
	Notes    []string                   `json:"notes,omitempty"`
}

var verdicts = map[genaispan.Verdict]string{
	genaispan.NotGenAI: "not GenAI", genaispan.OuterSpan: "outer", genaispan.ProviderCall: "call",
}

func viewOf(v genaispan.Verdict, c *genaispan.Call) view {
	out := view{Span: hex.EncodeToString(c.SpanID[:]), Verdict: verdicts[v], CallPath: c.CallPath, Notes: c.Notes}
	out.Texts = map[string]string{}
	for k, s := range map[string]string{
		"service": c.ServiceName, "version": c.ServiceVersion, "scope": c.ScopeName, "provider": c.Provider,
		"operation": c.Operation, "request_model": c.RequestModel, "response_model": c.ResponseModel,
		"response_id": c.ResponseID, "request_id": c.RequestID, "tier": c.ServiceTier, "host": c.Host,
		"finish": c.FinishReason, "reported_cost": c.ReportedCost, "provider_usage": c.ProviderUsage,
		"error": c.ErrorType, "function": c.FunctionName, "file": c.FilePath, "session": c.SessionID, "user": c.UserID,
	} {
		if s != "" {
			out.Texts[k] = s
		}
	}
	out.Counts = countsOf(&c.Usage)
	for k, n := range map[string]int64{"ttft_nanos": c.TTFTNanos, "http": int64(c.HTTPStatus), "line": int64(c.LineNumber)} {
		if n != 0 {
			out.Counts[k] = n
		}
	}
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"streaming", c.Streaming},
		{"client", c.Client},
		{"refused", c.Refused()},
		{"no_connection", c.NoConnection},
		{"inner", c.Inner},
		{"enclosing", c.Enclosing},
	} {
		if f.set {
			out.Flags = append(out.Flags, f.name)
		}
	}
	if len(c.Tags) > 0 {
		out.Tags = map[string]json.RawMessage{}
		for _, t := range c.Tags {
			out.Tags[t.Key] = json.RawMessage(t.Value)
		}
	}
	return out
}

func countsOf(u *usage.Usage) map[string]int64 {
	out := map[string]int64{}
	for k, c := range map[string]usage.Count{
		"input": u.Input, "cache_read": u.CacheRead, "cache_write": u.CacheWrite, "cache_write_1h": u.CacheWrite1h,
		"output": u.Output, "reasoning": u.Reasoning, "audio_input": u.AudioInput, "audio_output": u.AudioOutput,
		"image_input": u.ImageInput, "image_output": u.ImageOutput, "video_input": u.VideoInput,
		"cached_audio_input": u.CachedAudioInput, "cached_image_input": u.CachedImageInput, "web_searches": u.WebSearches,
	} {
		if c.IsKnown() {
			out[k] = c.Value()
		}
	}
	return out
}

func TestGoldenSpansOfEachDialect(t *testing.T) {
	t.Parallel()
	inputs, err := filepath.Glob("testdata/golden/*/input.json")
	if err != nil || len(inputs) == 0 {
		t.Fatalf("found %d cases: %v", len(inputs), err)
	}
	for _, input := range inputs {
		dir := filepath.Dir(input)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			got := renderGolden(t, input)
			file := filepath.Join(dir, "expected.json")
			if *update {
				if err := os.WriteFile(file, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s read as\n%s\nwant\n%s\nrun with -update if this is right", input, got, want)
			}
		})
	}
}

// renderGolden reads the spans of a file and shows what came out, beside what resolving made of it where it changed.
func renderGolden(t *testing.T, input string) []byte {
	t.Helper()
	td := tracesOf(t, input)
	var views []view
	r := genaispan.NewReader(genaispan.Settings{})
	r.Each(td, func(v genaispan.Verdict, c *genaispan.Call) {
		clone := c.Clone()
		views = append(views, viewOf(v, &clone))
	})
	resolved := map[string]bool{}
	for _, c := range readCalls(r, td) {
		resolved[hex.EncodeToString(c.SpanID[:])] = true
	}
	for i := range views {
		if views[i].Verdict == "call" && !resolved[views[i].Span] {
			views[i].Resolved = "another span stands for it"
		}
	}
	out, err := json.MarshalIndent(views, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(out, '\n')
}
