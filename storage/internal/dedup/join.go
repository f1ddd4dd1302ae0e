package dedup

import (
	"bytes"
	"cmp"
	"reflect"

	"github.com/costkey/costkey-otel/samecall"
	"github.com/costkey/costkey-otel/storage/internal/calls"
)

// Plan is what deduplication found: rows to take out, rows to put in, spans that lost or never had their row, and how many
// spans joined a call that has its row.
type Plan struct {
	Remove, Insert []calls.Row
	// Keep are stored rows that stay as they are and stand for a span that has no row any more: they must still be there when
	// the plan is carried out. Of two writers that see different spans of one call each may let the other's row stand for it.
	Keep   []calls.Row
	Nodes  []calls.Node
	Joined int
}

// Join decides for each fresh row whether it is a call of its own or another span of a known one. known are stored rows of
// the same traces and of the same response ids, nodes the spans between them that have no row. It reports false where a
// fresh span is among the known ones: then they are not of one snapshot, and must be read again.
func Join(known, fresh []calls.Row, nodes []samecall.Node, hasher calls.Hasher) (Plan, bool) {
	j := newJoining(known, fresh, hasher)
	j.revokeInherited()
	if twice := samecall.Resolve(&j, len(j.calls), j.known, nodes...); len(twice) > 0 {
		return Plan{}, false
	}
	j.holdResponses()
	return j.plan(), true
}

// Apart lets every fresh row be a call of its own.
func Apart(known, fresh []calls.Row, hasher calls.Hasher) Plan {
	j := newJoining(known, fresh, hasher)
	j.holdResponses()
	return j.plan()
}

// Rejoin judges stored rows again: those that are changed, with each other and with the rest.
func Rejoin(stored []calls.Row, isChanged func(*calls.Row) bool, nodes []samecall.Node, hasher calls.Hasher) Plan {
	j := joining{calls: make([]span, 0, len(stored)), hasher: hasher}
	for _, changed := range [...]bool{false, true} {
		for i := range stored {
			if isChanged(&stored[i]) == changed {
				j.calls = append(j.calls, span{row: stored[i], stored: &stored[i]})
			}
		}
		if !changed {
			j.known = len(j.calls)
		}
	}
	j.revokeInherited()
	samecall.Resolve(&j, len(j.calls), j.known, nodes...)
	j.holdResponses()
	p := j.plan()
	p.Joined = len(p.Remove) - len(p.Insert)
	return p
}

func newJoining(known, fresh []calls.Row, hasher calls.Hasher) joining {
	j := joining{calls: make([]span, 0, len(known)+len(fresh)), known: len(known), hasher: hasher}
	for i := range known {
		j.calls = append(j.calls, span{row: known[i], stored: &known[i]})
	}
	for i := range fresh {
		j.calls = append(j.calls, span{row: fresh[i]})
	}
	return j
}

// span is one span while it is judged.
type span struct {
	row        calls.Row
	stored     *calls.Row // the row as it is in the database; nil for a fresh one
	changed    bool       // differs from what is stored, or from what came
	dropped    bool       // another span stands for it
	filled     bool       // it may stand for another span
	replacedBy [8]byte
}

// change returns the call to be changed: a copy, so that a batch that is written again begins with what came.
func (c *span) change() *calls.Call {
	if !c.changed {
		call := *c.row.Call
		// Its numbers may be others now.
		c.row = calls.Row{
			Call: &call, ProjectID: c.row.ProjectID, ResponseHash: c.row.ResponseHash, Repeated: c.row.Repeated,
			Repaired: c.row.Repaired, Pending: c.row.Pending,
		}
		c.changed = true
	}
	return c.row.Call
}

// joining is a [samecall.Calls]: first what is stored, then what is fresh.
type joining struct {
	calls  []span
	known  int
	hasher calls.Hasher
}

// Facts implements [samecall.Calls].
func (j *joining) Facts(i int) samecall.Facts { return j.calls[i].row.Facts() }

// Drop implements [samecall.Calls].
func (j *joining) Drop(i int) { j.calls[i].dropped = true }

