package costkeyhttp_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	aws "github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
)

const (
	bedrockURL = "https://bedrock-runtime.us-east-1.amazonaws.com/model/"
	vertexURL  = "https://us-east5-aiplatform.googleapis.com/v1/projects/p1/locations/us-east5/publishers/"
	profileARN = "arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fus.anthropic.claude-sonnet-4-5-20250929-v1%3A0"
)

// providerWires are answers of further providers, in the shape that the page named documents: testdata/<name> holds the
// request, the answer and the span that must come of them.
var providerWires = []struct {
	name, url string
	header    http.Header
}{
	// docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
	{name: "bedrock-converse", url: bedrockURL + profileARN + "/converse"},
	// docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
	{name: "bedrock-converse-stream", url: bedrockURL + "amazon.nova-lite-v1%3A0/converse-stream"},
	{name: "bedrock-converse-stream-error", url: bedrockURL + "amazon.nova-lite-v1%3A0/converse-stream"},
	// docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html
	{name: "bedrock-invoke-anthropic", url: bedrockURL + "anthropic.claude-sonnet-4-5-20250929-v1%3A0/invoke"},
	{
		name: "bedrock-invoke-stream-anthropic",
		url:  "https://vpce-0a1b.bedrock-runtime.us-east-1.vpce.amazonaws.com/model/" + profileARN + "/invoke-with-response-stream",
	},
	// docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-meta.html
	{name: "bedrock-invoke-stream-llama", url: bedrockURL + "meta.llama3-8b-instruct-v1%3A0/invoke-with-response-stream"},
	// docs.aws.amazon.com/nova/latest/userguide/using-invoke-api.html
	{name: "bedrock-invoke-stream-nova", url: bedrockURL + "amazon.nova-lite-v1%3A0/invoke-with-response-stream"},
	// docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-mistral-text-completion.html; the counts are in headers
	{
		name: "bedrock-invoke-headers", url: bedrockURL + "mistral.mistral-7b-instruct-v0:2/invoke",
		header: http.Header{"X-Amzn-Bedrock-Input-Token-Count": {"15"}, "X-Amzn-Bedrock-Output-Token-Count": {"7"}},
	},
	// docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html
	{name: "bedrock-embed", url: bedrockURL + "amazon.titan-embed-text-v2%3A0/invoke"},
	// docs.claude.com/en/api/claude-on-vertex-ai
	{name: "vertex-anthropic", url: vertexURL + "anthropic/models/claude-sonnet-4-5@20250929:rawPredict"},
	{name: "vertex-anthropic-stream", url: vertexURL + "anthropic/models/claude-sonnet-4-5@20250929:streamRawPredict"},
	// cloud.google.com/vertex-ai/generative-ai/docs/reference/rest/v1/GenerateContentResponse
	{name: "vertex-gemini", url: vertexURL + "google/models/gemini-2.5-flash:generateContent"},
	// learn.microsoft.com/azure/ai-foundry/openai/reference
	{name: "azure-openai-chat", url: "https://shop.openai.azure.com/openai/deployments/prod-4o/chat/completions?api-version=2024-10-21"},
	// github.com/ollama/ollama/blob/main/docs/api.md and docs/openai.md
	{name: "ollama-chat-stream", url: "http://localhost:11434/api/chat"},
	{name: "ollama-generate", url: "http://127.0.0.1:11434/api/generate"},
	{name: "ollama-embed", url: "http://localhost:11434/api/embed"},
	{name: "ollama-openai-chat", url: "http://localhost:11434/v1/chat/completions"},
	// docs.cohere.com/reference/chat, /chat-stream, /chat-stream-v1, /embed, /rerank
	{name: "cohere-chat-v2", url: "https://api.cohere.com/v2/chat"},
	{name: "cohere-chat-v2-stream", url: "https://api.cohere.com/v2/chat"},
	{name: "cohere-chat-v1-stream", url: "https://api.cohere.com/v1/chat"},
	{name: "cohere-embed", url: "https://api.cohere.com/v2/embed"},
	{name: "cohere-rerank", url: "https://api.cohere.com/v2/rerank"},
	// platform.openai.com/docs/api-reference/images, /images-streaming, /audio
	{name: "openai-images", url: openAIURL + "/images/generations"},
	{name: "openai-images-stream", url: openAIURL + "/images/generations"},
	{name: "openai-transcription", url: openAIURL + "/audio/transcriptions"},
	{name: "openai-transcription-duration", url: openAIURL + "/audio/transcriptions"},
	{name: "openai-speech", url: openAIURL + "/audio/speech"},
	// console.groq.com/docs/api-reference
	{name: "groq-chat-stream", url: "https://api.groq.com/openai/v1/chat/completions"},
	// api-docs.deepseek.com/api/create-chat-completion
	{name: "deepseek-chat", url: "https://api.deepseek.com/chat/completions"},
	// docs.mistral.ai/api
	{name: "mistral-chat", url: "https://api.mistral.ai/v1/chat/completions"},
	// docs.together.ai/reference/chat-completions-1
	{name: "together-chat", url: "https://api.together.xyz/v1/chat/completions"},
	// docs.fireworks.ai/api-reference/post-chatcompletions
	{name: "fireworks-chat", url: "https://api.fireworks.ai/inference/v1/chat/completions"},
	// docs.perplexity.ai/api-reference/chat-completions-post
	{name: "perplexity-chat", url: "https://api.perplexity.ai/chat/completions"},
	// inference-docs.cerebras.ai/api-reference/chat-completions
	{name: "cerebras-chat", url: "https://api.cerebras.ai/v1/chat/completions"},
	// openrouter.ai/docs/use-cases/usage-accounting
	{name: "openrouter-chat", url: "https://openrouter.ai/api/v1/chat/completions"},
	// docs.x.ai/docs/api-reference
	{name: "xai-chat", url: "https://api.x.ai/v1/chat/completions"},
}

