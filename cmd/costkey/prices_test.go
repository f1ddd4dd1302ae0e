package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// runPrices runs `costkey prices ARGS` below a root of its own and returns what it printed.
func runPrices(args ...string) (string, error) {
	root := &cobra.Command{Use: "costkey", SilenceErrors: true, SilenceUsage: true}
	root.AddCommand(newPricesCommand(new(database)))
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetArgs(append([]string{"prices"}, args...))
	err := root.Execute()
	return out.String(), err
}

// promised are the keys of the JSON that users rely on.
type promised struct {
	Provider    *string `json:"provider"`
	Model       *string `json:"model"`
	PricedModel *string `json:"priced_model"`
	CostStatus  string  `json:"cost_status"`
	CostUSD     *string `json:"cost_usd"`
	Lines       []struct {
		What          string `json:"what"`
		Tokens        int64  `json:"tokens"`
		USDPerMillion string `json:"usd_per_million"`
		USD           string `json:"usd"`
	} `json:"lines"`
	Reason *string `json:"reason"`
}

func lookupJSON(t *testing.T, args ...string) promised {
	t.Helper()
	out, err := runPrices(append([]string{"lookup", "--format", "json"}, args...)...)
	if err != nil {
		t.Fatalf("lookup %v: %v", args, err)
	}
	var p promised
	if err := json.Unmarshal([]byte(out), &p); err != nil {
		t.Fatalf("lookup %v printed %s: %v", args, out, err)
	}
	if p.Lines == nil {
		t.Errorf("lookup %v: lines are not a list: %s", args, out)
	}
	return p
}

func text(s *string) string {
	if s == nil {
		return "null"
	}
	return *s
}

func TestPricesLookup(t *testing.T) {
	t.Parallel()
	const day = "2026-09-23T12:00:00Z"
	for _, c := range []struct {
		name                           string
		args                           []string
		provider, priced, status, cost string
		lines                          int
	}{
		{"cached input and output", []string{"gpt-4o", "--input", "1200", "--cache-read", "1000", "--output", "300", "--at", day}, "openai", "gpt-4o", "priced", "0.00475", 3},
		{"reasoning", []string{"o3", "--input", "0", "--output", "1000", "--reasoning", "900", "--at", day}, "openai", "o3", "priced", "0.008", 2},
		{"a price of its day", []string{"o3", "--input", "1000000", "--at", "2025-06-09T23:59:59Z"}, "openai", "o3", "priced", "10", 1},
		{"an offset of another time zone", []string{"o3", "--input", "1000000", "--at", "2025-06-10T01:00:00+02:00"}, "openai", "o3", "priced", "10", 1},
		{"cache writes", []string{"claude-opus-4-8", "--input", "3000", "--cache-write", "3000", "--cache-write-1h", "1000", "--at", day}, "anthropic", "claude-opus-4-8", "priced", "0.0225", 2},
		{"a served tier", []string{"claude-opus-4-8", "--input", "1000000", "--service-tier", "batch", "--at", day}, "anthropic", "claude-opus-4-8", "priced", "2.5", 1},
		{"a tier without prices", []string{"claude-opus-4-8", "--input", "1000000", "--service-tier", "flex", "--at", day}, "anthropic", "claude-opus-4-8", "no_price", "null", 0},
		{"a provider by name", []string{"gpt-4o-mini", "--provider", "azure.ai.openai", "--input", "1000000", "--at", day}, "azure.ai.openai", "gpt-4o-mini", "priced", "0.165", 1},
		{"a provider by another word", []string{"us.anthropic.claude-opus-4-8", "--provider", "Bedrock", "--input", "1000000", "--at", day}, "aws.bedrock", "au.anthropic.claude-opus-4-8", "priced", "5.5", 1},
		{"the only seller", []string{"llama-3.3-70b-versatile", "--input", "1000000", "--at", day}, "groq", "llama-3.3-70b-versatile", "priced", "0.59", 1},
		{"a free model", []string{"allenai/molmo-7b-d:free", "--input", "10", "--at", day}, "openrouter", "allenai/molmo-7b-d:free", "free", "0", 1},
		{"no counts: the rates", []string{"gpt-4o", "--at", day}, "openai", "gpt-4o", "no_usage", "null", 5},
		{"an unknown model", []string{"gpt-7-ultra", "--input", "10"}, "null", "null", "unknown_model", "null", 0},
		{"an unknown model of a provider", []string{"gpt-4o", "--provider", "anthropic", "--input", "10"}, "anthropic", "null", "unknown_model", "null", 0},
		{"a provider without prices", []string{"gpt-4o", "--provider", "ollama", "--input", "10"}, "ollama", "null", "unknown_model", "null", 0},
	} {
		p := lookupJSON(t, c.args...)
		if text(p.Provider) != c.provider || text(p.PricedModel) != c.priced || p.CostStatus != c.status || text(p.CostUSD) != c.cost {
			t.Errorf("%s: %s %s %s %s, want %s %s %s %s", c.name,
				text(p.Provider), text(p.PricedModel), p.CostStatus, text(p.CostUSD), c.provider, c.priced, c.status, c.cost)
		}
		if text(p.Model) != c.args[0] || len(p.Lines) != c.lines {
			t.Errorf("%s: model %s with %d lines %+v, want %d", c.name, text(p.Model), len(p.Lines), p.Lines, c.lines)
		}
		if c.status == "no_price" && text(p.Reason) != "no_row:flex" {
			t.Errorf("%s: reason %s", c.name, text(p.Reason))
		}
	}
}

