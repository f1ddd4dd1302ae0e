package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/costkey/costkey-otel/examples/go-shop/demo"
	"github.com/costkey/costkey-otel/examples/go-shop/shop"
	"github.com/costkey/costkey-otel/semconv"
	"github.com/costkey/costkey-otel/storage"
)

// Variables that hold the keys of the real providers.
const (
	openAIKey    = "OPENAI_API_KEY"
	anthropicKey = "ANTHROPIC_API_KEY"
	googleKey    = "GEMINI_API_KEY"
)

// settings are what the command line and the environment ask for.
type settings struct {
	keys     demo.Keys
	models   shop.Models
	endpoint string // where spans go
	project  string // where their rows are
	costkey  string // the costkey program
	wait     time.Duration
}

// usageError is a mistake of whoever called the program.
type usageError struct{ error }

func parseSettings(args []string) (settings, error) {
	s := settings{
		keys: demo.Keys{
			OpenAI: os.Getenv(openAIKey), Anthropic: os.Getenv(anthropicKey), Google: os.Getenv(googleKey),
		},
		models: shop.DefaultModels(),
	}
	flags := flag.NewFlagSet("go-shop", flag.ContinueOnError)
	flags.StringVar(&s.project, "project", "go-shop", "project that the calls are stored under; a CostKey DSN names its own")
	flags.StringVar(&s.costkey, "costkey", "bin/costkey", "the costkey program, which knows the database")
	flags.DurationVar(&s.wait, "wait", 30*time.Second, "longest wait for the calls to be stored")
	openAI := flags.String("openai-model", "", "model of all chats and responses, with "+openAIKey)
	anthropic := flags.String("anthropic-model", "", "model of all messages, with "+anthropicKey)
	google := flags.String("gemini-model", "", "model of all generated content, with "+googleKey)
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return settings{}, err
		}
		return settings{}, usageError{err}
	}
	m := &s.models
	err := errors.Join(
		replace(*openAI, s.keys.OpenAI, "-openai-model", openAIKey, &m.Rank, &m.Suggest, &m.Rewrite, &m.Classify, &m.Answer),
		replace(*anthropic, s.keys.Anthropic, "-anthropic-model", anthropicKey, &m.Describe, &m.Review),
		replace(*google, s.keys.Google, "-gemini-model", googleKey, &m.Recommend, &m.Verdict),
	)
	if err != nil {
		return settings{}, usageError{err}
	}
	return s, s.fixEnvironment()
}

// replace sets models to model, which only a real provider has answers of.
func replace(model, key, name, variable string, models ...*string) error {
	if model == "" {
		return nil
	}
	if key == "" {
		return fmt.Errorf("%s needs %s: without it recorded answers of the default models are played", name, variable)
	}
	for _, m := range models {
		*m = model
	}
	return nil
}

// fixEnvironment completes what the OpenTelemetry SDK reads: where `make run` listens, the service and the project.
// What the user has set stays.
func (s *settings) fixEnvironment() error {
	var variable string
	variable, s.endpoint = demo.Endpoint()
	set := make(map[string]string)
	if s.endpoint == "" {
		s.endpoint = demo.RunEndpoint()
		set["OTEL_EXPORTER_OTLP_ENDPOINT"] = s.endpoint
	}
	if os.Getenv("OTEL_SERVICE_NAME") == "" {
		set["OTEL_SERVICE_NAME"] = "go-shop"
	}
	if variable == "COSTKEY_DSN" {
		s.project = demo.ProjectOf(s.endpoint)
	} else {
		project := string(semconv.ProjectKey) + "=" + s.project
		set["OTEL_RESOURCE_ATTRIBUTES"] = strings.TrimPrefix(os.Getenv("OTEL_RESOURCE_ATTRIBUTES")+","+project, ",")
	}
	for name, value := range set {
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("set %s: %w", name, err)
		}
	}
	return nil
}

// openStore opens the database that the costkey program finds.
func openStore(ctx context.Context, costkey string) (*storage.Store, error) {
	out, err := exec.CommandContext(ctx, costkey, "dsn").Output()
	var failed *exec.ExitError
	switch {
	case errors.As(err, &failed):
		return nil, fmt.Errorf("find the database with %s dsn: %s", costkey, strings.TrimSpace(string(failed.Stderr)))
	case err != nil:
		return nil, fmt.Errorf("find the database (is it built? make build): %w", err)
	}
	store, err := storage.Open(storage.Config{DSN: strings.TrimSpace(string(out)), MaxConns: 2})
	if err != nil {
		return nil, err
	}
	if err := store.Ping(ctx); err != nil {
		store.Close()
		return nil, err
	}
	return store, nil
}
