package demo

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/costkey/costkey-otel/storage"
)

// Ledger is the database, as far as the demo reads it. *storage.Store is one.
type Ledger interface {
	CountCalls(ctx context.Context, project string, since time.Time) (int64, error)
	CostByFunction(ctx context.Context, project string, since time.Time) ([]storage.FunctionCost, error)
}

var _ Ledger = (*storage.Store)(nil)

// Wait looks into the ledger, now and at every tick, until it holds what was served since then: as many calls, and as
// many tokens as the stand-in told. It gives the last error, or says what is missing, when ctx ends.
func Wait(ctx context.Context, l Ledger, project string, since time.Time, want Served, tick <-chan time.Time) ([]storage.FunctionCost, error) {
	for {
		lines, err := look(ctx, l, project, since, want)
		if err == nil {
			return lines, nil
		}
		select {
		case <-ctx.Done():
			return lines, err
		case <-tick:
		}
	}
}

// look returns the lines, and an error if they aren't what was served.
func look(ctx context.Context, l Ledger, project string, since time.Time, want Served) ([]storage.FunctionCost, error) {
	stored, err := l.CountCalls(ctx, project, since)
	if err != nil {
		return nil, err
	}
	lines, err := l.CostByFunction(ctx, project, since)
	if err != nil {
		return nil, err
	}
	return lines, compare(stored, lines, want)
}

// compare says how the stored calls differ from the served ones; nil if they don't. Where a real provider took part the
// stand-in's tokens are the least that there has to be.
func compare(stored int64, lines []storage.FunctionCost, want Served) error {
	var wrong []string
	differ := func(what string, got, want int64, atLeast bool) {
		if got != want && (!atLeast || got < want) {
			wrong = append(wrong, fmt.Sprintf("%s: %d stored, %d served", what, got, want))
		}
	}
	differ("calls", stored, want.Calls, false)
	sum := total(lines)
	differ("calls with a function", sum.Calls, want.Calls, false)
	differ("input tokens", sum.InputTokens, want.Tokens.Input, want.Real > 0)
	differ("output tokens", sum.OutputTokens, want.Tokens.Output, want.Real > 0)
	if len(wrong) == 0 {
		return nil
	}
	return fmt.Errorf("find the calls in costkey.calls: %s", strings.Join(wrong, "; "))
}
