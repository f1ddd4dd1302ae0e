package costkeyhttp_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	aws "github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"

	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/provider"
	"github.com/costkey/costkey-otel/semconv"
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
	{name: "bedrock-invoke-llama", url: bedrockURL + "meta.llama3-8b-instruct-v1%3A0/invoke"},
	// docs.aws.amazon.com/nova/latest/userguide/using-invoke-api.html
	{name: "bedrock-invoke-stream-nova", url: bedrockURL + "amazon.nova-lite-v1%3A0/invoke-with-response-stream"},
	// docs.aws.amazon.com/nova/latest/userguide/complete-request-schema-response.html
	{
		name: "bedrock-invoke-nova",
		url:  "https://bedrock-runtime-fips.us-east-1.amazonaws.com/model/us.amazon.nova-lite-v1%3A0/invoke",
	},
	// docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-text.html
	{name: "bedrock-invoke-titan", url: bedrockURL + "amazon.titan-text-express-v1/invoke"},
	{name: "bedrock-invoke-stream-titan", url: bedrockURL + "amazon.titan-text-express-v1/invoke-with-response-stream"},
	// docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-mistral-text-completion.html; the counts are in
	// headers, in a stream in what Bedrock adds to its last chunk
	{
		name: "bedrock-invoke-headers", url: bedrockURL + "mistral.mistral-7b-instruct-v0:2/invoke",
		header: http.Header{"X-Amzn-Bedrock-Input-Token-Count": {"15"}, "X-Amzn-Bedrock-Output-Token-Count": {"7"}},
	},
	{name: "bedrock-invoke-stream-mistral", url: bedrockURL + "mistral.mistral-7b-instruct-v0:2/invoke-with-response-stream"},
	// docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html
	{name: "bedrock-embed", url: bedrockURL + "amazon.titan-embed-text-v2%3A0/invoke"},
	// docs.claude.com/en/api/claude-on-vertex-ai
	{name: "vertex-anthropic", url: vertexURL + "anthropic/models/claude-sonnet-4-5@20250929:rawPredict"},
	{name: "vertex-anthropic-stream", url: vertexURL + "anthropic/models/claude-sonnet-4-5@20250929:streamRawPredict"},
	// cloud.google.com/vertex-ai/generative-ai/docs/reference/rest/v1/GenerateContentResponse
	{name: "vertex-gemini", url: vertexURL + "google/models/gemini-2.5-flash:generateContent"},
	{
		name: "vertex-gemini-stream",
		url: "https://aiplatform.googleapis.com/v1/projects/p1/locations/global/publishers/google/models/" +
			"gemini-2.5-flash:streamGenerateContent?alt=sse",
	},
	// made after cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api and imagen-api
	{name: "vertex-embed", url: vertexURL + "google/models/gemini-embedding-001:predict"},
	{name: "vertex-imagen", url: "https://aiplatform.eu.rep.googleapis.com/v1/projects/p1/locations/eu/publishers/google/models/imagen-4.0-generate-001:predict"},
	// made after ai.google.dev/gemini-api/docs/interactions and genai v1.77
	{name: "gemini-interactions", url: "https://generativelanguage.googleapis.com/v1beta/interactions"},
	{name: "vertex-interactions-stream", url: "https://aiplatform.us.rep.googleapis.com/v1beta1/projects/p1/locations/us/interactions?alt=sse"},
	// made after developers.openai.com/api/docs/guides/compaction and openai-go v3.96
	{name: "openai-responses-compact", url: "https://au.api.openai.com/v1/responses/compact"},
	// made after docs.mistral.ai/api, conversations and ocr
	{name: "mistral-conversation", url: "https://api.mistral.ai/v1/conversations"},
	// made after docs.voyageai.com/reference/contextualized-embeddings-api and multimodal-embeddings-api
	{name: "voyage-contextualized", url: "https://api.voyageai.com/v1/contextualizedembeddings"},
	{name: "voyage-multimodal", url: "https://api.voyageai.com/v1/multimodalembeddings"},
	// made after platform.minimax.io/docs/api-reference/text-post
	{name: "minimax-chat", url: "https://api.minimax.io/v1/text/chatcompletion_v2"},
	{name: "mistral-ocr", url: "https://api.mistral.ai/v1/ocr"},
	// ai.google.dev/api/embeddings
	{name: "gemini-batch-embed", url: "https://generativelanguage.googleapis.com/v1beta/models/gemini-embedding-001:batchEmbedContents"},
	// learn.microsoft.com/azure/ai-foundry/openai/reference
	{name: "azure-openai-chat", url: "https://shop.openai.azure.com/openai/deployments/prod-4o/chat/completions?api-version=2024-10-21"},
	{name: "azure-openai-embeddings", url: "https://shop.cognitiveservices.azure.com/openai/deployments/embed/embeddings?api-version=2024-10-21"},
	// learn.microsoft.com/azure/ai-foundry/foundry-models/how-to/use-chat-completions
	{name: "azure-inference-chat", url: "https://shop.services.ai.azure.com/models/chat/completions?api-version=2024-05-01-preview"},
	{
		name: "azure-inference-chat-stream",
		url:  "https://mistral-shop.eastus2.inference.ai.azure.com/chat/completions?api-version=2024-05-01-preview",
	},
	// github.com/ollama/ollama/blob/main/docs/api.md and docs/openai.md
	{name: "ollama-chat-stream", url: "http://localhost:11434/api/chat"},
	{name: "ollama-generate", url: "http://127.0.0.1:11434/api/generate"},
	{name: "ollama-embed", url: "http://localhost:11434/api/embed"},
	{name: "ollama-openai-chat", url: "http://localhost:11434/v1/chat/completions"},
	// docs.cohere.com/reference/chat, /chat-stream, /chat-stream-v1, /embed, /v1/reference/embed, /rerank
	{name: "cohere-chat-v2", url: "https://api.cohere.com/v2/chat"},
	{name: "cohere-chat-v2-stream", url: "https://api.cohere.com/v2/chat"},
	{name: "cohere-chat-v1-stream", url: "https://api.cohere.com/v1/chat"},
	{name: "cohere-embed", url: "https://api.cohere.com/v2/embed"},
	{name: "cohere-embed-v1", url: "https://api.cohere.ai/v1/embed"},
	{name: "cohere-rerank", url: "https://api.cohere.com/v2/rerank"},
	// platform.openai.com/docs/api-reference/images, /images-streaming, /audio
	{name: "openai-images", url: openAIURL + "/images/generations"},
	{name: "openai-images-stream", url: openAIURL + "/images/generations"},
	{name: "openai-images-edit", url: "https://eu.api.openai.com/v1/images/edits"},
	{name: "openai-images-edit-stream", url: openAIURL + "/images/edits"},
	{name: "openai-transcription", url: openAIURL + "/audio/transcriptions"},
	{name: "openai-transcription-duration", url: openAIURL + "/audio/transcriptions"},
	{name: "openai-translation", url: "https://us.api.openai.com/v1/audio/translations"},
	{name: "openai-speech", url: openAIURL + "/audio/speech"},
	// console.groq.com/docs/api-reference
	{name: "groq-chat-stream", url: "https://api.groq.com/openai/v1/chat/completions"},
	// api-docs.deepseek.com/api/create-chat-completion
	{name: "deepseek-chat", url: "https://api.deepseek.com/chat/completions"},
	// docs.mistral.ai/api
	{name: "mistral-chat", url: "https://api.mistral.ai/v1/chat/completions"},
	// docs.together.ai/reference/chat-completions-1
	{name: "together-chat", url: "https://api.together.xyz/v1/chat/completions"},
	// docs.together.ai/reference/rerank-1
	{name: "together-rerank", url: "https://api.together.ai/v1/rerank"},
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
	// docs.github.com/rest/models/inference, whose answers are as those of Azure, which serves them
	{name: "github-chat", url: "https://models.github.ai/inference/chat/completions"},
	// huggingface.co/docs/inference-providers/tasks/chat-completion
	{name: "huggingface-chat", url: "https://router.huggingface.co/v1/chat/completions"},
	// platform.kimi.ai/docs/api/chat; the usage of a stream is in the last choice, and with include_usage as OpenAI's is
	{name: "moonshot-chat", url: "https://api.moonshot.ai/v1/chat/completions"},
	{name: "moonshot-chat-stream", url: "https://api.moonshot.cn/v1/chat/completions"},
	{name: "moonshot-chat-stream-choice", url: "https://api.moonshot.ai/v1/chat/completions"},
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
	for _, w := range providerWires {
		t.Run(w.name, func(t *testing.T) {
			answer, contentType := framed(t, w.name)
			compareInPieces(t, w.name, w.url, answer, func(body io.Reader) http.RoundTripper {
				return withHeader(w.header, answering(200, contentType, body))
			})
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

// tableWire is a recorded answer as the README's tables see it.
type tableWire struct {
	name, host, path string
	provider         string // that its span names
}

// tableWires returns every recorded answer.
func tableWires(t *testing.T) []tableWire {
	t.Helper()
	var out []tableWire
	add := func(name, at string) {
		u, err := url.Parse(at)
		if err != nil {
			t.Fatal(err)
		}
		var shape spanShape
		if err := json.Unmarshal(read(t, name+"/span.json"), &shape); err != nil {
			t.Fatal(err)
		}
		provider, _ := shape.Attributes[string(semconv.GenAIProviderNameKey)].(string)
		out = append(out, tableWire{name: name, host: u.Hostname(), path: u.Path, provider: provider})
	}
	for _, w := range wires {
		add(w.name, w.url)
	}
	for _, w := range providerWires {
		add(w.name, w.url)
	}
	return out
}

var code = regexp.MustCompile("`([^`]+)`")

// readmeRows returns what the README's table of that heading has as code in a row's first two cells.
func readmeRows(t *testing.T, heading string) (rows [][2][]string) {
	t.Helper()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(readme), heading+"\n")
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 {
			break
		}
		var row [2][]string
		for i := range row {
			for _, found := range code.FindAllStringSubmatch(cells[i+1], -1) {
				row[i] = append(row[i], found[1])
			}
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		t.Fatalf("the README has no table %q", heading)
	}
	return rows
}

// fits reports whether text is as the pattern says, in which * and {word} stand for anything.
func fits(pattern, text string) bool {
	return regexp.MustCompile("^" + wild.ReplaceAllString(regexp.QuoteMeta(pattern), ".*") + "$").MatchString(text)
}

var wild = regexp.MustCompile(`\\\*|\\\{\w+\\\}`)

func TestEveryPathOfTheREADMEHasARecordedAnswer(t *testing.T) {
	t.Parallel()
	if *update {
		return // the spans of new answers are being written
	}
	answers := map[string]int{} // by the pattern of a path
	for _, row := range readmeRows(t, "| format | path ends with | tokens | also |") {
		for _, pattern := range row[1] {
			answers[pattern] = 0
		}
	}
	for _, r := range tableWires(t) {
		longest := ""
		for pattern := range answers {
			if len(pattern) > len(longest) && fits("*"+pattern, r.path) {
				longest = pattern
			}
		}
		if longest == "" {
			t.Errorf("%s is in no row: %s", r.name, r.path)
			continue
		}
		answers[longest]++
	}
	for pattern, n := range answers {
		if n == 0 {
			t.Errorf("no recorded answer is at %s", pattern)
		}
	}
}

func TestEveryHostOfTheREADMEIsItsProviders(t *testing.T) {
	t.Parallel()
	rows := readmeRows(t, "| provider | hosts |")
	for _, row := range rows {
		if len(row[0]) == 0 {
			continue // a row of words: the ruler, and hosts that the user names
		}
		for _, pattern := range row[1] {
			host := strings.NewReplacer("*", "shop", "{region}", "eu-west-1").Replace(pattern)
			port := ""
			if row[0][0] == "ollama" && host != "ollama.com" {
				port = "11434"
			}
			if got := provider.At(host, port, "/v1/account/gateway/workers-ai/chat/completions"); got != row[0][0] {
				t.Errorf("%s is of %q, not %s", host, got, row[0][0])
			}
		}
	}
	for _, r := range tableWires(t) {
		if !slices.ContainsFunc(rows, func(row [2][]string) bool {
			return len(row[0]) > 0 && r.provider == row[0][0] &&
				slices.ContainsFunc(row[1], func(pattern string) bool { return fits(pattern, r.host) })
		}) {
			t.Errorf("%s, of %s at %s, is in no row", r.name, r.provider, r.host)
		}
	}
}
