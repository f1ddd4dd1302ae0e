package main

import (
	"github.com/spf13/cobra"

	"github.com/costkey/costkey-otel/storage"
)

func newPricesUnknownCommand(db *database) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "unknown",
		Short: "List the models whose calls have no price",
		Long: "List the models whose calls have no price, the most called first: unknown_model where the catalogue has no such\n" +
			"model, no_price where it has no rate for the call's time, tier, size or kind. Give them a price in your prices file,\n" +
			"then run 'costkey reprice'.",
		Example: "  costkey prices unknown --from 7d --project shop",
		Args:    cobra.NoArgs,
	}
	listCalls(cmd, db, (*storage.Store).UnpricedModels, unpricedListing)
	return cmd
}

func unpricedListing(models []storage.UnpricedModel) listing {
	found := listing{columns: []column{
		{name: "provider", title: "PROVIDER"},
		{name: "model", title: "MODEL"},
		{name: "cost_status", title: "STATUS"},
		{name: "calls", title: "CALLS", right: true},
		{name: "input_tokens", title: "INPUT", right: true},
		{name: "output_tokens", title: "OUTPUT", right: true},
		{name: "first_seen", title: "FIRST SEEN"},
		{name: "last_seen", title: "LAST SEEN"},
	}}
	for _, m := range models {
		found.rows = append(found.rows, []any{
			orUnknown(m.Provider), orUnknown(m.Model), m.Status, m.Calls, m.InputTokens, m.OutputTokens,
			timeCell(m.FirstSeen), timeCell(m.LastSeen),
		})
	}
	return found
}
