package costkeyhttp

import (
	"errors"
	"strings"

	"go.opentelemetry.io/otel"

	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/jsonscan"
	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/provider"
	"github.com/costkey/costkey-otel/usage"
)

// An Extractor says how the calls to an API are read that the transport does not know by itself: which requests are
// calls, and where in the JSON of requests and answers stands what. The reading itself is the transport's: in constant
// memory, as the bytes pass, whether an answer is one document, server-sent events, a document per line, or compressed.
//
// One Extractor serves all calls, also at once: it keeps nothing of a call. Its functions are called on the goroutines
// that send the request and read the answer, so they must be quick. Where one panics the panic is recovered and counted
// (see [Transport.ExtractorPanics]), and the Extractor isn't asked again about that call, of which the rest is kept.
type Extractor interface {
	// Match reports whether a POST to path is a call. The path is decoded, without a query.
	Match(path string) (Match, bool)
	// RequestFields are the places in a request that are read. "model", "stream", "max_tokens", "temperature" and the
	// like, as the known providers spell them, are read anyhow. Called once, by [NewTransport].
	RequestFields() []RequestField
	// AnswerFields are the places in an answer that are read; those of a plain answer and of a stream's events are in one
	// list. Called once, by [NewTransport].
	AnswerFields() []AnswerField
	// Account brings the counts of an answer into one accounting, where the API has another: Input with every cached
	// part in it, Output with reasoning in it. Called once a call, at its end.
	Account(counts *usage.Usage)
}

// Match is what a path tells of a call.
type Match struct {
	// Operation is the value of gen_ai.operation.name: "chat", "embeddings". Empty is "chat".
	Operation string
	// Model is the model asked for, where the path names it.
	Model string
	// Stream says that the path asks for a stream.
	Stream bool
}

// AnswerField is one place in an answer.
type AnswerField struct {
	// Path is the keys that lead to the value, joined by dots; "*" stands for every element of an array:
	// "outputs.*.reason". A list at the top begins with "*.".
	Path string
	// Read is told the value each time it passes: a string of at most 256 bytes, a number, a boolean or null. Most are
	// methods of [Answer]: costkeyhttp.Answer.SetInputTokens.
	Read func(Answer, Value)

	mode  jsonscan.Mode
	early bool
}

// GeneratedText is the place of text that the model wrote, of any length. The text is not looked at; that there is some
// ends the time to the first content.
func GeneratedText(path string) AnswerField {
	read := func(a Answer, v Value) { provider.ReadContent(a.a, v.v) }
	return AnswerField{Path: path, Read: read, mode: jsonscan.Presence, early: true}
}

// UsageObject is the place of the API's usage object. It is kept as costkey.provider.usage, without its texts.
func UsageObject(path string) AnswerField {
	read := func(a Answer, v Value) { provider.ReadUsage(a.a, v.v) }
	return AnswerField{Path: path, Read: read, mode: jsonscan.Compact}
}

// RequestField is one place in a request. Path is as in [AnswerField].
type RequestField struct {
	Path string
	// Read is told the value: costkeyhttp.Request.SetModel.
	Read func(Request, Value)
}

// Value is a value of JSON: a string, a number, a boolean or null. It is valid during the call of Read only.
type Value struct{ v jsonscan.Value }

// Text returns a string, or a number as it stands; "" for anything else.
func (v Value) Text() string { return string(v.v.Text) }

// Count returns a whole number from 0 to [usage.MaxCount]; anything else is unknown.
func (v Value) Count() usage.Count { return provider.CountOf(v.v) }

// IsTrue reports whether the value is true.
func (v Value) IsTrue() bool { return v.v.Kind == jsonscan.True }

// Request takes what a request asks for. It is valid during the call of Read only.
type Request struct{ r *provider.Request }

// SetModel sets the model asked for. What can't be a name, because it is long or has a space in it, is passed over.
func (r Request) SetModel(v Value) { provider.ReadRequestModel(r.r, v.v) }

// SetStream sets whether a stream is asked for.
func (r Request) SetStream(v Value) { provider.ReadRequestStream(r.r, v.v) }

// Answer takes what an answer says. It is valid during the call of Read or Account only. A value of another kind than the
// method is for changes nothing, and a later one replaces an earlier one.
type Answer struct{ a *provider.Answer }

// SetID sets the answer's id. What can't be a name, because it is long or has a space in it, is passed over.
func (a Answer) SetID(v Value) { provider.ReadID(a.a, v.v) }

// SetModel sets the model that answered, under the rules of SetID.
func (a Answer) SetModel(v Value) { provider.ReadModel(a.a, v.v) }

// AddFinishReason adds why one more choice ended: a word of at most 64 of A-Z a-z 0-9 _ . : / * and -.
func (a Answer) AddFinishReason(v Value) { provider.AddReason(a.a, v.v) }

// SetFinishReason is AddFinishReason for streams whose events repeat the reasons: those of one event replace those before.
func (a Answer) SetFinishReason(v Value) { provider.SetReasons(a.a, v.v) }

