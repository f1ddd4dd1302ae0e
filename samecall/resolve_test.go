package samecall_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/costkey/costkey-otel/samecall"
)

// ledger writes down what Resolve says, and fills nothing but counts and the id.
type ledger struct {
	facts []samecall.Facts
	said  []string
}

func (l *ledger) Facts(i int) samecall.Facts { return l.facts[i] }

func (l *ledger) Drop(i int) { l.said = append(l.said, fmt.Sprint("drop ", l.facts[i].SpanID[0])) }

func (l *ledger) Merge(to, from int, fields samecall.MergeFields) {
	l.said = append(l.said, fmt.Sprintf("merge %d from %d: %05b", l.facts[to].SpanID[0], l.facts[from].SpanID[0], fields))
	if fields&samecall.MergeUsage != 0 && !l.facts[to].Input.IsKnown() {
		l.facts[to].Input, l.facts[to].Output = l.facts[from].Input, l.facts[from].Output
	}
	if fields&samecall.MergeAnswer != 0 && l.facts[to].ResponseID == "" {
		l.facts[to].ResponseID = l.facts[from].ResponseID
	}
}

func inside(parent byte) func(*samecall.Facts) {
	return func(f *samecall.Facts) { f.ParentSpanID = [8]byte{parent} }
}

// replaced is what an earlier Resolve left of a span of a scope that the call stands for.
func replaced(span, call byte, name string) samecall.Node {
	f := fact(span, 0, blank, scope(name))
	return samecall.Node{
		TraceID: f.TraceID, SpanID: f.SpanID, ParentSpanID: f.ParentSpanID, ReplacedBy: [8]byte{call}, Project: f.Project, Observer: f.Observer(),
	}
}

// named is the observerOf of a span of a scope that names its answer.
func named(name string) samecall.Observer {
	f := fact(1, 0, scope(name))
	return f.Observer()
}

func TestResolveSaysWhatToFillAndWhatToDrop(t *testing.T) {
	t.Parallel()
	http := scope("http")
	for name, test := range map[string]struct {
		facts []samecall.Facts
		known int
		links []samecall.Node
		want  []string
	}{
		"a call alone": {facts: []samecall.Facts{fact(1, 0)}},
		"the inner one with the answer": {
			facts: []samecall.Facts{fact(1, 0), fact(2, 10, inside(1))},
			want:  []string{"drop 1", "merge 2 from 1: 00011"},
		},
		"the inner one without": {
			facts: []samecall.Facts{fact(1, 0), fact(2, 10, inside(1), blank)},
			want:  []string{"drop 1", "merge 2 from 1: 00111"},
		},
		"refused tries get nothing of the answer": {
			facts: []samecall.Facts{fact(1, 0), fact(2, 1, inside(1), blank, failed, http), fact(3, 50, inside(1), blank, http)},
			want:  []string{"drop 1", "merge 2 from 1: 00000", "merge 3 from 1: 00111"},
		},
		"refused tries alone leave the answer where it is": {
			facts: []samecall.Facts{fact(1, 0), fact(2, 1, inside(1), blank, failed, http)},
		},
		"a gateway's call": {
			facts: []samecall.Facts{fact(1, 0), fact(2, 10, inside(1), service("gateway"))},
			want:  []string{"drop 2", "merge 1 from 2: 10001"},
		},
		"siblings": {
			facts: []samecall.Facts{fact(1, 0, blank), fact(2, 10)},
			want:  []string{"drop 1", "merge 2 from 1: 101011"},
		},
		"through spans that are no GenAI spans": {
			facts: []samecall.Facts{fact(1, 0), fact(2, 10, inside(7), noID)},
			links: []samecall.Node{{TraceID: [16]byte{1}, SpanID: [8]byte{7}, ParentSpanID: [8]byte{1}}},
			want:  []string{"drop 1", "merge 2 from 1: 00011"},
		},
		"not through an agent": {
			facts: []samecall.Facts{
				fact(1, 0), fact(2, 10, inside(7), noID),
				fact(7, 5, inside(1), func(f *samecall.Facts) { f.Outer, f.Inner = true, true }),
			},
		},
		"a sum": {
			facts: []samecall.Facts{
				fact(1, 0, noID, counts(30, 12)), fact(2, 1, inside(1), counts(10, 5)), fact(3, 2, inside(1), otherID, counts(20, 7)),
			},
			want: []string{"drop 1"},
		},
		"an enclosing one, where another has its id": {
			facts: []samecall.Facts{
				fact(1, 0, inside(8), func(f *samecall.Facts) { f.Enclosing = true }), fact(2, 10_000),
			},
			want: []string{"drop 1"},
		},
		"a sibling replaced a call that has one of its observerOf": {
			facts: []samecall.Facts{fact(1, 0, blank, scope("b")), fact(2, 10)}, known: 0,
			links: []samecall.Node{replaced(3, 2, "b")},
		},
		"one of another observerOf": {
			facts: []samecall.Facts{fact(1, 0, blank, scope("b")), fact(2, 10)},
			links: []samecall.Node{replaced(3, 2, "c")},
			want:  []string{"drop 1", "merge 2 from 1: 101011"},
		},
		"one that was seen there of another project": {
			facts: []samecall.Facts{fact(1, 0, blank, scope("b")), fact(2, 10)},
			links: []samecall.Node{func() samecall.Node { l := replaced(3, 2, "b"); l.Project = "other"; return l }()},
			want:  []string{"drop 1", "merge 2 from 1: 101011"},
		},
		"the sibling that the call has, told again": {
			facts: []samecall.Facts{fact(1, 0, blank, scope("b")), fact(2, 10)},
			links: []samecall.Node{replaced(1, 2, "b")},
			want:  []string{"drop 1"},
		},
		"the sibling of a call that another one stands for, told again": {
			facts: []samecall.Facts{fact(1, 0, blank, scope("b"))},
			links: []samecall.Node{
				replaced(1, 2, "b"), {TraceID: [16]byte{1}, SpanID: [8]byte{2}, ParentSpanID: [8]byte{9}},
			},
			want: []string{"drop 1"},
		},
		"the sibling of a call that is nowhere, told again": {
			facts: []samecall.Facts{fact(1, 0, blank, scope("b"))}, links: []samecall.Node{replaced(1, 2, "b")},
		},
		"an outer one of a span that the call stands for": {
			facts: []samecall.Facts{fact(1, 0, inside(8)), fact(4, 3, noID)},
			links: []samecall.Node{{
				TraceID: [16]byte{1}, SpanID: [8]byte{3}, ParentSpanID: [8]byte{4}, ReplacedBy: [8]byte{1}, Project: "default", Observer: named("c"),
				StartNanos: 20 * ms,
			}},
			want: []string{"drop 4", "merge 1 from 4: 00011"},
		},
		"one inside a span that the call stands for": {
			facts: []samecall.Facts{fact(1, 0), fact(4, 5, noID, inside(3))},
			links: []samecall.Node{{
				TraceID: [16]byte{1}, SpanID: [8]byte{3}, ParentSpanID: [8]byte{9}, ReplacedBy: [8]byte{1}, Project: "default", Observer: named("c"),
			}},
			want: []string{"drop 1", "merge 4 from 1: 00011"},
		},
		"one inside a span without an answer that the call stands for": {
			facts: []samecall.Facts{fact(1, 0), fact(4, 5, noID, inside(3))}, links: []samecall.Node{replaced(3, 1, "b")},
		},
		"one that was known without an id, and gets that of a third": {
			facts: []samecall.Facts{fact(1, 0, inside(8)), fact(3, 5, inside(2), noID), fact(2, 2)}, known: 2,
			want: []string{"drop 2", "drop 3", "merge 1 from 3: 100011", "merge 3 from 2: 00011"},
		},
		"two that were resolved before": {facts: []samecall.Facts{fact(1, 0), fact(2, 10, inside(1))}, known: 2},
		"one that was, and a fresh one": {
			facts: []samecall.Facts{fact(2, 10, inside(1)), fact(1, 0)}, known: 1,
			want: []string{"drop 1", "merge 2 from 1: 00011"},
		},
		"spans of two projects with the same ids": {
			facts: []samecall.Facts{fact(1, 0), fact(1, 0, func(f *samecall.Facts) { f.Project = "other" })},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, reversed := range []bool{false, true} {
				l := &ledger{facts: slices.Clone(test.facts)}
				if reversed && test.known == 0 {
					slices.Reverse(l.facts)
				}
				if twice := samecall.Resolve(l, len(l.facts), test.known, test.links...); len(twice) > 0 {
					t.Errorf("there twice: %v", twice)
				}
				slices.Sort(l.said)
				if !slices.Equal(l.said, test.want) {
					t.Errorf("reversed %v: it said %q, want %q", reversed, l.said, test.want)
				}
			}
		})
	}
}

