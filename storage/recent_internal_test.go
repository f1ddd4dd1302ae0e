package storage

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var recentNoon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// recentRow is a row of the n-th trace. id is the answer's, "" for none.
func recentRow(n uint64, id string, start time.Time) row {
	c := &Call{ResponseID: id, StartMicros: start.UnixMicro()}
	binary.BigEndian.PutUint64(c.TraceID[8:], n)
	return row{Call: c, project: 1}
}

// inside gives r a span and a parent.
func inside(r row, span, parent byte) row {
	r.SpanID[7], r.ParentSpanID[7] = span, parent
	return r
}

func recentLink(n uint64, start time.Time) link {
	r := recentRow(n, "", start)
	return link{traceKey: r.traceKey(), startMicros: r.StartMicros}
}

func TestABatchIsInDoubtWhereAnotherWroteToItsTraceAndSomeCallHasNoID(t *testing.T) {
	at := recentNoon
	for name, c := range map[string]struct {
		first, second         []row
		firstLinks            []link
		firstLeft, secondLeft int
	}{
		"other traces":          {first: []row{recentRow(1, "", at)}, second: []row{recentRow(2, "", at)}},
		"one trace, two ids":    {first: []row{recentRow(1, "a", at)}, second: []row{recentRow(1, "b", at)}},
		"the earlier without":   {first: []row{recentRow(1, "", at)}, second: []row{recentRow(1, "b", at)}, firstLeft: 1, secondLeft: 1},
		"the later without":     {first: []row{recentRow(1, "a", at)}, second: []row{recentRow(1, "", at)}, firstLeft: 1, secondLeft: 1},
		"one of several traces": {first: []row{recentRow(1, "", at)}, second: []row{recentRow(1, "b", at), recentRow(1, "c", at), recentRow(3, "d", at)}, firstLeft: 1, secondLeft: 2},
		"one inside the other":  {first: []row{inside(recentRow(1, "", at), 7, 0), inside(recentRow(1, "b", at), 8, 7)}, second: []row{inside(recentRow(2, "", at), 7, 1), inside(recentRow(2, "b", at), 8, 2)}, firstLeft: 2},
		"a link beside calls":   {first: []row{recentRow(1, "", at)}, firstLinks: []link{recentLink(1, at)}, second: []row{recentRow(2, "", at)}, firstLeft: 2},
		"a link came first":     {firstLinks: []link{recentLink(1, at)}, second: []row{recentRow(1, "", at)}, firstLeft: 1, secondLeft: 1},
	} {
		t.Run(name, func(t *testing.T) {
			var m recent
			others := at.Add(-time.Hour)
			first := m.enter(c.first, c.firstLinks, at)
			second := m.enter(c.second, nil, at)
			// Both look after both have entered: the one that commits first may see the other, the later one must.
			rows, links := m.inDoubt(first, c.first, c.firstLinks, others, at)
			require.Equal(t, c.firstLeft, len(rows)+len(links))
			rows, _ = m.inDoubt(second, c.second, nil, others, at)
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
			var m recent
			rows := []row{recentRow(1, "", recentNoon.Add(-c.start))}
			links := []link{recentLink(2, recentNoon.Add(-c.start))}
			v := m.enter(rows, links, recentNoon)
			near, nearLinks := m.inDoubt(v, rows, links, recentNoon.Add(-c.others), recentNoon)
			require.Len(t, near, c.want)
			require.Len(t, nearLinks, c.want)
		})
	}
}

func TestWhatOthersWroteIsRememberedWhenTheyAreForgotten(t *testing.T) {
	var m recent
	rows := []row{recentRow(1, "", recentNoon)}
	m.inDoubt(m.enter(rows, nil, recentNoon), rows, nil, recentNoon.Add(-time.Minute), recentNoon)
	near, _ := m.inDoubt(m.enter(rows[:0], nil, recentNoon), nil, nil, recentNoon.Add(-24*time.Hour), recentNoon)
	require.Empty(t, near)
	near, _ = m.inDoubt(m.enter(rows, nil, recentNoon), rows, nil, recentNoon.Add(-24*time.Hour), recentNoon)
	require.Len(t, near, 1)
}

func TestTheMemoryReachesBackTwoSettleWindows(t *testing.T) {
	var m recent
	others := recentNoon.Add(-24 * time.Hour)
	leftAt := func(after time.Duration, n uint64) int {
		now := recentNoon.Add(after)
		rows := []row{recentRow(n, "", now)}
		near, _ := m.inDoubt(m.enter(rows, nil, now), rows, nil, others, now)
		return len(near)
	}
	require.Equal(t, 0, leftAt(0, 1))
	require.Equal(t, 0, leftAt(settleWindow, 2))
	require.Equal(t, 1, leftAt(2*settleWindow, 1), "the first generation is there still")
	require.Equal(t, 0, leftAt(3*settleWindow, 2_000), "the first generation is forgotten, and long over")
	require.Equal(t, 1, leftAt(3*settleWindow, 2), "the second is there")
	late := []row{recentRow(9, "", recentNoon.Add(settleWindow))}
	near, _ := m.inDoubt(m.enter(late, nil, recentNoon.Add(3*settleWindow)), late, nil, others, recentNoon.Add(3*settleWindow))
	require.Len(t, near, 1, "a call of the time that is forgotten")
}

func TestAFullGenerationIsForgottenEarly(t *testing.T) {
	var m recent
	others := recentNoon.Add(-24 * time.Hour)
	now := recentNoon
	for range len(m.generations) {
		now = now.Add(time.Second)
		m.turn(now)
		for n := range uint64(recentTraces) {
			m.generations[0].traces[n] = touch{}
		}
	}
	rows := []row{recentRow(1, "", now)}
	near, _ := m.inDoubt(m.enter(rows, nil, now), rows, nil, others, now)
	require.Len(t, near, 1, "what was written seconds ago is not known any more")
}
