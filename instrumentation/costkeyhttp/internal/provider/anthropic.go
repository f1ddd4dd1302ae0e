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
	Account:   settleAnthropic,
}

// On Vertex AI the model stands in the path. Source: docs.claude.com/en/api/claude-on-vertex-ai. Other publishers' models
// answer in formats of their own, and the model "count-tokens" is none.
var vertexAnthropic = &Format{
	Operation: semconv.OperationChat, Suffixes: []string{":rawPredict"},
	ModelInPath: true, ModelBehind: "/publishers/anthropic/models/", ModelHolds: "claude",
	Fields: anthropicFields(), Account: settleAnthropic,
}

var vertexAnthropicStream = &Format{
	Operation: semconv.OperationChat, Suffixes: []string{":streamRawPredict"},
	ModelInPath: true, ModelBehind: "/publishers/anthropic/models/", ModelHolds: "claude", Streams: true,
	Fields: anthropicFields(), Account: settleAnthropic,
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
		// In message_start this is a placeholder: it is read from the other place only.
		{Path: "usage.output_tokens", Read: counter(func(a *Answer) *usage.Count { return &a.Usage.Output })},
		{Path: "usage.output_tokens_details.thinking_tokens", Read: counter(func(a *Answer) *usage.Count { return &a.Usage.Reasoning })},
	}
	fields = append(fields, generated("", "delta.text", "delta.thinking", "delta.partial_json", "content_block.name")...)
	shared := []Field{
		{Path: "input_tokens", Read: counter(func(a *Answer) *usage.Count { return &a.Usage.Input })},
		{Path: "cache_read_input_tokens", Read: counter(func(a *Answer) *usage.Count { return &a.Usage.CacheRead })},
		{Path: "cache_creation_input_tokens", Read: counter(func(a *Answer) *usage.Count { return &a.Usage.CacheWrite })},
		{Path: "cache_creation.ephemeral_5m_input_tokens", Read: counter(func(a *Answer) *usage.Count { return &a.CacheWrite5m })},
		{Path: "cache_creation.ephemeral_1h_input_tokens", Read: counter(func(a *Answer) *usage.Count { return &a.Usage.CacheWrite1h })},
		{Path: "server_tool_use.web_search_requests", Read: counter(func(a *Answer) *usage.Count { return &a.Usage.WebSearches })},
		{Path: "service_tier", Read: ReadTier},
	}
	return append(fields, append(under("usage.", shared), under("message.usage.", shared)...)...)
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

// settleAnthropic puts the cache parts into the input.
func settleAnthropic(a *Answer) {
	u := &a.Usage
	if split := a.CacheWrite5m.Add(u.CacheWrite1h); split.Value() > u.CacheWrite.Value() {
		u.CacheWrite = split
	}
	if u.Input.IsKnown() {
		u.Input = u.Input.Add(u.CacheRead).Add(u.CacheWrite)
	}
}
