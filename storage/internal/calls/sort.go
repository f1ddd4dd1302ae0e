package calls

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// place is where a row belongs. Rows are sorted by values at hand: following each to its call costs more than comparing.
type place struct {
	day     Day
	project int64
	trace   [2]uint64
	span    uint64
	at      int32 // where the row was
}

func (p *place) sameKey(q *place) bool {
	return p.trace == q.trace && p.span == q.span && p.project == q.project
}

func comparePlaces(p, q place) int {
	switch {
	case p.day != q.day:
		return cmp.Compare(p.day, q.day)
	case p.trace[0] != q.trace[0]:
		return cmp.Compare(p.trace[0], q.trace[0])
	case p.trace[1] != q.trace[1]:
		return cmp.Compare(p.trace[1], q.trace[1])
	case p.project != q.project:
		return cmp.Compare(p.project, q.project)
	case p.span != q.span:
		return cmp.Compare(p.span, q.span)
	}
	return cmp.Compare(p.at, q.at)
}

// SortRows returns rows by day and key, so that those of one trace stand together and two writers lock in one order. Of
// rows with one key the first stays; duplicates is the number of the others.
func SortRows(rows []Row) (sorted []Row, duplicates int) {
	places := make([]place, len(rows))
	for i := range rows {
		c := rows[i].Call
		places[i] = place{
			day: rows[i].Day(), project: rows[i].ProjectID, at: int32(i), span: binary.BigEndian.Uint64(c.SpanID[:]),
			trace: [2]uint64{binary.BigEndian.Uint64(c.TraceID[:8]), binary.BigEndian.Uint64(c.TraceID[8:])},
		}
	}
	slices.SortFunc(places, comparePlaces)
	out := make([]Row, 0, len(rows))
	for i := range places {
		if i > 0 && places[i].sameKey(&places[i-1]) {
			duplicates++
			continue
		}
		out = append(out, rows[places[i].at])
	}
	return out, duplicates
}
