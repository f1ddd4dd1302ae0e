package provider

import (
	"bytes"

	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/jsonscan"
	"github.com/costkey/costkey-otel/semconv"
	"github.com/costkey/costkey-otel/usage"
)

// The formats of OpenAI and of the many who speak like it.
// Source: platform.openai.com/docs/api-reference; input includes cached tokens, output includes reasoning.

var openAIChat = &Format{
	OpenAI:      true,
	StreamUsage: true,
	Operation:   semconv.OperationChat,
	APIType:     "chat_completions",
	Suffixes:    []string{"/chat/completions", "/text/chatcompletion_v2"}, // the latter is MiniMax's
	Fields:      append(chatFields(), openAICommon...),
}

var openAICompletions = &Format{
	OpenAI:      true,
	StreamUsage: true,
	Operation:   semconv.OperationTextCompletion,
	Suffixes:    []string{"/completions"},
	Fields:      append(chatFields(), openAICommon...),
}

var openAIEmbeddings = &Format{
	OpenAI:    true,
	Operation: semconv.OperationEmbeddings,
	Suffixes:  []string{"/embeddings", "/contextualizedembeddings", "/multimodalembeddings"}, // the latter two are Voyage's
	Fields:    append(chatUsage("usage"), openAICommon...),
	Account:   settleEmbeddings,
}

var openAIResponses = &Format{
	OpenAI:    true,
	Operation: semconv.OperationChat,
	APIType:   "responses",
	Suffixes:  []string{"/responses", "/responses/compact"},
	Fields:    responsesFields(),
}

var openAICommon = append([]Field{
	{Path: "id", Read: ReadID, Name: NameID},
	{Path: "model", Read: ReadModel, Name: NameModel},
	{Path: "service_tier", Read: ReadTier},
	{Path: "system_fingerprint", Read: readFingerprint, Name: NameFingerprint},
}, append(openAIErrors(""), openAIErrors("*.")...)...)

// openAIErrors are the places of an error; Google's compatible endpoint wraps it in an array.
func openAIErrors(prefix string) []Field {
	return []Field{
		{Path: prefix + "error.code", Read: ReadErrorCode},
		{Path: prefix + "error.type", Read: readErrorClass},
	}
}

func chatFields() []Field {
	fields := append([]Field{
		{Path: "choices.*.finish_reason", Read: AddReason},
	}, generated("choices.*.", "text")...)
	fields = append(fields, generated("choices.*.delta.",
		"content", "refusal", "reasoning", "reasoning_content",
		"tool_calls.*.function.name", "tool_calls.*.function.arguments",
		"tool_calls.*.custom.name", "tool_calls.*.custom.input",
		"function_call.name", "function_call.arguments",
		"audio.data", "audio.transcript")...)
	for _, at := range []string{"usage", "x_groq.usage", "choices.*.usage"} { // the last of Moonshot's streams
		fields = append(fields, chatUsage(at)...)
	}
	return fields
}

// chatUsage are the places of a usage object; what it tells is read at the end.
func chatUsage(at string) []Field {
	return []Field{
		{Path: at, Mode: jsonscan.Compact, Read: ReadUsage},
		{Path: at + ".total_tokens", Read: counter(totalOf)}, // all that some tell of embeddings
	}
}

func totalOf(a *Answer) *usage.Count { return &a.counts.total }

// responsesFields are the places of a Responses answer: at the top of a plain one, below "response" in the events that
// carry its state.
func responsesFields() []Field {
	answer := append([]Field{
		{Path: "id", Read: ReadID},
		{Path: "model", Read: ReadModel},
		{Path: "service_tier", Read: ReadTier},
		{Path: "status", Read: readStatus},
		{Path: "incomplete_details.reason", Read: SetReasons},
		{Path: "background", Read: func(a *Answer, v jsonscan.Value) { a.Background = v.Kind == jsonscan.True }},
		{Path: "output.*", Read: func(a *Answer, _ jsonscan.Value) { a.tool = toolCall{} }},
		{Path: "output.*.type", Read: readOutputType},
		{Path: "output.*.action.type", Read: readAction},
		{Path: "tool_usage", Mode: jsonscan.Compact, Read: readToolUsage},
		{Path: "tool_usage.web_search.num_requests", Read: counter(func(a *Answer) *usage.Count { return &a.counts.billedSearches })},
		{Path: "usage", Mode: jsonscan.Compact, Read: ReadUsage},
	}, openAIErrors("")...)
	fields := append(under("response.", answer), answer...)
	fields = append(fields,
		Field{Path: "type", Read: readResponsesEvent},
		Field{Path: "code", Read: ReadErrorCode}, // of an "error" event
	)
	return append(fields, generated("", "delta", "item.name", "partial_image_b64")...)
}

// readResponsesEvent reads the type of a stream's event.
func readResponsesEvent(a *Answer, v jsonscan.Value) {
	switch string(v.Text) {
	case "response.completed", "response.incomplete", "response.failed":
		a.ending = true
	}
}

// readStatus keeps the status of an answer that has ended as its finish reason, where nothing says it better.
func readStatus(a *Answer, v jsonscan.Value) {
	if len(a.FinishReasons) == 0 && (bytes.Equal(v.Text, []byte("completed")) || bytes.Equal(v.Text, []byte("failed"))) {
		AddReason(a, v)
	}
}

// toolCall is an item of the output that is a call of a web search, whose members come in any order.
type toolCall struct{ search, opens bool }

// readOutputType counts the web searches that the provider ran, which it bills by piece: where the answer does not tell how
// many it bills, the calls that search. Those that open a page or look into one are no searches.
// Source: developers.openai.com/api/docs/guides/tools-web-search; openai-go v3.96, ResponseToolUsage.
func readOutputType(a *Answer, v jsonscan.Value) {
	if string(v.Text) == "web_search_call" {
		a.tool.search = true
		a.countSearch(!a.tool.opens, 1)
	}
}

func readAction(a *Answer, v jsonscan.Value) {
	if action := string(v.Text); action == "open_page" || action == "find_in_page" {
		a.tool.opens = true
		if a.tool.search {
			a.countSearch(true, -1)
		}
	}
}

func (a *Answer) countSearch(counts bool, by int64) {
	if counts {
		a.searches += by
	}
	a.Usage.WebSearches = usage.Known(a.searches)
}

// readToolUsage keeps what the tools used, which stands beside the usage object.
func readToolUsage(a *Answer, v jsonscan.Value) {
	if v.Kind == jsonscan.Object {
		a.toolUsage = append(a.toolUsage[:0], v.Text...)
	}
}

// settleEmbeddings takes the total for the input: there is no output.
func settleEmbeddings(a *Answer) {
	a.Usage.Input = a.Usage.Input.Or(a.counts.total)
}
