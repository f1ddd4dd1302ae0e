package provider

import "slices"

// API is one endpoint of one provider.
type API string

// The endpoints that are played.
const (
	ChatCompletions API = "openai.chat_completions" // POST /v1/chat/completions
	Responses       API = "openai.responses"        // POST /v1/responses
	Embeddings      API = "openai.embeddings"       // POST /v1/embeddings
	Messages        API = "anthropic.messages"      // POST /v1/messages
	GenerateContent API = "google.generate_content" // POST /v1beta/models/{model}:generateContent and :streamGenerateContent
)

// Tokens is what an answer says was used, whatever the provider's own habit of counting: Input holds every cached part,
// Output holds reasoning. The wire formats are made from it (Anthropic's input_tokens leaves the cache out, Google's
// candidatesTokenCount leaves thoughts out).
type Tokens struct {
	Input        int64 // all input
	CacheRead    int64 // part of Input
	CacheWrite5m int64 // part of Input, kept for five minutes (Anthropic)
	CacheWrite1h int64 // part of Input, kept for one hour (Anthropic)
	Output       int64 // all output
	Reasoning    int64 // part of Output
}

// Add returns the sum of t and u, part by part.
func (t Tokens) Add(u Tokens) Tokens {
	return Tokens{
		Input:        t.Input + u.Input,
		CacheRead:    t.CacheRead + u.CacheRead,
		CacheWrite5m: t.CacheWrite5m + u.CacheWrite5m,
		CacheWrite1h: t.CacheWrite1h + u.CacheWrite1h,
		Output:       t.Output + u.Output,
		Reasoning:    t.Reasoning + u.Reasoning,
	}
}

// CacheWrite is the part of Input that was written to the cache, for whatever time.
func (t Tokens) CacheWrite() int64 { return t.CacheWrite5m + t.CacheWrite1h }

// Uncached is the part of Input that had nothing to do with the cache: what Anthropic calls input_tokens.
func (t Tokens) Uncached() int64 { return t.Input - t.CacheRead - t.CacheWrite() }

// Visible is the part of Output that is not reasoning: what Google calls candidates.
func (t Tokens) Visible() int64 { return t.Output - t.Reasoning }

// Total is all input and all output.
func (t Tokens) Total() int64 { return t.Input + t.Output }

// Answer is one recorded answer. It is played for a request to API with Model; where Tool is set, only for a request
// that offers tools and does not end with a tool's result yet.
type Answer struct {
	API    API
	Model  string // as the request names it
	Served string // as the answer names it
	Tool   string // name of the function that the answer calls; Text is then its arguments
	Text   string
	Tokens Tokens
}

// Answers lists every recorded answer with its token counts. Several rows for one request are played in turn, from the
// top, and then from the top again: the first call of claude-sonnet-4-5 writes the cache that the second one reads.
//
//	API              model                    tool?   input  read    5m    1h  output  reasoning
//	embeddings       text-embedding-3-small   -           9     0     0     0       0          0
//	chat             gpt-5-mini               call     1412  1024     0     0     102         64
//	chat             gpt-5-mini               -        1538  1408     0     0     377        256
//	chat             gpt-4.1-mini             -         905     0     0     0     260          0
//	chat             gpt-4.1-nano             -         311     0     0     0      24          0
//	responses        gpt-5-nano               -         488     0     0     0      71         64
//	responses        gpt-5-mini               -        2213  2048     0     0    1211        896
//	messages         claude-sonnet-4-5        -        5021     0   613  3897     187          0
//	messages         claude-sonnet-4-5        -        5021  4510     0     0     181          0
//	messages         claude-haiku-4-5         -         742     0     0     0      58          0
//	generateContent  gemini-2.5-flash         -        1630  1024     0     0     402        305
//	generateContent  gemini-2.5-pro           -        2950     0     0     0     930        711
//
// The caller owns the slice.
func Answers() []Answer { return slices.Clone(answers) }

var answers = []Answer{
	{
		API: Embeddings, Model: "text-embedding-3-small", Served: "text-embedding-3-small",
		Tokens: Tokens{Input: 9},
	},
	{
		API: ChatCompletions, Model: "gpt-5-mini", Served: "gpt-5-mini-2025-08-07",
		Tool: "look_up_stock", Text: `{"products":["kettle","teapot"]}`,
		Tokens: Tokens{Input: 1412, CacheRead: 1024, Output: 102, Reasoning: 64},
	},
	{
		API: ChatCompletions, Model: "gpt-5-mini", Served: "gpt-5-mini-2025-08-07",
		Text:   "The enamel kettle comes first: it is in stock and is what most people mean. The teapot comes second.",
		Tokens: Tokens{Input: 1538, CacheRead: 1408, Output: 377, Reasoning: 256},
	},
	{
		API: ChatCompletions, Model: "gpt-4.1-mini", Served: "gpt-4.1-mini-2025-04-14",
		Text:   "Enamel kettle, 1.5 l. Boils on gas, coal and induction. Whistles when it is done.",
		Tokens: Tokens{Input: 905, Output: 260},
	},
	{
		API: ChatCompletions, Model: "gpt-4.1-nano", Served: "gpt-4.1-nano-2025-04-14",
		Text:   "kettle for induction, kettle with a whistle, kettle enamel blue",
		Tokens: Tokens{Input: 311, Output: 24},
	},
	{
		API: Responses, Model: "gpt-5-nano", Served: "gpt-5-nano-2025-08-07",
		Text:   "delivery",
		Tokens: Tokens{Input: 488, Output: 71, Reasoning: 64},
	},
	{
		API: Responses, Model: "gpt-5-mini", Served: "gpt-5-mini-2025-08-07",
		Text:   "Your kettle left our warehouse this morning and is with you by tomorrow evening. Sorry for the wait.",
		Tokens: Tokens{Input: 2213, CacheRead: 2048, Output: 1211, Reasoning: 896},
	},
	{
		API: Messages, Model: "claude-sonnet-4-5", Served: "claude-sonnet-4-5-20250929",
		Text:   "A kettle that has outlived three kitchens: thick enamel, a beech handle, and a whistle with opinions.",
		Tokens: Tokens{Input: 5021, CacheWrite5m: 613, CacheWrite1h: 3897, Output: 187},
	},
	{
		API: Messages, Model: "claude-sonnet-4-5", Served: "claude-sonnet-4-5-20250929",
		Text:   "Thick enamel, a beech handle and a whistle you hear in the garden: the last kettle you will buy.",
		Tokens: Tokens{Input: 5021, CacheRead: 4510, Output: 181},
	},
	{
		API: Messages, Model: "claude-haiku-4-5", Served: "claude-haiku-4-5-20251001",
		Text:   "Happy with the whistle, less so with the lid.",
		Tokens: Tokens{Input: 742, Output: 58},
	},
	{
		API: GenerateContent, Model: "gemini-2.5-flash", Served: "gemini-2.5-flash",
		Text:   "Goes well with it: the stoneware teapot, the tin of Assam, the felt coaster.",
		Tokens: Tokens{Input: 1630, CacheRead: 1024, Output: 402, Reasoning: 305},
	},
	{
		API: GenerateContent, Model: "gemini-2.5-pro", Served: "gemini-2.5-pro",
		Text:   "Three in four would buy it again. Praised: looks, whistle. Blamed: the lid gets hot.",
		Tokens: Tokens{Input: 2950, Output: 930, Reasoning: 711},
	},
}

// maxOutput is the largest number of output tokens that a request may ask for; more is answered with 400.
const maxOutput = 64_000
