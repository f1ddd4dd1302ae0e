// Package support answers what shoppers ask.
package support

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/responses"
)

// Desk answers questions. Its fields are set once; it is safe for concurrent use.
type Desk struct {
	Client     openai.Client
	Classifier string // model that tells what a question is about
	Answerer   string // model that answers
}

// Reply tells what a question is about and answers it.
func (d *Desk) Reply(ctx context.Context, question string) (string, error) {
	topic, err := d.classify(ctx, question)
	if err != nil {
		return "", err
	}
	return d.answer(ctx, topic, question)
}

func (d *Desk) classify(ctx context.Context, question string) (string, error) {
	answer, err := d.Client.Responses.New(ctx, responses.ResponseNewParams{
		Model:        d.Classifier,
		Instructions: openai.String("Answer with one word: delivery, return, product or other."),
		Input:        responses.ResponseNewParamsInputUnion{OfString: openai.String(question)},
	})
	if err != nil {
		return "", fmt.Errorf("classify a question: %w", err)
	}
	return answer.OutputText(), nil
}

func (d *Desk) answer(ctx context.Context, topic, question string) (string, error) {
	stream := d.Client.Responses.NewStreaming(ctx, responses.ResponseNewParams{
		Model:        d.Answerer,
		Instructions: openai.String("You are the support desk of a kitchen shop. Topic: " + topic),
		Input:        responses.ResponseNewParamsInputUnion{OfString: openai.String(question)},
	})
	defer func() { _ = stream.Close() }()
	var b strings.Builder
	for stream.Next() {
		if event := stream.Current(); event.Type == "response.output_text.delta" {
			b.WriteString(event.Delta)
		}
	}
	if err := stream.Err(); err != nil {
		return "", fmt.Errorf("answer a question: %w", err)
	}
	if b.Len() == 0 {
		return "", errors.New("answer a question: the answer is empty")
	}
	return b.String(), nil
}
