package costkey_test

import (
	"context"
	"net/http"
	"slices"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/option"
	"github.com/openai/openai-go/v3"
	openaioption "github.com/openai/openai-go/v3/option"
	"go.opentelemetry.io/otel/attribute"
	"google.golang.org/genai"

	"github.com/costkey/costkey-otel/instrumentation/costkey"
	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp"
	"github.com/costkey/costkey-otel/semconv"
)

// callAll makes one call with each official SDK.
func callAll(ctx context.Context, t *testing.T, client *http.Client, p *provider) {
	t.Helper()
	oa := openai.NewClient(openaioption.WithHTTPClient(client), openaioption.WithBaseURL(p.URL+"/v1"), openaioption.WithAPIKey("k"))
	if _, err := oa.Chat.Completions.New(ctx, openai.ChatCompletionNewParams{
		Model: "gpt-4o", Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("hello")},
	}); err != nil {
		t.Fatal(err)
	}
	an := anthropic.NewClient(anthropicoption.WithHTTPClient(client), anthropicoption.WithBaseURL(p.URL), anthropicoption.WithAPIKey("k"))
	if _, err := an.Messages.New(ctx, anthropic.MessageNewParams{
		Model: "claude-sonnet-4-5", MaxTokens: 16,
		Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock("hello"))},
	}); err != nil {
		t.Fatal(err)
	}
	ge, err := genai.NewClient(ctx, &genai.ClientConfig{
		APIKey: "k", Backend: genai.BackendGeminiAPI, HTTPClient: client, HTTPOptions: genai.HTTPOptions{BaseURL: p.URL},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ge.Models.GenerateContent(ctx, "gemini-2.5-flash", genai.Text("hello"), nil); err != nil {
		t.Fatal(err)
	}
}

func TestProvidersSeeTheSameHeadersAsWithoutUs(t *testing.T) {
	clearEnv(t)
	r, p := newReceiver(t, 0), newProvider(t)
	callAll(t.Context(), t, &http.Client{}, p)
	want := p.headerNames()
	if len(want) != len(answers) {
		t.Fatalf("seen %v", want)
	}

	shutdown := setUp(t, costkey.WithDSN(dsnOf(r)))
	ctx := costkey.WithTags(t.Context(), attribute.String("tenant", "acme"))
	ctx = costkey.WithSession(costkey.WithUser(ctx, "u1"), "s1")
	host := p.host()
	callAll(ctx, t, costkey.HTTPClient(costkeyhttp.WithProvider(host, "openai")), p)
	got := p.headerNames()
	mustShutDown(t, shutdown)

	for path, names := range want {
		if !slices.Equal(got[path], names) {
			t.Errorf("%s: with us %v, without %v", path, got[path], names)
		}
	}
	if n := len(r.spans(semconv.ScopeInstrumentation)); n != 3 {
		t.Errorf("%d spans of 3 calls", n)
	}
}
