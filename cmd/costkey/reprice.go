package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"strconv"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/costkey/costkey-otel/storage"
)

const repriceHelp = `Price stored calls again, by the prices valid when each call was made, and their hourly sums with them.

Calls whose model was unknown get their cost once the prices know it; calls at a corrected price get the new one. A call
that is priced the same is left as it is. What was not billed stays so. A known cost never becomes unknown, unless
--allow-unprice says so; one that the span reported itself gives way to a price only (FROM REPORTED counts those). With
--use-reported-cost a call without a price costs what its span said, as new calls do with the exporter's use_reported_cost.

The collector may go on writing meanwhile. Each batch is one transaction: a run that was interrupted has done what its
record says, and the same command again does the rest. Each run leaves a record: costkey reprice list, or the view
costkey.price_changes. --dry-run shows the difference, and writes nothing.`

// repriceFlags is what to reprice, as the user put it.
type repriceFlags struct {
	from, to string
	filter   storage.RepriceFilter
	dryRun   bool
	rules    repriceRules
	prices   priceFlags
}

func newRepriceCommand(db *database) *cobra.Command {
	var f repriceFlags
	cmd := &cobra.Command{
		Use:   "reprice",
		Short: "Price stored calls again, with a record of what changed",
		Long:  repriceHelp,
		Example: "  costkey reprice --from 2026-01-01 --to 2026-02-01 --model gpt-4o --dry-run\n" +
			"  costkey reprice --from 30d --project shop\n  costkey reprice list --format csv",
		Args: cobra.NoArgs,
	}
	flags := cmd.Flags()
	flags.StringVar(&f.from, "from", "", "calls that started since: a day, a time (RFC 3339) or an age such as 30d or 24h")
	flags.StringVar(&f.to, "to", "", "calls that started before: as --from (default: now)")
	flags.StringVar(&f.filter.Project, "project", "", "only calls of this project (default: all)")
	flags.StringVar(&f.filter.Provider, "provider", "", "only calls of this provider, such as openai (default: all)")
	flags.StringVar(&f.filter.Model, "model", "", "only calls of this model, as priced, answered or asked for (default: all)")
	flags.BoolVar(&f.dryRun, "dry-run", false, "show what would change, and write nothing")
	flags.BoolVar(&f.rules.useReported, "use-reported-cost", false, "let calls without a price cost what their span said")
	flags.BoolVar(&f.rules.allowUnprice, "allow-unprice", false, "let known costs become unknown where the prices have none any more")
	f.prices.add(flags, db)
	as := addFormatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := f.read(time.Now()); err != nil {
			return misuse{err}
		}
		return db.use(cmd.Context(), func(ctx context.Context, store *storage.Store) error {
			return f.run(ctx, store, cmd.OutOrStdout(), cmd.ErrOrStderr(), *as)
		})
	}
	cmd.AddCommand(newRepriceListCommand(db))
	if err := cmd.MarkFlagRequired("from"); err != nil {
		cmd.RunE = func(*cobra.Command, []string) error { return err }
	}
	return cmd
}

// read turns the times into those of the filter.
func (f *repriceFlags) read(now time.Time) error {
	var errs [2]error
	f.filter.From, errs[0] = momentOf("--from", f.from, now)
	f.filter.To = now
	if f.to != "" {
		f.filter.To, errs[1] = momentOf("--to", f.to, now)
	}
	if err := errors.Join(errs[:]...); err != nil {
		return err
	}
	return f.filter.Validate()
}

// momentOf reads a day (its beginning, UTC), a time, or an age before now.
func momentOf(flag, text string, now time.Time) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			return now.AddDate(0, 0, -int(n)), nil
		}
	}
	if age, err := time.ParseDuration(text); err == nil && age >= 0 {
		return now.Add(-age), nil
	}
	return time.Time{}, fmt.Errorf("%s must be a day such as 2026-01-31, a time such as 2026-01-31T00:00:00Z or an age such as 30d or 24h, found %q", flag, text)
}

// run reprices and prints what changed, also of a run that was cut short.
func (f *repriceFlags) run(ctx context.Context, store *storage.Store, stdout, stderr io.Writer, as format) error {
	table, err := f.prices.table()
	if err != nil {
		return err
	}
	opts := storage.RepriceOptions{Actor: whoAmI(), Catalogue: table.Version(), DryRun: f.dryRun}
	if isTerminal(stderr) {
		total, err := store.RepriceCount(ctx, f.filter)
		if err != nil {
			return err
		}
		bar := progressbar.NewOptions64(total, progressbar.OptionSetWriter(stderr), progressbar.OptionSetDescription("repricing"),
			progressbar.OptionShowCount(), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
		opts.Progress = func(n int) { _ = bar.Add(n) } // a bar that can't be drawn is no reason to stop
		defer func() { _ = bar.Finish() }()
	}
	res, err := store.Reprice(ctx, f.filter, repricer(table, f.rules), opts)
	if err != nil {
		if res.Changed > 0 {
			err = fmt.Errorf("%w (%d calls are repriced, by %s USD; the same command again does the rest)", err, res.Changed, res.Difference)
		}
		return err
	}
	return f.listing(res, table.Version()).write(stdout, as)
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// whoAmI names the account and the machine, for the record.
func whoAmI() string {
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if host, err := os.Hostname(); err == nil {
		name += "@" + host
	}
	return name
}

func (f *repriceFlags) listing(res storage.RepriceResult, catalogue string) listing {
	run := any(nil)
	if !f.dryRun {
		run = res.Run
	}
	return listing{
		columns: []column{
			{name: "run", title: "RUN", right: true},
			{name: "catalogue", title: "CATALOGUE"},
			{name: "calls_seen", title: "SEEN", right: true},
			{name: "calls_changed", title: "CHANGED", right: true},
			{name: "newly_priced", title: "NEWLY PRICED", right: true},
			{name: "newly_unpriced", title: "NEWLY UNPRICED", right: true},
			{name: "from_reported", title: "FROM REPORTED", right: true},
			{name: "calls_skipped", title: "SKIPPED", right: true},
			{name: "difference_usd", title: "DIFFERENCE USD", right: true},
		},
		rows: [][]any{{run, catalogue, res.Seen, res.Changed, res.Priced, res.Unpriced, res.Reported, res.Skipped, res.Difference.String()}},
	}
}
