package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/costkey/costkey-otel/pricing"
)

const pricesUpdateHelp = `Bring a newer catalogue of list prices, from a file or an https address, without a new release.

The catalogue is read whole and checked as the built-in one is; what can't be used is refused, and so is one that is not
newer than the catalogue in force, unless --force says so. What differs is listed: models that are added or removed, and
each rate, alias, multiplier or end of a price that changed. OLD and NEW are USD per million tokens, or for each of a thing
that is sold by the piece.

It is written whole or not at all, to --out, else to COSTKEY_CATALOGUE_FILE, else to catalogue.json in the data directory.
A collector whose exporter names the file as catalogue_file takes it up within seconds, without a restart; prices lookup
and reprice use the same file. The built-in catalogue holds wherever it is the newer one. Calls that are stored keep their
price until costkey reprice.`

// pricesUpdate is one update, as the user put it.
type pricesUpdate struct {
	out           string
	dryRun, force bool
	client        *http.Client
}

func newPricesUpdateCommand(db *database, client *http.Client) *cobra.Command {
	u := pricesUpdate{client: client}
	cmd := &cobra.Command{
		Use:   "update FILE|URL",
		Short: "Bring a newer catalogue of prices, and show what changes",
		Long:  pricesUpdateHelp,
		Example: "  costkey prices update https://raw.githubusercontent.com/costkey/costkey-otel/main/pricing/prices.json\n" +
			"  costkey prices update prices.json --dry-run --format csv",
		Args: cobra.ExactArgs(1),
	}
	flags := cmd.Flags()
	flags.StringVar(&u.out, "out", "", "where the catalogue is kept (default: $"+catalogueFileVariable+", else "+catalogueFileName+" in the data directory)")
	flags.BoolVar(&u.dryRun, "dry-run", false, "show what would change, and write nothing")
	flags.BoolVar(&u.force, "force", false, "take a catalogue that is not newer than the one in force")
	as := addFormatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if u.out == "" {
			u.out = db.catalogueFile()
		}
		return u.run(cmd.Context(), args[0], cmd.OutOrStdout(), cmd.ErrOrStderr(), *as)
	}
	return cmd
}

// run takes the catalogue of source, and prints what differs from the one in force before.
func (u *pricesUpdate) run(ctx context.Context, source string, stdout, stderr io.Writer, as format) error {
	data, err := u.read(ctx, source)
	if err != nil {
		return err
	}
	next, err := pricing.ReadCatalogue(data)
	if err != nil {
		return fmt.Errorf("check the catalogue: %w", err)
	}
	before, err := u.inForce(stderr)
	if err != nil {
		return err
	}
	if !u.force && !next.NewerThan(before) {
		return fmt.Errorf("the catalogue is of %s, the one in force of %s: nothing newer (--force takes it all the same)", dayOf(next), dayOf(before))
	}
	if !u.dryRun {
		if err := replaceFile(u.out, data); err != nil {
			return fmt.Errorf("write the catalogue: %w", err)
		}
	}
	u.tell(stderr, before, next)
	return differenceListing(next.Differences(before)).write(stdout, as)
}

// inForce returns the catalogue that the update takes the place of. A file that can't be used is none, and is said: an
// update mends it.
func (u *pricesUpdate) inForce(stderr io.Writer) (*pricing.Catalogue, error) {
	read, err := readCatalogueFile(u.out)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case errors.Is(err, pricing.ErrCatalogue), errors.Is(err, errTooLarge):
		fmt.Fprintf(stderr, "The file in place is not in force: %v\n", err)
	case err != nil:
		return nil, err
	}
	return pricing.BuiltIn().Newer(read), nil
}

// tell says what was done, for people.
func (u *pricesUpdate) tell(stderr io.Writer, before, next *pricing.Catalogue) {
	if u.dryRun {
		fmt.Fprintf(stderr, "Nothing is written: this would be the catalogue of %s in place of that of %s.\n", dayOf(next), dayOf(before))
		return
	}
	fmt.Fprintf(stderr, "%s is the catalogue of %s now; the one in force before was of %s.\n", u.out, dayOf(next), dayOf(before))
	if !next.NewerThan(pricing.BuiltIn()) {
		fmt.Fprintf(stderr, "The built-in catalogue, of %s, is not older and stays in force.\n", dayOf(pricing.BuiltIn()))
	}
}

func dayOf(c *pricing.Catalogue) string { return c.Table().AsOf().Format(time.DateOnly) }

func differenceListing(all []pricing.Difference) listing {
	found := listing{columns: []column{
		{name: "change", title: "CHANGE"},
		{name: "provider", title: "PROVIDER"},
		{name: "model", title: "MODEL"},
		{name: "row", title: "ROW"},
		{name: "what", title: "WHAT"},
		{name: "old", title: "OLD", right: true},
		{name: "new", title: "NEW", right: true},
	}}
	for _, d := range all {
		found.rows = append(found.rows, []any{
			string(d.Change), d.Provider, d.Model, orUnknown(d.Row), orUnknown(d.What), orUnknown(d.Old), orUnknown(d.New),
		})
	}
	return found
}
