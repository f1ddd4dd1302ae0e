package provider

import (
	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/jsonscan"
	"github.com/costkey/costkey-otel/semconv"
	"github.com/costkey/costkey-otel/usage"
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
	Account:     settleGemini,
}

var geminiStream = &Format{
	Operation:   semconv.OperationGenerateContent,
	Suffixes:    []string{":streamGenerateContent"},
	ModelInPath: true,
	Streams:     true,
	Fields:      geminiFields(),
	Account:     settleGemini,
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
		{Path: "usageMetadata.promptTokenCount", Read: counter(func(a *Answer) *usage.Count { return &a.Usage.Input })},
		{Path: "usageMetadata.cachedContentTokenCount", Read: counter(func(a *Answer) *usage.Count { return &a.Usage.CacheRead })},
		{Path: "usageMetadata.candidatesTokenCount", Read: counter(func(a *Answer) *usage.Count { return &a.Usage.Output })},
		{Path: "usageMetadata.thoughtsTokenCount", Read: counter(func(a *Answer) *usage.Count { return &a.counts.thoughts })},
		{Path: "usageMetadata.toolUsePromptTokenCount", Read: counter(func(a *Answer) *usage.Count { return &a.counts.toolPrompt })},
		{Path: "usageMetadata.totalTokenCount", Read: counter(func(a *Answer) *usage.Count { return &a.counts.total })},
		{Path: "usageMetadata.serviceTier", Read: ReadTier},
		{Path: "usageMetadata.trafficType", Read: ReadTier},
	}
	fields = append(fields, generated("candidates.*.content.parts.*.",
		"text", "functionCall.name", "inlineData.data", "executableCode.code")...)
	fields = append(fields, modalities("usageMetadata.promptTokensDetails.*", func(a *Answer) modalityCounts {
		return modalityCounts{audio: &a.Usage.AudioInput, image: &a.Usage.ImageInput, video: &a.Usage.VideoInput}
	})...)
	fields = append(fields, modalities("usageMetadata.cacheTokensDetails.*", func(a *Answer) modalityCounts {
		return modalityCounts{audio: &a.Usage.CachedAudioInput, image: &a.Usage.CachedImageInput}
	})...)
	fields = append(fields, modalities("usageMetadata.candidatesTokensDetails.*", func(a *Answer) modalityCounts {
		return modalityCounts{audio: &a.Usage.AudioOutput, image: &a.Usage.ImageOutput, video: &a.Usage.VideoOutput}
	})...)
	fields = append(fields, under("*.", fields)...)
	return append(fields, Field{Path: "*", Read: func(a *Answer, _ jsonscan.Value) { a.begin() }})
}

// modality is one entry of a breakdown by modality, whose two members come in any order.
type modality struct {
	name   string
	tokens usage.Count
}

// modalityCounts are the places for a breakdown's counts; a nil one is not kept.
type modalityCounts struct{ audio, image, video *usage.Count }

func (m modalityCounts) at(name string) *usage.Count {
	switch name {
	case "AUDIO":
		return m.audio
	case "IMAGE":
		return m.image
	case "VIDEO":
		return m.video
	}
	return nil
}

// modalities are the places of a breakdown's entries.
func modalities(path string, places func(*Answer) modalityCounts) []Field {
	pairUp := func(a *Answer) {
		if to := places(a).at(a.pair.name); to != nil && a.pair.tokens.IsKnown() {
			*to = a.pair.tokens
		}
	}
	return []Field{
		{Path: path, Read: func(a *Answer, _ jsonscan.Value) { a.pair = modality{} }},
		{Path: path + ".modality", Read: func(a *Answer, v jsonscan.Value) {
			setWord(&a.pair.name, v)
			pairUp(a)
		}},
		{Path: path + ".tokenCount", Read: func(a *Answer, v jsonscan.Value) {
			a.pair.tokens = CountOf(v)
			pairUp(a)
		}},
	}
}

// settleGemini puts thoughts into the output and the results of tools into the input. Where only the total tells the
// output, it is what is left of it.
func settleGemini(a *Answer) {
	u, c := &a.Usage, &a.counts
	left := c.total.Value() - u.Input.Value() - c.toolPrompt.Value()
	switch {
	case u.Output.IsKnown() || c.thoughts.IsKnown():
		u.Output = u.Output.Add(c.thoughts)
	case c.total.IsKnown() && u.Input.IsKnown() && left >= 0:
		u.Output = usage.Known(left)
	}
	u.Reasoning = c.thoughts
	if u.Input.IsKnown() {
		u.Input = u.Input.Add(c.toolPrompt)
	}
}
