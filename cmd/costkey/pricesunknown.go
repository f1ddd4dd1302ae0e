package main

import (
	"github.com/spf13/cobra"

	"github.com/costkey/costkey-otel/pricing"
	"github.com/costkey/costkey-otel/storage"
)

func newPricesUnknownCommand(db *database) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "unknown",
		Short: "List the models whose calls have no price",
		Long: "List the models whose calls have no price, the most called first: unknown_model where the catalogue has no such\n" +
			"model, no_price where it has no rate for the call's time, tier, size, place or kind. Give them a price in your prices\n" +
			"file, then run 'costkey reprice'. PROPOSAL is a line for that file that gives a name the meaning of one of the\n" +
			"catalogue's, where there may be one: look at it first, and put the right id for PROVIDER or MODEL.",
		Example: "  costkey prices unknown --from 7d --project shop",
		Args:    cobra.NoArgs,
	}
	var prices priceFlags
	prices.add(cmd.Flags(), db)
	table := pricing.Embedded()
	listCalls(cmd, db, (*storage.Store).UnpricedModels, func(models []storage.UnpricedModel) listing {
		return unpricedListing(models, table)
	})
	list := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if table, err = prices.table(); err != nil {
			return err
		}
		return list(cmd, args)
	}
	return cmd
}

func unpricedListing(models []storage.UnpricedModel, table *pricing.Table) listing {
	found := listing{columns: []column{
		{name: "provider", title: "PROVIDER"},
		{name: "model", title: "MODEL"},
		{name: "cost_status", title: "STATUS"},
		{name: "calls", title: "CALLS", right: true},
		{name: "input_tokens", title: "INPUT", right: true},
		{name: "output_tokens", title: "OUTPUT", right: true},
		{name: "first_seen", title: "FIRST SEEN"},
		{name: "last_seen", title: "LAST SEEN"},
		{name: "proposal", title: "PROPOSAL"},
	}}
	for _, m := range models {
		found.rows = append(found.rows, []any{
			orUnknown(m.Provider), orUnknown(m.Model), m.Status, m.Calls, m.InputTokens, m.OutputTokens,
			timeCell(m.FirstSeen), timeCell(m.LastSeen), proposalCell(table, &m),
		})
	}
	return found
}

// proposalCell is the line of a prices file that would give the calls of a model a price, nil where there is none.
func proposalCell(table *pricing.Table, m *storage.UnpricedModel) any {
	if m.Status != string(pricing.StatusUnknownModel) || m.Model == "" {
		return nil
	}
	if line := table.Proposal(m.Provider, m.Model, m.LastSeen.UnixNano()); line != "" {
		return line
	}
	return nil
}
