package provider

import (
	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/jsonscan"
	"github.com/costkey/costkey-otel/semconv"
)

// The formats of Ollama's own API.
// Source: github.com/ollama/ollama/blob/main/docs/api.md. A stream is one document per line, and is what one gets unless
// the request says no; its last line holds the counts. Those stand beside the texts: there is no usage object to keep.

var ollamaChat = &Format{
	Operation: semconv.OperationChat,
	Suffixes:  []string{"/api/chat"},
	Fields:    ollamaFields(),
}

var ollamaGenerate = &Format{
	Operation: semconv.OperationTextCompletion,
	Suffixes:  []string{"/api/generate"},
	Fields:    ollamaFields(),
}

var ollamaEmbed = &Format{
	Operation: semconv.OperationEmbeddings,
	Suffixes:  []string{"/api/embed"},
	Fields:    ollamaFields(),
}

func ollamaFields() []Field {
	return append([]Field{
		{Path: "model", Read: ReadModel, Name: NameModel},
		{Path: "prompt_eval_count", Read: counter(inputOf)},
		{Path: "eval_count", Read: counter(outputOf)},
		{Path: "done_reason", Read: SetReasons},
		{Path: "done", Read: func(a *Answer, v jsonscan.Value) { a.ending = v.Kind == jsonscan.True }},
	}, generated("", "message.content", "message.thinking", "message.tool_calls.*.function.name",
		"response", "thinking")...)
}
