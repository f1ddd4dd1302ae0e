package provider

import (
	"net/netip"
	"strings"

	"github.com/costkey/costkey-otel/semconv"
)

const (
	azureOpenAI    = "azure.ai.openai"
	azureInference = "azure.ai.inference"
	bedrock        = "aws.bedrock"
	cloudflare     = "cloudflare"
	mistral        = "mistral_ai"
	moonshot       = "moonshot_ai"
	vertex         = "gcp.vertex_ai"
	xAI            = "x_ai"
)

// hosts names the provider of an API host. An id that the conventions lack is the one of the price catalogue.
var hosts = map[string]string{
	"api.openai.com": semconv.ProviderOpenAI,

	"api.anthropic.com":     semconv.ProviderAnthropic,
	"claude.googleapis.com": semconv.ProviderAnthropic, // anthropic-sdk-go, googlecloud: Anthropic serves it

	"generativelanguage.googleapis.com": semconv.ProviderGemini,
	"aiplatform.googleapis.com":         vertex,

	"models.inference.ai.azure.com": azureInference,

	"api.cohere.ai":         "cohere",
	"api.cohere.com":        "cohere",
	"api.cerebras.ai":       "cerebras",
	"api.deepseek.com":      "deepseek",
	"api.fireworks.ai":      "fireworks",
	"api.groq.com":          "groq",
	"api.mistral.ai":        mistral,
	"codestral.mistral.ai":  mistral,
	"api.moonshot.ai":       moonshot,
	"api.moonshot.cn":       moonshot,
	"api.perplexity.ai":     "perplexity",
	"api.together.xyz":      "together",
	"api.together.ai":       "together",
	"api.x.ai":              xAI,
	"openrouter.ai":         "openrouter",
	"models.github.ai":      "github",
	"router.huggingface.co": "huggingface",
	"ollama.com":            ollama,

	"ai-gateway.vercel.sh":                  "vercel_ai_gateway",
	"api.ai21.com":                          "ai21",
	"api.avian.io":                          "avian",
	"api.cloudflare.com":                    cloudflare,
	"api.deepinfra.com":                     "deepinfra",
	"api.doubleword.ai":                     "doubleword",
	"api.hyperbolic.xyz":                    "hyperbolic",
	"api.inceptionlabs.ai":                  "inception",
	"api.lambda.ai":                         "lambda",
	"api.minimax.io":                        "minimax",
	"api.minimaxi.com":                      "minimax",
	"api.morphllm.com":                      "morph",
	"api.novita.ai":                         "novita",
	"api.replicate.com":                     "replicate",
	"api.sambanova.ai":                      "sambanova",
	"api.scaleway.ai":                       "scaleway",
	"api.studio.nebius.com":                 "nebius",
	"api.tokenfactory.nebius.com":           "nebius",
	"api.voyageai.com":                      "voyageai",
	"api.z.ai":                              "zai",
	"dashscope.aliyuncs.com":                "dashscope",
	"dashscope-intl.aliyuncs.com":           "dashscope",
	"inference.api.nscale.com":              "nscale",
	"inference.baseten.co":                  "baseten",
	"oai.endpoints.kepler.ai.cloud.ovh.net": "ovhcloud",
}

// hostPatterns names the provider of every host that begins and ends so, below a path if one is named. The first that fits
// counts.
var hostPatterns = []struct{ prefix, suffix, path, provider string }{
	{"", ".api.openai.com", "", semconv.ProviderOpenAI},                    // a region, and mtls; openai-go, option.WithDataResidency
	{"aws-external-anthropic.", ".api.aws", "", semconv.ProviderAnthropic}, // anthropic-sdk-go, aws: Anthropic serves it
	{"", ".openai.azure.com", "", azureOpenAI},
	{"", ".openai.azure.us", "", azureOpenAI},
	{"", ".cognitiveservices.azure.com", "", azureOpenAI},
	{"", ".cognitiveservices.azure.us", "", azureOpenAI},
	{"", ".services.ai.azure.com", "/openai/", azureOpenAI}, // learn.microsoft.com/azure/ai-foundry, endpoints
	{"", ".services.ai.azure.com", "", azureInference},
	{"", ".inference.ai.azure.com", "", azureInference},
	{"", ".models.ai.azure.com", "", azureInference},
	{"", "-aiplatform.googleapis.com", "", vertex},
	{"aiplatform.", ".rep.googleapis.com", "", vertex}, // genai, client.go: us and eu
	{"", ".ml.cloud.ibm.com", "", "ibm.watsonx.ai"},
	{"", ".snowflakecomputing.com", "", "snowflake"},
	{"", ".oci.oraclecloud.com", "", "oci"},
}

