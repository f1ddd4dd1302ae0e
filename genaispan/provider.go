package genaispan

import (
	"net/netip"
	"strings"
)

// Canonical providers, as gen_ai.provider.name has them. Ids that semconv lacks are those of the price catalogue.
const (
	providerOpenAI    = "openai"
	providerAnthropic = "anthropic"
	providerBedrock   = "aws.bedrock"
	providerGemini    = "gcp.gemini"
	providerVertex    = "gcp.vertex_ai"
	providerGenAI     = "gcp.gen_ai"
	providerAzure     = "azure.ai.openai"
	providerAzureInf  = "azure.ai.inference"
	providerXAI       = "x_ai"
	providerOllama    = "ollama"
	providerVercel    = "vercel_ai_gateway"
	providerDashscope = "dashscope"
)

// providers maps what libraries write, in lower case and without separators, to the canonical provider. An empty
// canonical name marks frameworks and words in the provider's place.
var providers = map[string]string{
	"openai": providerOpenAI, "openaichat": providerOpenAI, "chatopenai": providerOpenAI, "openairesponses": providerOpenAI,
	"textcompletionopenai": providerOpenAI, "openaiembeddings": providerOpenAI,
	"azureaiopenai": providerAzure, "azopenai": providerAzure, "azaiopenai": providerAzure, "azure": providerAzure,
	"azureopenai": providerAzure, "azurechatopenai": providerAzure,
	"azureaiinference": providerAzureInf, "azaiinference": providerAzureInf, "azureai": providerAzureInf,
	"azureaifoundry": providerAzureInf,
	"anthropic":      providerAnthropic, "claude": providerAnthropic, "chatanthropic": providerAnthropic,
	"awsbedrock": providerBedrock, "aws": providerBedrock, "amazon": providerBedrock, "bedrock": providerBedrock,
	"amazonbedrock": providerBedrock, "bedrockconverse": providerBedrock, "chatbedrock": providerBedrock,
	"chatbedrockconverse": providerBedrock,
	"gcpgemini":           providerGemini, "gemini": providerGemini, "google": providerGemini, "googlegenerativeai": providerGemini,
	"googlegenai": providerGemini, "googleai": providerGemini, "googlegla": providerGemini, "googleaigemini": providerGemini,
	"chatgooglegenerativeai": providerGemini,
	"gcpvertexai":            providerVertex, "vertexai": providerVertex, "googlevertex": providerVertex, "vertex": providerVertex,
	"googlevertexai": providerVertex, "googlevertexaigemini": providerVertex, "chatvertexai": providerVertex,
	"gcpgenai":  providerGenAI,
	"mistralai": "mistral_ai", "mistral": "mistral_ai", "chatmistralai": "mistral_ai",
	"xai": providerXAI, "grok": providerXAI,
	"ibmwatsonxai": "ibm.watsonx.ai", "watsonx": "ibm.watsonx.ai",
	"moonshotai": "moonshot_ai", "moonshot": "moonshot_ai",
	"cohere": "cohere", "deepseek": "deepseek", "groq": "groq", "perplexity": "perplexity",
	"openrouter": "openrouter", "together": "together", "togetherai": "together", "fireworks": "fireworks",
	"fireworksai": "fireworks", "cerebras": "cerebras", "ollama": providerOllama, "huggingface": "huggingface",
	"replicate": "replicate", "voyageai": "voyageai", "voyage": "voyageai", "github": "github", "deepinfra": "deepinfra",

	"langchain": "", "langgraph": "", "crewai": "", "llamaindex": "", "haystack": "", "litellm": "",
	"strandsagents": "", "gcpvertexagent": "", "springai": "", "autogen": "", "microsoftagentframework": "",
	"gateway": "", "vercel": "", "other": "", "unknown": "", "custom": "", "livekit": "", "livekitagents": "", "langsmith": "",
	"langfuse": "", "openinference": "", "traceloop": "", "openllmetry": "", "openlit": "", "logfire": "", "pydanticai": "",
	"mastra": "", "genkit": "", "semantickernel": "", "smolagents": "", "agno": "", "dspy": "", "adk": "", "googleadk": "",
}

// hosts maps hosts to providers.
var hosts = map[string]string{
	"api.openai.com": providerOpenAI, "eu.api.openai.com": providerOpenAI, "us.api.openai.com": providerOpenAI,
	"api.anthropic.com":                 providerAnthropic,
	"generativelanguage.googleapis.com": providerGemini,
	"api.mistral.ai":                    "mistral_ai", "codestral.mistral.ai": "mistral_ai",
	"api.x.ai":       providerXAI,
	"api.cohere.com": "cohere", "api.cohere.ai": "cohere", "api.deepseek.com": "deepseek", "api.groq.com": "groq",
	"api.perplexity.ai": "perplexity", "openrouter.ai": "openrouter", "api.together.xyz": "together",
	"api.together.ai": "together", "api.fireworks.ai": "fireworks", "api.cerebras.ai": "cerebras",
	"models.github.ai": "github", "models.inference.ai.azure.com": providerAzureInf,
	"api.replicate.com": "replicate", "api.voyageai.com": "voyageai", "router.huggingface.co": "huggingface",
	"api.deepinfra.com": "deepinfra", "api.sambanova.ai": "sambanova", "api.studio.nebius.com": "nebius",
	"api.tokenfactory.nebius.com": "nebius", "api.hyperbolic.xyz": "hyperbolic", "api.novita.ai": "novita",
	"inference.api.nscale.com": "nscale", "api.ai21.com": "ai21", "dashscope.aliyuncs.com": "dashscope",
	"dashscope-intl.aliyuncs.com": "dashscope", "api.minimax.io": "minimax", "api.minimaxi.com": "minimax",
	"api.z.ai": "zai", "api.lambda.ai": "lambda", "api.scaleway.ai": "scaleway",
	"oai.endpoints.kepler.ai.cloud.ovh.net": "ovhcloud", "inference.baseten.co": "baseten",
	"ai-gateway.vercel.sh": "vercel_ai_gateway", "api.cloudflare.com": "cloudflare", "api.morphllm.com": "morph",
	"api.inceptionlabs.ai": "inception", "api.avian.io": "avian", "api.doubleword.ai": "doubleword",
}

