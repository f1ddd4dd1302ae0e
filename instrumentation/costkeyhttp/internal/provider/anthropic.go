package provider

import (
	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/jsonscan"
	"github.com/costkey/costkey-otel/semconv"
	"github.com/costkey/costkey-otel/usage"
)

// The Messages format of Anthropic.
// Source: docs.anthropic.com/en/api/messages and /messages-streaming. input_tokens leaves both cache parts out. A stream
// tells its usage twice: message_start with the input and a placeholder for the output, message_delta with running
// totals, which replace and are never added.

var anthropicMessages = &Format{
	Operation: semconv.OperationChat,
	Suffixes:  []string{"/v1/messages"},
	Fields:    anthropicFields(),
}

// On Vertex AI the model stands in the path. Source: docs.claude.com/en/api/claude-on-vertex-ai. Other publishers' models
// answer in formats of their own, and the model "count-tokens" is none.
var vertexAnthropic = &Format{
	Operation: semconv.OperationChat, Suffixes: []string{":rawPredict"},
	ModelInPath: true, ModelBehind: "/publishers/anthropic/models/", ModelHolds: "claude",
	Fields: anthropicFields(),
}

var vertexAnthropicStream = &Format{
	Operation: semconv.OperationChat, Suffixes: []string{":streamRawPredict"},
	ModelInPath: true, ModelBehind: "/publishers/anthropic/models/", ModelHolds: "claude", Streams: true,
	Fields: anthropicFields(),
}

func anthropicFields() []Field {
	fields := []Field{
		{Path: "id", Read: ReadID},
		{Path: "model", Read: ReadModel},
		{Path: "message.id", Read: ReadID},
		{Path: "message.model", Read: ReadModel},
		{Path: "stop_reason", Read: SetReasons},
		{Path: "delta.stop_reason", Read: SetReasons},
		{Path: "type", Read: readMessagesEvent},
		{Path: "error.type", Read: readErrorClass},
		{Path: "usage", Mode: jsonscan.Compact, Read: mergeUsage},
		{Path: "message.usage", Mode: jsonscan.Compact, Read: readStartUsage},
	}
	fields = append(fields, generated("", "delta.text", "delta.thinking", "delta.partial_json", "content_block.name")...)
	for _, at := range []string{"usage", "message.usage"} {
		fields = append(fields, Field{
			Path: at + ".cache_creation.ephemeral_5m_input_tokens",
			Read: counter(func(a *Answer) *usage.Count { return &a.CacheWrite5m }),
		})
	}
	return fields
}

func readMessagesEvent(a *Answer, v jsonscan.Value) {
	if string(v.Text) == "message_stop" {
		a.ending = true
	}
}

// readStartUsage keeps the usage of message_start but for the output's placeholder.
func readStartUsage(a *Answer, v jsonscan.Value) {
	if v.Kind == jsonscan.Object {
		a.ProviderUsage = jsonscan.AppendWithout(a.ProviderUsage[:0], v.Text, "output_tokens")
	}
}

// mergeUsage lays a usage object over the one that is kept, member by member.
func mergeUsage(a *Answer, v jsonscan.Value) {
	if v.Kind == jsonscan.Object {
		a.ProviderUsage = jsonscan.Merge(a.ProviderUsage, v.Text)
	}
}
