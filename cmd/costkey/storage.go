package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/costkey/costkey-otel/storage"
)

func newStorageCommand(db *database) *cobra.Command {
	return newGroup("storage", "Look after the database's schema", newMigrateCommand(db), newStatusCommand(db))
}

func newMigrateCommand(db *database) *cobra.Command {
	return &cobra.Command{
		Use:   "migrate",
		Short: "Bring the schema up to date; safe to repeat",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return db.use(cmd.Context(), func(ctx context.Context, store *storage.Store) error {
				if err := store.Migrate(ctx); err != nil {
					return fmt.Errorf("migrate the database: %w", err)
				}
				_, err := fmt.Fprintln(cmd.OutOrStdout(), "the schema is up to date")
				return err
			})
		},
	}
}

func newStatusCommand(db *database) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status",
		Short: "List the migrations and when each was applied",
		Args:  cobra.NoArgs,
	}
	as := addFormatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return db.use(cmd.Context(), func(ctx context.Context, store *storage.Store) error {
			steps, err := store.Migrations(ctx)
			if err != nil {
				return err
			}
			return migrationListing(steps).write(cmd.OutOrStdout(), *as)
		})
	}
	return cmd
}

func migrationListing(steps []storage.Migration) listing {
	found := listing{columns: []column{
		{name: "version", title: "VERSION", right: true},
		{name: "name", title: "NAME"},
		{name: "applied_at", title: "APPLIED"},
	}}
	for _, step := range steps {
		var applied any
		if !step.AppliedAt.IsZero() {
			applied = step.AppliedAt.UTC().Format(time.RFC3339)
		}
		found.rows = append(found.rows, []any{step.Version, step.Name, applied})
	}
	return found
}
