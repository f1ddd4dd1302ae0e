package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/costkey/costkey-otel/storage"
)

// period is which calls a listing is about, as the user put it.
type period struct{ from, to, project string }

func (p *period) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&p.from, "from", "30d", "calls that started since: a day, a time (RFC 3339) or an age such as 30d or 24h")
	flags.StringVar(&p.to, "to", "", "calls that started before, the same (default: now)")
	flags.StringVar(&p.project, "project", "", "only this project (default: all)")
}

// bounds reads --from and --to; an empty --to is now.
func (p *period) bounds(now time.Time) (begin, end time.Time, err error) {
	begin, err = momentOf("--from", p.from, now)
	end = now
	if p.to != "" {
		var errTo error
		end, errTo = momentOf("--to", p.to, now)
		err = errors.Join(err, errTo)
	}
	if err == nil && !begin.Before(end) {
		err = errors.New("--from must be before --to")
	}
	return begin, end, err
}

// finder is a question to the store about the calls of a project, or of all, in a time.
type finder[T any] func(store *storage.Store, ctx context.Context, project string, from, to time.Time) ([]T, error)

// listCalls makes cmd list what find answers, with the flags of every such listing.
func listCalls[T any](cmd *cobra.Command, db *database, find finder[T], list func([]T) listing) {
	as := addFormatFlag(cmd)
	var p period
	p.addFlags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		begin, end, err := p.bounds(time.Now())
		if err != nil {
			return misuse{err}
		}
		return db.use(cmd.Context(), func(ctx context.Context, store *storage.Store) error {
			found, err := find(store, ctx, p.project, begin, end)
			if err != nil {
				return err
			}
			return list(found).write(cmd.OutOrStdout(), *as)
		})
	}
}
