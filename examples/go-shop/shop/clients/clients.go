// Package clients makes the shop's AI clients: the official SDKs, each with an HTTP client that measures its calls.
package clients

import (
	"context"
	"fmt"
	"net/http"

	"github.com/anthropics/anthropic-sdk-go"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/option"
	"github.com/openai/openai-go/v3"
	openaioption "github.com/openai/openai-go/v3/option"
	"google.golang.org/genai"
)

// Endpoint is where a provider is, and with which key. An empty BaseURL is the provider's own address.
type Endpoint struct {
	BaseURL string // "http://127.0.0.1:41231", without a path
	Key     string
}

// Config says where the three providers are.
type Config struct {
	OpenAI, Anthropic, Google Endpoint
	// Transport is what the SDKs send their requests through.
	Transport http.RoundTripper
}

// Clients are the three SDKs. They are safe for concurrent use.
type Clients struct {
	OpenAI    openai.Client
	Anthropic anthropic.Client
	Google    *genai.Client
}

// New makes the clients. It sends nothing.
func New(ctx context.Context, cfg Config) (*Clients, error) {
	// The one thing that an application changes: the HTTP client that it hands to its SDKs.
	httpClient := &http.Client{Transport: cfg.Transport}

	openAI := []openaioption.RequestOption{
		openaioption.WithHTTPClient(httpClient), openaioption.WithAPIKey(cfg.OpenAI.Key),
	}
	if cfg.OpenAI.BaseURL != "" {
		openAI = append(openAI, openaioption.WithBaseURL(cfg.OpenAI.BaseURL+"/v1/"))
	}
	claude := []anthropicoption.RequestOption{
		anthropicoption.WithHTTPClient(httpClient), anthropicoption.WithAPIKey(cfg.Anthropic.Key),
	}
	if cfg.Anthropic.BaseURL != "" {
		claude = append(claude, anthropicoption.WithBaseURL(cfg.Anthropic.BaseURL))
	}
	gemini, err := genai.NewClient(ctx, &genai.ClientConfig{
		Backend: genai.BackendGeminiAPI, APIKey: cfg.Google.Key, HTTPClient: httpClient,
		HTTPOptions: genai.HTTPOptions{BaseURL: cfg.Google.BaseURL},
	})
	if err != nil {
		return nil, fmt.Errorf("make the Gemini client: %w", err)
	}
	return &Clients{
		OpenAI:    openai.NewClient(openAI...),
		Anthropic: anthropic.NewClient(claude...),
		Google:    gemini,
	}, nil
}
