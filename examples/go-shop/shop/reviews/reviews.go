// Package reviews reads what shoppers wrote, so that others needn't.
package reviews

import (
	"context"
	"fmt"
	"strings"

	"github.com/anthropics/anthropic-sdk-go"
	"golang.org/x/sync/errgroup"
	"google.golang.org/genai"
)

// Reader reads reviews. Its fields are set once; it is safe for concurrent use.
type Reader struct {
	Anthropic anthropic.Client
	Google    *genai.Client

	One string // Anthropic model, for each review
	All string // Google model, for the verdict
}

// Summarise shortens every review at the same time, each in a goroutine, and draws a verdict from what is left.
func (r *Reader) Summarise(ctx context.Context, texts []string) (string, error) {
	short := make([]string, len(texts))
	group, groupCtx := errgroup.WithContext(ctx)
	for i, text := range texts {
		group.Go(func() error {
			var err error
			short[i], err = r.shorten(groupCtx, text)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return "", err
	}
	return r.verdict(ctx, short)
}

func (r *Reader) shorten(ctx context.Context, text string) (string, error) {
	answer, err := r.Anthropic.Messages.New(ctx, anthropic.MessageNewParams{
		Model:     r.One,
		MaxTokens: 100,
		Messages:  []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock("In one sentence: " + text))},
	})
	if err != nil {
		return "", fmt.Errorf("shorten a review: %w", err)
	}
	var b strings.Builder
	for _, block := range answer.Content {
		b.WriteString(block.Text)
	}
	return b.String(), nil
}

func (r *Reader) verdict(ctx context.Context, short []string) (string, error) {
	var b strings.Builder
	question := genai.Text("One verdict from these reviews:\n" + strings.Join(short, "\n"))
	for chunk, err := range r.Google.Models.GenerateContentStream(ctx, r.All, question, nil) {
		if err != nil {
			return "", fmt.Errorf("draw a verdict from %d reviews: %w", len(short), err)
		}
		b.WriteString(chunk.Text())
	}
	return b.String(), nil
}
