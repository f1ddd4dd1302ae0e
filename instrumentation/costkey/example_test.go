package costkey_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"

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

// The options say what the environment doesn't.
func ExampleInit() {
	ctx := context.Background()
	shutdown, err := costkey.Init(ctx,
		costkey.WithDSN("http://ck_key@collector.internal:4319/shop"), // else COSTKEY_DSN
		costkey.WithServiceName("shop"),
		costkey.WithServiceVersion("1.4.0"),
		costkey.WithEnvironment("staging"),
		costkey.WithLogger(slog.Default()),
	)
	if err != nil {
		log.Print(err)
	}
	defer func() {
		if err := shutdown(ctx); err != nil {
			log.Print(err)
		}
	}()
}

// Libraries that take no client of their own use the default transport; here also with W3C trace context for the
// program's other outgoing requests.
func ExampleWithDefaultTransport() {
	ctx := context.Background()
	shutdown, err := costkey.Init(ctx,
		costkey.WithDefaultTransport(costkeyhttp.WithProvider("llm.internal:8000", "openai")),
		costkey.WithPropagation(),
	)
	if err != nil {
		log.Print(err)
	}
	defer func() {
		if err := shutdown(ctx); err != nil {
			log.Print(err)
		}
	}()
}

// A trace gets the name that CostKey's other SDKs give it.
func ExampleWithTrace() {
	ctx := costkey.WithTrace(context.Background(), "order-4711", "checkout")
	for _, tag := range costkeyctx.FromContext(ctx).Tags {
		fmt.Println(tag.Key, tag.Value.AsString())
	}
	// Output:
	// traceId order-4711
	// traceName checkout
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
