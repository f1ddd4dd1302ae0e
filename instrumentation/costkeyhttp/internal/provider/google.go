package provider

import (
	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/jsonscan"
	"github.com/costkey/costkey-otel/semconv"
)

// Google's formats beside Gemini's: predictions and interactions.

// On Vertex AI embeddings of text are predictions, each with its own count.
// Source: cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api; genai v1.77, models.go.
var vertexEmbed = &Format{
	Operation: semconv.OperationEmbeddings, Suffixes: []string{":predict"},
	ModelInPath: true, ModelBehind: "/publishers/google/models/", ModelHolds: "embedding",
	Fields: []Field{
		{Path: "predictions.*.embeddings.statistics.token_count", Read: addInput},
		{Path: "error.status", Read: readErrorClass},
	},
}

// addInput adds the count of one more text to the input.
func addInput(a *Answer, v jsonscan.Value) { a.Usage.Input = a.Usage.Input.Add(CountOf(v)) }

// An image of Imagen's is billed by piece: its answer has no usage.
// Source: ai.google.dev/gemini-api/docs/imagen, cloud.google.com/vertex-ai/generative-ai/docs/model-reference/imagen-api.
var imagen = &Format{
	Operation: operationImages, Suffixes: []string{":predict"},
	ModelInPath: true, ModelBehind: "/models/", ModelHolds: "imagen",
	Fields: []Field{{Path: "error.status", Read: readErrorClass}},
}

// An interaction stands at the top of a plain answer, and below "interaction" in the events that carry its state.
// Source: ai.google.dev/gemini-api/docs/interactions; genai v1.77, interactions/models/interactions.
var interactions = &Format{
	Operation: semconv.OperationGenerateContent,
	Suffixes:  []string{"/interactions"},
	Fields:    interactionFields(),
}

func interactionFields() []Field {
	state := []Field{
		{Path: "id", Read: ReadID},
		{Path: "model", Read: ReadModel},
		{Path: "service_tier", Read: ReadTier},
		{Path: "status", Read: readInteractionStatus},
		{Path: "usage", Mode: jsonscan.Compact, Read: ReadUsage},
	}
	fields := append(under("interaction.", state), state...)
	fields = append(fields,
		Field{Path: "metadata.total_usage", Mode: jsonscan.Compact, Read: ReadUsage},
		Field{Path: "event_type", Read: func(a *Answer, v jsonscan.Value) { a.ending = string(v.Text) == "interaction.completed" }},
		Field{Path: "error.code", Read: ReadErrorCode},
		Field{Path: "error.status", Read: readErrorClass},
	)
	return append(fields, generated("delta.", "text", "data", "arguments", "content.text")...)
}

// readInteractionStatus reads how an interaction ended.
func readInteractionStatus(a *Answer, v jsonscan.Value) {
	if status := string(v.Text); status != "in_progress" && status != "queued" {
		SetReasons(a, v)
	}
}
