package provider

import (
	"net/netip"
	"strings"

	"github.com/costkey/costkey-otel/semconv"
)

// hosts names the provider of an API host.
var hosts = map[string]string{
	"api.openai.com":    semconv.ProviderOpenAI,
	"eu.api.openai.com": semconv.ProviderOpenAI,
	"us.api.openai.com": semconv.ProviderOpenAI,

	"api.anthropic.com": semconv.ProviderAnthropic,

	"generativelanguage.googleapis.com": semconv.ProviderGemini,
	"aiplatform.googleapis.com":         "gcp.vertex_ai",

	"api.cohere.ai":         "cohere",
	"api.cohere.com":        "cohere",
	"api.cerebras.ai":       "cerebras",
	"api.deepseek.com":      "deepseek",
	"api.fireworks.ai":      "fireworks",
	"api.groq.com":          "groq",
	"api.mistral.ai":        "mistral_ai",
	"api.moonshot.ai":       "moonshot_ai",
	"api.moonshot.cn":       "moonshot_ai",
	"api.perplexity.ai":     "perplexity",
	"api.together.xyz":      "together",
	"api.together.ai":       "together",
	"api.x.ai":              "x_ai",
	"openrouter.ai":         "openrouter",
	"models.github.ai":      "github",
	"router.huggingface.co": "huggingface",
}

// hostSuffixes names the provider of every host that ends so.
var hostSuffixes = []struct{ suffix, provider string }{
	{".openai.azure.com", "azure.ai.openai"},
	{".cognitiveservices.azure.com", "azure.ai.openai"},
	{".inference.ai.azure.com", "azure.ai.inference"},
	{".services.ai.azure.com", "azure.ai.inference"},
	{"-aiplatform.googleapis.com", "gcp.vertex_ai"},
}

const ollamaPort = "11434"

// ByHost returns the provider that serves at host, which has no port and is in lower case, or "". Ollama goes by its
// port, on a loopback address only.
func ByHost(host, port string) string {
	if name, ok := hosts[host]; ok {
		return name
	}
	for _, h := range hostSuffixes {
		if strings.HasSuffix(host, h.suffix) {
			return h.provider
		}
	}
	if isBedrock(host) {
		return "aws.bedrock"
	}
	if port == ollamaPort && isLoopback(host) {
		return "ollama"
	}
	return ""
}

// TakesStreamUsage reports whether the API at host documents stream_options.include_usage.
// Sources: the chat completions references at platform.openai.com, api-docs.deepseek.com, console.groq.com, docs.x.ai.
func TakesStreamUsage(host string) bool {
	switch hosts[host] {
	case semconv.ProviderOpenAI, "deepseek", "groq", "x_ai":
		return true
	}
	return false
}

// isBedrock knows the endpoints of Bedrock's runtime by a whole part of their name: of a region, of FIPS and of a
// private network. Source: docs.aws.amazon.com/general/latest/gr/bedrock.html.
func isBedrock(host string) bool {
	rest, ok := strings.CutSuffix(host, ".amazonaws.com")
	for label := range strings.SplitSeq(rest, ".") {
		if ok && (label == "bedrock-runtime" || label == "bedrock-runtime-fips") {
			return true
		}
	}
	return false
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}
