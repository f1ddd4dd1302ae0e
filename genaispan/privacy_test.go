package genaispan_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/costkey/costkey-otel/genaispan"
)

const marker = "MARKER how is the weather in Lisbon, and what is it going to be tomorrow?"

// leaks reports whether a secret is anywhere in c.
func leaks(tb testing.TB, c *genaispan.Call, secrets ...string) bool {
	tb.Helper()
	b, err := json.Marshal(c)
	if err != nil {
		tb.Fatal(err)
	}
	for _, s := range secrets {
		if strings.Contains(string(b), s) {
			return true
		}
	}
	return false
}

func TestNoPromptOrAnswerOfACaptureIsInACall(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(captures, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	r := genaispan.NewReader(genaispan.Settings{Tags: []string{"ai.prompt", "langfuse.observation.input", "metadata", "langfuse.trace.tags"}})
	for _, file := range files {
		r.Each(captured(t, filepath.Base(file)), func(_ genaispan.Verdict, c *genaispan.Call) {
			if leaks(t, c, "PROMPT-SECRET", "ANSWER-SECRET") {
				t.Errorf("%s: a call holds text of a prompt or an answer: %+v", file, *c)
			}
		})
	}
}

// marked puts the marker into every place of td where a text can be, apart from the keys that keep returns true for.
func marked(td ptrace.Traces, keep func(key string) bool) {
	for _, rs := range td.ResourceSpans().All() {
		markAll(rs.Resource().Attributes(), func(k string) bool { return keep(k) })
		rs.Resource().Attributes().PutStr("process.command_args", marker)
		rs.SetSchemaUrl(marker)
		for _, ss := range rs.ScopeSpans().All() {
			ss.Scope().SetVersion(marker)
			ss.Scope().Attributes().PutStr("a", marker)
			for _, s := range ss.Spans().All() {
				markSpan(s, keep)
			}
		}
	}
}

func markSpan(s ptrace.Span, keep func(key string) bool) {
	markAll(s.Attributes(), keep)
	s.Attributes().PutStr("some.unknown.key", marker)
	s.Attributes().PutStr(marker, marker)
	s.SetName(marker)
	s.Status().SetMessage(marker)
	s.TraceState().FromRaw("x=" + marker)
	e := s.Events().AppendEmpty()
	e.SetName("exception")
	e.Attributes().PutStr("exception.type", marker)
	e.Attributes().PutStr("exception.message", marker)
	e = s.Events().AppendEmpty()
	e.SetName(marker)
	e.Attributes().PutStr("gen_ai.prompt", marker)
	s.Links().AppendEmpty().Attributes().PutStr("a", marker)
}

func markAll(m pcommon.Map, keep func(key string) bool) {
	for k, v := range m.All() {
		if keep(k) {
			continue
		}
		switch v.Type() {
		case pcommon.ValueTypeStr:
			v.SetStr(marker)
		case pcommon.ValueTypeSlice:
			v.SetEmptySlice().AppendEmpty().SetStr(marker)
		case pcommon.ValueTypeMap:
			v.SetEmptyMap().PutStr("a", marker)
		}
	}
}

func TestASentenceInAnyPlaceOfACaptureIsRefused(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(captures, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	read := make(map[string]bool)
	for _, k := range genaispan.Keys() {
		read[k] = true
	}
	keeps := map[string]func(string) bool{
		"keys that are not read": func(k string) bool { return read[k] },
		"every key":              func(string) bool { return false },
		"every key but the kind of span": func(k string) bool {
			return strings.HasSuffix(k, ".kind") || k == "ai.operationId" || k == "gen_ai.operation.name" || k == "gen_ai.request.model"
		},
	}
	r := genaispan.NewReader(genaispan.Settings{})
	for what, keep := range keeps {
		for _, file := range files {
			td := captured(t, filepath.Base(file))
			marked(td, keep)
			r.Each(td, func(_ genaispan.Verdict, c *genaispan.Call) {
				if leaks(t, c, "MARKER", "weather in") {
					t.Errorf("marker in %s of %s came through: %+v", what, filepath.Base(file), *c)
				}
			})
		}
	}
}

func TestASentenceUnderAnyKeyThatIsReadIsRefused(t *testing.T) {
	t.Parallel()
	r := genaispan.NewReader(genaispan.Settings{})
	jsonTexts := []string{
		marker, `["` + marker + `"]`,
		`{"openai":{"serviceTier":"` + marker + `"},"ls_provider":"` + marker + `","service_tier":"` + marker + `","total":"` + marker + `"}`,
		`{'cache_read': '` + marker + `'}`, "MARKER\x00weather in", "weather in\xff", "MARKER\nweather in",
	}
	for _, key := range genaispan.Keys() {
		for _, text := range jsonTexts {
			s := currentSpan()
			s.Attributes().PutStr(key, text)
			var c genaispan.Call
			r.Read(&genaispan.Resource{}, pcommon.NewInstrumentationScope(), "", s, &c)
			if leaks(t, &c, "weather in") {
				t.Errorf("%q under %s came through: %+v", text, key, c)
			}
		}
	}
}

func TestBodiesAreReadOnlyWhenCaptureIsOn(t *testing.T) {
	t.Parallel()
	on := genaispan.NewReader(genaispan.Settings{CaptureBody: true})
	withBody := 0
	for file := range expectations(t) {
		on.Each(captured(t, file), func(v genaispan.Verdict, c *genaispan.Call) {
			if c.RequestBody != "" && v != genaispan.ProviderCall {
				t.Errorf("%s: an outer span has a body", file)
			}
			if strings.Contains(c.RequestBody, "PROMPT-SECRET") {
				withBody++
			}
			bare := c.Clone()
			bare.RequestBody, bare.ResponseBody = "", ""
			if leaks(t, &bare, "PROMPT-SECRET", "ANSWER-SECRET") {
				t.Errorf("%s: text outside the bodies: %+v", file, bare)
			}
		})
	}
	if withBody < 40 {
		t.Errorf("%d calls have a request body, want those of all libraries that send one", withBody)
	}
}

func TestBodiesOfEachDialect(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 300<<10)
	tests := map[string]struct {
		attrs             attrs
		request, response string
	}{
		"semconv": {
			chat("", 1, 1, attrs{
				"gen_ai.system_instructions": "be terse", "gen_ai.input.messages": "[hi]", "gen_ai.output.messages": "[ho]",
				"input.value": "other",
			}), "be terse\n[hi]", "[ho]",
		},
		"OpenInference": {
			chat("", 1, 1, attrs{"llm.input_messages.0.message.content": "hi", "llm.output_messages.0.message.content": "ho"}),
			`{"0.message.content":"hi"}`, `{"0.message.content":"ho"}`,
		},
		"secrets are scrubbed": {
			chat("", 1, 1, attrs{"ai.prompt": "my key is sk-proj-abcdefghijklmnop1234 ok", "ai.response.text": "Bearer abcdefghijklmnopqrst"}),
			"my key is [secret] ok", "Bearer [secret]",
		},
		"torn text is mended": {chat("", 1, 1, attrs{"ai.prompt": "a\x00b\xffc"}), "abc", ""},
		"long text is cut":    {chat("", 1, 1, attrs{"ai.prompt": long}), long[:256<<10], ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := genaispan.NewReader(genaispan.Settings{CaptureBody: true})
			calls := readCalls(r, traces(t, testSpan{name: "chat", id: 1, attrs: test.attrs}))
			if calls[0].RequestBody != test.request || calls[0].ResponseBody != test.response {
				t.Errorf("bodies are %.80q and %.80q", calls[0].RequestBody, calls[0].ResponseBody)
			}
		})
	}
}

