package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/costkey/costkey-otel/storage"
)

func newRepriceListCommand(db *database) *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Aliases: []string{"history"}, Args: cobra.NoArgs,
		Short: "List the records of all runs, the last one first",
		Long: "List the records of all runs, the last one first. A run without an end goes on, or was cut short; its changes\n" +
			"and its difference are exact even so.",
	}
	as := addFormatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return db.use(cmd.Context(), func(ctx context.Context, store *storage.Store) error {
			changes, err := store.PriceChanges(ctx)
			if err != nil {
				return err
			}
			return priceChangeListing(changes).write(cmd.OutOrStdout(), *as)
		})
	}
	return cmd
}

func priceChangeListing(changes []storage.PriceChange) listing {
	found := listing{columns: []column{
		{name: "run", title: "RUN", right: true},
		{name: "started_at", title: "STARTED"},
		{name: "finished_at", title: "FINISHED"},
		{name: "actor", title: "WHO"},
		{name: "db_role", title: "ROLE"},
		{name: "from", title: "FROM"},
		{name: "to", title: "TO"},
		{name: "project", title: "PROJECT"},
		{name: "provider", title: "PROVIDER"},
		{name: "model", title: "MODEL"},
		{name: "catalogue", title: "CATALOGUE"},
		{name: "calls_seen", title: "SEEN", right: true},
		{name: "calls_changed", title: "CHANGED", right: true},
		{name: "newly_priced", title: "NEWLY PRICED", right: true},
		{name: "newly_unpriced", title: "NEWLY UNPRICED", right: true},
		{name: "calls_skipped", title: "SKIPPED", right: true},
		{name: "difference_usd", title: "DIFFERENCE USD", right: true},
	}}
	for i := range changes {
		c := &changes[i]
		finished := any(nil)
		if c.FinishedAt != nil {
			finished = timeCell(*c.FinishedAt)
		}
		found.rows = append(found.rows, []any{
			c.ID, timeCell(c.StartedAt), finished, c.Actor, c.DBRole, timeCell(c.FromTime), timeCell(c.ToTime),
			cellOf(c.Project), cellOf(c.Provider), cellOf(c.Model), c.Catalogue, c.CallsSeen, c.CallsChanged, c.NewlyPriced,
			c.NewlyUnpriced, c.CallsSkipped, c.DifferenceUSD,
		})
	}
	return found
}
