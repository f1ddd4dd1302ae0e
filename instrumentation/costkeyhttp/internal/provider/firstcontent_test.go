package provider_test

import (
	"testing"

	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/provider"
)

func TestOnlyWhatTheModelWroteIsContent(t *testing.T) {
	t.Parallel()
	const chat, responses, messages = "/v1/chat/completions", "/v1/responses", "/v1/messages"
	for _, tc := range []struct {
		name, path, event string
		content           bool
	}{
		{"OpenAI: the role alone", chat, `{"choices":[{"delta":{"role":"assistant","content":""}}]}`, false},
		{"OpenAI: no delta", chat, `{"choices":[{"delta":{},"finish_reason":"stop"}]}`, false},
		{"OpenAI: the usage alone", chat, `{"choices":[],"usage":{"prompt_tokens":1}}`, false},
		{"OpenAI: text", chat, `{"choices":[{"delta":{"content":"a"}}]}`, true},
		{"OpenAI: a refusal", chat, `{"choices":[{"delta":{"refusal":"I"}}]}`, true},
		{"OpenAI: reasoning", chat, `{"choices":[{"delta":{"reasoning_content":"a"}}]}`, true},
		{"OpenRouter: reasoning", chat, `{"choices":[{"delta":{"reasoning":"a"}}]}`, true},
		{"OpenAI: a tool's name", chat, `{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"f","arguments":""}}]}}]}`, true},
		{"OpenAI: a tool's arguments", chat, `{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{"}}]}}]}`, true},
		{"OpenAI: audio", chat, `{"choices":[{"delta":{"audio":{"data":"UklG"}}}]}`, true},
		{"Responses: the start", responses, `{"type":"response.created","response":{"id":"r"}}`, false},
		{"Responses: an item of text", responses, `{"type":"response.output_item.added","item":{"type":"message"}}`, false},
		{"Responses: a tool's name", responses, `{"type":"response.output_item.added","item":{"type":"function_call","name":"f"}}`, true},
		{"Responses: text", responses, `{"type":"response.output_text.delta","delta":"a"}`, true},
		{"Responses: arguments", responses, `{"type":"response.function_call_arguments.delta","delta":"{"}`, true},
		{"Responses: a picture", responses, `{"type":"response.image_generation_call.partial_image","partial_image_b64":"QUJD"}`, true},
		{"Anthropic: the start", messages, `{"type":"message_start","message":{"id":"m"}}`, false},
		{"Anthropic: a ping", messages, `{"type":"ping"}`, false},
		{"Anthropic: a block of text opens", messages, `{"type":"content_block_start","content_block":{"type":"text","text":""}}`, false},
		{"Anthropic: a tool's name", messages, `{"type":"content_block_start","content_block":{"type":"tool_use","name":"f"}}`, true},
		{"Anthropic: text", messages, `{"type":"content_block_delta","delta":{"type":"text_delta","text":"a"}}`, true},
		{"Anthropic: thinking", messages, `{"type":"content_block_delta","delta":{"type":"thinking_delta","thinking":"a"}}`, true},
		{"Anthropic: arguments", messages, `{"type":"content_block_delta","delta":{"type":"input_json_delta","partial_json":"{"}}`, true},
		{"Gemini: no text", "/models/g:streamGenerateContent", `{"candidates":[{"content":{"role":"model"}}],"usageMetadata":{"promptTokenCount":1}}`, false},
		{"Gemini: text", "/models/g:streamGenerateContent", `{"candidates":[{"content":{"parts":[{"text":"a"}]}}]}`, true},
		{"Gemini: a tool's name", "/models/g:streamGenerateContent", `{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f"}}]}}]}`, true},
		{"Gemini: a picture", "/models/g:streamGenerateContent", `{"candidates":[{"content":{"parts":[{"inlineData":{"data":"QUJD"}}]}}]}`, true},
		{"Bedrock: the start", "/model/m/converse-stream", `{"role":"assistant"}`, false},
		{"Bedrock: text", "/model/m/converse-stream", `{"contentBlockIndex":0,"delta":{"text":"a"}}`, true},
		{"Bedrock: a tool's name", "/model/m/converse-stream", `{"start":{"toolUse":{"name":"f"}}}`, true},
		{"Cohere: the start", "/v2/chat", `{"type":"message-start","delta":{"message":{"role":"assistant"}}}`, false},
		{"Cohere: text", "/v2/chat", `{"type":"content-delta","delta":{"message":{"content":{"text":"a"}}}}`, true},
		{"Ollama: nothing yet", "/api/chat", `{"message":{"role":"assistant","content":""},"done":false}`, false},
		{"Ollama: text", "/api/chat", `{"message":{"role":"assistant","content":"a"},"done":false}`, true},
	} {
		body := framedAs(t, provider.EventStream, tc.event)
		if got := said(t, tc.path, provider.EventStream, body, func() int { return 7 }); got.Content != tc.content {
			t.Errorf("%s is content: %v", tc.name, got.Content)
		}
	}
}
