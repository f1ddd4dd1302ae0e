package provider

import "strings"

// endpoint is one API: its path, its recordings, and what its stream has told when.
type endpoint struct {
	api      API
	vendor   *vendor
	path     string // as a pattern of http.ServeMux
	idPrefix string // of an answer's id
	plain    string // recording of a whole answer
	stream   string // recording of a stream
	// fromPath completes the request where the path says what other APIs say in the body.
	fromPath func(req *request, call string)
	// told is what the client knows of the usage after the first sent of all events.
	told func(p *play, sent, all int) Tokens
}

// noID is the prefix of an API whose answers have no id.
const noID = ""

var endpoints = []endpoint{
	{
		api: ChatCompletions, vendor: &openAI, path: "/v1/chat/completions", idPrefix: "chatcmpl-",
		plain: "openai_chat.json.tmpl", stream: "openai_chat.sse.tmpl",
		fromPath: nothingFromPath, told: chatTold,
	},
	{
		api: Responses, vendor: &openAI, path: "/v1/responses", idPrefix: "resp_",
		plain: "openai_responses.json.tmpl", stream: "openai_responses.sse.tmpl",
		fromPath: nothingFromPath, told: toldAtEnd,
	},
	{
		api: Embeddings, vendor: &openAI, path: "/v1/embeddings", idPrefix: noID,
		plain: "openai_embeddings.json.tmpl", stream: "openai_embeddings.json.tmpl",
		fromPath: nothingFromPath, told: toldAtEnd,
	},
	{
		api: Messages, vendor: &anthropic, path: "/v1/messages", idPrefix: "msg_01",
		plain: "anthropic_messages.json.tmpl", stream: "anthropic_messages.sse.tmpl",
		fromPath: nothingFromPath, told: messagesTold,
	},
	{
		api: GenerateContent, vendor: &google, path: "/v1beta/models/{call}", idPrefix: "g",
		plain: "google_generate.json.tmpl", stream: "google_generate.sse.tmpl",
		fromPath: modelFromPath, told: googleTold,
	},
}

func nothingFromPath(*request, string) {}

// modelFromPath reads "gemini-2.5-pro:streamGenerateContent".
func modelFromPath(req *request, call string) {
	model, method, _ := strings.Cut(call, ":")
	req.Model = model
	req.Stream = method == "streamGenerateContent"
}

// toldAtEnd is for an API that says its usage in the last event.
func toldAtEnd(p *play, sent, all int) Tokens {
	if sent < all {
		return Tokens{}
	}
	return p.Tokens
}

// chatTold knows that [DONE] follows the usage, which is sent only if it was asked for.
func chatTold(p *play, sent, all int) Tokens {
	if !p.WithUsage || sent < all-1 {
		return Tokens{}
	}
	return p.Tokens
}

// messagesTold knows that message_start holds the input, and message_delta, last but one, the output.
func messagesTold(p *play, sent, all int) Tokens {
	t := p.Tokens
	if sent < all-1 {
		t.Output, t.Reasoning = 0, 0
	}
	return t
}

// googleTold knows that each chunk holds the counts until then.
func googleTold(p *play, sent, _ int) Tokens {
	t := p.Tokens
	t.Output = t.Reasoning + p.UpTo(sent-1).Candidates
	return t
}
