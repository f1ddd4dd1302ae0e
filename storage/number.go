package storage

import (
	"context"
	"slices"
	"sync"
)

// A row names its cell, variant and path by number. The three repeat together, so that one look-up of all their values
// at once finds all three numbers for nearly every row; only a combination that is new is looked up part by part.

// profile is the numbers of one combination.
type profile struct{ cell, variant, path int32 }

// profileCache holds profiles by their values. A combination in it needs no cleaning: it was checked when it was new.
type profileCache struct {
	mu  sync.RWMutex
	ids map[string]profile
}

func (p *profileCache) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ids = nil
}

func (p *profileCache) store(found map[string]profile) {
	if len(found) == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ids == nil || len(p.ids)+len(found) > internLimit {
		p.ids = make(map[string]profile)
	}
	for key, ids := range found {
		p.ids[key] = ids
	}
}

// intern gives every row the numbers of what it names, and sets aside rows that name something PostgreSQL refuses.
func (s *Store) intern(ctx context.Context, rows []row, res *WriteResult) ([]row, error) {
	work := numbering{store: s}
	open := make([]*row, len(rows))
	for i := range rows {
		open[i] = &rows[i]
	}
	// A second round finds what the first one wrote; more are needed only where a cache ran over in between.
	for range maxRounds {
		if open = work.round(open); len(open) == 0 {
			break
		}
		refused, err := work.resolve(ctx)
		if err != nil {
			return nil, err
		}
		if refused > 0 {
			open = work.round(open)
			break
		}
	}
	if len(open) == 0 {
		return rows, nil
	}
	n := len(rows)
	rows = slices.DeleteFunc(rows, func(r row) bool { return !r.complete() })
	res.setAside(ReasonBadValue, n-len(rows))
	return rows, nil
}

const maxRounds = 4

// complete reports whether the row has the number of everything it names.
func (r *row) complete() bool {
	return r.cell != 0 && r.variant != 0 && (r.path != 0 || !r.hasPath()) && (r.tagset != 0 || len(r.Tags) == 0)
}

// numbering numbers the rows of one batch, and collects what the caches do not know.
type numbering struct {
	store                           *Store
	cells, variants, paths, tagsets []missing
	profiles                        map[string]profile // new combinations of known parts
	seen                            map[string]struct{}
	buf, template, arena            []byte
}

// round numbers rows from the caches and returns those that lack a number.
func (w *numbering) round(rows []*row) []*row {
	w.cells, w.variants, w.paths, w.tagsets = nil, nil, nil, nil
	w.profiles, w.seen = nil, nil
	if w.arena == nil {
		w.arena = make([]byte, 0, len(rows)*approximateNumbersBytes)
	}
	epoch := w.store.epoch.Load() // before the caches are read
	w.lock(true)
	open := rows[:0]
	for _, r := range rows {
		r.epoch = epoch
		if !w.number(r) {
			open = append(open, r)
		}
	}
	w.lock(false)
	w.store.profiles.store(w.profiles)
	return open
}

func (w *numbering) lock(lock bool) {
	s := w.store
	for _, mu := range [...]*sync.RWMutex{
		&s.profiles.mu, &s.cells.mu, &s.variants.mu, &s.paths.mu, &s.tagsets.mu,
	} {
		if lock {
			mu.RLock()
		} else {
			mu.RUnlock()
		}
	}
}

// approximateNumbersBytes is about what the numbers of a usage object take.
const approximateNumbersBytes = 24

// resolve finds or makes what is missing.
func (w *numbering) resolve(ctx context.Context) (refused int, err error) {
	s := w.store
	for _, part := range []struct {
		in   *interner
		miss []missing
	}{{s.cells, w.cells}, {s.variants, w.variants}, {s.paths, w.paths}, {s.tagsets, w.tagsets}} {
		n, err := part.in.resolve(ctx, s.pool, part.miss)
		if err != nil {
			return 0, err
		}
		refused += n
	}
	return refused, nil
}

// number looks up what r still lacks and reports whether all of it is known. The caches are locked for reading.
//
// What is in a cache was clean when it came; what is not may be unclean, and is cleaned before it is looked up again.
func (w *numbering) number(r *row) bool {
	if r.cell == 0 || r.variant == 0 || (r.path == 0 && r.hasPath()) {
		w.shared(r)
	}
	if r.tagset == 0 && len(r.Tags) > 0 {
		w.tags(r)
	}
	return r.complete()
}

// shared numbers the cell, the variant and the path, all at once where the combination is known.
func (w *numbering) shared(r *row) {
	w.splitUsage(r)
	w.buf = profileKey(w.buf[:0], r.Call, w.template)
	if ids, ok := w.store.profiles.ids[string(w.buf)]; ok {
		r.cell, r.variant, r.path = ids.cell, ids.variant, ids.path
		return
	}
	if cleanShared(r.Call) {
		r.repaired = true
		w.splitUsage(r)
	}
	w.parts(r)
}

// tags numbers the tags.
func (w *numbering) tags(r *row) {
	w.buf = tagsetKey(w.buf[:0], r.Call)
	var ok bool
	if r.tagset, ok = w.store.tagsets.lookup(w.buf); ok {
		return
	}
	if cleanTags(r.Call) {
		r.repaired = true
		w.buf = tagsetKey(w.buf[:0], r.Call)
	}
	r.tagset = w.find(w.store.tagsets, r, &w.tagsets, tagsetValues)
}

// splitUsage leaves the template of r's usage object in w and its numbers in r.
func (w *numbering) splitUsage(r *row) {
	w.template, r.usageNumbers = w.template[:0], nil
	if r.UsageObject == "" {
		return
	}
	start := len(w.arena)
	var ok bool
	if w.template, w.arena, ok = splitUsage(r.UsageObject, w.template, w.arena); !ok {
		w.template, w.arena = append(w.template[:0], emptyObject...), w.arena[:start]
		return
	}
	r.usageNumbers = w.arena[start:len(w.arena):len(w.arena)]
}

// emptyObject stands for a usage object that can't be split.
const emptyObject = "{}"

// parts numbers a combination that is new, part by part.
func (w *numbering) parts(r *row) {
	s, c := w.store, r.Call
	w.buf = cellKey(w.buf[:0], c)
	r.cell = w.find(s.cells, r, &w.cells, cellValues)
	w.buf = variantKey(w.buf[:0], c, w.template)
	r.variant = w.find(s.variants, r, &w.variants, func(c *Call) []*string { return variantValues(c, string(w.template)) })
	if c.hasPath() {
		w.buf = pathKey(w.buf[:0], c)
		r.path = w.find(s.paths, r, &w.paths, pathValues)
	}
	if r.cell == 0 || r.variant == 0 || (r.path == 0 && c.hasPath()) {
		return
	}
	if w.profiles == nil {
		w.profiles = make(map[string]profile)
	}
	w.buf = profileKey(w.buf[:0], c, w.template)
	w.profiles[string(w.buf)] = profile{r.cell, r.variant, r.path}
}

// find returns the number of what w.buf encodes, 0 after noting it as missing.
func (w *numbering) find(in *interner, r *row, miss *[]missing, values func(*Call) []*string) int32 {
	if id, ok := in.lookup(w.buf); ok {
		return id
	}
	tagged := in.table.name + "\x00" + string(w.buf)
	if _, ok := w.seen[tagged]; ok {
		return 0
	}
	if w.seen == nil {
		w.seen = make(map[string]struct{})
	}
	w.seen[tagged] = struct{}{}
	*miss = append(*miss, missing{key: internKey(w.buf).digest(), cached: string(w.buf), values: values(r.Call)})
	return 0
}
