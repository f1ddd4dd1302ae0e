package provider

import (
	"slices"
	"strings"

	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/jsonscan"
	"github.com/costkey/costkey-otel/semconv"
)

// Format is one wire format of a create endpoint and its answers, plain or streamed.
type Format struct {
	// Operation is the GenAI operation: "chat".
	Operation string
	// OpenAI says that the format is OpenAI's, whose facts have attribute names of their own.
	OpenAI bool
	// APIType is the value of openai.api.type, or "".
	APIType string
	// Suffixes are what the paths of the format's create endpoints end with.
	Suffixes []string
	// Within is what the paths of further create endpoints have in them, whatever follows; "" is none.
	Within string
	// Draws says that output which is not broken down is images.
	Draws bool
	// Provider is the only one that has the format's endpoints, where another's mean something else; "" is any.
	Provider string
	// ModelInPath says that the model stands in the path, in front of the suffix, not in the request's body.
	ModelInPath bool
	// ModelBehind is what stands in front of a model in the path that may hold slashes, as an ARN does; a path without
	// it is none of this format. "" is the last slash.
	ModelBehind string
	// ModelHolds is a part of the names of the models that the format is for; "" is all.
	ModelHolds string
	// Chunks says that each event of a stream holds a document of the model's own, in base64.
	Chunks bool
	// StreamUsage says that a stream tells its usage only where the request asks for it in stream_options.
	StreamUsage bool
	// Streams says that the path itself asks for a stream.
	Streams bool
	// Fields are the places in an answer that are read. The places of a plain answer and of a stream's events are in
	// one list, since each is met only where it belongs.
	Fields []Field
	// Telling says that the fields' functions are to hear of every event, also of one that says again what was said.
	Telling bool
	// Requests are the places in a request that are read beyond the usual ones, before which they go.
	Requests []RequestField
	// Account brings the counts, as the provider gave them, into one accounting: input with cached parts, output with
	// reasoning. It runs once, at the end. May be nil.
	Account func(*Answer)

	set      *jsonscan.Set
	late     [allNames + 1]*jsonscan.Set // without the early fields and, by the names that are known, without those
	requests *requestTable
}

// Field is one place in an answer and what it means.
type Field struct {
	Path string
	Mode jsonscan.Mode
	Read func(*Answer, jsonscan.Value)
	// Early says that the events of a stream behind the first content tell nothing new here, so that they needn't be
	// searched for it.
	Early bool
	// Name says that the place holds this name: behind the first content, events are searched for it until it is known.
	// So a stream that tells it late is read right, and one that changes it with every event costs nothing.
	Name Name
}

// Name is a set of names that an answer tells once.
type Name uint8

// The names.
const (
	NameID Name = 1 << iota
	NameModel
	NameFingerprint

	allNames = NameID | NameModel | NameFingerprint
)

// formats are looked through in this order; the first suffix that fits wins, so longer ones come first.
var formats = compile(
	openAIChat,
	openAIResponses,
	openAICompletions,
	openAIEmbeddings,
	anthropicMessages,
	geminiGenerate,
	geminiStream,
	geminiEmbed,
	vertexEmbed,
	imagen,
	interactions,
	vertexAnthropic,
	vertexAnthropicStream,
	openAIImages,
	openAITranscription,
	openAISpeech,
	ollamaChat,
	ollamaGenerate,
	ollamaEmbed,
	cohereChat,
	cohereEmbed,
	rerank,
	mistralConversations,
	mistralOCR,
	bedrockConverse,
	bedrockConverseStream,
	bedrockEmbed,
	bedrockInvoke,
	bedrockInvokeStream,
)

func compile(list ...*Format) []*Format {
	for _, f := range list {
		f.compile()
	}
	return list
}

// compile makes ready what finds the format's places.
func (f *Format) compile() {
	var names Name
	for _, field := range f.Fields {
		names |= field.Name
	}
	f.set = f.without(func(Field) bool { return false })
	for known := range f.late {
		if among := Name(known) & names; int(among) < known {
			f.late[known] = f.late[among]
			continue
		}
		f.late[known] = f.without(func(field Field) bool { return field.Early || field.Name&Name(known) != 0 })
	}
	f.requests = usualRequests
	if len(f.Requests) > 0 {
		f.requests = newRequestTable(slices.Concat(requestFields, f.Requests))
	}
}

// without returns the set of the fields that are not left out.
func (f *Format) without(left func(Field) bool) *jsonscan.Set {
	paths := make([]jsonscan.Path, len(f.Fields))
	for i, field := range f.Fields {
		if !left(field) {
			paths[i] = jsonscan.Path{Name: field.Path, Mode: field.Mode}
		}
	}
	return jsonscan.Compile(paths)
}

// DefaultOperation is the operation of a call of which nobody says another.
const DefaultOperation = semconv.OperationChat

// Target is what a request's path tells of a call.
type Target struct {
	Format    *Format
	Operation string
	Model     string // where the path names it
	Streams   bool   // the path asks for a stream
}

// Lookup returns what a POST to path is at a provider, by the built-in formats. ok is false where such a request is no call.
func Lookup(provider, path string) (t Target, ok bool) {
	path = strings.TrimSuffix(path, "/")
	for _, f := range formats {
		if f.Provider != "" && f.Provider != provider {
			continue
		}
		if model, ok := f.at(path); ok {
			return Target{Format: f, Operation: f.Operation, Model: model, Streams: f.Streams}, true
		}
	}
	return Target{}, false
}

// at reports whether a path is of the format's endpoints, and the model that it names.
func (f *Format) at(path string) (model string, ok bool) {
	for _, suffix := range f.Suffixes {
		if before, found := strings.CutSuffix(path, suffix); found {
			if model, ok = f.modelIn(before); ok {
				return model, true
			}
		}
	}
	return "", f.Within != "" && strings.Contains(path, f.Within)
}

// modelIn returns the model that the path in front of the suffix names. ok is false where the format is none of it.
func (f *Format) modelIn(path string) (model string, ok bool) {
	switch {
	case !f.ModelInPath:
		return "", true
	case f.ModelBehind == "":
		return path[strings.LastIndexByte(path, '/')+1:], true
	}
	if _, model, ok = strings.Cut(path, f.ModelBehind); !ok || model == "" {
		return "", false
	}
	return model, strings.Contains(model, f.ModelHolds)
}

// generated returns the fields of the places that hold generated text.
func generated(prefix string, paths ...string) []Field {
	fields := make([]Field, len(paths))
	for i, path := range paths {
		fields[i] = Field{Path: prefix + path, Mode: jsonscan.Presence, Read: ReadContent, Early: true}
	}
	return fields
}

// under returns the fields with each path below prefix.
func under(prefix string, fields []Field) []Field {
	out := make([]Field, len(fields))
	for i, f := range fields {
		f.Path = prefix + f.Path
		out[i] = f
	}
	return out
}
