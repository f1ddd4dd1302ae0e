package provider

import (
	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/jsonscan"
	"github.com/costkey/costkey-otel/semconv"
	"github.com/costkey/costkey-otel/usage"
)

// The formats of Amazon Bedrock's runtime.
// Source: docs.aws.amazon.com/bedrock/latest/APIReference, Converse, ConverseStream, InvokeModel and
// InvokeModelWithResponseStream; the models' own answers in the user guide's "Inference request parameters". inputTokens
// leaves both cache parts out. A stream of InvokeModel ends with a chunk that holds amazon-bedrock-invocationMetrics.

const bedrockModel = "/model/"

var bedrockConverse = &Format{
	Operation: semconv.OperationChat, Suffixes: []string{"/converse"},
	ModelInPath: true, ModelBehind: bedrockModel,
	Fields: converseFields(), Account: settleBedrock,
}

var bedrockConverseStream = &Format{
	Operation: semconv.OperationChat, Suffixes: []string{"/converse-stream"},
	ModelInPath: true, ModelBehind: bedrockModel, Streams: true,
	Fields: converseFields(), Account: settleBedrock,
}

var bedrockEmbed = &Format{
	Operation: semconv.OperationEmbeddings, Suffixes: []string{"/invoke"},
	ModelInPath: true, ModelBehind: bedrockModel, ModelHolds: "embed",
	Fields: []Field{{Path: "inputTextTokenCount", Read: counter(inputOf)}},
}

var bedrockInvoke = &Format{
	Operation: semconv.OperationChat, Suffixes: []string{"/invoke"},
	ModelInPath: true, ModelBehind: bedrockModel,
	Fields: invokeFields(), Account: settleBedrock,
}

var bedrockInvokeStream = &Format{
	Operation: semconv.OperationChat, Suffixes: []string{"/invoke-with-response-stream"},
	ModelInPath: true, ModelBehind: bedrockModel, Streams: true, Chunks: true,
	Fields: invokeFields(), Account: settleBedrock,
}

func inputOf(a *Answer) *usage.Count      { return &a.Usage.Input }
func outputOf(a *Answer) *usage.Count     { return &a.Usage.Output }
func cacheReadOf(a *Answer) *usage.Count  { return &a.Usage.CacheRead }
func cacheWriteOf(a *Answer) *usage.Count { return &a.Usage.CacheWrite }

// converseFields are the places of a Converse answer and of the events of its stream.
func converseFields() []Field {
	fields := append([]Field{
		{Path: "stopReason", Read: SetReasons},
		{Path: "serviceTier.type", Read: ReadTier},
	}, Field{Path: "usage", Mode: jsonscan.Compact, Read: ReadUsage})
	return append(fields, generated("", "delta.text", "delta.toolUse.input", "delta.reasoningContent.text",
		"start.toolUse.name")...)
}

// invokeFields are the places of the models' own answers: Anthropic's, Nova's, Llama's, Titan's, and what Bedrock adds.
// None means two things.
func invokeFields() []Field {
	fields := anthropicFields()
	fields = append(fields, generated("", "contentBlockDelta.delta.text", "contentBlockStart.start.toolUse.name",
		"generation", "outputText")...)
	fields = append(fields,
		Field{Path: "metadata.usage", Mode: jsonscan.Compact, Read: ReadUsage}, // Nova's
		Field{Path: "stopReason", Read: SetReasons},
		Field{Path: "messageStop.stopReason", Read: SetReasons},
		Field{Path: "prompt_token_count", Read: counter(inputOf)},
		Field{Path: "generation_token_count", Read: counter(outputOf)},
		Field{Path: "inputTextTokenCount", Read: counter(inputOf)},
		Field{Path: "results.*.tokenCount", Read: counter(outputOf)},
		Field{Path: "results.*.completionReason", Read: AddReason},
		Field{Path: "totalOutputTextTokenCount", Read: counter(outputOf)},
		Field{Path: "completionReason", Read: SetReasons})
	return append(fields, invocationMetrics("amazon-bedrock-invocationMetrics")...)
}

// invocationMetrics end a stream. The model's own counts go before Bedrock's.
func invocationMetrics(at string) []Field {
	return append([]Field{{Path: at, Mode: jsonscan.Compact, Read: func(a *Answer, v jsonscan.Value) {
		a.ending = true
		if len(a.ProviderUsage) == 0 {
			ReadUsage(a, v)
		}
	}}}, under(at+".", []Field{
		{Path: "inputTokenCount", Read: fallback(inputOf)},
		{Path: "outputTokenCount", Read: fallback(outputOf)},
		{Path: "cacheReadInputTokenCount", Read: fallback(cacheReadOf)},
		{Path: "cacheWriteInputTokenCount", Read: fallback(cacheWriteOf)},
	})...)
}

// fallback is counter for a count that nothing better told.
func fallback(at func(*Answer) *usage.Count) func(*Answer, jsonscan.Value) {
	return func(a *Answer, v jsonscan.Value) { *at(a) = at(a).Or(CountOf(v)) }
}

// bedrockHeaders are the headers in which Bedrock repeats the counts of an answer that is no stream.
var bedrockHeaders = [...]struct {
	name string
	at   func(*Answer) *usage.Count
}{
	{"X-Amzn-Bedrock-Input-Token-Count", inputOf},
	{"X-Amzn-Bedrock-Output-Token-Count", outputOf},
	{"X-Amzn-Bedrock-Cache-Read-Input-Token-Count", cacheReadOf},
	{"X-Amzn-Bedrock-Cache-Write-Input-Token-Count", cacheWriteOf},
}

// tierHeaders are the headers that name the tier which served a call. They go before a word of the body, which at Bedrock
// is the model's own. Sources: docs.aws.amazon.com/bedrock/latest/userguide/service-tiers-inference.html,
// ai.google.dev/gemini-api/docs/priority-inference.
var tierHeaders = [...]string{"X-Amzn-Bedrock-Service-Tier", "X-Gemini-Service-Tier"}

// ReadHeader notes the tier that stands in an answer's headers, which are by canonical name, and Bedrock's counts there, for
// the case that the body does not tell them.
func (r *Reader) ReadHeader(header map[string][]string) {
	for _, name := range tierHeaders {
		if texts := header[name]; len(texts) > 0 && isWord(texts[0]) {
			r.headerTier = texts[0]
		}
	}
	if r.format.ModelBehind != bedrockModel {
		return
	}
	for i, h := range bedrockHeaders {
		if texts := header[h.name]; len(texts) > 0 {
			r.headers[i] = CountOf(jsonscan.Value{Kind: jsonscan.Number, Text: []byte(texts[0])})
		}
	}
}

// settleHeaders takes the headers' counts for those that the body left unknown.
func (r *Reader) settleHeaders() {
	for i, h := range bedrockHeaders {
		to := h.at(&r.answer)
		*to = to.Or(r.headers[i])
	}
}

// settleBedrock puts the cache parts into the input, for counts that stand outside of a usage object.
func settleBedrock(a *Answer) {
	if u := &a.Usage; u.Input.IsKnown() {
		u.Input = u.Input.Add(u.CacheRead).Add(u.CacheWrite)
	}
}
