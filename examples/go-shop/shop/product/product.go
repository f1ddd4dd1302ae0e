// Package product writes what the shop says about its products.
package product

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/openai/openai-go/v3"
	"google.golang.org/genai"
)

// styleGuide opens every request for a description. It is the same each time, so the provider is asked to keep it.
const styleGuide = "You write for a kitchen shop. Short sentences, concrete nouns, no exclamation marks, at most forty words."

// Writer writes texts. Its fields are set once; it is safe for concurrent use.
type Writer struct {
	OpenAI    openai.Client
	Anthropic anthropic.Client
	Google    *genai.Client

	Describer   string // Anthropic model
	Recommender string // Google model
	Rewriter    string // OpenAI model
}

// Describe writes the text of a product's page. It is streamed, as the page shows it growing.
func (w *Writer) Describe(ctx context.Context, name string) (string, error) {
	guide := anthropic.TextBlockParam{Text: styleGuide, CacheControl: anthropic.NewCacheControlEphemeralParam()}
	guide.CacheControl.TTL = anthropic.CacheControlEphemeralTTLTTL1h
	stream := w.Anthropic.Messages.NewStreaming(ctx, anthropic.MessageNewParams{
		Model:     w.Describer,
		MaxTokens: 300,
		System:    []anthropic.TextBlockParam{guide},
		Messages:  []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock("Describe: " + name))},
	})
	defer func() { _ = stream.Close() }()
	var text strings.Builder
	for stream.Next() {
		text.WriteString(stream.Current().Delta.Text)
	}
	if err := stream.Err(); err != nil {
		return "", fmt.Errorf("describe %s: %w", name, err)
	}
	return text.String(), nil
}

// Recommend names what goes well with a product.
func (w *Writer) Recommend(ctx context.Context, name string) (string, error) {
	answer, err := w.Google.Models.GenerateContent(ctx, w.Recommender,
		genai.Text("Three things of a kitchen shop that go well with: "+name), nil)
	if err != nil {
		return "", fmt.Errorf("recommend for %s: %w", name, err)
	}
	return answer.Text(), nil
}

// wholeCatalogue is more output than any model of the shop gives: the provider refuses, and nothing is billed.
const wholeCatalogue = 1_000_000

// RewriteAll would write all descriptions in one go. It is the mistake that a shop makes once.
func (w *Writer) RewriteAll(ctx context.Context, names []string) (string, error) {
	answer, err := w.OpenAI.Chat.Completions.New(ctx, openai.ChatCompletionNewParams{
		Model:               w.Rewriter,
		MaxCompletionTokens: openai.Int(wholeCatalogue),
		Messages: []openai.ChatCompletionMessageParamUnion{
			openai.SystemMessage(styleGuide), openai.UserMessage("Describe each of: " + strings.Join(names, ", ")),
		},
	})
	if err != nil {
		return "", fmt.Errorf("rewrite %d descriptions: %w", len(names), err)
	}
	if len(answer.Choices) == 0 {
		return "", errors.New("rewrite descriptions: no choice in the answer")
	}
	return answer.Choices[0].Message.Content, nil
}
