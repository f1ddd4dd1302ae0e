package provider

import (
	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/jsonscan"
	"github.com/costkey/costkey-otel/semconv"
)

// The formats of the Google Gemini API and of Vertex AI.
// Source: ai.google.dev/api/generate-content. The prompt's count includes cached tokens; the candidates' leaves thoughts
// out. Each event of a stream tells the usage so far, so the last one counts. Zero counts are left out of the JSON. A
// stream is an event stream with alt=sse, else one array.

var geminiGenerate = &Format{
	Operation:   semconv.OperationGenerateContent,
	Suffixes:    []string{":generateContent"},
	ModelInPath: true,
	Fields:      geminiFields(),
}

var geminiStream = &Format{
	Operation:   semconv.OperationGenerateContent,
	Suffixes:    []string{":streamGenerateContent"},
	ModelInPath: true,
	Streams:     true,
	Fields:      geminiFields(),
}

var geminiEmbed = &Format{
	Operation:   semconv.OperationEmbeddings,
	Suffixes:    []string{":embedContent", ":batchEmbedContents"},
	ModelInPath: true,
	Fields:      geminiFields(),
	Account:     settleEmbeddings,
}

func geminiFields() []Field {
	fields := []Field{
		{Path: "responseId", Read: ReadID},
		{Path: "modelVersion", Read: ReadModel},
		{Path: "candidates.*.finishReason", Read: SetReasons},
		{Path: "error.status", Read: readErrorClass},
		{Path: "usageMetadata", Mode: jsonscan.Compact, Read: ReadUsage},
		{Path: "usageMetadata.totalTokenCount", Read: counter(totalOf)},
	}
	fields = append(fields, generated("candidates.*.content.parts.*.",
		"text", "functionCall.name", "inlineData.data", "executableCode.code")...)
	fields = append(fields, under("*.", fields)...)
	return append(fields, Field{Path: "*", Read: func(a *Answer, _ jsonscan.Value) { a.begin() }})
}
