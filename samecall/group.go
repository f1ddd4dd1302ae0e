package samecall

import (
	"cmp"
	"slices"
)

// answerKey names one answer.
type answerKey struct{ project, id string }

// enclosing drops a call that was read from an enclosing span where another span has its id.
func (s *resolution) enclosing() {
	var own map[answerKey]bool // of the calls that enclose nothing
	for i := range s.facts {
		f := &s.facts[i]
		if !f.Enclosing || f.Outer {
			continue
		}
		if own == nil {
			own = s.ownIDs()
		}
		if own[answerKey{f.Project, f.ResponseID}] {
			s.drop(int32(i))
		}
	}
}

func (s *resolution) ownIDs() map[answerKey]bool {
	ids := make(map[answerKey]bool, len(s.facts))
	for i := range s.facts {
		if f := &s.facts[i]; !f.Outer && !f.Enclosing {
			ids[answerKey{f.Project, f.ResponseID}] = true
		}
	}
	return ids
}

// answers applies rule B: spans with one response id, then spans with one request id.
func (s *resolution) answers() {
	s.joinBy(func(f *Facts) string { return f.ResponseID })
	s.joinBy(func(f *Facts) string { return f.RequestID })
}

// joinBy joins the calls for which id returns the same.
func (s *resolution) joinBy(id func(*Facts) string) {
	var g groups[string]
	for i := range s.facts {
		f := &s.facts[i]
		if key := id(f); key != "" && !f.Outer {
			g.add(key, int32(i), len(s.facts))
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
func (s *resolution) siblings() {
	var g groups[nodeKey]
	for i := range s.facts {
		f := &s.facts[i]
		if !f.Outer && f.ParentSpanID != ([8]byte{}) {
			g.add(nodeKey{f.TraceID, f.ParentSpanID}, int32(i), len(s.facts))
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

// maxPeers is how many calls, by start, each of a group is compared with: a mock that answers ten thousand calls with
// one id must not cost their square.
const maxPeers = 64

// joinGroup joins the calls of a group pair by pair, the nearest in time first: each call stands for at most one of each
// other scope and service, so that parallel calls stay as many as they are.
func (s *resolution) joinGroup(group []int32, kin Kinship) {
	slices.SortFunc(group, s.byStart)
	var pairs []pair
	for i, a := range group {
		for _, b := range group[i+1 : min(i+1+maxPeers, len(group))] {
			if !s.isChanged(a, b) {
				continue
			}
			x, y := &s.facts[a], &s.facts[b]
			rule := Same(x, y, kin)
			switch {
			case rule == NoRule:
			case Prefer(x, y, rule):
				pairs = append(pairs, pair{a, b, rule, y.StartNanos - x.StartNanos})
			default:
				pairs = append(pairs, pair{b, a, rule, y.StartNanos - x.StartNanos})
			}
		}
	}
	slices.SortStableFunc(pairs, func(p, q pair) int { return cmp.Compare(p.gap, q.gap) })
	for _, p := range pairs {
		if !s.facts[p.a].Outer && !s.facts[p.b].Outer && s.takeObserver(p.a, p.b) {
			s.join(p)
		}
	}
}

func (s *resolution) join(p pair) {
	fields := MergeUsage | MergeAnswer
	if p.rule == RuleSiblings {
		fields |= MergeStart
	}
	if s.facts[p.a].TraceID == s.facts[p.b].TraceID {
		fields |= MarkReplaced
	}
	if s.facts[p.a].Service != s.facts[p.b].Service {
		fields |= MergeVia
	}
	s.merge(p.a, p.b, fields)
	s.drop(p.b)
	s.refresh(p.a)
}
