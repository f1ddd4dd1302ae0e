package costkeyhttp_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/foundry"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/option"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/responses"
	"go.opentelemetry.io/otel/attribute"
	"google.golang.org/genai"

	"github.com/costkey/costkey-otel/semconv"
)

// sdkHost is one host that an official SDK sends calls to by itself: no base URL is set.
type sdkHost struct {
	name, provider string
	call           func(*testing.T, *http.Client)
}

func openAIHosts() (list []sdkHost) {
	for _, at := range []option.DataResidency{
		option.DataResidencyGlobal, option.DataResidencyUS, option.DataResidencyEU, option.DataResidencyAE,
		option.DataResidencyAU, option.DataResidencyIN, option.DataResidencyJP,
	} {
		list = append(list, sdkHost{"openai-go in " + string(at), "openai", func(t *testing.T, h *http.Client) {
			c := openai.NewClient(option.WithDataResidency(at), option.WithAPIKey("k"), option.WithHTTPClient(h), option.WithMaxRetries(0))
			_, _ = c.Responses.New(t.Context(), responses.ResponseNewParams{Model: "gpt-6"})
		}})
	}
	return list
}

func anthropicHosts() []sdkHost {
	return []sdkHost{
		{"anthropic-sdk-go", "anthropic", func(t *testing.T, h *http.Client) {
			c := anthropic.NewClient(anthropicoption.WithAPIKey("k"), anthropicoption.WithHTTPClient(h), anthropicoption.WithMaxRetries(0))
			_, _ = c.Messages.New(t.Context(), anthropicParams())
		}},
		{"anthropic-sdk-go/foundry", "azure.ai.inference", func(t *testing.T, h *http.Client) {
			c, err := foundry.NewClient(foundry.ClientConfig{APIKey: "k", Resource: "shop"},
				anthropicoption.WithHTTPClient(h), anthropicoption.WithMaxRetries(0))
			if err != nil {
				t.Fatal(err)
			}
			_, _ = c.Messages.New(t.Context(), anthropicParams())
		}},
	}
}

func googleHosts() []sdkHost {
	client := func(t *testing.T, config genai.ClientConfig) *genai.Client {
		c, err := genai.NewClient(t.Context(), &config)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	list := []sdkHost{
		{"genai", "gcp.gemini", func(t *testing.T, h *http.Client) {
			c := client(t, genai.ClientConfig{APIKey: "k", Backend: genai.BackendGeminiAPI, HTTPClient: h})
			_, _ = c.Models.GenerateContent(t.Context(), "gemini-3-pro", genai.Text("a"), nil)
		}},
		{"genai embeddings on Vertex AI", "gcp.vertex_ai", func(t *testing.T, h *http.Client) {
			c := client(t, genai.ClientConfig{Project: "p", Location: "us-east5", Backend: genai.BackendVertexAI, HTTPClient: h})
			_, _ = c.Models.EmbedContent(t.Context(), "gemini-embedding-001", genai.Text("a"), nil)
		}},
		{"genai images on Vertex AI", "gcp.vertex_ai", func(t *testing.T, h *http.Client) {
			c := client(t, genai.ClientConfig{Project: "p", Location: "us-east5", Backend: genai.BackendVertexAI, HTTPClient: h})
			_, _ = c.Models.GenerateImages(t.Context(), "imagen-4.0-generate-001", "a", nil)
		}},
	}
	for _, at := range []string{"global", "us", "eu", "europe-west4"} {
		list = append(list, sdkHost{"genai in " + at, "gcp.vertex_ai", func(t *testing.T, h *http.Client) {
			c := client(t, genai.ClientConfig{Project: "p", Location: at, Backend: genai.BackendVertexAI, HTTPClient: h})
			_, _ = c.Models.GenerateContent(t.Context(), "gemini-3-pro", genai.Text("a"), nil)
		}})
	}
	return list
}

// sdkURLs are what the SDKs' packages build that bring further modules with them. The file that builds it stands first.
var sdkURLs = []struct{ file, url, provider string }{
	{"openai-go azure.go", "https://shop.openai.azure.us/openai/deployments/prod/chat/completions", "azure.ai.openai"},
	{"openai-go bedrock/auth.go", "https://bedrock-mantle.us-east-1.api.aws/openai/v1/responses", "aws.bedrock"},
	{"openai-go bedrock/auth.go", "https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1/chat/completions", "aws.bedrock"},
	{"openai-go bedrock/auth.go", "https://bedrock-runtime.cn-north-1.amazonaws.com.cn/openai/v1/chat/completions", "aws.bedrock"},
	{"openai-go option/x509workloadidentity.go", "https://mtls.api.openai.com/v1/responses", "openai"},
	{"anthropic-sdk-go aws/aws.go", "https://aws-external-anthropic.us-east-1.api.aws/v1/messages", "anthropic"},
	{"anthropic-sdk-go bedrock/bedrock.go", "https://bedrock-runtime.us-east-1.amazonaws.com/model/anthropic.claude-opus-5/invoke", "aws.bedrock"},
	{"anthropic-sdk-go bedrock/bedrockmantle.go", "https://bedrock-mantle.us-east-1.api.aws/anthropic/v1/messages", "aws.bedrock"},
	{"anthropic-sdk-go googlecloud/auth.go", "https://claude.googleapis.com/v1/projects/p/locations/global/workspaces/w/invoke/v1/messages", "anthropic"},
	{"anthropic-sdk-go vertex/vertex.go", "https://aiplatform.googleapis.com/v1/projects/p/locations/global/publishers/anthropic/models/claude-opus-5:rawPredict", "gcp.vertex_ai"},
	{"anthropic-sdk-go vertex/vertex.go", "https://aiplatform.us.rep.googleapis.com/v1/projects/p/locations/us/publishers/anthropic/models/claude-opus-5:rawPredict", "gcp.vertex_ai"},
	{"anthropic-sdk-go vertex/vertex.go", "https://aiplatform.eu.rep.googleapis.com/v1/projects/p/locations/eu/publishers/anthropic/models/claude-opus-5:rawPredict", "gcp.vertex_ai"},
	{"anthropic-sdk-go vertex/vertex.go", "https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/us-east5/publishers/anthropic/models/claude-opus-5:rawPredict", "gcp.vertex_ai"},
	{"genai interactions/genai.go", "https://generativelanguage.googleapis.com/v1beta/interactions", "gcp.gemini"},
	{"genai client.go", "https://aiplatform.us.rep.googleapis.com/v1beta1/projects/p/locations/us/interactions", "gcp.vertex_ai"},
}

func TestEveryHostThatAnOfficialSDKSendsToIsKnown(t *testing.T) {
	t.Setenv("OPENAI_API_KEY", "k") // openai-go takes what the environment says for its own
	all := append(append(openAIHosts(), anthropicHosts()...), googleHosts()...)
	for _, sdk := range sdkURLs {
		all = append(all, sdkHost{sdk.file, sdk.provider, func(t *testing.T, h *http.Client) {
			if resp, err := h.Post(sdk.url, jsonTyp, strings.NewReader("{}")); err == nil {
				_ = resp.Body.Close()
			}
		}})
	}
	for _, sdk := range all {
		t.Run(sdk.name, func(t *testing.T) {
			s := newSpans(t)
			rt := transport(s, base(func(r *http.Request) (*http.Response, error) {
				return answering(400, jsonTyp, strings.NewReader("{}")).RoundTrip(r)
			}))
			sdk.call(t, &http.Client{Transport: rt})
			wantAttrs(t, s.one(t), map[attribute.Key]any{semconv.GenAIProviderNameKey: sdk.provider})
		})
	}
}
