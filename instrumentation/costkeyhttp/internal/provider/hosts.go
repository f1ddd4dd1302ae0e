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
	if port == ollamaPort && isLoopback(host) {
		return "ollama"
	}
	return ""
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}
