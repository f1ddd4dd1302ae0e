package storage

import (
	"bytes"
	"cmp"
	"reflect"
	"slices"
	"time"

	"github.com/costkey/costkey-otel/samecall"
)

// facts is what tells whether c and another span are one call. A request id is not stored: spans that share nothing else
// are joined within one batch only.
func (c *Call) facts() samecall.Facts {
	f := samecall.Facts{
		TraceID: c.TraceID, SpanID: c.SpanID, ParentSpanID: c.ParentSpanID,
		StartNanos: c.StartMicros * int64(time.Microsecond),
		Project:    c.Project, Service: c.ServiceName, Scope: c.ScopeName,
		RequestModel: c.RequestModel, ResponseModel: c.ResponseModel, ResponseID: c.ResponseID,
		Input: c.Usage.Input, Output: c.Usage.Output, Fresh: c.Usage.Fresh(),
		Enclosing: slices.Contains(c.Notes, noteEnclosing),
		Client:    c.Client, Failed: c.failed(), Code: c.FunctionName != "" || c.FilePath != "",
	}
	if c.DurationMicros >= 0 {
		f.EndNanos = (c.StartMicros + c.DurationMicros) * int64(time.Microsecond)
	}
	return f
}

func (c *Call) failed() bool { return c.ErrorType != "" || c.HTTPStatus >= 400 }

// plan is what settling found: rows to take out, rows to put in, spans that lost or never had their row, and how many
// spans joined a call that has its row.
type plan struct {
	remove, insert []row
	links          []link
	settled        int
}

// join decides for each fresh row whether it is a call of its own or another span of a known one. known are stored rows
// of the same traces and of the same response ids, links the spans between them that have no row.
func join(known, fresh []row, links []samecall.Node) plan {
	j := newJoining(known, fresh)
	j.takeBack()
	// No span is there twice: what is stored was taken out of fresh, and where another writer was faster the unique index
	// makes the batch begin again.
	samecall.Resolve(&j, len(j.calls), j.known, links...)
	j.holdResponses()
	return j.plan()
}

// apart lets every fresh row be a call of its own.
func apart(known, fresh []row) plan {
	j := newJoining(known, fresh)
	j.holdResponses()
	return j.plan()
}

// rejoin judges stored rows again: those that are news with each other and with the rest.
func rejoin(stored []row, isNews func(*row) bool, links []samecall.Node) plan {
	j := joining{calls: make([]settled, 0, len(stored))}
	for _, news := range [...]bool{false, true} {
		for i := range stored {
			if isNews(&stored[i]) == news {
				j.calls = append(j.calls, settled{row: stored[i], stored: &stored[i]})
			}
		}
		if !news {
			j.known = len(j.calls)
		}
	}
	j.takeBack()
	samecall.Resolve(&j, len(j.calls), j.known, links...)
	j.holdResponses()
	p := j.plan()
	p.settled = len(p.remove) - len(p.insert)
	return p
}

func newJoining(known, fresh []row) joining {
	j := joining{calls: make([]settled, 0, len(known)+len(fresh)), known: len(known)}
	for i := range known {
		j.calls = append(j.calls, settled{row: known[i], stored: &known[i]})
	}
	for i := range fresh {
		j.calls = append(j.calls, settled{row: fresh[i]})
	}
	return j
}

// settled is one span while a batch is being settled.
type settled struct {
	row     row
	stored  *row // the row as it is in the database; nil for a fresh one
	changed bool // differs from what is stored, or from what came
	dropped bool // another span stands for it
	beside  [8]byte
}

// change returns the call to be changed: a copy, so that a batch that is written again begins with what came.
func (c *settled) change() *Call {
	if !c.changed {
		call := *c.row.Call
		// Its numbers may be others now.
		c.row = row{Call: &call, project: c.row.project, repeated: c.row.repeated, repaired: c.row.repaired}
		c.changed = true
	}
	return c.row.Call
}

// joining is a [samecall.Calls]: first what is stored, then what is fresh.
type joining struct {
	calls []settled
	known int
}

// Facts implements [samecall.Calls].
func (j *joining) Facts(i int) samecall.Facts { return j.calls[i].row.facts() }

