package genaispan

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
)

// Link is the place of a span in its trace. Spans that are not GenAI matter to Settle by this alone.
type Link struct {
	TraceID      [16]byte
	SpanID       [8]byte
	ParentSpanID [8]byte
}

type spanKey struct {
	trace [16]byte
	span  [8]byte
}

// Settle joins the spans of one batch that are one call, by the rules that Same names, and returns the spans in their
// order: the kept calls, filled from the spans that were joined with them, and outer spans. A span that another call
// stands for becomes an outer one; a span that is there twice is returned once. What comes out does not depend on the
// order of calls. The slice calls is changed. others are spans of the batch that are no GenAI spans: ancestors are looked
// for through them.
func Settle(calls []Call, others ...Link) []Call {
	s := newSettlement(calls, others)
	if len(s.calls) < 2 {
		return s.calls
	}
	s.nested()
	s.sums()
	s.enclosing()
	s.answers()
	s.siblings()
	return s.calls
}

// settlement is the state of one Settle.
type settlement struct {
	calls  []Call
	facts  []Facts
	index  map[spanKey]int32
	others map[spanKey][8]byte
	// inside holds for each leaf the leaves below it, with no agent or tool between.
	inside map[int32][]int32
	// resolved marks leaves whose inner ones were dealt with.
	resolved map[int32]bool
}

func newSettlement(calls []Call, others []Link) *settlement {
	s := &settlement{index: make(map[spanKey]int32, len(calls))}
	kept := calls[:0]
	for i := range calls {
		k := spanKey{calls[i].TraceID, calls[i].SpanID}
		if _, twice := s.index[k]; twice {
			continue
		}
		s.index[k] = int32(len(kept))
		kept = kept[:len(kept)+1]
		if n := len(kept) - 1; n != i {
			kept[n] = calls[i]
		}
	}
	s.calls = kept
	s.facts = make([]Facts, len(kept))
	for i := range kept {
		s.facts[i] = kept[i].Facts()
	}
	if len(others) > 0 {
		s.others = make(map[spanKey][8]byte, len(others))
		for _, l := range others {
			s.others[spanKey{l.TraceID, l.SpanID}] = l.ParentSpanID
		}
	}
	return s
}

// drop makes the call i an outer span.
func (s *settlement) drop(i int32) {
	s.calls[i].Outer, s.facts[i].Outer = true, true
}

// refresh takes the facts of i anew after its call was filled.
func (s *settlement) refresh(i int32) { s.facts[i] = s.calls[i].Facts() }

