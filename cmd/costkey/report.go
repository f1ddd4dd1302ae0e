package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/costkey/costkey-otel/storage"
)

func newReportCommand(db *database) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "report",
		Aliases: []string{"top"},
		Short:   "Show the cost by function, the dearest first",
		Example: "  costkey report --since 24h\n  costkey report --project shop --format csv",
		Args:    cobra.NoArgs,
	}
	as := addFormatFlag(cmd)
	project := cmd.Flags().String("project", "", "only this project (default: all)")
	since := cmd.Flags().String("since", "", "only calls that started since: a time (RFC 3339) or an age such as 24h (default: all)")
	limit := cmd.Flags().Int("limit", 0, "at most so many functions (default: all)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		from, err := sinceTime(*since, time.Now())
		if err != nil {
			return misuse{err}
		}
		if *limit < 0 {
			return misuse{fmt.Errorf("--limit must not be negative, found %d", *limit)}
		}
		return db.use(cmd.Context(), func(ctx context.Context, store *storage.Store) error {
			costs, err := store.CostByFunction(ctx, *project, from)
			if err != nil {
				return err
			}
			if *limit > 0 {
				costs = costs[:min(*limit, len(costs))]
			}
			return functionListing(costs).write(cmd.OutOrStdout(), *as)
		})
	}
	return cmd
}

// sinceTime reads a time, or an age before now; empty is the beginning of time.
func sinceTime(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Unix(0, 0), nil
	}
	if age, err := time.ParseDuration(text); err == nil && age >= 0 {
		return now.Add(-age), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("--since must be a time such as 2026-01-31T00:00:00Z or an age such as 24h, found %q", text)
	}
	return at, nil
}

func functionListing(costs []storage.FunctionCost) listing {
	found := listing{columns: []column{
		{name: "function", title: "FUNCTION"},
		{name: "file", title: "FILE"},
		{name: "calls", title: "CALLS", right: true},
		{name: "unpriced_calls", title: "UNPRICED", right: true},
		{name: "input_tokens", title: "INPUT", right: true},
		{name: "output_tokens", title: "OUTPUT", right: true},
		{name: "cost_usd", title: "COST USD", right: true},
	}}
	for _, c := range costs {
		found.rows = append(found.rows, []any{
			orUnknown(c.Function), orUnknown(c.File), c.Calls, c.UnpricedCalls, c.InputTokens, c.OutputTokens, money(c.CostUSD),
		})
	}
	return found
}

func orUnknown(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// money is a decimal amount as it is stored; unknown stays unknown.
func money(amount *string) any {
	if amount == nil {
		return nil
	}
	return *amount
}
