package samecall

import (
	"hash/fnv"
	"slices"
)

// Observer tells from where a span was seen: the scope and the service of its instrumentation, and whether the span names its
// answer. A call stands for at most one span of each observerOf replaced it, so that parallel calls stay as many as they are, and so
// do answers that a mock repeats.
type Observer uint64

// observerNamed is the bit of an Observer whose span names its answer.
const observerNamed Observer = 1

// Observer returns from where f was seen. It is never 0.
func (f *Facts) Observer() Observer {
	h := fnv.New64a()
	_, _ = h.Write([]byte(f.Scope)) // never fails
	_, _ = h.Write([]byte{0})
	_, _ = h.Write([]byte(f.Service))
	from := Observer(h.Sum64()) | 2
	if f.realID() != "" || f.RequestID != "" {
		return from | observerNamed
	}
	return from &^ observerNamed
}

// NamesAnswer reports whether the span names its answer: what stands for that is told by the name.
func (e Observer) NamesAnswer() bool { return e&observerNamed != 0 }

// observerOf is one observerOf that a call has taken.
type observerOf struct {
	call spanKey
	from Observer
}

func (s *resolution) keyOf(f *Facts) spanKey { return s.key(f.Project, f.TraceID, f.SpanID) }

// place is where a span was that was dropped for a call with its id.
type place struct {
	call  spanKey
	facts Facts // of the span, as far as they are known: else those of the call
}

// rememberNode takes in that the span of a link was dropped for a call replaced it, in an earlier Resolve.
func (s *resolution) rememberNode(l *Node) {
	span := s.key(l.Project, l.TraceID, l.SpanID)
	var facts Facts
	if i, here := s.index[s.key(l.Project, l.TraceID, l.ReplacedBy)]; here {
		facts = s.facts[i]
		facts.EndNanos = 0
	}
	facts.SpanID, facts.ParentSpanID, facts.StartNanos = l.SpanID, l.ParentSpanID, l.StartNanos
	s.remember(span, l.ReplacedBy, l.Observer, &facts)
}

// rememberSpan takes in the same of a span that is at hand.
func (s *resolution) rememberSpan(f *Facts) {
	facts := *f
	facts.Outer, facts.ReplacedBy = false, [8]byte{}
	s.remember(s.keyOf(f), f.ReplacedBy, f.Observer(), &facts)
}

func (s *resolution) remember(span spanKey, call [8]byte, from Observer, facts *Facts) {
	if s.replaced == nil {
		s.replaced = make(map[spanKey]spanKey)
		s.named = make(map[spanKey]*place)
		s.places = make(map[spanKey][]*place)
	}
	key := spanKey{span.project, span.trace, call}
	s.replaced[span] = key
	s.holdObserver(observerOf{key, from}, span)
	if from.NamesAnswer() {
		p := &place{key, *facts}
		s.named[span] = p
		s.places[key] = append(s.places[key], p)
	}
}

func (s *resolution) holdObserver(e observerOf, holder spanKey) {
	if s.observers == nil {
		s.observers = make(map[observerOf]spanKey)
	}
	s.observers[e] = holder
}

// takeObserver reports whether call a may stand for b too, and notes that it does.
func (s *resolution) takeObserver(a, b int32) bool {
	e, key := observerOf{s.keyOf(&s.facts[a]), s.facts[b].Observer()}, s.keyOf(&s.facts[b])
	if holder, taken := s.observers[e]; taken && holder != key {
		return false
	}
	s.holdObserver(e, key)
	return true
}

// again drops spans for which a call replaced them stands since an earlier Resolve, if anything is left of that call: a span
// that is told again.
func (s *resolution) again() {
	if len(s.replaced) == 0 {
		return
	}
	for i := range s.facts {
		f := &s.facts[i]
		call, ok := s.replaced[s.keyOf(f)]
		if !ok || f.Outer {
			continue
		}
		_, here := s.index[call]
		_, replaced := s.others[nodeKey{call.trace, call.span}]
		if here || replaced {
			s.drop(int32(i))
		}
	}
}

// climb notes call y at the leaves around it: those around its own place, and those around the places of the spans of its
// answer that it stands for.
func (s *resolution) climb(y int32) {
	f := &s.facts[y]
	s.climbFrom(y, f.ParentSpanID, nil)
	if len(s.places) == 0 {
		return
	}
	for _, p := range s.places[s.keyOf(f)] {
		s.climbFrom(y, p.facts.ParentSpanID, &p.facts)
	}
}

// replacedAt notes y at the call that stands for span, around y, by its id. By less than that it may have been another call
// that stands for span, and what is inside span is not inside that.
func (s *resolution) replacedAt(y int32, span spanKey, inner *Facts) {
	p, ok := s.named[span]
	if !ok {
		return
	}
	if x, here := s.index[p.call]; here && x != y && !s.facts[x].Outer {
		s.stands(y, x, &p.facts, inner)
	}
}

// nesting is a leaf and a call inside it.
type nesting struct{ outer, inner int32 }

// evidence is what spans told of a nesting that other ones stand for by now; nil is what the calls tell themselves.
type evidence struct{ outer, inner *Facts }

// stands notes that y is inside leaf x, once, by what those spans told in whose place they stand.
func (s *resolution) stands(y, x int32, outer, inner *Facts) {
	if slices.Contains(s.inside[x], y) {
		return
	}
	s.inside[x] = append(s.inside[x], y)
	if outer == nil && inner == nil {
		return
	}
	if s.evidence == nil {
		s.evidence = make(map[nesting]evidence)
	}
	s.evidence[nesting{x, y}] = evidence{outer, inner}
}

// nestedRule is Same for y inside x.
func (s *resolution) nestedRule(x, y int32) Rule {
	outer, inner := &s.facts[x], &s.facts[y]
	if e, ok := s.evidence[nesting{x, y}]; ok {
		if e.outer != nil {
			outer = e.outer
		}
		if e.inner != nil {
			inner = e.inner
		}
	}
	return Same(outer, inner, Nested)
}
