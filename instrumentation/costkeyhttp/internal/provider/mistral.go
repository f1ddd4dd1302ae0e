package provider

import (
	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/jsonscan"
	"github.com/costkey/costkey-otel/semconv"
)

// The formats that Mistral has beside OpenAI's.
// Source: docs.mistral.ai/api, conversations and ocr.

// A conversation is begun at its path's end, and gone on with below it. A stream ends with its usage.
var mistralConversations = &Format{
	Operation: semconv.OperationChat, Provider: mistral,
	Suffixes: []string{"/conversations"}, Within: "/conversations/",
	Fields: append([]Field{
		{Path: "conversation_id", Read: ReadID},
		{Path: "outputs.*.model", Read: ReadModel},
		{Path: "model", Read: ReadModel, Name: NameModel},
		{Path: "type", Read: func(a *Answer, v jsonscan.Value) { a.ending = string(v.Text) == "conversation.response.done" }},
		{Path: "error.type", Read: readErrorClass},
		{Path: "usage", Mode: jsonscan.Compact, Read: ReadUsage},
	}, generated("", "content", "arguments")...),
}

// Documents are billed by page, which the usage object tells.
var mistralOCR = &Format{
	Operation: "ocr", Provider: mistral, Suffixes: []string{"/ocr"},
	Fields: []Field{
		{Path: "model", Read: ReadModel},
		{Path: "usage_info", Mode: jsonscan.Compact, Read: ReadUsage},
		{Path: "usage_info.pages_processed", Read: func(a *Answer, v jsonscan.Value) { a.Measured = v.Kind == jsonscan.Number }},
	},
}