// nested applies rules A and D: a leaf around the same call.
func (s *settlement) nested() {
	s.inside = make(map[int32][]int32)
	for i := range s.calls {
		if !s.calls[i].Outer {
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

// climb walks from leaf y to its ancestors and notes it at each that is a leaf.
func (s *settlement) climb(y int32) {
	key := spanKey{s.calls[y].TraceID, s.calls[y].ParentSpanID}
	for range MaxDepth {
		if key.span == ([8]byte{}) {
			return
		}
		x, ok := s.index[key]
		if !ok {
			parent, known := s.others[key]
			if !known {
				return
			}
			key.span = parent
			continue
		}
		c := &s.calls[x]
		if c.Inner || x == y {
			return
		}
		if !c.Outer {
			s.inside[x] = append(s.inside[x], y)
		}
		key.span = c.ParentSpanID
	}
}

// sortedOuters returns the leaves that have leaves inside, in an order that does not depend on that of the batch, with
// the leaves inside each by start.
func (s *settlement) sortedOuters() []int32 {
	xs := make([]int32, 0, len(s.inside))
	for x, ys := range s.inside {
		slices.SortFunc(ys, s.byStart)
		xs = append(xs, x)
	}
	slices.SortFunc(xs, s.byStart)
	return xs
}

func (s *settlement) byStart(a, b int32) int {
	x, y := &s.calls[a], &s.calls[b]
	return cmp.Or(cmp.Compare(x.StartNanos, y.StartNanos), bytes.Compare(x.TraceID[:], y.TraceID[:]),
		bytes.Compare(x.SpanID[:], y.SpanID[:]))
}

// resolve joins leaf x with the calls inside it that are the same call, innermost first.
func (s *settlement) resolve(x int32) {
	if s.resolved[x] {
		return
	}
	s.resolved[x] = true
	var same []int32
	for _, y := range s.inside[x] {
		s.resolve(y)
		switch Same(&s.facts[x], &s.facts[y], Nested) {
		case RuleRemote:
			s.keepClient(x, y)
		case RuleNested:
			same = append(same, y)
		}
	}
	if len(same) > 0 && !s.calls[x].Outer {
		s.keepInner(x, same)
	}
}

// keepClient joins the call y of a gateway into its client's.
func (s *settlement) keepClient(x, y int32) {
	s.calls[x].fill(&s.calls[y])
	s.calls[x].fillUsage(&s.calls[y])
	s.calls[x].via(s.calls[y].ServiceName)
	s.drop(y)
	s.refresh(x)
}

// keepInner gives what x knows to the calls inside it. Usage, id and time to first token go to one of them at most: the
// last that did not fail, and only if none has usage of its own. An outer leaf whose inner ones all failed, but which has
// usage, had an answer that is not here: it stays.
func (s *settlement) keepInner(x int32, ys []int32) {
	last, answered := int32(-1), false
	for _, y := range ys {
		if !s.facts[y].Failed {
			last = y
			answered = answered || s.facts[y].hasUsage()
		}
	}
	outer := &s.calls[x]
	if last < 0 && s.facts[x].hasUsage() {
		return
	}
	for _, y := range ys {
		s.calls[y].fill(outer)
	}
	for _, y := range ys {
		inner := &s.calls[y]
		switch {
		case y == last && !answered && s.facts[x].hasUsage():
			inner.fillUsage(outer)
			inner.fillAnswer(outer)
			inner.note(NoteUsageFromOuter)
		case y == last && len(ys) == 1:
			inner.fillUsage(outer)
			inner.fillAnswer(outer)
		case !s.facts[y].Failed && s.facts[y].sameCounts(&s.facts[x]):
			inner.fillUsage(outer)
		}
	}
	s.drop(x)
	for _, y := range ys {
		s.refresh(y)
	}
}

// sums applies rule A2: a leaf whose counts are the sum of those of the leaves inside it. Those with the fewest inside
// come first, so that a sum inside a sum is no part of it.
func (s *settlement) sums() {
	xs := make([]int32, 0, len(s.inside))
	for x := range s.inside {
		xs = append(xs, x)
	}
	slices.SortFunc(xs, func(a, b int32) int {
		return cmp.Or(cmp.Compare(len(s.inside[a]), len(s.inside[b])), s.byStart(a, b))
	})
	for _, x := range xs {
		if !s.calls[x].Outer && IsSum(&s.facts[x], s.kept(s.inside[x])) {
			s.drop(x)
		}
	}
}

// kept returns the facts of those of ys that are still calls.
func (s *settlement) kept(ys []int32) []Facts {
	out := make([]Facts, 0, len(ys))
	for _, y := range ys {
		if !s.facts[y].Outer {
			out = append(out, s.facts[y])
		}
	}
	return out
}

// IsSum reports whether outer's counts are the sum of those of at least two calls inside it, all of its model (rule A2):
// then it is no call. Calls that failed add nothing.
func IsSum(outer *Facts, inside []Facts) bool {
	var input, output int64
	n := 0
	for i := range inside {
		f := &inside[i]
		if f.Failed && !f.hasUsage() {
			continue
		}
		if !modelsAgree(outer, f) {
			return false
		}
		input += f.Input.Value()
		output += f.Output.Value()
		n++
	}
	return n >= 2 && outer.hasUsage() && outer.Input.Value() == input && outer.Output.Value() == output
}

// enclosing drops a call that was read from an enclosing span where another span has its id.
func (s *settlement) enclosing() {
	var own map[string]bool // project and response id of the calls that enclose nothing
	for i := range s.calls {
		c := &s.calls[i]
		if !c.Enclosing || c.Outer {
			continue
		}
		if own == nil {
			own = s.ownIDs()
		}
		if own[c.Project+"\x00"+c.ResponseID] {
			s.drop(int32(i))
		}
	}
}

func (s *settlement) ownIDs() map[string]bool {
	ids := make(map[string]bool, len(s.calls))
	for i := range s.calls {
		if c := &s.calls[i]; !c.Outer && !c.Enclosing {
			ids[c.Project+"\x00"+c.ResponseID] = true
		}
	}
	return ids
}

// answers applies rule B: spans with one response id, then spans with one request id.
func (s *settlement) answers() {
	s.joinBy(func(c *Call) string { return c.ResponseID })
	s.joinBy(func(c *Call) string { return c.RequestID })
}

// joinBy joins the calls for which id returns the same.
func (s *settlement) joinBy(id func(*Call) string) {
	var g groups[string]
	for i := range s.calls {
		c := &s.calls[i]
		if key := id(c); key != "" && !c.Outer {
			g.add(key, int32(i), len(s.calls))
		}
	}
	for _, group := range g.several {
		s.joinGroup(group, Strangers)
	}
}

// groups gathers what shares a key. Nearly every key stands alone, so that only a second one makes a list.
type groups[K comparable] struct {
	first   map[K]int32
	several map[K][]int32
}

func (g *groups[K]) add(key K, i int32, size int) {
	if g.first == nil {
		g.first = make(map[K]int32, size)
		g.several = make(map[K][]int32)
	}
	first, ok := g.first[key]
	if !ok {
		g.first[key] = i
		return
	}
	if g.several[key] == nil {
		g.several[key] = []int32{first}
	}
	g.several[key] = append(g.several[key], i)
}

// siblings applies rule C and that of Anthropic's stream helper.
func (s *settlement) siblings() {
	var g groups[spanKey]
	for i := range s.calls {
		c := &s.calls[i]
		if !c.Outer && c.ParentSpanID != ([8]byte{}) {
			g.add(spanKey{c.TraceID, c.ParentSpanID}, int32(i), len(s.calls))
		}
	}
	for _, group := range g.several {
		s.joinGroup(group, Siblings)
	}
}

// pair is two calls of a group that are one, a to be kept.
type pair struct {
	a, b int32
	rule Rule
	gap  int64
}

// maxCompany is how many calls, by start, each of a group is compared with: a mock that answers ten thousand calls with
// one id must not cost their square.
const maxCompany = 64

// joinGroup joins the calls of a group pair by pair, the nearest in time first: each call stands for at most one of each
// other scope and service, so that parallel calls stay as many as they are.
func (s *settlement) joinGroup(group []int32, kin Kinship) {
	slices.SortFunc(group, s.byStart)
	var pairs []pair
	for i, a := range group {
		for _, b := range group[i+1 : min(i+1+maxCompany, len(group))] {
			rule := Same(&s.facts[a], &s.facts[b], kin)
			if rule == NoRule {
				continue
			}
			x, y := s.order(a, b, rule)
			gap := s.facts[b].StartNanos - s.facts[a].StartNanos
			pairs = append(pairs, pair{x, y, rule, gap})
		}
	}
	slices.SortStableFunc(pairs, func(p, q pair) int { return cmp.Compare(p.gap, q.gap) })
	taken := make(map[string]bool)
	for _, p := range pairs {
		eye := strconv.Itoa(int(p.a)) + "\x00" + s.facts[p.b].Scope + "\x00" + s.facts[p.b].Service
		if s.calls[p.a].Outer || s.calls[p.b].Outer || taken[eye] {
			continue
		}
		taken[eye] = true
		s.join(p)
	}
}

// order puts the call that is to be kept first.
func (s *settlement) order(a, b int32, rule Rule) (kept, dropped int32) {
	x, y := &s.facts[a], &s.facts[b]
	first := Prefer(x, y)
	switch {
	case rule == RuleStreamHelper:
		first = isAnthropicSDK(x.Scope)
	case rule == RuleSiblings && x.isBlank() != y.isBlank():
		first = !x.isBlank()
	}
	if first {
		return a, b
	}
	return b, a
}

func (s *settlement) join(p pair) {
	kept, dropped := &s.calls[p.a], &s.calls[p.b]
	kept.fill(dropped)
	kept.fillUsage(dropped)
	kept.fillAnswer(dropped)
	if p.rule == RuleSiblings {
		kept.StartNanos = min(kept.StartNanos, dropped.StartNanos)
	}
	if kept.ServiceName != dropped.ServiceName {
		kept.via(dropped.ServiceName)
	}
	s.drop(p.b)
	s.refresh(p.a)
}
