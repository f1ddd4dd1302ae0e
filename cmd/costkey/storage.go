package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/costkey/costkey-otel/storage"
)

func newStorageCommand(db *database) *cobra.Command {
	return newGroup("storage", "Look after the database's schema, its roles, maintenance and dead letters",
		newMigrateCommand(db), newStatusCommand(db), newGrantCommand(db), newDeadLettersCommand(db))
}

func newMigrateCommand(db *database) *cobra.Command {
	return &cobra.Command{
		Use:   "migrate",
		Short: "Bring the schema up to date; safe to repeat",
		Long: "Bring the schema up to date; safe to repeat, and while collectors write. The role that runs it owns what it makes.\n" +
			"A schema of before 0.1.0 is not migrated: the command says how to start again.",
		Args: cobra.NoArgs,
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

func newGrantCommand(db *database) *cobra.Command {
	return &cobra.Command{
		Use:   "grant ROLE write|read",
		Short: "Give a role of the database what a collector that writes, or a reader of the views, needs",
		Long: "Give a role of the database what it needs, and no more; safe to repeat. Run it as the schema's owner.\n" +
			"write is for a collector with `migrate: false` and `maintenance: false`, which makes no keys;\n" +
			"read is for the views, such as costkey.calls and costkey.costs_hourly, bodies among them.",
		Example: "  psql -c 'CREATE ROLE costkey_writer LOGIN'\n  costkey storage grant costkey_writer write",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			role, access := args[0], storage.Access(args[1])
			if access != storage.AccessWrite && access != storage.AccessRead {
				return misuse{fmt.Errorf("the access must be write or read, found %q", access)}
			}
			return db.use(cmd.Context(), func(ctx context.Context, store *storage.Store) error {
				steps, err := store.Migrations(ctx)
				if err != nil {
					return err
				}
				if !isMigrated(steps) {
					return fmt.Errorf("grant %s to %s: %w: run `costkey storage migrate`", access, role, storage.ErrNotMigrated)
				}
				if err := store.Grant(ctx, role, access); err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s may %s\n", role, access)
				return err
			})
		},
	}
}

func newStatusCommand(db *database) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show the server, the migrations, the dead letters and the tasks of maintenance",
		Long: "Show the server's version, the migrations and when each was applied, how many dead letters there are by project\n" +
			"and reason, and what is known of each task of maintenance: begin and end of its last run (no end: it runs, or was\n" +
			"cut short), how much it did, and its error. JSON is an object of arrays; in CSV the first column names the part.",
		Args: cobra.NoArgs,
	}
	as := addFormatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return db.use(cmd.Context(), func(ctx context.Context, store *storage.Store) error {
			sections, err := storageStatus(ctx, store)
			if err != nil {
				return err
			}
			return writeSections(cmd.OutOrStdout(), sections, *as)
		})
	}
	return cmd
}

// storageStatus reads the status. Where the schema is not complete yet there are no dead letters and no maintenance.
func storageStatus(ctx context.Context, store *storage.Store) ([]section, error) {
	version, err := store.ServerVersion(ctx)
	if err != nil {
		return nil, err
	}
	steps, err := store.Migrations(ctx)
	if err != nil {
		return nil, err
	}
	var letters []storage.DeadLetterCount
	var tasks []storage.MaintenanceTask
	if isMigrated(steps) {
		if letters, err = store.DeadLetterCounts(ctx); err != nil {
			return nil, err
		}
		if tasks, err = store.MaintenanceTasks(ctx); err != nil {
			return nil, err
		}
	}
	return []section{
		{"server", "Server", serverListing(version)},
		{"migrations", "Migrations", migrationListing(steps)},
		{"dead_letters", "Dead letters", deadLetterCountListing(letters)},
		{"maintenance", "Maintenance", taskListing(tasks)},
	}, nil
}

// isMigrated reports whether all is applied that this program needs.
func isMigrated(steps []storage.Migration) bool {
	for _, step := range steps {
		if step.AppliedAt.IsZero() {
			return false
		}
	}
	return true
}

func serverListing(version string) listing {
	return listing{columns: []column{{name: "postgresql", title: "POSTGRESQL"}}, rows: [][]any{{version}}}
}

func migrationListing(steps []storage.Migration) listing {
	found := listing{columns: []column{
		{name: "version", title: "VERSION", right: true},
		{name: "name", title: "NAME"},
		{name: "applied_at", title: "APPLIED"},
	}}
	for _, step := range steps {
		found.rows = append(found.rows, []any{step.Version, step.Name, timeCell(step.AppliedAt)})
	}
	return found
}

func deadLetterCountListing(counts []storage.DeadLetterCount) listing {
	found := listing{columns: []column{
		{name: "project", title: "PROJECT"},
		{name: "reason", title: "REASON"},
		{name: "calls", title: "CALLS", right: true},
		{name: "oldest_at", title: "OLDEST"},
		{name: "newest_at", title: "NEWEST"},
	}}
	for _, c := range counts {
		found.rows = append(found.rows, []any{c.Project, string(c.Reason), c.Calls, timeCell(c.Oldest), timeCell(c.Newest)})
	}
	return found
}

func taskListing(tasks []storage.MaintenanceTask) listing {
	found := listing{columns: []column{
		{name: "task", title: "TASK"},
		{name: "started_at", title: "STARTED"},
		{name: "finished_at", title: "FINISHED"},
		{name: "done", title: "DONE", right: true},
		{name: "error", title: "ERROR"},
	}}
	for _, t := range tasks {
		finished := any(nil)
		if t.FinishedAt != nil {
			finished = timeCell(*t.FinishedAt)
		}
		found.rows = append(found.rows, []any{t.Name, timeCell(t.StartedAt), finished, t.Done, orUnknown(t.Error)})
	}
	return found
}
