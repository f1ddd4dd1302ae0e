package samecall

import (
	"hash/fnv"
	"slices"
)

// Eye tells from where a span was seen: the scope and the service of its instrumentation, and whether the span names its
// answer. A call stands for at most one span of each eye beside it, so that parallel calls stay as many as they are, and so
// do answers that a mock repeats.
type Eye uint64

// eyeNamed is the bit of an Eye whose span names its answer.
const eyeNamed Eye = 1

// Eye returns from where f was seen. It is never 0.
func (f *Facts) Eye() Eye {
	h := fnv.New64a()
	_, _ = h.Write([]byte(f.Scope)) // never fails
	_, _ = h.Write([]byte{0})
	_, _ = h.Write([]byte(f.Service))
	from := Eye(h.Sum64()) | 2
	if f.realID() != "" || f.RequestID != "" {
		return from | eyeNamed
	}
	return from &^ eyeNamed
}

// NamesAnswer reports whether the span names its answer: what stands for that is told by the name.
func (e Eye) NamesAnswer() bool { return e&eyeNamed != 0 }

// eye is one eye that a call has taken.
type eye struct {
	call spanKey
	from Eye
}

func (s *settlement) keyOf(f *Facts) spanKey { return s.key(f.Project, f.TraceID, f.SpanID) }

// place is where a span was that was dropped for a call with its id.
type place struct {
	call  spanKey
	facts Facts // of the span, as far as they are known: else those of the call
}

// rememberLink takes in that the span of a link was dropped for a call beside it, in an earlier Settle.
func (s *settlement) rememberLink(l *Link) {
	span := s.key(l.Project, l.TraceID, l.SpanID)
	var facts Facts
	if i, here := s.index[s.key(l.Project, l.TraceID, l.Beside)]; here {
		facts = s.facts[i]
		facts.EndNanos = 0
	}
	facts.SpanID, facts.ParentSpanID, facts.StartNanos = l.SpanID, l.ParentSpanID, l.StartNanos
	s.remember(span, l.Beside, l.Eye, &facts)
}

// rememberSpan takes in the same of a span that is at hand.
func (s *settlement) rememberSpan(f *Facts) {
	facts := *f
	facts.Outer, facts.Beside = false, [8]byte{}
	s.remember(s.keyOf(f), f.Beside, f.Eye(), &facts)
}

func (s *settlement) remember(span spanKey, call [8]byte, from Eye, facts *Facts) {
	if s.beside == nil {
		s.beside = make(map[spanKey]spanKey)
		s.named = make(map[spanKey]*place)
		s.places = make(map[spanKey][]*place)
	}
	key := spanKey{span.project, span.trace, call}
	s.beside[span] = key
	s.holdEye(eye{key, from}, span)
	if from.NamesAnswer() {
		p := &place{key, *facts}
		s.named[span] = p
		s.places[key] = append(s.places[key], p)
	}
}

func (s *settlement) holdEye(e eye, holder spanKey) {
	if s.eyes == nil {
		s.eyes = make(map[eye]spanKey)
	}
	s.eyes[e] = holder
}

// takeEye reports whether call a may stand for b too, and notes that it does.
func (s *settlement) takeEye(a, b int32) bool {
	e, key := eye{s.keyOf(&s.facts[a]), s.facts[b].Eye()}, s.keyOf(&s.facts[b])
	if holder, taken := s.eyes[e]; taken && holder != key {
		return false
	}
	s.holdEye(e, key)
	return true
}

// again drops spans for which a call beside them stands since an earlier Settle, if anything is left of that call: a span
// that is told again.
func (s *settlement) again() {
	if len(s.beside) == 0 {
		return
	}
	for i := range s.facts {
		f := &s.facts[i]
		call, ok := s.beside[s.keyOf(f)]
		if !ok || f.Outer {
			continue
		}
		_, here := s.index[call]
		_, replaced := s.others[linkKey{call.trace, call.span}]
		if here || replaced {
			s.drop(int32(i))
		}
	}
}

// climb notes call y at the leaves around it: those around its own place, and those around the places of the spans of its
// answer that it stands for.
func (s *settlement) climb(y int32) {
	f := &s.facts[y]
	s.climbFrom(y, f.ParentSpanID, nil)
	if len(s.places) == 0 {
		return
	}
	for _, p := range s.places[s.keyOf(f)] {
		s.climbFrom(y, p.facts.ParentSpanID, &p.facts)
	}
}

// besideOf notes y at the call that stands for span, around y, by its id. By less than that it may have been another call
// that stands for span, and what is inside span is not inside that.
func (s *settlement) besideOf(y int32, span spanKey, inner *Facts) {
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
func (s *settlement) stands(y, x int32, outer, inner *Facts) {
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
func (s *settlement) nestedRule(x, y int32) Rule {
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
