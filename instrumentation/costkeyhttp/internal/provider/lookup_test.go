package provider_test

import (
	"strings"
	"testing"

	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/provider"
)

func TestAPathTellsTheFormatAndTheModel(t *testing.T) {
	t.Parallel()
	const vertex = "/v1/projects/p/locations/l/publishers/"
	for _, tc := range []struct {
		path, operation, model string // operation "": no call
	}{
		{"/v1/chat/completions", "chat", ""},
		{"/v1/chat/completions/", "chat", ""},
		{"/openai/deployments/prod/chat/completions", "chat", ""},
		{"/v1/completions", "text_completion", ""},
		{"/v1/embeddings", "embeddings", ""},
		{"/v1/responses", "chat", ""},
		{"/v1/responses/resp_1/cancel", "", ""},
		{"/v1/messages", "chat", ""},
		{"/v1/messages/batches", "", ""},
		{"/v1/messages/count_tokens", "", ""},
		{"/v1beta/models/gemini-2.5-flash:generateContent", "generate_content", "gemini-2.5-flash"},
		{"/v1beta/models/gemini-2.5-flash:countTokens", "", ""},
		{vertex + "anthropic/models/claude-x@1:rawPredict", "chat", "claude-x@1"},
		{vertex + "anthropic/models/claude-x@1:streamRawPredict", "chat", "claude-x@1"},
		{vertex + "anthropic/models/count-tokens:rawPredict", "", ""},
		{vertex + "mistralai/models/mistral-x:rawPredict", "", ""},
		{"/model/amazon.nova-lite-v1:0/converse", "chat", "amazon.nova-lite-v1:0"},
		{"/model/arn:aws:bedrock:us-east-1:1:inference-profile/us.x-v1:0/converse-stream", "chat", "arn:aws:bedrock:us-east-1:1:inference-profile/us.x-v1:0"},
		{"/model/amazon.titan-embed-text-v2:0/invoke", "embeddings", "amazon.titan-embed-text-v2:0"},
		{"/model/meta.llama3/invoke", "chat", "meta.llama3"},
		{"/model/meta.llama3/invoke-with-response-stream", "chat", "meta.llama3"},
		{"/model//invoke", "", ""},
		{"/model/meta.llama3/count-tokens", "", ""},
		{"/agents/a/invoke", "", ""},
		{"/guardrail/g/version/1/apply", "", ""},
		{"/v1/images/generations", "image_generation", ""},
		{"/v1/images/edits", "image_generation", ""},
		{"/v1/audio/transcriptions", "transcription", ""},
		{"/v1/audio/speech", "speech", ""},
		{"/v2/chat", "chat", ""},
		{"/v2/embed", "embeddings", ""},
		{"/v2/rerank", "rerank", ""},
		{"/api/chat", "chat", ""},
		{"/api/generate", "text_completion", ""},
		{"/api/embed", "embeddings", ""},
		{"/api/pull", "", ""},
		{"/v1/batches", "", ""},
		{"/v1/realtime/sessions", "", ""},
		{"/v1/responses/compact", "chat", ""},
		{"/v1/responses/input_tokens", "", ""},
		{vertex + "google/models/gemini-embedding-001:predict", "embeddings", "gemini-embedding-001"},
		{vertex + "google/models/text-multilingual-embedding-002:predict", "embeddings", "text-multilingual-embedding-002"},
		{vertex + "google/models/imagen-4.0-generate-001:predict", "image_generation", "imagen-4.0-generate-001"},
		{vertex + "google/models/weather:predict", "", ""},
		{"/v1beta/models/imagen-4.0-generate-001:predict", "image_generation", "imagen-4.0-generate-001"},
		{"/v1beta/interactions", "generate_content", ""},
		{"/v1beta1/projects/p/locations/global/interactions", "generate_content", ""},
		{"/v1beta/interactions/i1/cancel", "", ""},
		{"/v1/conversations", "", ""}, // OpenAI's: an object, no call
		{"/v1/ocr", "", ""},
		{"mistral_ai/v1/conversations", "chat", ""},
		{"mistral_ai/v1/conversations/conv_1", "chat", ""},
		{"mistral_ai/v1/ocr", "ocr", ""},
	} {
		by, path, _ := strings.Cut(tc.path, "/")
		target, ok := provider.Lookup(by, "/"+path)
		if ok != (tc.operation != "") {
			t.Errorf("%s: a call: %v", tc.path, ok)
			continue
		}
		if ok && (target.Operation != tc.operation || target.Model != tc.model) {
			t.Errorf("%s is %s of %q, not %s of %q", tc.path, target.Operation, target.Model, tc.operation, tc.model)
		}
	}
}

func TestAHostTellsTheProvider(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ host, port, path, provider string }{
		{"api.openai.com", "", "", "openai"},
		{"shop.openai.azure.com", "", "", "azure.ai.openai"},
		{"us-east5-aiplatform.googleapis.com", "", "", "gcp.vertex_ai"},
		{"bedrock-runtime.us-east-1.amazonaws.com", "", "", "aws.bedrock"},
		{"bedrock-runtime-fips.us-gov-west-1.amazonaws.com", "", "", "aws.bedrock"},
		{"vpce-0a1b-c2.bedrock-runtime.eu-west-1.vpce.amazonaws.com", "", "", "aws.bedrock"},
		{"bedrock.us-east-1.amazonaws.com", "", "", ""},
		{"bedrock-agent-runtime.us-east-1.amazonaws.com", "", "", ""},
		{"s3.us-east-1.amazonaws.com", "", "", ""},
		{"bedrock-runtime.us-east-1.example.com", "", "", ""},
		{"bedrock-runtime.amazonaws.com.example.com", "", "", ""},
		{"api.cohere.com", "", "", "cohere"},
		{"localhost", "11434", "", "ollama"},
		{"127.0.0.1", "11434", "", "ollama"},
		{"::1", "11434", "", "ollama"},
		{"10.0.0.7", "11434", "", ""},
		{"localhost", "8080", "", ""},
		{"openai.com", "", "", ""},
		{"shop.services.ai.azure.com", "", "/openai/v1/chat/completions", "azure.ai.openai"},
		{"shop.services.ai.azure.com", "", "/anthropic/v1/messages", "azure.ai.inference"},
		{"shop.services.ai.azure.com", "", "/models/chat/completions", "azure.ai.inference"},
		{"gateway.ai.cloudflare.com", "", "/v1/account/shop/openai/chat/completions", "openai"},
		{"gateway.ai.cloudflare.com", "", "/v1/account/shop/grok/v1/chat/completions", "x_ai"},
		{"gateway.ai.cloudflare.com", "", "/v1/account/shop/compat/chat/completions", "cloudflare"},
		{"gateway.ai.cloudflare.com", "", "/v1/account", ""},
		{"aiplatform.us.rep.googleapis.com", "", "", "gcp.vertex_ai"},
		{"storage.us.rep.googleapis.com", "", "", ""},
		{"openai.azure.us", "", "", ""},
		{"bedrock-mantle.us-east-1.api.aws", "", "", "aws.bedrock"},
		{"bedrock-runtime.cn-north-1.amazonaws.com.cn", "", "", "aws.bedrock"},
		{"aws-external-anthropic.us-west-2.api.aws", "", "", "anthropic"},
		{"execute-api.us-west-2.api.aws", "", "", ""},
	} {
		if got := provider.At(tc.host, tc.port, tc.path); got != tc.provider {
			t.Errorf("%s:%s is %q, not %q", tc.host, tc.port, got, tc.provider)
		}
	}
}
