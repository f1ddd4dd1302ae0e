package provider

import (
	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/jsonscan"
	"github.com/costkey/costkey-otel/semconv"
)

// The formats of Cohere, versions 1 and 2.
// Source: docs.cohere.com/reference/chat, /chat-stream, /embed, /rerank and their v1 pages. What is billed, billed_units,
// goes before tokens, which count Cohere's own additions to the prompt too.

var cohereChat = &Format{
	Operation: semconv.OperationChat,
	Suffixes:  []string{"/v2/chat", "/v1/chat"},
	Fields:    cohereFields(),
}

var cohereEmbed = &Format{
	Operation: semconv.OperationEmbeddings,
	Suffixes:  []string{"/v2/embed", "/v1/embed"},
	Fields:    cohereFields(),
}

var rerank = &Format{
	Operation: operationRerank,
	Suffixes:  []string{"/rerank"},
	Fields:    append(cohereFields(), chatUsage("usage")...),
	Account:   settleEmbeddings,
}

// operationRerank has no well-known value in the conventions.
const operationRerank = "rerank"

func cohereFields() []Field {
	fields := []Field{
		{Path: "id", Read: ReadID},
		{Path: "response_id", Read: ReadID},
		{Path: "response.response_id", Read: ReadID},
		{Path: "model", Read: ReadModel},
		{Path: "finish_reason", Read: SetReasons},
		{Path: "delta.finish_reason", Read: SetReasons},
		{Path: "type", Read: readCohereEvent},
		{Path: "event_type", Read: readCohereEvent},
	}
	for _, at := range []string{"usage", "meta", "delta.usage", "response.meta"} {
		fields = append(fields, cohereUsage(at)...)
	}
	return append(fields, generated("", "delta.message.content.text", "delta.message.content.thinking",
		"delta.message.tool_plan", "delta.message.tool_calls.function.name", "delta.message.tool_calls.function.arguments",
		"text")...)
}

func cohereUsage(at string) []Field {
	return append([]Field{{Path: at, Mode: jsonscan.Compact, Read: ReadUsage}}, under(at+".", []Field{
		{Path: "tokens.input_tokens", Read: fallback(inputOf)},
		{Path: "tokens.output_tokens", Read: fallback(outputOf)},
	})...)
}

func readCohereEvent(a *Answer, v jsonscan.Value) {
	if name := string(v.Text); name == "message-end" || name == "stream-end" {
		a.ending = true
	}
}
