// Command go-shop shows what CostKey says about a program that uses the official SDKs of OpenAI, Anthropic and Google.
//
// It is what `make demo` runs, against a running `make run`: it opens a small shop (package shop) in front of providers
// that play recorded answers (package provider), or in front of the real ones where OPENAI_API_KEY, ANTHROPIC_API_KEY or
// GEMINI_API_KEY is set, sends a fixed set of requests, waits until the calls are in the database, holds them against
// what the providers served, and prints what each function cost.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/costkey/costkey-otel/examples/go-shop/demo"
	"github.com/costkey/costkey-otel/instrumentation/costkey"
	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp"
)

// closing is how long the shop and the span exporter may take to finish.
const closing = 15 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	var usage usageError
	switch {
	case errors.Is(err, flag.ErrHelp):
	case errors.As(err, &usage):
		fmt.Fprintln(os.Stderr, "go-shop:", err)
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "go-shop:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	s, err := parseSettings(args)
	if err != nil {
		return err
	}
	warn(out, s.keys)
	if err := demo.Reach(ctx, s.endpoint); err != nil {
		return err
	}
	store, err := openStore(ctx, s.costkey)
	if err != nil {
		return err
	}
	defer store.Close()

	since := time.Now().UTC().Truncate(time.Microsecond) // PostgreSQL's resolution
	served, err := play(ctx, s, out)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.wait)
	defer cancel()
	return settle(ctx, store, s.project, since, served, out)
}

// play makes the visits with telemetry on, and returns what the providers served once all spans are sent.
func play(ctx context.Context, s settings, out io.Writer) (demo.Served, error) {
	shutdown, err := costkey.Init(ctx, costkey.WithServiceVersion("1.0.0"), costkey.WithEnvironment("demo"))
	if err != nil {
		return demo.Served{}, err
	}
	served, err := afternoon(ctx, s, out)
	flushCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closing)
	defer cancel()
	return served, errors.Join(err, shutdown(flushCtx))
}

// afternoon opens the shop, makes the visits and closes it. What goes wrong with a real provider is told and is no error:
// the call is in the database all the same.
func afternoon(ctx context.Context, s settings, out io.Writer) (demo.Served, error) {
	stage, err := demo.Open(ctx, demo.Options{Keys: s.keys, Models: s.models, Transport: transport})
	if err != nil {
		return demo.Served{}, err
	}
	fmt.Fprintf(out, "the shop is open at %s\n", stage.URL)
	err = demo.Visit(ctx, stage.URL, out)
	if err != nil && s.keys != (demo.Keys{}) && ctx.Err() == nil {
		fmt.Fprintln(out, err)
		err = nil
	}
	closeCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closing)
	defer cancel()
	err = errors.Join(err, stage.Close(closeCtx))
	return stage.Served(), err
}

// transport is what makes the calls visible, and what carries the trace to the shop's other service. An application that is
// one service and talks to the providers' own hosts needs no options: for it the whole set-up is
// costkeyhttp.NewTransport(nil), or costkey.HTTPClient().
func transport(base http.RoundTripper, standIns []demo.Host, own string) http.RoundTripper {
	opts := []costkeyhttp.Option{costkeyhttp.WithPropagateTo(own)}
	for _, h := range standIns {
		opts = append(opts, costkeyhttp.WithProvider(h.Address, h.Provider))
	}
	return costkeyhttp.NewTransport(base, opts...)
}

// settle waits for the rows, and prints them.
func settle(ctx context.Context, l demo.Ledger, project string, since time.Time, served demo.Served, out io.Writer) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	lines, err := demo.Wait(ctx, l, project, since, served, tick.C)
	if len(lines) > 0 {
		fmt.Fprintf(out, "\ncost by function, from costkey.calls (project %s)\n\n", project)
		if err := demo.Print(out, lines); err != nil {
			return err
		}
	}
	if err != nil {
		return fmt.Errorf("wait for the calls to be stored: %w", err)
	}
	fmt.Fprintf(out, "\nserved %d calls, stored %d calls\n", served.Calls, served.Calls)
	fmt.Fprintln(out, `look further: psql "$(bin/costkey dsn)" -c 'SELECT started_at, function_name, cost_usd FROM costkey.calls ORDER BY 1 DESC LIMIT 20'`)
	return nil
}

func warn(out io.Writer, k demo.Keys) {
	for _, p := range []struct{ variable, key, name string }{
		{openAIKey, k.OpenAI, "OpenAI"},
		{anthropicKey, k.Anthropic, "Anthropic"},
		{googleKey, k.Google, "Google"},
	} {
		if p.key != "" {
			fmt.Fprintf(out, "WARNING: %s is set, so the calls to %s are real and cost money; unset it for recorded answers\n", p.variable, p.name)
		}
	}
}
