package genaispan_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWhoWasAskedIsDecidedInTheWrittenOrder(t *testing.T) {
	t.Parallel()
	const haiku = "claude-haiku-4-5"
	for name, test := range map[string]struct {
		scope          string
		said, model    string
		more           attrs
		provider, host string
	}{
		"the region and vendor of a profile, before a host": {
			"x", "openai", "jp.anthropic.claude-haiku-4-5-20251001-v1:0", attrs{"server.address": "api.openai.com"}, "aws.bedrock", "api.openai.com",
		},
		"a profile of Australia, before a framework": {"x", "strands-agents", "au.anthropic.claude-haiku-4-5", nil, "aws.bedrock", ""},
		"a vendor and a version":                     {"x", "openai", "zai.glm-4-v1:0", nil, "aws.bedrock", ""},
		"a version that only Bedrock writes":         {"x", "anthropic", "claude-haiku-4-5-20251001-v1:0", nil, "aws.bedrock", ""},
		"a version with the size of the context":     {"x", "openai", "amazon.nova-lite-v1:0:300k", nil, "aws.bedrock", ""},
		"a resource of Bedrock's": {
			"x", "anthropic", "arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/anthropic.x", nil, "aws.bedrock", "",
		},
		"Oracle's ids have vendors too":      {"x", "", "meta.llama-3.3-70b-instruct", attrs{"server.address": "inference.generativeai.eu-frankfurt-1.oci.oraclecloud.com"}, "oci", "inference.generativeai.eu-frankfurt-1.oci.oraclecloud.com"},
		"a vendor alone, where nothing says": {"x", "unknown", "qwen.qwen3-coder-next", nil, "aws.bedrock", ""},
		"a tag of Ollama's is no version":    {"x", "ollama", "llama3:8", nil, "ollama", ""},
		"a version of Vertex AI's":           {"x", "anthropic", "claude-haiku-4-5@20251001", nil, "gcp.vertex_ai", ""},
		"a resource of Vertex AI's": {
			"x", "google", "projects/p/locations/global/publishers/google/models/gemini-2.5-pro", nil, "gcp.vertex_ai", "",
		},
		"a host, before what is said":                 {"x", "openai", haiku, attrs{"server.address": "openrouter.ai"}, "openrouter", "openrouter.ai"},
		"a host in the provider's place":              {"livekit-agents", "api.groq.com", "gpt-4o", nil, "groq", "api.groq.com"},
		"a URL in the provider's place":               {"x", "https://eu.api.openai.com:443/v1", haiku, nil, "openai", "eu.api.openai.com"},
		"a host that has a provider's name within":    {"x", "acme.openai.azure.com", "gpt-4o", nil, "azure.ai.openai", "acme.openai.azure.com"},
		"a host that nobody knows, and its port":      {"x", "10.1.2.3:8000", "mystery", nil, "", "10.1.2.3"},
		"a host of one's own network":                 {"x", "llm.acme.internal", "mystery", nil, "", "llm.acme.internal"},
		"a name with dots is no host":                 {"x", "My.Own-Provider", "gpt-4o", nil, "my.own-provider", ""},
		"a word of a framework":                       {"x", "LangSmith", haiku, nil, "anthropic", ""},
		"Vercel's gateway, as the AI SDK names it":    {"ai", "gateway", "anthropic/claude-haiku-4.5", attrs{"ai.operationId": "ai.generateText.doGenerate"}, "vercel_ai_gateway", ""},
		"a gateway, as anybody names one":             {"x", "gateway", "anthropic/claude-haiku-4.5", nil, "anthropic", ""},
		"an agent that names the protocol":            {"qwen-code", "openai", "qwen3-coder-plus", nil, "dashscope", ""},
		"an agent that asked a host":                  {"qwen-code", "openai", "qwen/qwen3-coder", attrs{"server.address": "openrouter.ai"}, "openrouter", "openrouter.ai"},
		"another model of an agent that names OpenAI": {"qwen-code", "openai", "gpt-4o", nil, "openai", ""},
	} {
		more := attrs{"gen_ai.request.model": test.model, "gen_ai.response.model": ""}
		for k, v := range test.more {
			more[k] = v
		}
		more["gen_ai.provider.name"] = test.said
		c := one(t, test.scope, chat("", 1, 1, more))
		assert.Equal(t, test.provider, c.Provider, name)
		assert.Equal(t, test.host, c.Host, name)
	}
}

func TestAGatewaySaysInTheMetadataWhatTheCallCost(t *testing.T) {
	t.Parallel()
	for metadata, want := range map[string]string{
		`{"gateway":{"routing":{"finalProvider":"anthropic"},"cost":"0.00135"}}`: "0.00135",
		`{"openrouter":{"usage":{"cost":2.5e-05,"totalTokens":3}}}`:              "0.000025",

		`{"gateway":{"cost":"0"}}`:       "",
		`{"gateway":{"cost":"a lot"}}`:   "",
		`{"gateway":{"cost":"0.5"},"op`:  "",
		`{"gateway":{"routing":"0.25"}}`: "",
	} {
		c := one(t, "ai", chat("", 1, 1, attrs{"ai.operationId": "ai.streamText.doStream", "ai.response.providerMetadata": metadata}))
		assert.Equal(t, want, c.ReportedCost, metadata)
	}
}
