package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/costkey/costkey-otel/internal/postgres"
	"github.com/costkey/costkey-otel/storage"
)

const (
	urlVariable     = "COSTKEY_DATABASE_URL"
	dataDirVariable = "COSTKEY_DATA_DIR"
	defaultDataDir  = ".costkey"
)

// database is how the user named the database.
type database struct{ url, dataDir string }

func (d *database) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&d.url, "database-url", "", "the database (default: $"+urlVariable+", else the running collector's own)")
	flags.StringVar(&d.dataDir, "data-dir", "", "the data directory of the running collector (default: $"+dataDirVariable+", else "+defaultDataDir+")")
}

// dir returns the data directory of the collector.
func (d *database) dir() string {
	return cmp.Or(d.dataDir, os.Getenv(dataDirVariable), defaultDataDir)
}

// dsn returns the connection string of the database in use.
func (d *database) dsn() (string, error) {
	if d.url != "" {
		return d.url, nil
	}
	if url := os.Getenv(urlVariable); url != "" {
		return url, nil
	}
	state, err := postgres.Location(d.dir())
	if errors.Is(err, postgres.ErrNotRunning) {
		return "", fmt.Errorf("find the database: %w; start the collector (make run), "+
			"or name its data directory with --data-dir (%s), or the database with --database-url (%s)",
			err, dataDirVariable, urlVariable)
	}
	if err != nil {
		return "", fmt.Errorf("find the database: %w", err)
	}
	return state.DSN, nil
}

// use opens the database for the time of do.
func (d *database) use(ctx context.Context, do func(context.Context, *storage.Store) error) error {
	dsn, err := d.dsn()
	if err != nil {
		return err
	}
	store, err := storage.Open(storage.Config{DSN: dsn, MaxConns: 2})
	if err != nil {
		return misuse{err}
	}
	defer store.Close()
	return do(ctx, store)
}

func newDSNCommand(db *database) *cobra.Command {
	return &cobra.Command{
		Use:   "dsn",
		Short: "Print the connection string of the database in use",
		Long: "Print the connection string of the database in use. A password in it is printed too.\n" +
			"That of a running collector's private database names the file with the password instead, which the account that\n" +
			"started the collector and root can read.",
		Example: `  psql "$(costkey dsn)" -c 'TABLE costkey.calls'`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dsn, err := db.dsn()
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), dsn)
			return err
		},
	}
}
