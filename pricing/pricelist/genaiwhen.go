package pricelist

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/costkey/costkey-otel/pricing/internal/schema"
)

// condition is a set of prices and when it holds: from a day on, or at some hours of each day (UTC), or always.
type condition struct {
	from       string // YYYY-MM-DD; "" is always
	start, end int    // minutes of the day, end exclusive; the same is all day
	prices     map[string]json.RawMessage
}

// conditions are tried from the last to the first; where none holds, the first does.
type conditions []condition

// anyPrice reports whether there is a price at all.
func (all conditions) anyPrice() bool {
	return slices.ContainsFunc(all, func(c condition) bool { return len(c.prices) > 0 })
}

// at returns the prices on a day ("" is before all others) at a minute.
func (all conditions) at(day string, minute int) map[string]json.RawMessage {
	for _, c := range slices.Backward(all) {
		if c.from <= day && (c.start == c.end || c.start <= minute && minute < c.end) {
			return c.prices
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all[0].prices
}

// readConditions reads prices that always hold, or a list of some that hold at times.
func readConditions(raw json.RawMessage) (conditions, error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	if raw[0] == '{' {
		always := condition{}
		err := json.Unmarshal(raw, &always.prices)
		return conditions{always}, err
	}
	var entries []json.RawMessage
	if err := json.Unmarshal(raw, &entries); err != nil {
		return nil, err
	}
	var all conditions
	for _, entry := range entries {
		c, err := readCondition(entry)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// readCondition refuses what it does not know: prices that hold under another condition are not those of all calls.
func readCondition(raw json.RawMessage) (c condition, err error) {
	var entry struct {
		Constraint *struct {
			StartDate string `json:"start_date"`
			StartTime string `json:"start_time"`
			EndTime   string `json:"end_time"`
			Type      string `json:"type"` // of the two, in the list's JavaScript package
		} `json:"constraint"`
		Prices map[string]json.RawMessage `json:"prices"`
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&entry); err != nil {
		return c, fmt.Errorf("a condition that is not known: %w", err)
	}
	c.prices = entry.Prices
	if entry.Constraint == nil {
		return c, nil
	}
	if c.from = entry.Constraint.StartDate; c.from != "" {
		_, err = time.Parse(time.DateOnly, c.from)
		return c, err
	}
	var errEnd error
	c.start, err = minuteOf(entry.Constraint.StartTime)
	c.end, errEnd = minuteOf(entry.Constraint.EndTime)
	return c, errors.Join(err, errEnd)
}

// minuteOf reads a time of the day in UTC, which must be at a full minute.
func minuteOf(text string) (int, error) {
	for _, layout := range []string{"15:04:05Z07:00", "15:04:05", "15:04Z07:00", "15:04"} {
		at, err := time.Parse(layout, text)
		if _, offset := at.Zone(); err == nil && offset == 0 && at.Second() == 0 {
			return at.Hour()*60 + at.Minute(), nil
		}
	}
	return 0, fmt.Errorf("%q is no time of the day in UTC at a full minute", text)
}

// build adds the rows of one tier to m. A tier may name only some prices: the others are those of under at that time.
func (all conditions) build(m *Model, tier string, under conditions) {
	days, minutes := moments(append(slices.Clone(under), all...))
	var before []schema.Row
	for i, day := range days {
		rows := all.ofDay(m, tier, under, day, minutes)
		if i > 0 && reflect.DeepEqual(before, rows) {
			for j := len(m.rows) - len(rows); j < len(m.rows); j++ { // the same as the days before: they go on
				m.rows[j].Until = nextOf(days, i)
			}
			continue
		}
		before = slices.Clone(rows)
		for j := range rows {
			rows[j].From, rows[j].Until = day, nextOf(days, i)
		}
		m.rows = append(m.rows, rows...)
	}
}

func nextOf(days []string, i int) string {
	if i+1 < len(days) {
		return days[i+1]
	}
	return ""
}

// moments returns the days and the minutes of the day at which prices may change; "" is before the first day.
func moments(all conditions) (days []string, minutes []int) {
	byDay, byMinute := map[string]bool{"": true}, map[int]bool{}
	for i := range all {
		byDay[all[i].from] = true
		if c := &all[i]; c.start != c.end {
			byMinute[c.start], byMinute[c.end] = true, true
		}
	}
	return slices.Sorted(maps.Keys(byDay)), slices.Sorted(maps.Keys(byMinute))
}

// ofDay returns the rows of a day: one set, or one for each stretch of hours that has prices of its own.
func (all conditions) ofDay(m *Model, tier string, under conditions, day string, minutes []int) []schema.Row {
	if len(minutes) == 0 {
		minutes = []int{0}
	}
	sets := make([][]schema.Row, len(minutes))
	for i, minute := range minutes {
		b := bandedOf(under.at(day, minute), m)
		maps.Copy(b, bandedOf(all.at(day, minute), m))
		sets[i] = b.rows(tier)
	}
	first := slices.IndexFunc(sets, func(s []schema.Row) bool { return !reflect.DeepEqual(s, sets[len(sets)-1]) })
	if first < 0 {
		return sets[0]
	}
	var rows []schema.Row
	for i := 0; i < len(sets); { // from the first change on, around midnight
		length := 1
		at := func(n int) int { return (first + n) % len(sets) }
		for i+length < len(sets) && reflect.DeepEqual(sets[at(i+length)], sets[at(i)]) {
			length++
		}
		daily := clock(minutes[at(i)]) + "-" + clock(minutes[at(i+length)])
		for _, row := range sets[at(i)] {
			row.Daily = daily
			rows = append(rows, row)
		}
		i += length
	}
	return rows
}

func clock(minute int) string { return fmt.Sprintf("%02d:%02d", minute/60, minute%60) }
