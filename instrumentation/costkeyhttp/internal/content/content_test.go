package content_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/content"
	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/sse"
)

const limit = 1000

func bodyOf(text string, limit int) *content.Body {
	var b content.Body
	b.Init(limit)
	for len(text) > 0 { // in pieces
		n := min(7, len(text))
		b.Write([]byte(text[:n]))
		text = text[n:]
	}
	return &b
}

func TestRequestsOfEachFamilyBecomeMessages(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, system, input string }{
		"OpenAI chat": {
			`{"model":"m","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":[{"type":"text","text":"<Hi>"}]},
			{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},
			{"role":"tool","tool_call_id":"c1","content":"rain"}]}`,
			"",
			`[{"role":"system","parts":[{"type":"text","content":"Be brief."}]},{"role":"user","parts":[{"type":"text","content":"<Hi>"}]},` +
				`{"role":"assistant","parts":[{"type":"tool_call","id":"c1","name":"f","arguments":{"a":1}}]},` +
				`{"role":"tool","parts":[{"type":"tool_call_response","id":"c1","response":"rain"}]}]`,
		},
		"OpenAI responses": {
			`{"instructions":"Be brief.","input":"Hi"}`,
			`[{"type":"text","content":"Be brief."}]`, `[{"role":"user","parts":[{"type":"text","content":"Hi"}]}]`,
		},
		"Anthropic": {
			`{"system":[{"type":"text","text":"S"}],"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"ok"}]}]}`,
			`[{"type":"text","content":"S"}]`, `[{"role":"user","parts":[{"type":"tool_call_response","id":"t","response":"ok"}]}]`,
		},
		"Gemini": {
			`{"systemInstruction":{"parts":[{"text":"S"}]},"contents":[{"role":"model","parts":[{"functionCall":{"name":"f","args":{"a":1}}}]},{"parts":[{"text":"Hi"}]}]}`,
			`[{"type":"text","content":"S"}]`,
			`[{"role":"assistant","parts":[{"type":"tool_call","name":"f","arguments":{"a":1}}]},{"role":"user","parts":[{"type":"text","content":"Hi"}]}]`,
		},
		"Bedrock Converse": {
			`{"system":[{"text":"S"}],"messages":[{"role":"user","content":[{"toolResult":{"toolUseId":"t","content":[{"text":"ok"}]}},{"text":"Hi"}]}]}`,
			`[{"type":"text","content":"S"}]`,
			`[{"role":"user","parts":[{"type":"tool_call_response","id":"t","response":[{"text":"ok"}]},{"type":"text","content":"Hi"}]}]`,
		},
		"Cohere, version 1": {`{"model":"command-r","message":"Hi"}`, "", `[{"role":"user","parts":[{"type":"text","content":"Hi"}]}]`},
		"embeddings":        {`{"input":["a","b"]}`, "", `[{"role":"user","parts":[{"type":"text","content":"a"}]},{"role":"user","parts":[{"type":"text","content":"b"}]}]`},
		"an unknown shape":  {`{"query":"Hi"}`, "", `{"query":"Hi"}`},
		"broken JSON":       {`{"query":`, "", `{"query":`},
		"no JSON":           {"--form\r\nbinary", "", ""},
		"nothing":           {"", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			system, input := content.Request(bodyOf(c.in, limit))
			if system != c.system || input != c.input {
				t.Errorf("system %s\ninput %s", system, input)
			}
		})
	}
}

