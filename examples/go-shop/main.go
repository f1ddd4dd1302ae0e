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
	"os/exec"
	"os/signal"
	"strings"
	"time"

	"github.com/costkey/costkey-otel/examples/go-shop/demo"
	"github.com/costkey/costkey-otel/examples/go-shop/shop"
	"github.com/costkey/costkey-otel/instrumentation/costkey"
	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp"
	"github.com/costkey/costkey-otel/storage"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "go-shop:", err)
		os.Exit(1)
	}
}
