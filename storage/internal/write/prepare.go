package write

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/costkey/costkey-otel/storage/internal/calls"
	"github.com/costkey/costkey-otel/storage/internal/database"
	"github.com/costkey/costkey-otel/storage/internal/dedup"
	"github.com/costkey/costkey-otel/storage/internal/projects"
	"github.com/costkey/costkey-otel/storage/internal/rows"
)

// prepare turns calls into rows that can be written: cleaned, everything they name interned, sorted by day and key, each
// key once. It writes to the database, but nothing that counts. Calls are visited in the order in which they lie in
// memory; sorting comes last.
func (w *Writer) prepare(ctx context.Context, cs []calls.Call, res *calls.WriteResult) ([]calls.Row, error) {
	id, epoch, err := w.db.Current(ctx)
	if err != nil {
		return nil, err
	}
	found, err := w.projects.Resolve(ctx, slugs(cs))
	if err != nil {
		return nil, err
	}
	prepared, disputed := w.check(cs, found, w.hasher(id.HashKey), res)
	if err := w.bury(ctx, disputed, calls.ReasonClocks, errClocks, res); err != nil {
		return nil, err
	}
	for i := range prepared {
		if d := prepared[i].Day(); i == 0 || d != prepared[i-1].Day() {
			if err := w.days.Ensure(ctx, d); err != nil {
				return nil, err
			}
		}
	}
	prepared, refused, err := w.interner.Intern(ctx, prepared)
	if err != nil {
		return nil, err
	}
	if len(prepared) > 0 && prepared[0].Epoch != epoch {
		return nil, database.ErrRaced // the ids of their projects are from before
	}
	if err := w.bury(ctx, callsOf(refused), calls.ReasonBadValue, errRefused, res); err != nil {
		return nil, err
	}
	prepared, duplicates := calls.SortRows(prepared)
	res.Duplicate += duplicates
	calls.MarkPending(prepared)
	return prepared, nil
}

// slugs are the projects of a batch, each once; a batch has few.
func slugs(cs []calls.Call) []string {
	var out []string
	seen := make(map[string]struct{})
	for i := range cs {
		if i > 0 && cs[i].Project == cs[i-1].Project {
			continue
		}
		if _, ok := seen[cs[i].Project]; !ok {
			seen[cs[i].Project] = struct{}{}
			out = append(out, cs[i].Project)
		}
	}
	return out
}

// check returns rows for the calls that can be stored, and the calls of which the clocks disagree whether they can.
func (w *Writer) check(cs []calls.Call, found map[string]projects.Project, hasher calls.Hasher, res *calls.WriteResult) (checked []calls.Row, disputed []*calls.Call) {
	checked = make([]calls.Row, 0, len(cs))
	now, local := w.db.Now(), w.db.LocalNow()
	skewed := local.Sub(now).Abs() > dedup.ClockSkew
	for i := range cs {
		c := &cs[i]
		project, ok := found[c.Project]
		if !ok {
			res.SetsAside(calls.ReasonBadProject, 1)
			continue
		}
		if project.IsFallback {
			redirect(c, res)
		}
		repaired, reason := checkIdentity(c, now.UnixMicro(), project.Retention)
		switch {
		case reason == "":
			r := calls.Row{Call: c, ProjectID: project.ID, Repaired: repaired}
			rows.CleanOwn(&r)
			if c.ResponseID != "" {
				r.ResponseHash = hasher(r.ProjectID, c.ResponseID)
			}
			checked = append(checked, r)
		case skewed && reason != calls.ReasonBadID && isSane(c, local, project.Retention):
			disputed = append(disputed, c)
		default:
			res.SetsAside(reason, 1)
		}
	}
	return checked, disputed
}

// isSane reports whether the times of c are good by another clock.
func isSane(c *calls.Call, now time.Time, retention time.Duration) bool {
	other := *c
	_, reason := checkIdentity(&other, now.UnixMicro(), retention)
	return reason == ""
}

func callsOf(batch []calls.Row) []*calls.Call {
	out := make([]*calls.Call, len(batch))
	for i := range batch {
		out[i] = batch[i].Call
	}
	return out
}

// checkIdentity reports why c can't be a row, or whether its times had to be repaired so that it can.
func checkIdentity(c *calls.Call, now int64, retention time.Duration) (repaired bool, reason calls.Reason) {
	if c.TraceID == [16]byte{} || c.SpanID == [8]byte{} {
		return false, calls.ReasonBadID
	}
	return cleanTime(c, now, retention)
}

// tomorrow is how far in the future a start may lie: clocks differ.
const tomorrow = 24 * time.Hour

// cleanTime checks the start against [now − retention, now + 24 h]. A start that is absurd is replaced by the end where
// that is sane, never by the clock: a retry would get another key.
func cleanTime(c *calls.Call, now int64, retention time.Duration) (repaired bool, reason calls.Reason) {
	oldest, newest := now-retention.Microseconds(), now+tomorrow.Microseconds()
	if c.FirstTokenMicros > c.DurationMicros && c.DurationMicros >= 0 {
		c.FirstTokenMicros = calls.Unknown
		repaired = true
	}
	if c.StartMicros >= oldest && c.StartMicros <= newest {
		return repaired, ""
	}
	end := c.StartMicros + c.DurationMicros
	if c.DurationMicros > 0 && end >= oldest && end <= newest && c.StartMicros <= 0 {
		c.StartMicros, c.DurationMicros, c.FirstTokenMicros = end, calls.Unknown, calls.Unknown
		return true, ""
	}
	const yearOne, yearFar = 1_000_000_000 * 1_000_000, 4_000_000_000 * 1_000_000 // 2001 and 2096
	if c.StartMicros > yearOne && c.StartMicros < oldest && c.StartMicros < yearFar {
		return false, calls.ReasonExpired
	}
	return false, calls.ReasonBadTime
}

// projectTag is the tag of a call in the fallback project that says which project it named.
const projectTag = "costkey.project"

// redirect files c under the fallback project.
func redirect(c *calls.Call, res *calls.WriteResult) {
	res.Redirects(c.Project, 1)
	tag := calls.Tag{Key: projectTag, Value: `"` + c.Project + `"`} // a slug needs no escapes
	at, _ := slices.BinarySearchFunc(c.Tags, tag.Key, func(t calls.Tag, key string) int { return strings.Compare(t.Key, key) })
	c.Tags = slices.Insert(slices.Clone(c.Tags), at, tag)
	c.Project = projects.Fallback
}