func TestAnswersOfEachFamilyBecomeMessages(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want string }{
		"OpenAI chat": {
			`{"choices":[{"message":{"role":"assistant","content":"Hi","refusal":null},"finish_reason":"stop"}]}`,
			`[{"role":"assistant","parts":[{"type":"text","content":"Hi"}],"finish_reason":"stop"}]`,
		},
		"OpenAI completions": {`{"choices":[{"text":"Hi"}]}`, `[{"role":"assistant","parts":[{"type":"text","content":"Hi"}]}]`},
		"OpenAI responses": {
			`{"output":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Hi"}]},{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}]}`,
			`[{"role":"assistant","parts":[{"type":"text","content":"Hi"}]},{"role":"assistant","parts":[{"type":"tool_call","id":"c","name":"f","arguments":{}}]}]`,
		},
		"Anthropic": {
			`{"role":"assistant","content":[{"type":"thinking","thinking":"hm"},{"type":"tool_use","id":"t","name":"f","input":{"a":1}}],"stop_reason":"tool_use"}`,
			`[{"role":"assistant","parts":[{"type":"reasoning","content":"hm"},{"type":"tool_call","id":"t","name":"f","arguments":{"a":1}}],"finish_reason":"tool_use"}]`,
		},
		"Gemini": {
			`{"candidates":[{"content":{"role":"model","parts":[{"text":"Hi"}]},"finishReason":"STOP"}]}`,
			`[{"role":"assistant","parts":[{"type":"text","content":"Hi"}],"finish_reason":"STOP"}]`,
		},
		"Bedrock Converse": {
			`{"output":{"message":{"role":"assistant","content":[{"text":"Hi"},{"toolUse":{"toolUseId":"t","name":"f","input":{"a":1}}}]}},"stopReason":"tool_use"}`,
			`[{"role":"assistant","parts":[{"type":"text","content":"Hi"},{"type":"tool_call","id":"t","name":"f","arguments":{"a":1}}],"finish_reason":"tool_use"}]`,
		},
		"Bedrock, Llama":   {`{"generation":"Hi","stop_reason":"stop"}`, `[{"role":"assistant","parts":[{"type":"text","content":"Hi"}],"finish_reason":"stop"}]`},
		"Ollama chat":      {`{"message":{"role":"assistant","content":"Hi"},"done":true,"done_reason":"stop"}`, `[{"role":"assistant","parts":[{"type":"text","content":"Hi"}],"finish_reason":"stop"}]`},
		"Ollama generate":  {`{"response":"Hi","done":true,"done_reason":"stop"}`, `[{"role":"assistant","parts":[{"type":"text","content":"Hi"}],"finish_reason":"stop"}]`},
		"Cohere":           {`{"finish_reason":"COMPLETE","message":{"role":"assistant","content":[{"type":"text","text":"Hi"}]}}`, `[{"role":"assistant","parts":[{"type":"text","content":"Hi"}],"finish_reason":"COMPLETE"}]`},
		"a transcription":  {`{"text":"Hi"}`, `[{"role":"assistant","parts":[{"type":"text","content":"Hi"}]}]`},
		"an unknown shape": {`{"results":[1]}`, `{"results":[1]}`},
		"no JSON":          {"\x89PNG", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := content.Answer(bodyOf(c.in, limit)); got != c.want {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestStreamsArePutTogether(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want string }{
		"OpenAI chat": {
			event(`{"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}`) + event(`{"choices":[{"index":0,"delta":{"content":"Hé"}}]}`) +
				event(`{"choices":[{"index":0,"delta":{"content":"llo"}}]}`) + event(`{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{\"a\""}}]}}]}`) +
				event(`{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]},"finish_reason":"tool_calls"}]}`) + event("[DONE]"),
			`[{"role":"assistant","parts":[{"type":"text","content":"Héllo"},{"type":"tool_call","id":"c","name":"f","arguments":{"a":1}}],"finish_reason":"tool_calls"}]`,
		},
		"Anthropic": {
			event(`{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`) +
				event(`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}`) +
				event(`{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}}`) +
				event(`{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{}"}}`) +
				event(`{"type":"message_delta","delta":{"stop_reason":"tool_use"}}`),
			`[{"role":"assistant","parts":[{"type":"text","content":"Hi"},{"type":"tool_call","id":"t","name":"f","arguments":{}}],"finish_reason":"tool_use"}]`,
		},
		"OpenAI responses": {
			event(`{"type":"response.output_text.delta","output_index":0,"delta":"H"}`) + event(`{"type":"response.output_text.delta","output_index":0,"delta":"i"}`) +
				event(`{"type":"response.output_text.done","text":"Hi"}`),
			`[{"role":"assistant","parts":[{"type":"text","content":"Hi"}]}]`,
		},
		"Gemini, cut off behind the last event": {
			event(`{"candidates":[{"content":{"parts":[{"text":"H"}]}}]}`) + `data: {"candidates":[{"content":{"parts":[{"text":"i"}]},"finishReason":"STOP"}]}`,
			`[{"role":"assistant","parts":[{"type":"text","content":"Hi"}],"finish_reason":"STOP"}]`,
		},
		"Bedrock Converse": {
			event(`{"role":"assistant","p":"abc"}`) + event(`{"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"hm"}},"p":"a"}`) +
				event(`{"contentBlockIndex":1,"delta":{"text":"H"},"p":"ab"}`) + event(`{"contentBlockIndex":1,"delta":{"text":"i"}}`) +
				event(`{"contentBlockIndex":2,"start":{"toolUse":{"toolUseId":"t","name":"f"}}}`) +
				event(`{"contentBlockIndex":2,"delta":{"toolUse":{"input":"{\"a\""}}}`) + event(`{"contentBlockIndex":2,"delta":{"toolUse":{"input":":1}"}}}`) +
				event(`{"stopReason":"tool_use"}`) + event(`{"usage":{"inputTokens":1}}`),
			`[{"role":"assistant","parts":[{"type":"reasoning","content":"hm"},{"type":"text","content":"Hi"},{"type":"tool_call","id":"t","name":"f","arguments":{"a":1}}],"finish_reason":"tool_use"}]`,
		},
		"Bedrock, Nova": {
			event(`{"messageStart":{"role":"assistant"}}`) + event(`{"contentBlockStart":{"contentBlockIndex":0,"start":{"toolUse":{"toolUseId":"t","name":"f"}}}}`) +
				event(`{"contentBlockDelta":{"delta":{"toolUse":{"input":"{}"}},"contentBlockIndex":0}}`) +
				event(`{"contentBlockDelta":{"delta":{"text":"Hi"},"contentBlockIndex":1}}`) + event(`{"messageStop":{"stopReason":"end_turn"}}`),
			`[{"role":"assistant","parts":[{"type":"tool_call","id":"t","name":"f","arguments":{}},{"type":"text","content":"Hi"}],"finish_reason":"end_turn"}]`,
		},
		"Bedrock, Llama": {
			event(`{"generation":"H","stop_reason":null}`) + event(`{"generation":"i","stop_reason":null}`) + event(`{"generation":"","stop_reason":"stop"}`),
			`[{"role":"assistant","parts":[{"type":"text","content":"Hi"}],"finish_reason":"stop"}]`,
		},
		"Ollama chat": {
			event(`{"message":{"role":"assistant","content":"","thinking":"hm"},"done":false}`) + event(`{"message":{"role":"assistant","content":"H"},"done":false}`) +
				event(`{"message":{"role":"assistant","content":"i","tool_calls":[{"function":{"name":"f","arguments":{"a":1}}}]},"done":false}`) +
				event(`{"message":{"role":"assistant","content":""},"done":true,"done_reason":"stop"}`),
			`[{"role":"assistant","parts":[{"type":"reasoning","content":"hm"},{"type":"text","content":"Hi"},{"type":"tool_call","name":"f","arguments":{"a":1}}],"finish_reason":"stop"}]`,
		},
		"Ollama generate": {
			event(`{"response":"H","done":false}`) + event(`{"response":"i","done":true,"done_reason":"length"}`),
			`[{"role":"assistant","parts":[{"type":"text","content":"Hi"}],"finish_reason":"length"}]`,
		},
		"Cohere, version 1": {
			event(`{"is_finished":false,"event_type":"text-generation","text":"Hi"}`) +
				event(`{"is_finished":true,"event_type":"stream-end","response":{"text":"Hi"},"finish_reason":"COMPLETE"}`),
			`[{"role":"assistant","parts":[{"type":"text","content":"Hi"}],"finish_reason":"COMPLETE"}]`,
		},
		"Cohere, version 2": {
			event(`{"type":"message-start","delta":{"message":{"role":"assistant","content":[]}}}`) +
				event(`{"type":"tool-plan-delta","delta":{"message":{"tool_plan":"hm"}}}`) +
				event(`{"type":"tool-call-start","index":0,"delta":{"message":{"tool_calls":{"id":"t","type":"function","function":{"name":"f","arguments":""}}}}}`) +
				event(`{"type":"tool-call-delta","index":0,"delta":{"message":{"tool_calls":{"function":{"arguments":"{}"}}}}}`) +
				event(`{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"Hi"}}}}`) +
				event(`{"type":"message-end","delta":{"finish_reason":"COMPLETE"}}`),
			`[{"role":"assistant","parts":[{"type":"reasoning","content":"hm"},{"type":"tool_call","id":"t","name":"f","arguments":{}},{"type":"text","content":"Hi"}],"finish_reason":"COMPLETE"}]`,
		},
		"no content": {event(`{"type":"ping"}`) + event("not json"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var s content.Stream
			var events sse.Splitter
			s.Init(limit)
			for i := range len(c.in) {
				events.Write([]byte(c.in[i:i+1]), &s)
			}
			events.Flush(&s)
			if got := s.Messages(); got != c.want {
				t.Errorf("got %s", got)
			}
		})
	}
}

func event(data string) string { return "data: " + data + "\n\n" }

func TestALongStreamHoldsItsBeginningOnly(t *testing.T) {
	t.Parallel()
	var s content.Stream
	s.Init(limit)
	for range 10_000 {
		s.Data([]byte(`{"choices":[{"delta":{"content":"wörd "}}]}`))
		s.EndEvent()
	}
	got := content.Clean(s.Messages(), limit)
	if len(got) > limit+len("…[cut]") || !strings.HasSuffix(got, "…[cut]") || !utf8.ValidString(got) {
		t.Errorf("%d bytes: %s", len(got), got)
	}
}

func TestABodyBeyondTheLimitIsItsTextCutAtARune(t *testing.T) {
	t.Parallel()
	in := `{"messages":"` + strings.Repeat("ö", 5000) + `"}`
	_, input := content.Request(bodyOf(in, limit))
	got := content.Clean(input, limit)
	if want := in[:limit-1] + "…[cut]"; got != want {
		t.Errorf("got %d bytes ending %q", len(got), got[len(got)-20:])
	}
}

func TestASecretAcrossTheLimitIsScrubbed(t *testing.T) {
	t.Parallel()
	in := `{"q":"` + strings.Repeat("x", limit-20) + ` sk-` + strings.Repeat("a1", 100) + strings.Repeat(" y", 5000) + `"}`
	_, input := content.Request(bodyOf(in, limit))
	if got := content.Clean(input, limit); strings.Contains(got, "sk-") {
		t.Errorf("got …%s", got[len(got)-40:])
	}
}

func TestWhatWasMadeIsJSON(t *testing.T) {
	t.Parallel()
	_, input := content.Request(bodyOf(`{"messages":[{"role":"user","content":"key sk-aaaaaaaaaaaaaaaaaaaa\n"}]}`, limit))
	if got := content.Clean(input, limit); !json.Valid([]byte(got)) || !strings.Contains(got, "key [secret]") {
		t.Errorf("got %s", got)
	}
}