// SetErrorCode sets the API's word or number for a failure, which becomes error.type.
func (a Answer) SetErrorCode(v Value) { provider.ReadErrorCode(a.a, v.v) }

// SetServiceTier sets the tier that served the call.
func (a Answer) SetServiceTier(v Value) { provider.ReadTier(a.a, v.v) }

// SetReportedCost sets what the API itself says that the call cost, in USD.
func (a Answer) SetReportedCost(v Value) { provider.ReadCost(a.a, v.v) }

// SetInputTokens sets the count of input tokens.
func (a Answer) SetInputTokens(v Value) { setCount(&a.a.Usage.Input, v) }

// SetOutputTokens sets the count of output tokens.
func (a Answer) SetOutputTokens(v Value) { setCount(&a.a.Usage.Output, v) }

// SetCacheReadTokens sets the count of input tokens that were read from the API's cache.
func (a Answer) SetCacheReadTokens(v Value) { setCount(&a.a.Usage.CacheRead, v) }

// SetCacheWriteTokens sets the count of input tokens that were written to the API's cache.
func (a Answer) SetCacheWriteTokens(v Value) { setCount(&a.a.Usage.CacheWrite, v) }

// SetReasoningTokens sets the count of output tokens that were spent on reasoning.
func (a Answer) SetReasoningTokens(v Value) { setCount(&a.a.Usage.Reasoning, v) }

// Usage returns the counts, to set one that has no method. Of them the span holds those that have an attribute.
func (a Answer) Usage() *usage.Usage { return &a.a.Usage }

// End says that the event at hand is the stream's last. "[DONE]" needs no saying.
func (a Answer) End() { a.a.End() }

func setCount(to *usage.Count, v Value) {
	if n := v.Count(); n.IsKnown() {
		*to = n
	}
}

// extraction is one use of [WithExtractor].
type extraction struct {
	host      string
	extractor Extractor
}

// WithExtractor names the provider that serves at host, as [WithProvider] does, and has its calls read by e. Requests
// that e does not match are read as those of the known formats, by their path. Of several for one host the first that
// matches reads. Nil, an empty host and an empty provider are ignored.
func WithExtractor(host, provider string, e Extractor) Option {
	return optionFunc(func(c *config) {
		if host != "" && provider != "" && e != nil {
			c.hosts[strings.ToLower(host)] = provider
			c.extractions = append(c.extractions, extraction{host: strings.ToLower(host), extractor: e})
		}
	})
}

var errExtractor = errors.New("costkeyhttp: recover from a panic in an Extractor; the rest of the call is read without it")

// ExtractorPanics counts the panics of [Extractor] functions that were recovered: at most one a call and direction, and one
// for the call's end. An Extractor whose lists of fields panic is not used.
func (t *Transport) ExtractorPanics() int64 { return t.extractorPanics.Load() }

// extract makes the extractors ready, by host.
func (t *Transport) extract(list []extraction) {
	panicked := func() {
		t.extractorPanics.Add(1)
		defer func() { _ = recover() }() // the handler is the user's
		otel.Handle(errExtractor)
	}
	for _, x := range list {
		if custom := newCustom(x.extractor, panicked); custom.Compile() {
			if t.extractors == nil {
				t.extractors = map[string][]*provider.Custom{}
			}
			t.extractors[x.host] = append(t.extractors[x.host], custom)
		}
	}
}

// newCustom puts an extractor's functions into the terms of the built-in formats.
func newCustom(e Extractor, panicked func()) *provider.Custom {
	return &provider.Custom{
		Match: func(path string) (operation, model string, streams, ok bool) {
			m, ok := e.Match(path)
			return m.Operation, m.Model, m.Stream, ok
		},
		Requests: func() []provider.RequestField {
			var out []provider.RequestField
			for _, f := range e.RequestFields() {
				if f.Read == nil {
					continue
				}
				out = append(out, provider.RequestField{Path: f.Path, Read: func(r *provider.Request, v jsonscan.Value) {
					f.Read(Request{r}, Value{v})
				}})
			}
			return out
		},
		Answers: func() []provider.Field {
			var out []provider.Field
			for _, f := range e.AnswerFields() {
				if f.Read == nil {
					continue
				}
				out = append(out, provider.Field{Path: f.Path, Mode: f.mode, Early: f.early, Read: func(a *provider.Answer, v jsonscan.Value) {
					f.Read(Answer{a}, Value{v})
				}})
			}
			return out
		},
		Account:  e.Account,
		Panicked: panicked,
	}
}

// extracted reports what a POST to path at an address is by the user's extractors, if anything.
func (t *Transport) extracted(address, host, path string) (to provider.Target, ok bool) {
	if t.extractors == nil {
		return to, false
	}
	list := t.extractors[address]
	if len(list) == 0 {
		list = t.extractors[host]
	}
	for _, custom := range list {
		if to, ok = custom.Lookup(path); ok {
			return to, true
		}
	}
	return to, false
}
