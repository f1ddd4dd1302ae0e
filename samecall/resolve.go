package samecall

import (
	"bytes"
	"cmp"
	"slices"
)

// Node is the place of a span in its trace. Spans that are not GenAI matter to Resolve by this alone.
type Node struct {
	TraceID      [16]byte
	SpanID       [8]byte
	ParentSpanID [8]byte

	// ReplacedBy is the call, in the same trace, that stands for this span though it is not inside it (MarkReplaced), zero for every
	// other span. Then the rest is known too: the project, from where the span was seen ([Facts.Observer]) and its start. This span
	// is no call when it comes again, the call stands for no second span that was seen from there, and what is around or
	// inside a span with the answer's id is around or inside the call.
	ReplacedBy [8]byte
	Project    string
	Observer   Observer
	StartNanos int64
}

// MergeFields says what a kept call gets of what it lacks and the other span of the call has. Who asked, from where, and how the
// call went is always given.
type MergeFields uint8

const (
	// MergeUsage: the counts, or where the totals are the same the parts of them.
	MergeUsage MergeFields = 1 << iota
	// MergeAnswer: the ids, the answered model, the time to the first token, and what else tells of the answer.
	MergeAnswer
	// MergeInherited: the counts are told by the outer span alone, which is to be noted with the call: they are to be taken
	// back if another of its Rivals has them.
	MergeInherited
	// MergeStart: the earlier start.
	MergeStart
	// MergeVia: the service through which the call went.
	MergeVia
	// MarkReplaced: the other span is in the same trace and not inside the call, which is to be remembered: see [Node.ReplacedBy].
	MarkReplaced
)

// Calls are the spans that Resolve works on, by number.
type Calls interface {
	// Facts returns the facts of span i as they are now.
	Facts(i int) Facts
	// Merge gives the call to what it lacks and the span from has. What it has it keeps.
	Merge(to, from int, fields MergeFields)
	// Drop says that span i is no call: another one stands for it.
	Drop(i int)
}

// Resolve joins those of n spans that are one call, by the rules that Same names: calls are told what to merge and what to
// drop. What comes out does not depend on their order. The first known ones were resolved before: two of them are not
// judged again, but each may be joined with others. others are spans that are no GenAI spans, and those that were dropped
// before: ancestors are looked for through them.
//
// A span that is there twice is resolved once; Resolve returns the numbers of the others, in order.
func Resolve(calls Calls, n, known int, others ...Node) (twice []int) {
	s := newResolution(calls, n, known, others)
	s.again()
	if n-len(s.twice) >= 2 {
		s.nested()
		s.sums()
		s.enclosing()
		s.answers()
		s.siblings()
	}
	return s.twice
}

// spanKey names a span. The project is a number, since a key of mere bytes is looked up in half the time.
type spanKey struct {
	project int32
	trace   [16]byte
	span    [8]byte
}

// projects numbers the projects of a resolution. Most have one.
type projects struct {
	last    string // the one that was asked for last, and its number
	number  int32
	numbers map[string]int32
}

func (p *projects) numberOf(name string) int32 {
	if p.numbers == nil {
		p.numbers = make(map[string]int32)
	} else if p.last == name {
		return p.number
	}
	number, ok := p.numbers[name]
	if !ok {
		number = int32(len(p.numbers))
		p.numbers[name] = number
	}
	p.last, p.number = name, number
	return number
}

func (s *resolution) key(project string, trace [16]byte, span [8]byte) spanKey {
	return spanKey{s.projects.numberOf(project), trace, span}
}

type nodeKey struct {
	trace [16]byte
	span  [8]byte
}

// resolution is the state of one Resolve.
type resolution struct {
	calls     Calls
	projects  projects
	known     int32 // those below were resolved before
	facts     []Facts
	index     map[spanKey]int32
	others    map[nodeKey][8]byte
	replaced  map[spanKey]spanKey    // spans that were dropped before, and the calls replaced them that stand for them
	named     map[spanKey]*place     // those of them whose answer has the call's id
	places    map[spanKey][]*place   // the same by call
	evidence  map[nesting]evidence   // of nestings that dropped spans tell of
	observers map[observerOf]spanKey // from where calls that stand for another span were seen, and that span
	// changed marks calls of which more is known than before.
	changed map[int32]bool
	twice   []int
	// inside holds for each leaf the leaves below it, with no agent or tool between.
	inside map[int32][]int32
	// resolved marks leaves whose inner ones were dealt with.
	resolved map[int32]bool
}

func newResolution(calls Calls, n, known int, others []Node) *resolution {
	s := &resolution{calls: calls, known: int32(known), facts: make([]Facts, n), index: make(map[spanKey]int32, n)}
	for i := range n {
		f := &s.facts[i]
		*f = calls.Facts(i)
		k := s.keyOf(f)
		if _, twice := s.index[k]; twice {
			s.twice = append(s.twice, i)
			f.Outer = true
			continue
		}
		s.index[k] = int32(i)
		if f.Outer && f.ReplacedBy != [8]byte{} {
			s.rememberSpan(f)
		}
	}
	if len(others) > 0 {
		s.others = make(map[nodeKey][8]byte, len(others))
		for i := range others {
			l := &others[i]
			s.others[nodeKey{l.TraceID, l.SpanID}] = l.ParentSpanID
			if l.ReplacedBy != [8]byte{} {
				s.rememberNode(l)
			}
		}
	}
	return s
}

// drop makes the call i an outer span.
func (s *resolution) drop(i int32) {
	s.facts[i].Outer = true
	s.calls.Drop(int(i))
}

// merge gives what from has to the call to.
func (s *resolution) merge(to, from int32, fields MergeFields) {
	s.calls.Merge(int(to), int(from), fields)
}

