package provider

import (
	"strconv"

	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/jsonscan"
	"github.com/costkey/costkey-otel/usage"
)

// Request is what a request asks for. What it does not say is empty, unknown or unset. Of its texts only names and enum
// words are kept.
type Request struct {
	Model       string
	Stream      bool
	Background  bool
	ServiceTier string
	MaxTokens   usage.Count
	Choices     usage.Count
	Seed        Setting
	Temperature Setting
	TopP        Setting
	TopK        Setting

	FrequencyPenalty Setting
	PresencePenalty  Setting

	// Broken says that a function of the user's panicked while it read the request; see [Custom].
	Broken bool
}

// Setting is a number that a request may set.
type Setting struct {
	Value float64
	Set   bool
}

func (s *Setting) read(v jsonscan.Value) {
	if v.Kind != jsonscan.Number {
		return
	}
	if f, err := strconv.ParseFloat(string(v.Text), 64); err == nil {
		*s = Setting{Value: f, Set: true}
	}
}

// RequestReader reads one request as its bytes pass. The zero value is not ready: call [RequestReader.Init].
type RequestReader struct {
	request Request
	fields  []RequestField
	json    jsonscan.Scanner
	begun   bool
	form    *formReader // of a request that is no JSON but a form
}

// Init makes the reader ready for a request of a format, from its first byte on.
func (r *RequestReader) Init(f *Format) {
	r.Forget()
	r.fields = f.requests.fields
	r.json.Init(f.requests.set, requestSink{r})
}

// Forget forgets the request that was read. The reader is not ready for another.
func (r *RequestReader) Forget() { r.request, r.begun, r.form = Request{}, false, nil }

// Write reads on. It keeps nothing of p.
func (r *RequestReader) Write(p []byte) {
	if !r.begun && len(p) > 0 {
		if r.begun = true; p[0] == '-' { // of a form's first boundary
			r.form = new(formReader)
		}
	}
	if r.form == nil {
		r.json.Write(p)
		return
	}
	if r.form.write(p) {
		setName(&r.request.Model, r.form.model())
	}
}

// Request returns what the request has said so far. The reader goes on writing to it.
func (r *RequestReader) Request() *Request { return &r.request }

// RequestField is one place in a request and what it means.
type RequestField struct {
	Path string
	Read func(*Request, jsonscan.Value)
}

// requestFields are the places in a request's body, of all built-in formats: none means two things.
var requestFields = []RequestField{
	{"model", ReadRequestModel},
	{"stream", ReadRequestStream},
	{"background", func(r *Request, v jsonscan.Value) { r.Background = v.Kind == jsonscan.True }},
	{"service_tier", func(r *Request, v jsonscan.Value) { setWord(&r.ServiceTier, v) }},
	{"serviceTier", func(r *Request, v jsonscan.Value) { setWord(&r.ServiceTier, v) }},      // Gemini
	{"serviceTier.type", func(r *Request, v jsonscan.Value) { setWord(&r.ServiceTier, v) }}, // Converse
	{"max_tokens", readMaxTokens},
	{"max_completion_tokens", readMaxTokens},
	{"max_output_tokens", readMaxTokens},
	{"generationConfig.maxOutputTokens", readMaxTokens},
	{"inferenceConfig.maxTokens", readMaxTokens},
	{"inferenceConfig.temperature", func(r *Request, v jsonscan.Value) { r.Temperature.read(v) }},
	{"inferenceConfig.topP", func(r *Request, v jsonscan.Value) { r.TopP.read(v) }},
	{"n", readChoices},
	{"generationConfig.candidateCount", readChoices},
	{"seed", func(r *Request, v jsonscan.Value) { r.Seed.read(v) }},
	{"generationConfig.seed", func(r *Request, v jsonscan.Value) { r.Seed.read(v) }},
	{"temperature", func(r *Request, v jsonscan.Value) { r.Temperature.read(v) }},
	{"generationConfig.temperature", func(r *Request, v jsonscan.Value) { r.Temperature.read(v) }},
	{"top_p", func(r *Request, v jsonscan.Value) { r.TopP.read(v) }},
	{"generationConfig.topP", func(r *Request, v jsonscan.Value) { r.TopP.read(v) }},
	{"top_k", func(r *Request, v jsonscan.Value) { r.TopK.read(v) }},
	{"generationConfig.topK", func(r *Request, v jsonscan.Value) { r.TopK.read(v) }},
	{"frequency_penalty", func(r *Request, v jsonscan.Value) { r.FrequencyPenalty.read(v) }},
	{"generationConfig.frequencyPenalty", func(r *Request, v jsonscan.Value) { r.FrequencyPenalty.read(v) }},
	{"presence_penalty", func(r *Request, v jsonscan.Value) { r.PresencePenalty.read(v) }},
	{"generationConfig.presencePenalty", func(r *Request, v jsonscan.Value) { r.PresencePenalty.read(v) }},
}

// ReadRequestModel reads the model asked for.
func ReadRequestModel(r *Request, v jsonscan.Value) { setName(&r.Model, v) }

// ReadRequestStream reads whether a stream is asked for.
func ReadRequestStream(r *Request, v jsonscan.Value) { r.Stream = v.Kind == jsonscan.True }

func readMaxTokens(r *Request, v jsonscan.Value) { r.MaxTokens = CountOf(v).Or(r.MaxTokens) }

func readChoices(r *Request, v jsonscan.Value) { r.Choices = CountOf(v).Or(r.Choices) }

// requestTable is a list of places with what finds them.
type requestTable struct {
	fields []RequestField
	set    *jsonscan.Set
}

var usualRequests = newRequestTable(requestFields)

func newRequestTable(fields []RequestField) *requestTable {
	paths := make([]jsonscan.Path, len(fields))
	for i, f := range fields {
		paths[i] = jsonscan.Path{Name: f.Path}
	}
	return &requestTable{fields: fields, set: jsonscan.Compile(paths)}
}

// requestSink keeps the reader's callback out of its method set.
type requestSink struct{ *RequestReader }

func (s requestSink) Value(field int, v jsonscan.Value) {
	s.fields[field].Read(&s.request, v)
}