// hostPattern tells a provider by the beginning and the end of a host.
type hostPattern struct{ prefix, suffix, provider string }

var hostPatterns = []hostPattern{
	{"", ".openai.azure.com", providerAzure},
	{"", ".cognitiveservices.azure.com", providerAzure},
	{"", ".inference.ai.azure.com", providerAzureInf},
	{"", ".models.ai.azure.com", providerAzureInf},
	{"", ".services.ai.azure.com", providerAzureInf},
	{"bedrock-runtime", ".amazonaws.com", providerBedrock},
	{"bedrock-runtime", ".amazonaws.com.cn", providerBedrock},
	{"", "aiplatform.googleapis.com", providerVertex},
	{"", ".ml.cloud.ibm.com", "ibm.watsonx.ai"},
	{"api.moonshot.", "", "moonshot_ai"},
	{"", ".snowflakecomputing.com", "snowflake"},
	{"", ".oci.oraclecloud.com", "oci"},
}

const ollamaPort = 11434

// providerByHost returns the provider that serves at host, "" if none is known.
func providerByHost(host string, port int64) string {
	if host == "" {
		return ""
	}
	if p, ok := hosts[host]; ok {
		return p
	}
	for i := range hostPatterns {
		p := &hostPatterns[i]
		if strings.HasPrefix(host, p.prefix) && strings.HasSuffix(host, p.suffix) {
			return p.provider
		}
	}
	if port == ollamaPort && isLocalHost(host) {
		return providerOllama
	}
	return ""
}

// isLocalHost reports whether host names this machine or a private network, where any model may be served.
func isLocalHost(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") || strings.HasSuffix(host, ".local") ||
		strings.HasSuffix(host, ".internal") {
		return true
	}
	if strings.IndexByte(host, ':') < 0 {
		if strings.IndexByte(host, '.') < 0 {
			return true
		}
		if c := host[0]; c < '0' || c > '9' {
			return false
		}
	}
	a, err := netip.ParseAddr(host)
	return err == nil && (a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast())
}

// canonicalProvider returns the canonical name of what a library wrote, "" for a framework's name. A name that nobody
// listed is kept in lower case.
func canonicalProvider(s string) string {
	if p, ok := lookUpProvider(s); ok {
		return p
	}
	for head := s; ; {
		i := strings.LastIndexByte(head, '.') // a Vercel id: openai.responses, vertex.anthropic.messages
		if i <= 0 {
			return strings.ToLower(s)
		}
		head = head[:i]
		if p, ok := lookUpProvider(head); ok {
			return p
		}
	}
}

// lookUpProvider looks s up in lower case and without separators.
func lookUpProvider(s string) (string, bool) {
	if p, ok := providers[s]; ok {
		return p, true
	}
	var buf [48]byte
	n := 0
	for i := range len(s) {
		c := s[i]
		switch {
		case c == '.' || c == '-' || c == '_' || c == ' ':
			continue
		case n == len(buf):
			return "", false
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		}
		buf[n] = c
		n++
	}
	p, ok := providers[string(buf[:n])]
	return p, ok
}

// modelPattern tells a provider by the beginning of a model's id.
type modelPattern struct{ prefix, provider string }

var modelPatterns = []modelPattern{
	{"gpt-", providerOpenAI},
	{"chatgpt-", providerOpenAI},
	{"o1", providerOpenAI},
	{"o3", providerOpenAI},
	{"o4", providerOpenAI},
	{"text-embedding-3-", providerOpenAI},
	{"text-embedding-ada-", providerOpenAI},
	{"ft:gpt-", providerOpenAI},
	{"claude-", providerAnthropic},
	{"gemini-", providerGemini},
	{"models/gemini-", providerGemini},
	{"grok-", providerXAI},
}

// providerByModel guesses the provider from a model's id, "" where the id does not tell.
func providerByModel(model string) string {
	if p := providerInID(model); p != "" {
		return p
	}
	if _, vendor := cutBedrock(model); vendor {
		return providerBedrock
	}
	for i := range modelPatterns {
		if hasPrefixFold(model, modelPatterns[i].prefix) {
			return modelPatterns[i].provider
		}
	}
	vendor, _, ok := strings.Cut(model, "/")
	if !ok {
		return ""
	}
	p, _ := lookUpProvider(vendor)
	return p
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// containsFold reports whether s has the lower-case ASCII text sub in it, whatever the case.
func containsFold(s, sub string) bool {
	for i := 0; i+len(sub) <= len(s); i++ {
		if s[i]|0x20 == sub[0] && strings.EqualFold(s[i:i+len(sub)], sub) {
			return true
		}
	}
	return false
}
