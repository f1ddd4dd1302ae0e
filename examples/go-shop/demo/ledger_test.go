package demo_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/examples/go-shop/demo"
	"github.com/costkey/costkey-otel/examples/go-shop/provider"
	"github.com/costkey/costkey-otel/storage"
)

// ledger answers each look with the next of its states, and stays at the last one.
type ledger struct {
	states []state
	looks  int
}

type state struct {
	calls int64
	lines []storage.FunctionCost
	err   error
}

func (l *ledger) now() state { return l.states[min(l.looks, len(l.states)-1)] }

func (l *ledger) CountCalls(context.Context, string, time.Time) (int64, error) {
	return l.now().calls, l.now().err
}

func (l *ledger) CostByFunction(context.Context, string, time.Time) ([]storage.FunctionCost, error) {
	now := l.now()
	l.looks++
	return now.lines, now.err
}

func usd(s string) *string { return &s }

func lines(calls, input, output int64) []storage.FunctionCost {
	return []storage.FunctionCost{{
		Function: "example.com/shop/search.(*Finder).rank", File: "shop/search.go",
		Calls: calls, InputTokens: input, OutputTokens: output, CostUSD: usd("0.01"),
	}}
}

func TestWait(t *testing.T) {
	t.Parallel()
	want := demo.Served{Calls: 3, Tokens: provider.Tokens{Input: 100, Output: 10}}
	whole := state{calls: 3, lines: lines(3, 100, 10)}
	for _, c := range []struct {
		name   string
		states []state
		want   demo.Served
		err    string // empty: found
	}{
		{"rows that are there at once", []state{whole}, want, ""},
		{"rows that come later", []state{{}, {calls: 1, lines: lines(1, 50, 5)}, whole}, want, ""},
		{"a double that is joined later", []state{{calls: 4, lines: lines(4, 150, 15)}, whole}, want, ""},
		{"a row that never comes", []state{{calls: 2, lines: lines(2, 90, 9)}}, want, "calls: 2 stored, 3 served"},
		{"a double that stays", []state{{calls: 4, lines: lines(4, 150, 15)}}, want, "calls: 4 stored, 3 served"},
		{"tokens that were misread", []state{{calls: 3, lines: lines(3, 80, 10)}}, want, "input tokens: 80 stored, 100 served"},
		{
			"tokens of a real provider on top",
			[]state{{calls: 3, lines: lines(3, 400, 40)}},
			demo.Served{Calls: 3, Real: 1, Tokens: want.Tokens},
			"",
		},
		{
			"fewer tokens than the stand-in's beside a real provider",
			[]state{{calls: 3, lines: lines(3, 90, 40)}},
			demo.Served{Calls: 3, Real: 1, Tokens: want.Tokens},
			"input tokens: 90 stored, 100 served",
		},
		{"a database that is away", []state{{err: errors.New("reach the database: refused")}}, want, "reach the database"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := &ledger{states: c.states}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			ticks := make(chan time.Time, len(c.states))
			for range len(c.states) - 1 {
				ticks <- time.Time{}
			}
			if c.err != "" {
				cancel()
			}
			got, err := demo.Wait(ctx, l, "go-shop", time.Time{}, c.want, ticks)
			if c.err != "" {
				require.ErrorContains(t, err, c.err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.states[len(c.states)-1].lines, got)
		})
	}
}

func TestPrint(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	err := demo.Print(&out, []storage.FunctionCost{
		{Function: "example.com/shop/search.(*Finder).rank", File: "shop/search.go", Calls: 4, InputTokens: 5900, OutputTokens: 958, CostUSD: usd("0.002045600")},
		{Function: "example.com/shop/search.(*Finder).Complete", File: "shop/search.go", Calls: 2, UnpricedCalls: 1, InputTokens: 311, OutputTokens: 24, CostUSD: usd("0.0000407")},
		{Function: "main.main", File: "main.go", Calls: 1, UnpricedCalls: 1},
	})
	require.NoError(t, err)
	assert.Equal(t, `  calls  unpriced  input  output   cost USD
      4         0   5900     958  0.0020456  search.(*Finder).rank      shop/search.go
      2         1    311      24  0.0000407  search.(*Finder).Complete  shop/search.go
      1         1      0       0    unknown  main.main                  main.go
      7         2   6211     982  0.0020863  all
`, out.String())
}

func TestPrintOfNothingPriced(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, demo.Print(&out, []storage.FunctionCost{{Function: "main.main", Calls: 1, UnpricedCalls: 1}}))
	assert.NotContains(t, out.String(), " 0.", "what is unknown is not printed as nothing")
	assert.Contains(t, out.String(), "unknown  all")
}