func TestBodiesFromEvents(t *testing.T) {
	t.Parallel()
	s := currentSpan()
	e := s.Events().AppendEmpty()
	e.SetName("gen_ai.user.message")
	e.Attributes().PutStr("content", "hi")
	e = s.Events().AppendEmpty()
	e.SetName("gen_ai.choice")
	e.Attributes().PutStr("message", "ho")
	e = s.Events().AppendEmpty()
	e.SetName("exception")
	e.Attributes().PutStr("exception.message", marker)
	var c genaispan.Call
	r := genaispan.NewReader(genaispan.Settings{CaptureBody: true})
	r.Read(&genaispan.Resource{}, pcommon.NewInstrumentationScope(), "", s, &c)
	if c.RequestBody != `{"content":"hi"}` || c.ResponseBody != `{"message":"ho"}` {
		t.Errorf("bodies are %q and %q", c.RequestBody, c.ResponseBody)
	}
}

// TestSecretsOfEveryFormAreTakenOutOfBodies tries one of each form that the one scrubber knows, whole and across the end of what
// is kept.
func TestSecretsOfEveryFormAreTakenOutOfBodies(t *testing.T) {
	t.Parallel()
	reader := genaispan.NewReader(genaispan.Settings{CaptureBody: true})
	for _, secret := range []string{
		"password=hunter2hunter2", "postgres://u:s3cr3tpw-s3cr3tpw@d", "github_pat_11ABCDEFG0abcdefghijkl_abcdefghijklmnopqrstuvwxyz0123456789",
		"glpat-abcdefghijklmnopqrst", "sk_" + "live_abcdefghijklmnopqrstuvwx", "ASIAABCDEFGHIJKLMNOP", "ya29.abcdefghijklmnopqrstuvwxyz0123456789",
		"-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----",
		"SG." + "abcdefghijklmnopqrstuv.abcdefghijklmnopqrstuvwxyz0123456789abcdefg", "ABSKQmVkcm9ja0FQSUtleS1abcdefghijklmnopqrstuvwx",
	} {
		for _, before := range []int{3, 256<<10 - len(secret)/2} {
			td := ptrace.NewTraces()
			span := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
			span.SetSpanID([8]byte{1})
			span.Attributes().PutStr("gen_ai.operation.name", "chat")
			span.Attributes().PutStr("gen_ai.request.model", "gpt-4o")
			span.Attributes().PutStr("gen_ai.input.messages", strings.Repeat("x ", before/2)+secret+" and more")
			reader.Each(td, func(_ genaispan.Verdict, c *genaispan.Call) {
				if part := secret[len(secret)/2-1 : len(secret)/2+4]; strings.Contains(c.RequestBody, part) {
					t.Errorf("%d bytes before it, %q is in the body", before, secret)
				}
				if len(c.RequestBody) > 256<<10 {
					t.Errorf("a body of %d bytes", len(c.RequestBody))
				}
			})
		}
	}
}