// framed returns a recorded answer as it is on the wire, and its content type. Binary framings are kept as text, one
// message a line, and framed by AWS's own encoder.
func framed(t testing.TB, name string) (body []byte, contentType string) {
	t.Helper()
	for file, as := range map[string]func(testing.TB, []byte) ([]byte, string){
		"answer.events": awsEvents, "answer.chunks": awsChunks,
		"answer.ndjson": func(_ testing.TB, b []byte) ([]byte, string) { return b, "application/x-ndjson" },
	} {
		if text, err := os.ReadFile(filepath.Join("testdata", name, file)); err == nil {
			return as(t, text)
		}
	}
	return answerOf(t, name)
}

func awsEvents(t testing.TB, text []byte) ([]byte, string) {
	t.Helper()
	var b bytes.Buffer
	for line := range strings.Lines(string(text)) {
		event, payload, _ := strings.Cut(strings.TrimSpace(line), "\t")
		awsMessage(t, &b, event, []byte(payload))
	}
	return b.Bytes(), "application/vnd.amazon.eventstream"
}

func awsChunks(t testing.TB, text []byte) ([]byte, string) {
	t.Helper()
	var b bytes.Buffer
	for line := range strings.Lines(string(text)) {
		payload, err := json.Marshal(map[string]string{
			"bytes": base64.StdEncoding.EncodeToString([]byte(strings.TrimSpace(line))), "p": "abcdefg",
		})
		if err != nil {
			t.Fatal(err)
		}
		awsMessage(t, &b, "chunk", payload)
	}
	return b.Bytes(), "application/vnd.amazon.eventstream"
}

// awsMessage writes one message; an event that begins with "!" is an exception.
func awsMessage(t testing.TB, to *bytes.Buffer, event string, payload []byte) {
	t.Helper()
	m := aws.Message{Payload: payload}
	kind, what, failed := "event", ":event-type", false
	if event, failed = strings.CutPrefix(event, "!"); failed {
		kind, what = "exception", ":exception-type"
	}
	m.Headers.Set(what, aws.StringValue(event))
	m.Headers.Set(":content-type", aws.StringValue("application/json"))
	m.Headers.Set(":message-type", aws.StringValue(kind))
	if err := aws.NewEncoder().Encode(to, m); err != nil {
		t.Fatal(err)
	}
}

func TestEveryProvidersAnswerGivesItsSpanInWhateverPiecesItComes(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(5, 6))
	for _, w := range providerWires {
		t.Run(w.name, func(t *testing.T) {
			answer, contentType := framed(t, w.name)
			request := string(read(t, w.name+"/request.json"))
			for _, cut := range []func() int{
				func() int { return len(answer) },
				func() int { return 1 },
				func() int { return random.IntN(40) },
			} {
				s := newSpans(t)
				rt := transport(s, withHeader(w.header, answering(200, contentType, &pieces{rest: answer, next: cut})))
				if _, got := drain(t, rt, post(t, w.url, request)); !bytes.Equal(got, answer) {
					t.Fatal("the caller read other bytes than the provider sent")
				}
				compareSpan(t, w.name, s.one(t))
				if text := s.everything(); strings.Contains(text, "MARKER") || strings.Contains(text, "SECRET") {
					t.Errorf("a text or a key has reached a span:\n%s", text)
				}
			}
		})
	}
}

// withHeader answers as b does, with more headers.
func withHeader(more http.Header, b base) base {
	return func(r *http.Request) (*http.Response, error) {
		resp, err := b(r)
		if err == nil {
			for name, values := range more {
				resp.Header[name] = values
			}
		}
		return resp, err
	}
}
