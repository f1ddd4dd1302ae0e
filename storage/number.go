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
	return r.cell != 0 && r.variant != 0 && (r.path != 0 || !r.hasPath()) &&
		(r.session != 0 || !r.hasSession()) && (r.tagset != 0 || len(r.Tags) == 0)
}

// numbering numbers the rows of one batch, and collects what the caches do not know.
type numbering struct {
	store                                     *Store
	cells, variants, paths, sessions, tagsets []missing
	profiles                                  map[string]profile // new combinations of known parts
	seen                                      map[string]struct{}
	buf, template, arena                      []byte
}

// round numbers rows from the caches and returns those that lack a number.
func (w *numbering) round(rows []*row) []*row {
	w.cells, w.variants, w.paths, w.sessions, w.tagsets = nil, nil, nil, nil, nil
	w.profiles, w.seen = nil, nil
	w.lock(true)
	open := rows[:0]
	for _, r := range rows {
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
		&s.profiles.mu, &s.cells.mu, &s.variants.mu, &s.paths.mu, &s.sessions.mu, &s.tagsets.mu,
	} {
		if lock {
			mu.RLock()
		} else {
			mu.RUnlock()
		}
	}
}

// resolve finds or makes what is missing.
func (w *numbering) resolve(ctx context.Context) (refused int, err error) {
	s := w.store
	for _, part := range []struct {
		in   *interner
		miss []missing
	}{{s.cells, w.cells}, {s.variants, w.variants}, {s.paths, w.paths}, {s.sessions, w.sessions}, {s.tagsets, w.tagsets}} {
		n, err := part.in.resolve(ctx, s.pool, part.miss)
		if err != nil {
			return 0, err
		}
		refused += n
	}
	return refused, nil
}

// number looks up what r names and reports whether all of it is known. The caches are locked for reading.
func (w *numbering) number(r *row) bool {
	w.splitUsage(r)
	w.buf = profileKey(w.buf[:0], r.Call, w.template)
	ids, known := w.store.profiles.ids[string(w.buf)]
	if known {
		r.cell, r.variant, r.path = ids.cell, ids.variant, ids.path
	}
	known = w.perDay(r) && known
	if known || r.cleaned {
		r.cleanAnswer()
		return known || w.parts(r)
	}
	// New to the caches, so that it may be unclean; what is in them never is.
	r.cleaned = true
	r.repaired = cleanText(r.Call) || r.repaired
	return w.number(r)
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

// perDay numbers what is interned by day, and reports whether it is known.
func (w *numbering) perDay(r *row) bool {
	s, c := w.store, r.Call
	r.session, r.tagset = 0, 0
	if c.hasSession() {
		w.buf = sessionKey(w.buf[:0], c)
		r.session = w.find(s.sessions, r, &w.sessions, func() []*string { return sessionValues(c) })
	}
	if len(c.Tags) > 0 {
		w.buf = tagsetKey(w.buf[:0], c)
		r.tagset = w.find(s.tagsets, r, &w.tagsets, func() []*string { return tagsetValues(c) })
	}
	return (r.session != 0 || !c.hasSession()) && (r.tagset != 0 || len(c.Tags) == 0)
}

// parts numbers a combination that is new, part by part, and reports whether r is complete.
func (w *numbering) parts(r *row) bool {
	s, c := w.store, r.Call
	w.buf = cellKey(w.buf[:0], c)
	r.cell = w.find(s.cells, r, &w.cells, func() []*string { return cellValues(c) })
	w.buf = variantKey(w.buf[:0], c, w.template)
	r.variant = w.find(s.variants, r, &w.variants, func() []*string { return variantValues(c, string(w.template)) })
	r.path = 0
	if c.hasPath() {
		w.buf = pathKey(w.buf[:0], c)
		r.path = w.find(s.paths, r, &w.paths, func() []*string { return pathValues(c) })
	}
	if r.cell != 0 && r.variant != 0 && (r.path != 0 || !c.hasPath()) {
		if w.profiles == nil {
			w.profiles = make(map[string]profile)
		}
		w.profiles[string(profileKey(w.buf[:0], c, w.template))] = profile{r.cell, r.variant, r.path}
	}
	return r.complete()
}

// find returns the number of what w.buf encodes. Where it is not known and r is clean, it is noted as missing.
func (w *numbering) find(in *interner, r *row, miss *[]missing, values func() []*string) int32 {
	if id, ok := in.lookup(w.buf); ok {
		return id
	}
	if !r.cleaned {
		return 0
	}
	tagged := in.table.name + "\x00" + string(w.buf)
	if _, ok := w.seen[tagged]; ok {
		return 0
	}
	if w.seen == nil {
		w.seen = make(map[string]struct{})
	}
	w.seen[tagged] = struct{}{}
	*miss = append(*miss, missing{key: internKey(w.buf).digest(), cached: string(w.buf), values: values()})
	return 0
}
