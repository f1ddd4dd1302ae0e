package translate

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/costkey/costkey-otel/semconv"
)

// target is what an event's URL and provider say about who was asked for what.
type target struct {
	provider  string // of the semantic conventions; "" where only the model can tell
	habit     habit
	operation string
	host      string
	port      int64  // 0 is the scheme's own
	model     string // the SDK's, else the one that the path names
	name      string // of the span
	via       string // the gateway's name
	streams   bool   // the path asks for a stream, which the SDKs look for in the request's body only
}

// provider is what a word of the SDKs means.
type provider struct {
	name  string
	habit habit
}

// providers are the words that the SDKs send.
var providers = map[string]provider{
	"openai":     {semconv.ProviderOpenAI, countsAsOpenAI},
	"azure":      {"azure.ai.openai", countsAsOpenAI},
	"anthropic":  {semconv.ProviderAnthropic, countsAsAnthropic},
	"google":     {semconv.ProviderGemini, countsAsGoogle},
	"groq":       {"groq", countsAsOpenAI},
	"xai":        {"x_ai", countsAsOpenAI},
	"mistral":    {"mistral_ai", countsAsOpenAI},
	"deepseek":   {"deepseek", countsAsDeepSeek},
	"cohere":     {"cohere", countsAsCohere},
	"together":   {"together", countsAsOpenAI},
	"fireworks":  {"fireworks", countsAsOpenAI},
	"perplexity": {"perplexity", countsAsOpenAI},
	"cerebras":   {"cerebras", countsAsOpenAI},
	"openrouter": {"openrouter", countsAsOpenAI},
	"bedrock":    {"aws.bedrock", countsAsBedrock},
	"unknown":    {"", countsAsOpenAI},
}

// hostProvider tells a provider by the end of its host, where the SDKs' word is too coarse.
var hostProviders = []struct{ suffix, provider string }{
	{".openai.azure.com", "azure.ai.openai"},
	{".cognitiveservices.azure.com", "azure.ai.openai"},
	{".services.ai.azure.com", "azure.ai.inference"},
	{"aiplatform.googleapis.com", "gcp.vertex_ai"},
}

// gateways are hosts behind which any provider may be, though the SDKs say openai.
var gateways = map[string]string{
	"api.portkey.ai": "portkey", "gateway.helicone.ai": "helicone", "ai-gateway.helicone.ai": "helicone",
}

// question is what of an event tells its target: its URL, and the SDK's words for provider and model.
type question struct{ url, provider, model string }

// targetOf answers a question.
func targetOf(q question) target {
	t := located(q.url, strings.ToLower(q.provider))
	t.model = firstOf(q.model, t.model)
	t.name = t.operation
	if t.model != "" {
		t.name += " " + t.model
	}
	return t
}

// located reads a URL and the SDK's word for the provider. The user of the URL is not looked at.
func located(rawURL, word string) target {
	p, known := providers[word]
	if !known {
		p = provider{word, countsAsOpenAI}
	}
	t := target{provider: p.name, habit: p.habit, operation: semconv.OperationChat}
	u, err := url.Parse(rawURL)
	if err != nil {
		return t
	}
	t.host = strings.ToLower(u.Hostname())
	if port, err := strconv.ParseUint(u.Port(), 10, 16); err == nil {
		t.port = int64(port)
	}
	for _, h := range hostProviders {
		if strings.HasSuffix(t.host, h.suffix) {
			t.provider = h.provider
		}
	}
	if name, ok := gateways[t.host]; ok {
		t.provider, t.via = "", name
	} else if t.host == "oai.helicone.ai" || t.host == "oai.hconeai.com" {
		t.via = "helicone" // which passes on to OpenAI alone
	}
	t.operation = operationOf(u.Path)
	t.habit = habitOf(t, u.Path)
	t.streams = asksForStream(u.Path)
	t.model = modelIn(u.EscapedPath())
	return t
}

// operations are the ends of paths, the longer first.
var operations = []struct{ suffix, operation string }{
	{"/chat/completions", semconv.OperationChat},
	{"/completions", semconv.OperationTextCompletion},
	{"/embeddings", semconv.OperationEmbeddings},
	{"/embed", semconv.OperationEmbeddings},
	{":embedContent", semconv.OperationEmbeddings},
	{":batchEmbedContents", semconv.OperationEmbeddings},
	{":generateContent", semconv.OperationGenerateContent},
	{":streamGenerateContent", semconv.OperationGenerateContent},
	{"/rerank", "rerank"},
	{"/images/generations", "image_generation"},
	{"/audio/speech", "speech"},
	{"/audio/transcriptions", "transcription"},
}

func operationOf(path string) string {
	path = strings.TrimRight(path, "/")
	for _, o := range operations {
		if strings.HasSuffix(path, o.suffix) {
			return o.operation
		}
	}
	return semconv.OperationChat
}

// habitOf corrects a provider's habit by what of it was asked: clouds answer in the form of the model's maker.
func habitOf(t target, path string) habit {
	switch {
	case t.habit == countsAsGoogle && strings.Contains(path, "/publishers/anthropic/"):
		return countsAsAnthropic
	case t.habit == countsAsBedrock && strings.HasPrefix(path, "/openai/"):
		return countsAsOpenAI
	case t.habit == countsAsOpenAI && t.operation == semconv.OperationEmbeddings:
		return countsWithoutCache
	default:
		return t.habit
	}
}

// streamingEnds are the ends of paths that ask for a stream: Google's and Bedrock's.
var streamingEnds = []string{":streamGenerateContent", ":streamRawPredict", "/converse-stream", "/invoke-with-response-stream"}

func asksForStream(path string) bool {
	return slices.ContainsFunc(streamingEnds, func(end string) bool { return strings.HasSuffix(path, end) })
}

// modelIn returns the model that a path names: /model/<id>/converse of Bedrock, /models/<id>:generateContent of Google,
// /deployments/<name>/ of Azure.
func modelIn(escapedPath string) string {
	segments := strings.Split(escapedPath, "/")
	for i, s := range segments[:len(segments)-1] {
		switch s {
		case "model", "deployments":
			if i+2 == len(segments) {
				continue // a name, and nothing done with it
			}
		case "models":
		default:
			continue
		}
		name := segments[i+1]
		if s == "models" {
			name, _, _ = strings.Cut(name, ":")
		}
		if unescaped, err := url.PathUnescape(name); err == nil && len(unescaped) <= 256 {
			return unescaped
		}
	}
	return ""
}