// refresh takes the facts of i anew after its call was filled.
func (s *resolution) refresh(i int32) {
	before := s.facts[i]
	s.facts[i] = s.calls.Facts(int(i))
	s.facts[i].Outer = before.Outer
	if s.facts[i] != before {
		if s.changed == nil {
			s.changed = make(map[int32]bool)
		}
		s.changed[i] = true
	}
}

// isChanged reports whether any of the spans was not resolved before, or not as it is now.
func (s *resolution) isChanged(x int32, others ...int32) bool {
	changed := func(y int32) bool { return y >= s.known || s.changed[y] }
	return changed(x) || slices.ContainsFunc(others, changed)
}

// nested applies rules A and D: a leaf around the same call.
func (s *resolution) nested() {
	s.inside = make(map[int32][]int32)
	for i := range s.facts {
		if !s.facts[i].Outer {
			s.climb(int32(i))
		}
	}
	if len(s.inside) == 0 {
		return
	}
	s.resolved = make(map[int32]bool, len(s.inside))
	for _, x := range s.sortedOuters() {
		s.resolve(x)
	}
}

// climbFrom walks from the parent of leaf y, or of the span inner that it stands for, to its ancestors and notes y at each
// that is a leaf.
func (s *resolution) climbFrom(y int32, parent [8]byte, inner *Facts) {
	f := &s.facts[y]
	key := s.key(f.Project, f.TraceID, parent)
	for range MaxDepth {
		if key.span == ([8]byte{}) {
			return
		}
		s.replacedAt(y, key, inner)
		x, ok := s.index[key]
		if !ok {
			parent, known := s.others[nodeKey{key.trace, key.span}]
			if !known {
				return
			}
			key.span = parent
			continue
		}
		g := &s.facts[x]
		if g.Inner || x == y {
			return
		}
		if !g.Outer {
			s.stands(y, x, nil, inner)
		}
		key.span = g.ParentSpanID
	}
}

// sortedOuters returns the leaves that have leaves inside, in an order that does not depend on that of the batch, with
// the leaves inside each by start.
func (s *resolution) sortedOuters() []int32 {
	xs := make([]int32, 0, len(s.inside))
	for x, ys := range s.inside {
		slices.SortFunc(ys, s.byStart)
		xs = append(xs, x)
	}
	slices.SortFunc(xs, s.byStart)
	return xs
}

func (s *resolution) byStart(a, b int32) int {
	x, y := &s.facts[a], &s.facts[b]
	return cmp.Or(cmp.Compare(x.StartNanos, y.StartNanos), bytes.Compare(x.TraceID[:], y.TraceID[:]),
		bytes.Compare(x.SpanID[:], y.SpanID[:]), cmp.Compare(x.Project, y.Project))
}

// resolve joins leaf x with the calls inside it that are the same call, innermost first.
func (s *resolution) resolve(x int32) {
	if s.resolved[x] {
		return
	}
	s.resolved[x] = true
	var same []int32
	changed := s.isChanged(x, s.inside[x]...)
	for _, y := range s.inside[x] {
		s.resolve(y)
		if !changed {
			continue
		}
		switch s.nestedRule(x, y) {
		case RuleRemote:
			s.keepClient(x, y)
		case RuleNested:
			same = append(same, y)
		}
	}
	if len(same) > 0 && !s.facts[x].Outer {
		s.keepInner(x, same)
	}
}

// keepClient joins the call y of a gateway into its client's.
func (s *resolution) keepClient(x, y int32) {
	s.merge(x, y, MergeUsage|MergeVia)
	s.drop(y)
	s.refresh(x)
}

// keepInner gives what x knows to the calls inside it. Usage, id and time to first token go to one of them at most: the
// last that did not fail, and only if none has usage of its own. An outer leaf whose inner ones all failed, but which has
// usage, had an answer that is not here: it stays.
func (s *resolution) keepInner(x int32, ys []int32) {
	last, answered := int32(-1), false
	for _, y := range ys {
		if !s.facts[y].Failed {
			last = y
			answered = answered || s.facts[y].hasUsage()
		}
	}
	if last < 0 && s.facts[x].hasUsage() {
		return
	}
	for _, y := range ys {
		var fields MergeFields
		switch {
		case y == last && !answered && s.facts[x].hasUsage():
			fields = MergeUsage | MergeAnswer | MergeInherited
		case y == last && len(ys) == 1:
			fields = MergeUsage | MergeAnswer
		case !s.facts[y].Failed && s.facts[y].sameCounts(&s.facts[x]):
			fields = MergeUsage
		}
		s.merge(y, x, fields)
	}
	s.drop(x)
	for _, y := range ys {
		s.refresh(y)
	}
}

// sums applies rule A2: a leaf whose counts are the sum of those of the leaves inside it. Those with the fewest inside
// come first, so that a sum inside a sum is no part of it.
func (s *resolution) sums() {
	xs := make([]int32, 0, len(s.inside))
	for x, ys := range s.inside {
		if s.isChanged(x, ys...) {
			xs = append(xs, x)
		}
	}
	slices.SortFunc(xs, func(a, b int32) int {
		return cmp.Or(cmp.Compare(len(s.inside[a]), len(s.inside[b])), s.byStart(a, b))
	})
	for _, x := range xs {
		if !s.facts[x].Outer && IsSum(&s.facts[x], s.kept(s.inside[x])) {
			s.drop(x)
		}
	}
}

// kept returns the facts of those of ys that are still calls.
func (s *resolution) kept(ys []int32) []Facts {
	out := make([]Facts, 0, len(ys))
	for _, y := range ys {
		if !s.facts[y].Outer {
			out = append(out, s.facts[y])
		}
	}
	return out
}