func TestPricesLookupLinesAreInTheirPromisedForm(t *testing.T) {
	t.Parallel()
	p := lookupJSON(t, "gpt-4o", "--input", "1000000", "--output", "1", "--at", "2026-09-23T12:00:00Z")
	if len(p.Lines) != 2 {
		t.Fatalf("lines %+v", p.Lines)
	}
	in, out := p.Lines[0], p.Lines[1]
	if in.What != "input" || in.Tokens != 1_000_000 || in.USDPerMillion != "2.5" || in.USD != "2.5" {
		t.Errorf("input line %+v", in)
	}
	if out.What != "output" || out.Tokens != 1 || out.USDPerMillion != "10" || out.USD != "0.00001" {
		t.Errorf("output line %+v", out)
	}
}

func TestPricesLookupForPeopleAndSheets(t *testing.T) {
	t.Parallel()
	args := []string{"lookup", "gpt-4o", "--input", "1000000", "--output", "10", "--at", "2026-09-23T12:00:00Z", "--format"}
	out, err := runPrices(append(args, "table")...)
	for _, want := range []string{"gpt-4o", "openai", "exact", "standard", "input", "2.5", "total", "2.5001", "prices as of 2026-09-23"} {
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("the table does not show %s: %v\n%s", want, err, out)
		}
	}
	out, err = runPrices(append(args, "csv")...)
	want := "provider,model,priced_model,cost_status,cost_usd,what,tokens,usd_per_million,usd\n" +
		"openai,gpt-4o,gpt-4o,priced,2.5001,input,1000000,2.5,2.5\n" +
		"openai,gpt-4o,gpt-4o,priced,2.5001,output,10,10,0.0001\n"
	if err != nil || out != want {
		t.Errorf("csv is %v\n%s\nwant\n%s", err, out, want)
	}
	out, err = runPrices("lookup", "nobody's", "--format", "csv")
	if err != nil || !strings.HasSuffix(out, "\n,nobody's,,unknown_model,,,,,\n") {
		t.Errorf("csv of an unknown model is %v\n%s", err, out)
	}
	out, err = runPrices("lookup", "gpt-4o", "--service-tier", "scale", "--input", "5")
	if err != nil || !strings.Contains(out, "No price: no_row:tier") {
		t.Errorf("the table does not tell why there is no price: %v\n%s", err, out)
	}
}

func TestPricesLookupUsedWrongly(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, problem string
		args          []string
	}{
		{"no model", "accepts 1 arg", nil},
		{"a negative count", "whole number", []string{"gpt-4o", "--input", "-5"}},
		{"a count with a point", "whole number", []string{"gpt-4o", "--input", "1.5"}},
		{"a count that can't be true", "whole number", []string{"gpt-4o", "--input", "1000000001"}},
		{"a time that is none", "RFC 3339", []string{"gpt-4o", "--at", "yesterday"}},
		{"more cached than input", "parts of --input", []string{"gpt-4o", "--input", "5", "--cache-read", "6"}},
		{"more reasoning than output", "part of --output", []string{"gpt-4o", "--output", "5", "--reasoning", "6"}},
		{"more for an hour than written", "part of --cache-write", []string{"gpt-4o", "--cache-write", "5", "--cache-write-1h", "6"}},
		{"a model of several sellers and no maker", "--provider", []string{"deepseek-ai/DeepSeek-V3"}},
		{"a format that is none", "must be one of", []string{"gpt-4o", "--format", "xml"}},
	} {
		_, err := runPrices(append([]string{"lookup"}, c.args...)...)
		if err == nil || !strings.Contains(err.Error(), c.problem) {
			t.Errorf("%s: %v, want it to tell %q", c.name, err, c.problem)
		}
	}
	_, err := runPrices("lookup", "gpt-4o", "--at", "yesterday")
	if !errors.As(err, &misuse{}) {
		t.Errorf("a wrong time is %T, want a misuse", err)
	}
}