// Drop implements [samecall.Calls].
func (j *joining) Drop(i int) { j.calls[i].dropped = true }

// Fill implements [samecall.Calls].
func (j *joining) Fill(to, from int, fields samecall.MergeFields) {
	filled := *j.calls[to].row.Call
	filled.fill(j.calls[from].row.Call, fields)
	if !reflect.DeepEqual(&filled, j.calls[to].row.Call) {
		*j.calls[to].change() = filled
	}
	if fields&samecall.MarkReplaced != 0 {
		j.calls[from].beside = filled.SpanID
	}
}

// takeBack takes counts that an outer span told, and which one of the tries inside it got, from that try where another
// one has them, or began later without any. The outer span itself has no row any more.
func (j *joining) takeBack() {
	type place struct {
		project int32
		trace   [16]byte
		parent  [8]byte
	}
	tries := make(map[place][]*settled)
	var lent []*settled
	for i := range j.calls {
		c := &j.calls[i]
		if c.row.ParentSpanID == [8]byte{} {
			continue
		}
		if c.row.isLent() {
			lent = append(lent, c)
		}
		p := place{c.row.project, c.row.TraceID, c.row.ParentSpanID}
		tries[p] = append(tries[p], c)
	}
	for _, c := range lent {
		c.giveWay(tries[place{c.row.project, c.row.TraceID, c.row.ParentSpanID}])
	}
}

// giveWay takes from c the counts that it was lent, if one of the tries has counts of its own or is the last.
func (c *settled) giveWay(tries []*settled) {
	own, last := (*settled)(nil), c
	f := c.row.facts()
	for _, t := range tries {
		g := t.row.facts()
		switch {
		case !samecall.Rivals(&f, &g):
		case !t.row.Usage.IsZero() && !t.row.isLent():
			own = t
		case t.startsAfter(last):
			last = t
		}
	}
	switch {
	case own != nil:
		c.change().giveBack(own.row.ResponseID)
	case last != c:
		last.change().fill(c.row.Call, samecall.MergeUsage|samecall.MergeAnswer|samecall.MergeInherited)
		c.change().giveBack(last.row.ResponseID)
	}
}

func (c *settled) startsAfter(d *settled) bool {
	x, y := c.row.Call, d.row.Call
	return cmp.Or(cmp.Compare(x.StartMicros, y.StartMicros), bytes.Compare(x.SpanID[:], y.SpanID[:])) > 0
}

// holdResponses gives each response id of a day to one of the rows that have it; the others are marked as repeated.
func (j *joining) holdResponses() {
	type held struct {
		project int32
		day     day
		id      string
	}
	of := func(r *row) held { return held{r.project, r.day(), r.ResponseID} }
	taken := make(map[held]bool)
	for i := range j.calls {
		if c := &j.calls[i]; c.stays() && !c.row.repeated && c.row.ResponseID != "" {
			taken[of(&c.row)] = true
		}
	}
	for i := range j.calls {
		c := &j.calls[i]
		if c.dropped || c.stays() {
			continue
		}
		c.row.repeated = false
		if c.row.ResponseID != "" {
			c.row.repeated = taken[of(&c.row)]
			taken[of(&c.row)] = true
		}
	}
}

// link returns what is left of a span that another one stands for.
func (c *settled) link() link {
	l := c.row.link()
	if c.beside != [8]byte{} {
		facts := c.row.facts()
		l.beside, l.eye = c.beside, facts.Observer()
	}
	return l
}

// stays reports whether the row is in the database and is left there as it is.
func (c *settled) stays() bool { return c.stored != nil && !c.dropped && !c.changed }

func (j *joining) plan() plan {
	var p plan
	for i := range j.calls {
		c := &j.calls[i]
		if c.stays() {
			continue
		}
		if c.stored != nil {
			p.remove = append(p.remove, *c.stored)
		}
		if !c.dropped {
			p.insert = append(p.insert, c.row)
		} else if c.row.ParentSpanID != [8]byte{} {
			p.links = append(p.links, c.link())
		}
	}
	p.settled = len(j.calls) - j.known - len(p.insert) + len(p.remove)
	p.insert = sortRows(p.insert, new(WriteResult))
	return p
}
