package main

import (
	"github.com/spf13/cobra"

	"github.com/costkey/costkey-otel/storage"
)

func newPricesDisagreementsCommand(db *database) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "disagreements",
		Short: "List the models whose calls say another cost than the prices do",
		Long: "List the models of calls whose span itself says what it cost, where that is more than 1 % of our cost off ours,\n" +
			"the largest difference first. Where ours is 0 every other figure is off, and a 0 is where ours is not. The\n" +
			"difference is what the spans say less what we say. Calls that were not billed to a model without a price have no\n" +
			"priced model.\n\n" +
			"Either the prices are wrong: put the right ones into your prices file, then run 'costkey reprice'. Or the spans\n" +
			"are: see the README of the exporter for the usual reasons.",
		Example: "  costkey prices disagreements --from 7d --project shop\n" +
			"  costkey prices disagreements --from 2026-01-01 --to 2026-02-01 --format csv",
		Args: cobra.NoArgs,
	}
	listCalls(cmd, db, (*storage.Store).PriceDisagreements, disagreementListing)
	return cmd
}

func disagreementListing(all []storage.PriceDisagreement) listing {
	found := listing{columns: []column{
		{name: "provider", title: "PROVIDER"},
		{name: "priced_model", title: "PRICED AS"},
		{name: "calls", title: "CALLS", right: true},
		{name: "cost_usd", title: "OUR USD", right: true},
		{name: "reported_cost_usd", title: "REPORTED USD", right: true},
		{name: "difference_usd", title: "DIFFERENCE USD", right: true},
		{name: "difference_percent", title: "DIFFERENCE %", right: true},
	}}
	for _, d := range all {
		found.rows = append(found.rows, []any{
			orUnknown(d.Provider), orUnknown(d.PricedModel), d.Calls, d.CostUSD, d.ReportedUSD, d.DifferenceUSD,
			cellOf(d.DifferencePercent),
		})
	}
	return found
}
