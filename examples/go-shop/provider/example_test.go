package provider_test

import (
	"context"
	"fmt"
	"net/http/httptest"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"github.com/costkey/costkey-otel/examples/go-shop/provider"
)

// The stand-in in a test of one's own: the SDK is pointed at it, and its log says what a bill would be made from.
func Example() {
	standIn := provider.New()
	server := httptest.NewServer(standIn)
	defer server.Close()

	client := openai.NewClient(option.WithBaseURL(server.URL+"/v1/"), option.WithAPIKey("none"))
	answer, err := client.Chat.Completions.New(context.Background(), openai.ChatCompletionNewParams{
		Model:    "gpt-4.1-mini",
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("Describe the kettle.")},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(answer.Usage.PromptTokens, "in,", answer.Usage.CompletionTokens, "out")
	fmt.Println(len(standIn.Served()), "call served,", provider.Total(standIn.Served()).Input, "in")
	// Output:
	// 905 in, 260 out
	// 1 call served, 905 in
}
