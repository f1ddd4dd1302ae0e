package dedup

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/storage/internal/calls"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// rowOf is a row of the n-th trace. id is the answer's, "" for none.
func rowOf(n uint64, id string, start time.Time) calls.Row {
	c := &calls.Call{ResponseID: id, StartMicros: start.UnixMicro()}
	binary.BigEndian.PutUint64(c.TraceID[8:], n)
	return calls.Row{Call: c, ProjectID: 1, Pending: id == ""}
}

// inside gives r a span and a parent.
func inside(r calls.Row, span, parent byte) calls.Row {
	r.SpanID[7], r.ParentSpanID[7] = span, parent
	return r
}

func nodeOf(n uint64, start time.Time) calls.Node {
	r := rowOf(n, "", start)
	return calls.Node{TraceKey: r.TraceKey(), StartMicros: r.StartMicros}
}

func TestABatchIsInDoubtWhereAnotherWroteToItsTraceAndSomeCallHasNoID(t *testing.T) {
	at := noon
	for name, c := range map[string]struct {
		first, second         []calls.Row
		firstLinks            []calls.Node
		firstLeft, secondLeft int
	}{
		"other traces":          {first: []calls.Row{rowOf(1, "", at)}, second: []calls.Row{rowOf(2, "", at)}},
		"one trace, two ids":    {first: []calls.Row{rowOf(1, "a", at)}, second: []calls.Row{rowOf(1, "b", at)}},
		"the earlier without":   {first: []calls.Row{rowOf(1, "", at)}, second: []calls.Row{rowOf(1, "b", at)}, firstLeft: 1, secondLeft: 1},
		"the later without":     {first: []calls.Row{rowOf(1, "a", at)}, second: []calls.Row{rowOf(1, "", at)}, firstLeft: 1, secondLeft: 1},
		"one of several traces": {first: []calls.Row{rowOf(1, "", at)}, second: []calls.Row{rowOf(1, "b", at), rowOf(1, "c", at), rowOf(3, "d", at)}, firstLeft: 1, secondLeft: 2},
		"one inside the other":  {first: []calls.Row{inside(rowOf(1, "", at), 7, 0), inside(rowOf(1, "b", at), 8, 7)}, second: []calls.Row{inside(rowOf(2, "", at), 7, 1), inside(rowOf(2, "b", at), 8, 2)}, firstLeft: 2},
		"a link beside calls":   {first: []calls.Row{rowOf(1, "", at)}, firstLinks: []calls.Node{nodeOf(1, at)}, second: []calls.Row{rowOf(2, "", at)}, firstLeft: 2},
		"a link came first":     {firstLinks: []calls.Node{nodeOf(1, at)}, second: []calls.Row{rowOf(1, "", at)}, firstLeft: 1, secondLeft: 1},
	} {
		t.Run(name, func(t *testing.T) {
			var m Memory
			others := at.Add(-time.Hour)
			first := m.Enter(c.first, c.firstLinks, at)
			second := m.Enter(c.second, nil, at)
			// Both look after both have entered: the one that commits first may see the other, the later one must.
			rows, links := m.InDoubt(first, c.first, c.firstLinks, others, at)
			require.Equal(t, c.firstLeft, len(rows)+len(links))
			rows, _ = m.InDoubt(second, c.second, nil, others, at)
			require.Len(t, rows, c.secondLeft)
		})
	}
}

func TestABatchIsInDoubtForWhatTheMemoryDoesNotReach(t *testing.T) {
	for name, c := range map[string]struct {
		others, start time.Duration // before noon
		want          int
	}{
		"others were silent long enough": {others: 20 * time.Minute, start: 0, want: 0},
		"not quite":                      {others: 20*time.Minute - time.Microsecond, start: 0, want: 1},
		"a late call":                    {others: time.Hour, start: 41 * time.Minute, want: 1},
		"a call of tomorrow":             {others: time.Hour, start: -6 * time.Minute, want: 1},
	} {
		t.Run(name, func(t *testing.T) {
			var m Memory
			rows := []calls.Row{rowOf(1, "", noon.Add(-c.start))}
			links := []calls.Node{nodeOf(2, noon.Add(-c.start))}
			v := m.Enter(rows, links, noon)
			near, nearLinks := m.InDoubt(v, rows, links, noon.Add(-c.others), noon)
			require.Len(t, near, c.want)
			require.Len(t, nearLinks, c.want)
		})
	}
}

func TestWhatOthersWroteIsRememberedWhenTheyAreForgotten(t *testing.T) {
	var m Memory
	rows := []calls.Row{rowOf(1, "", noon)}
	m.InDoubt(m.Enter(rows, nil, noon), rows, nil, noon.Add(-time.Minute), noon)
	near, _ := m.InDoubt(m.Enter(rows[:0], nil, noon), nil, nil, noon.Add(-24*time.Hour), noon)
	require.Empty(t, near)
	near, _ = m.InDoubt(m.Enter(rows, nil, noon), rows, nil, noon.Add(-24*time.Hour), noon)
	require.Len(t, near, 1)
}

func TestTheMemoryReachesBackTwoWindows(t *testing.T) {
	var m Memory
	others := noon.Add(-24 * time.Hour)
	leftAt := func(after time.Duration, n uint64) int {
		now := noon.Add(after)
		rows := []calls.Row{rowOf(n, "", now)}
		near, _ := m.InDoubt(m.Enter(rows, nil, now), rows, nil, others, now)
		return len(near)
	}
	require.Equal(t, 0, leftAt(0, 1))
	require.Equal(t, 0, leftAt(Window, 2))
	require.Equal(t, 1, leftAt(2*Window, 1), "the first generation is there still")
	require.Equal(t, 0, leftAt(3*Window, 2_000), "the first generation is forgotten, and long over")
	require.Equal(t, 1, leftAt(3*Window, 2), "the second is there")
	late := []calls.Row{rowOf(9, "", noon.Add(Window))}
	near, _ := m.InDoubt(m.Enter(late, nil, noon.Add(3*Window)), late, nil, others, noon.Add(3*Window))
	require.Len(t, near, 1, "a call of the time that is forgotten")
}

func TestAFullGenerationIsForgottenEarly(t *testing.T) {
	var m Memory
	others := noon.Add(-24 * time.Hour)
	now := noon
	for range len(m.generations) {
		now = now.Add(time.Second)
		m.turn(now)
		for n := range uint64(maxTraces) {
			m.generations[0].traces[n] = touch{}
		}
	}
	rows := []calls.Row{rowOf(1, "", now)}
	near, _ := m.InDoubt(m.Enter(rows, nil, now), rows, nil, others, now)
	require.Len(t, near, 1, "what was written seconds ago is not known any more")
}