const ollamaPort = "11434"

const ollama = "ollama"

// At returns the provider that serves a path at host, which has no port and is in lower case, or "". Ollama goes by its
// port, on a loopback address only.
func At(host, port, path string) string {
	if name, ok := hosts[host]; ok {
		return name
	}
	for i := range hostPatterns {
		h := &hostPatterns[i]
		if strings.HasPrefix(host, h.prefix) && strings.HasSuffix(host, h.suffix) && strings.HasPrefix(path, h.path) {
			return h.provider
		}
	}
	switch {
	case isBedrock(host):
		return bedrock
	case host == "gateway.ai.cloudflare.com":
		return throughCloudflare(path)
	case port == ollamaPort && isLoopback(host):
		return ollama
	}
	return ""
}

// throughCloudflare returns the provider that Cloudflare's gateway passes a request on to: it stands behind the account and the
// gateway's name. Source: developers.cloudflare.com/ai-gateway/usage/providers.
func throughCloudflare(path string) string {
	parts := strings.SplitN(path, "/", 6)
	if len(parts) < 6 {
		return ""
	}
	switch name := parts[4]; name {
	case "google-ai-studio":
		return semconv.ProviderGemini
	case "google-vertex-ai":
		return vertex
	case "aws-bedrock":
		return bedrock
	case "azure-openai":
		return azureOpenAI
	case "mistral":
		return mistral
	case "grok":
		return xAI
	case "perplexity-ai":
		return "perplexity"
	case "openai", "anthropic", "cerebras", "cohere", "deepseek", "groq", "huggingface", "openrouter", "replicate":
		return name
	}
	return cloudflare // its own models, and those of whom the model's id alone tells
}

// TakesStreamUsage reports whether the API at host documents stream_options.include_usage.
// Sources: the chat completions references at platform.openai.com, api-docs.deepseek.com, console.groq.com, docs.x.ai.
func TakesStreamUsage(host string) bool {
	switch At(host, "", "") {
	case semconv.ProviderOpenAI, "deepseek", "groq", xAI:
		return true
	}
	return false
}

// awsDomains are the ends of AWS's hosts, by partition. Source: openai-go v3.96 bedrock/auth.go, runtimeDNSSuffixes.
var awsDomains = []string{
	".amazonaws.com", ".api.aws", ".amazonaws.com.cn", ".api.amazonwebservices.com.cn", ".amazonaws.eu",
	".api.amazonwebservices.eu", ".c2s.ic.gov", ".api.aws.ic.gov", ".sc2s.sgov.gov", ".api.aws.scloud",
	".cloud.adc-e.uk", ".api.cloud-aws.adc-e.uk", ".csp.hci.ic.gov", ".api.aws.hci.ic.gov",
}

// isBedrock knows the endpoints of Bedrock's runtime by a whole part of their name: of a region, of FIPS and of a
// private network. Source: docs.aws.amazon.com/general/latest/gr/bedrock.html.
func isBedrock(host string) bool {
	if !strings.Contains(host, "bedrock-") {
		return false
	}
	for _, domain := range awsDomains {
		rest, ok := strings.CutSuffix(host, domain)
		for label := range strings.SplitSeq(rest, ".") {
			if ok && (label == "bedrock-runtime" || label == "bedrock-runtime-fips" || label == "bedrock-mantle") {
				return true
			}
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
