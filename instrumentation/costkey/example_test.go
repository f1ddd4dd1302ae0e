package costkey_test

import (
	"context"
	"fmt"
	"log"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"go.opentelemetry.io/otel/attribute"

	"github.com/costkey/costkey-otel/instrumentation/costkey"
	"github.com/costkey/costkey-otel/instrumentation/costkeyctx"
	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp"
)

// One line sets up, one hands the client to the SDK.
func Example() {
	ctx := context.Background()
	shutdown, err := costkey.Init(ctx, costkey.WithServiceName("shop"))
	if err != nil {
		log.Print(err)
	}
	defer func() {
		if err := shutdown(ctx); err != nil {
			log.Print(err)
		}
	}()

	client := openai.NewClient(option.WithHTTPClient(costkey.HTTPClient()))
	_ = client
}

// A team's own wrapper around an SDK is skipped, so that the cost goes to the functions that call the wrapper.
func ExampleHTTPClient() {
	client := costkey.HTTPClient(costkeyhttp.WithSkipPackages("github.com/acme/shop/internal/llm"))
	fmt.Println(client.Timeout)
	// Output: 0s
}

// Tags, user and session go with the context to every call made with it.
func ExampleWithTags() {
	ctx := costkey.WithTags(context.Background(), attribute.String("tenant", "acme"))
	ctx = costkey.WithUser(ctx, "user-17")
	ctx = costkey.WithTask(ctx, "summarize-invoice")

	v := costkeyctx.FromContext(ctx)
	for _, tag := range v.Tags {
		fmt.Println(tag.Key, tag.Value.AsString())
	}
	fmt.Println("user", v.User)
	// Output:
	// task summarize-invoice
	// tenant acme
	// user user-17
}

// Go keeps the call path across a goroutine.
func ExampleGo() {
	done := make(chan struct{})
	costkey.Go(context.Background(), func(ctx context.Context) {
		defer close(done)
		_ = ctx // make calls with ctx
	})
	<-done
}