// Merge implements [samecall.Calls].
func (j *joining) Merge(to, from int, fields samecall.MergeFields) {
	filled := *j.calls[to].row.Call
	filled.Merge(j.calls[from].row.Call, fields)
	j.calls[to].filled = true
	if !reflect.DeepEqual(&filled, j.calls[to].row.Call) {
		*j.calls[to].change() = filled
	}
	if fields&samecall.MarkReplaced != 0 {
		j.calls[from].replacedBy = filled.SpanID
	}
}

// revokeInherited takes counts that an outer span told, and which one of the tries inside it got, from that try where another
// one has them, or began later without any. The outer span itself has no row any more.
func (j *joining) revokeInherited() {
	type place struct {
		project int64
		trace   [16]byte
		parent  [8]byte
	}
	tries := make(map[place][]*span)
	var inherited []*span
	for i := range j.calls {
		c := &j.calls[i]
		if c.row.ParentSpanID == [8]byte{} {
			continue
		}
		if c.row.UsageInherited() {
			inherited = append(inherited, c)
		}
		p := place{c.row.ProjectID, c.row.TraceID, c.row.ParentSpanID}
		tries[p] = append(tries[p], c)
	}
	for _, c := range inherited {
		c.yieldUsage(tries[place{c.row.ProjectID, c.row.TraceID, c.row.ParentSpanID}])
	}
}

// yieldUsage takes from c the counts that it inherited, if one of the tries has counts of its own or is the last.
func (c *span) yieldUsage(tries []*span) {
	own, last := (*span)(nil), c
	f := c.row.Facts()
	for _, t := range tries {
		g := t.row.Facts()
		switch {
		case !samecall.Rivals(&f, &g):
		case !t.row.Usage.IsZero() && !t.row.UsageInherited():
			own = t
		case t.startsAfter(last):
			last = t
		}
	}
	switch {
	case own != nil:
		c.change().RevokeInherited(own.row.ResponseID)
	case last != c:
		last.change().Merge(c.row.Call, samecall.MergeUsage|samecall.MergeAnswer|samecall.MergeInherited)
		c.change().RevokeInherited(last.row.ResponseID)
	}
}

func (c *span) startsAfter(d *span) bool {
	x, y := c.row.Call, d.row.Call
	return cmp.Or(cmp.Compare(x.StartMicros, y.StartMicros), bytes.Compare(x.SpanID[:], y.SpanID[:])) > 0
}

// holdResponses gives the hash of each answer's id to one row of the day; the others that have it are marked as repeated,
// whether their ids are the same or not: the day's unique index goes by the hash alone.
func (j *joining) holdResponses() {
	type held struct {
		project int64
		day     calls.Day
		hash    int64
	}
	of := func(r *calls.Row) held { return held{r.ProjectID, r.Day(), r.ResponseHash} }
	taken := make(map[held]bool)
	for i := range j.calls {
		if c := &j.calls[i]; c.stays() && c.row.Holds() {
			taken[of(&c.row)] = true
		}
	}
	for i := range j.calls {
		c := &j.calls[i]
		if c.dropped || c.stays() {
			continue
		}
		c.row.Repeated = false
		if c.row.ResponseID != "" {
			c.row.ResponseHash = j.hasher(c.row.ProjectID, c.row.ResponseID)
			c.row.Repeated = taken[of(&c.row)]
			taken[of(&c.row)] = true
		}
	}
}

// node returns what is left of a span that another one stands for.
func (c *span) node() calls.Node {
	n := c.row.Node()
	if c.replacedBy != [8]byte{} {
		facts := c.row.Facts()
		n.ReplacedBy, n.Observer = c.replacedBy, facts.Observer()
	}
	return n
}

// stays reports whether the row is in the database and is left there as it is.
func (c *span) stays() bool { return c.stored != nil && !c.dropped && !c.changed }

func (j *joining) plan() Plan {
	var p Plan
	for i := range j.calls {
		c := &j.calls[i]
		if c.stays() {
			if c.filled {
				p.Keep = append(p.Keep, *c.stored)
			}
			continue
		}
		if c.stored != nil {
			p.Remove = append(p.Remove, *c.stored)
		}
		if !c.dropped {
			p.Insert = append(p.Insert, c.row)
		} else if c.row.ParentSpanID != [8]byte{} {
			p.Nodes = append(p.Nodes, c.node())
		}
	}
	p.Joined = len(j.calls) - j.known - len(p.Insert) + len(p.Remove)
	p.Insert, _ = calls.SortRows(p.Insert)
	return p
}