func TestParallelCallsWithOneIDStayAsManyAsTheyAre(t *testing.T) {
	t.Parallel()
	l := &ledger{}
	for i := range 20 {
		at := int64(i / 2 * 7)
		l.facts = append(l.facts, fact(byte(i+1), at, scope([]string{"a", "b"}[i%2]), inside(byte(100+i))))
	}
	samecall.Resolve(l, len(l.facts), 0)
	dropped := 0
	for _, s := range l.said {
		if s[:4] == "drop" {
			dropped++
		}
	}
	if dropped != 10 {
		t.Errorf("%d of 20 spans dropped, want the second view of each of 10 calls", dropped)
	}
}

func TestASpanThatIsThereTwiceIsResolvedOnce(t *testing.T) {
	t.Parallel()
	l := &ledger{facts: []samecall.Facts{fact(1, 0), fact(1, 0), fact(2, 10, inside(1)), fact(1, 0)}}
	twice := samecall.Resolve(l, 4, 0)
	if !slices.Equal(twice, []int{1, 3}) || !slices.Equal(l.said, []string{"merge 2 from 1: 00011", "drop 1"}) {
		t.Errorf("there twice: %v, said %q", twice, l.said)
	}
}

func TestACallStandsForOneSpanOfEachOtherScope(t *testing.T) {
	t.Parallel()
	l := &ledger{facts: []samecall.Facts{
		fact(1, 0, inside(7)), fact(2, 3, inside(8), scope("b")), fact(3, 1, inside(6), scope("b")), fact(4, 2, inside(5), scope("c")),
	}}
	samecall.Resolve(l, len(l.facts), 0)
	dropped := slices.DeleteFunc(l.said, func(s string) bool { return s[:4] != "drop" })
	slices.Sort(dropped)
	// Span 2 stays: span 1 stands for span 3 of its scope already, and span 4 is gone by then.
	if !slices.Equal(dropped, []string{"drop 3", "drop 4"}) {
		t.Errorf("said %q, want the nearest of scope b and that of scope c dropped", dropped)
	}
}
