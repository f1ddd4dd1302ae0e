package provider

import (
	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/jsonscan"
)

// OpenAI's formats of images and audio.
// Source: platform.openai.com/docs/api-reference/images, /images-streaming and /audio. A transcription tells tokens or a
// duration, speech tells nothing: its answer is the sound itself.

var openAIImages = &Format{
	OpenAI:    true,
	Operation: operationImages,
	Draws:     true, // openai-go v3.96 image.go: the events of a stream tell no details
	Suffixes:  []string{"/images/generations", "/images/edits"},
	Fields:    append(mediaFields(), generated("", "b64_json")...),
}

var openAITranscription = &Format{
	OpenAI:    true,
	Operation: "transcription",
	Suffixes:  []string{"/audio/transcriptions", "/audio/translations"},
	Fields:    append(mediaFields(), generated("", "delta")...),
}

var openAISpeech = &Format{
	OpenAI:    true,
	Operation: "speech",
	Suffixes:  []string{"/audio/speech"},
	Fields:    mediaFields(),
}

// operationImages has no well-known value in the conventions.
const operationImages = "image_generation"

func mediaFields() []Field {
	return append([]Field{
		{Path: "type", Read: readMediaEvent},
		{Path: "usage", Mode: jsonscan.Compact, Read: ReadUsage},
		{Path: "usage.seconds", Read: func(a *Answer, v jsonscan.Value) { a.Measured = v.Kind == jsonscan.Number }},
	}, openAICommon...)
}

// readMediaEvent reads the type of a stream's event.
func readMediaEvent(a *Answer, v jsonscan.Value) {
	switch string(v.Text) {
	case "image_generation.completed", "image_edit.completed", "transcript.text.done", "speech.audio.done":
		a.ending = true
	}
}
