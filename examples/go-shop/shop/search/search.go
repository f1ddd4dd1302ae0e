// Package search finds what a shopper means: by embedding the words, and by asking a model that may look into the stock.
package search

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/openai/openai-go/v3"
)

// maxRounds is how often the model may use its tool before it has to answer.
const maxRounds = 3

// Finder searches the catalogue. Its fields are set once; it is safe for concurrent use.
type Finder struct {
	Client  openai.Client
	Embed   string         // model that embeds
	Rank    string         // model that ranks
	Suggest string         // model that completes
	Stock   map[string]int // pieces in stock by product
}

// Find answers a query with the products that fit, best first, in words.
func (f *Finder) Find(ctx context.Context, query string) (string, error) {
	if _, err := f.embed(ctx, query); err != nil {
		return "", err
	}
	return f.rank(ctx, query)
}

func (f *Finder) embed(ctx context.Context, query string) ([]float64, error) {
	answer, err := f.Client.Embeddings.New(ctx, openai.EmbeddingNewParams{
		Model: f.Embed,
		Input: openai.EmbeddingNewParamsInputUnion{OfString: openai.String(query)},
	})
	if err != nil {
		return nil, fmt.Errorf("embed the query: %w", err)
	}
	if len(answer.Data) == 0 {
		return nil, errors.New("embed the query: no embedding in the answer")
	}
	return answer.Data[0].Embedding, nil
}

// rank lets the model look into the stock until it has an answer.
func (f *Finder) rank(ctx context.Context, query string) (string, error) {
	params := openai.ChatCompletionNewParams{
		Model: f.Rank,
		Messages: []openai.ChatCompletionMessageParamUnion{
			openai.SystemMessage("You rank the products of a kitchen shop for a query: " + f.products() + ". What is not in stock comes last."),
			openai.UserMessage(query),
		},
		Tools: []openai.ChatCompletionToolUnionParam{stockTool()},
	}
	for range maxRounds {
		answer, err := f.Client.Chat.Completions.New(ctx, params)
		if err != nil {
			return "", fmt.Errorf("rank products: %w", err)
		}
		if len(answer.Choices) == 0 {
			return "", errors.New("rank products: no choice in the answer")
		}
		message := answer.Choices[0].Message
		if len(message.ToolCalls) == 0 {
			return message.Content, nil
		}
		params.Messages = append(params.Messages, message.ToParam())
		for _, call := range message.ToolCalls {
			params.Messages = append(params.Messages, openai.ToolMessage(f.lookUpStock(call.Function.Arguments), call.ID))
		}
	}
	return "", fmt.Errorf("rank products: no answer after %d rounds of tools", maxRounds)
}

// Complete streams a completion of what the shopper has typed to emit, until emit or ctx ends it.
func (f *Finder) Complete(ctx context.Context, typed string, emit func(string) error) error {
	stream := f.Client.Chat.Completions.NewStreaming(ctx, openai.ChatCompletionNewParams{
		Model: f.Suggest,
		Messages: []openai.ChatCompletionMessageParamUnion{
			openai.SystemMessage("Complete the search in a kitchen shop in three ways."), openai.UserMessage(typed),
		},
		StreamOptions: openai.ChatCompletionStreamOptionsParam{IncludeUsage: openai.Bool(true)},
	})
	defer func() { _ = stream.Close() }()
	for stream.Next() {
		for _, choice := range stream.Current().Choices {
			if err := emit(choice.Delta.Content); err != nil {
				return fmt.Errorf("hand on a suggestion: %w", err)
			}
		}
	}
	if err := stream.Err(); err != nil {
		return fmt.Errorf("complete a query: %w", err)
	}
	return nil
}

func stockTool() openai.ChatCompletionToolUnionParam {
	return openai.ChatCompletionFunctionTool(openai.FunctionDefinitionParam{
		Name:        "look_up_stock",
		Description: openai.String("How many pieces of each product are in stock."),
		Parameters: openai.FunctionParameters{
			"type":       "object",
			"properties": map[string]any{"products": map[string]any{"type": "array", "items": map[string]any{"type": "string"}}},
			"required":   []string{"products"},
		},
	})
}

// lookUpStock is the tool. Its answer goes to the model, so a mistake of the model is told to the model.
func (f *Finder) lookUpStock(arguments string) string {
	var asked struct {
		Products []string `json:"products"`
	}
	if err := json.Unmarshal([]byte(arguments), &asked); err != nil {
		return `{"error":"arguments are not {\"products\":[…]}"}`
	}
	found := make(map[string]int, len(asked.Products))
	for _, p := range asked.Products {
		found[p] = f.Stock[p]
	}
	answer, err := json.Marshal(found)
	if err != nil {
		return `{"error":"stock can't be told"}`
	}
	return string(answer)
}

func (f *Finder) products() string {
	names := slices.Sorted(maps.Keys(f.Stock))
	return strings.Join(names, ", ")
}
