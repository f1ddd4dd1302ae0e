package main

import (
	"errors"
	"time"

	"github.com/spf13/pflag"
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
