package rows

import (
	"context"
	"strings"

	"github.com/costkey/costkey-otel/storage/internal/calls"
	"github.com/costkey/costkey-otel/storage/internal/database"
)

// DefaultCardinalityLimit is how many new sets of dimensions a project may have a day.
const DefaultCardinalityLimit = 50_000

// attributeIDs are the attributes of a call and the set of dimensions that they belong to.
type attributeIDs struct{ attributes, dimensions int64 }

// Interner gives rows the ids of what they name.
type Interner struct {
	db         *database.DB
	limit      int
	attributes cache[attributeIDs]
	dimensions cache[int64]
	paths      cache[int64]
	tags       cache[int64]
}

// NewInterner returns an interner for db. A project may have limit new sets of dimensions and paths a day, and some times as
// many attributes and sets of tags; 0 means [DefaultCardinalityLimit]. Beyond that "(other)" stands for what differs.
func NewInterner(db *database.DB, limit int) *Interner {
	if limit <= 0 {
		limit = DefaultCardinalityLimit
	}
	in := &Interner{db: db, limit: limit}
	db.OnReset(func() {
		in.attributes.reset()
		in.dimensions.reset()
		in.paths.reset()
		in.tags.reset()
	})
	return in
}

// Intern gives every row the ids of what it names, and returns those that name something PostgreSQL refuses apart. It
// writes what is new in transactions of its own. Values of rows are cleaned, and replaced where the project has too many.
// The error is [database.ErrRaced] where the server turns out to be another one.
func (in *Interner) Intern(ctx context.Context, rows []calls.Row) (interned, refused []calls.Row, err error) {
	id, epoch, err := in.db.Current(ctx)
	if err != nil {
		return nil, nil, err
	}
	w := newNumbering(in, len(rows))
	w.server, w.epoch = id.Server, epoch
	open := make([]*calls.Row, len(rows))
	for i := range rows {
		open[i] = &rows[i]
	}
	// One round finds what is missing, the next names it by id; replaced values take further ones.
	const maxRounds = 12
	for range maxRounds {
		var ok bool
		if open, ok = w.round(open); !ok {
			return nil, nil, database.ErrRaced
		}
		if len(open) == 0 {
			break
		}
		if err := w.resolve(ctx); err != nil {
			return nil, nil, in.db.NoticeOther(ctx, err)
		}
	}
	if len(open) > 0 {
		return nil, nil, database.ErrRaced
	}
	if len(w.refusedRows) == 0 {
		return rows, nil, nil
	}
	for i := range rows {
		if w.refusedRows[&rows[i]] {
			refused = append(refused, rows[i])
		} else {
			interned = append(interned, rows[i])
		}
	}
	return interned, refused, nil
}

// part is one table as a batch uses it: what it lacks, and what became of that.
type part struct {
	table   *table
	cache   *cache[int64] // nil for attributes, whose entries have two ids
	missing []entry
	asked   map[string]bool // keys of missing
	known   resolution
}

// find returns the id of k, which the batch found or the cache has; state says where there is none.
func (p *part) find(k key) (id int64, state entryState) {
	if id, ok := p.known.ids[string(k)]; ok {
		return id, entryKnown
	}
	switch {
	case p.known.refused[string(k)]:
		return 0, entryRefused
	case p.known.overflow[string(k)]:
		return 0, entryOverflow
	}
	if p.cache != nil {
		if id, old, ok := p.cache.get(k); ok {
			if old {
				p.note(k, id)
			}
			return id, entryKnown
		}
	}
	return 0, entryMissing
}

type entryState int

const (
	entryKnown entryState = iota
	entryMissing
	entryRefused
	entryOverflow
)

// note keeps an id for the cache.
func (p *part) note(k key, id int64) {
	if p.known.ids == nil {
		p.known.ids = make(map[string]int64)
	}
	p.known.ids[string(k)] = id
}

// ask notes that k is missing, once. Its values are encoded only then: many rows of a batch lack the same.
func (p *part) ask(project int64, k key, r room, values func() []*string) {
	if p.asked[string(k)] {
		return
	}
	if p.asked == nil {
		p.asked = make(map[string]bool)
	}
	e := newEntry(project, k, values())
	e.room = r
	p.asked[e.cached] = true
	p.missing = append(p.missing, e)
}

// merge adds what became of the missing entries.
func (p *part) merge(res resolution) {
	p.missing, p.asked = nil, nil
	for k, id := range res.ids {
		p.note(key(k), id)
	}
	for k := range res.refused {
		if p.known.refused == nil {
			p.known.refused = make(map[string]bool)
		}
		p.known.refused[k] = true
	}
	for k := range res.overflow {
		if p.known.overflow == nil {
			p.known.overflow = make(map[string]bool)
		}
		p.known.overflow[k] = true
	}
}

// numbering is the interning of one batch.
type numbering struct {
	in                                   *Interner
	server                               string // see database.Identity
	day, attributesEpoch, epoch          int64
	dimensionsEpoch, pathEpoch, tagEpoch int64
	attributes, dimensions, paths, tags  part
	found                                map[string]attributeIDs // for the cache
	refusedRows                          map[*calls.Row]bool
	buf, part, template, arena           []byte
}

func newNumbering(in *Interner, n int) *numbering {
	return &numbering{
		in:         in,
		day:        int64(calls.DayOfTime(in.db.Now())),
		attributes: part{table: &attributesTable},
		dimensions: part{table: &dimensionTable, cache: &in.dimensions},
		paths:      part{table: &pathTable, cache: &in.paths},
		tags:       part{table: &tagTable, cache: &in.tags},
		arena:      make([]byte, 0, n*approximateNumbersBytes),
	}
}

// approximateNumbersBytes is about what the numbers of a usage object take.
const approximateNumbersBytes = 16

// round gives ids to rows and returns those that lack one. It is not ok where the caches were reset since the ids so far were
// read.
func (w *numbering) round(rows []*calls.Row) (open []*calls.Row, ok bool) {
	w.attributesEpoch = w.in.attributes.begin(w.day)
	w.dimensionsEpoch = w.in.dimensions.begin(w.day)
	w.pathEpoch = w.in.paths.begin(w.day)
	w.tagEpoch = w.in.tags.begin(w.day)
	// Caches are reset after the epoch has changed: what is found from here on is stored as of before a reset.
	if ok = w.in.db.Epoch() == w.epoch; !ok {
		rows = nil
	}
	open = rows[:0]
	for _, r := range rows {
		if r.Epoch != w.epoch { // its ids mean nothing any more
			r.Epoch, r.AttributesID, r.DimensionSetID, r.TagSetID = w.epoch, 0, 0, 0
		}
		if !w.number(r) {
			open = append(open, r)
		}
	}
	w.in.attributes.end()
	w.in.dimensions.end()
	w.in.paths.end()
	w.in.tags.end()
	w.in.attributes.store(w.found, w.day, w.attributesEpoch)
	w.found = nil
	return open, ok
}

// resolve finds or makes what is missing.
func (w *numbering) resolve(ctx context.Context) error {
	for _, p := range []struct {
		part  *part
		epoch int64
	}{{&w.dimensions, w.dimensionsEpoch}, {&w.paths, w.pathEpoch}, {&w.tags, w.tagEpoch}, {&w.attributes, w.attributesEpoch}} {
		if len(p.part.missing) == 0 {
			continue
		}
		res, err := p.part.table.resolve(ctx, w.in.db.Pool(), w.server, p.part.missing, w.in.limit, calls.Day(w.day).Time())
		if err != nil {
			return err
		}
		p.part.merge(res)
		if p.part.cache != nil {
			p.part.cache.store(res.ids, w.day, p.epoch)
		}
	}
	return nil
}

// number looks up what r still lacks and reports whether nothing more is to be looked up. The caches are locked.
func (w *numbering) number(r *calls.Row) bool {
	if r.AttributesID == 0 {
		w.shared(r)
	}
	if r.TagSetID == 0 && len(r.Tags) > 0 && !r.TagsInline {
		w.tag(r)
	}
	return w.refusedRows[r] || r.AttributesID != 0 && (r.TagSetID != 0 || len(r.Tags) == 0 || r.TagsInline)
}

// shared finds the attributes of r. What is in a cache was clean when it came; what is not may be unclean, and is cleaned
// before it is looked up again.
func (w *numbering) shared(r *calls.Row) {
	w.encode(r)
	if ids, old, ok := w.in.attributes.get(w.buf); ok {
		r.AttributesID, r.DimensionSetID = ids.attributes, ids.dimensions
		if old {
			w.keep(string(w.buf), ids)
		}
		return
	}
	if cleanShared(r.Call) {
		r.Repaired = true
	}
	for w.parts(r) {
	}
}

// encode leaves the key of r's attributes in w.buf, the template of its usage object in w.template and its numbers in r.
func (w *numbering) encode(r *calls.Row) {
	w.splitUsage(r)
	w.buf = attributesKey(key(w.buf[:0]).number(r.ProjectID), r.Call, w.template)
}

// keep notes attributes for the cache.
func (w *numbering) keep(k string, ids attributeIDs) {
	if w.found == nil {
		w.found = make(map[string]attributeIDs)
	}
	w.found[k] = ids
}

// splitUsage leaves the template of r's usage object in w and its numbers in r.
func (w *numbering) splitUsage(r *calls.Row) {
	w.template, r.UsageNumbers = w.template[:0], nil
	if r.UsageObject == "" {
		return
	}
	start := len(w.arena)
	var ok bool
	if w.template, w.arena, ok = splitUsage(r.Call, w.template, w.arena); !ok {
		w.template, w.arena = append(w.template[:0], "{}"...), w.arena[:start]
		return
	}
	r.UsageNumbers = w.arena[start:len(w.arena):len(w.arena)]
}

// parts finds the dimensions, the path and then the attributes of r. again says that values of r were replaced.
func (w *numbering) parts(r *calls.Row) (again bool) {
	c := r.Call
	w.part = dimensionKey(key(w.part[:0]).number(r.ProjectID), c)
	k := key(w.part)
	dimensions, state := w.dimensions.find(k)
	switch state {
	case entryOverflow:
		return replaceDimensions(r)
	case entryRefused:
		w.refuse(r)
		return false
	case entryMissing:
		w.dimensions.ask(r.ProjectID, k, dimensionRoom(c), func() []*string { return dimensionValues(c) })
	}
	path, pathState := int64(0), entryKnown
	if hasPath(c) {
		w.part = pathKey(key(w.part[:0]).number(r.ProjectID), c)
		k := key(w.part)
		path, pathState = w.paths.find(k)
		switch pathState {
		case entryOverflow:
			c.CallPath, c.LineNumber, r.Overflowed = nil, 0, true
			return true
		case entryRefused:
			w.refuse(r)
			return false
		case entryMissing:
			w.paths.ask(r.ProjectID, k, limited, func() []*string { return pathValues(c) })
		}
	}
	if state != entryKnown || pathState != entryKnown {
		return false
	}
	return w.attribute(r, dimensions, path)
}

// attribute finds the attributes of r, whose parts are known.
func (w *numbering) attribute(r *calls.Row, dimensions, path int64) (again bool) {
	w.encode(r)
	id, state := w.attributes.find(w.buf)
	switch state {
	case entryKnown:
		r.AttributesID, r.DimensionSetID = id, dimensions
		w.keep(string(w.buf), attributeIDs{id, dimensions})
	case entryOverflow:
		return replaceAttributes(r)
	case entryRefused:
		w.refuse(r)
	case entryMissing:
		w.attributes.ask(r.ProjectID, w.buf, attributeRoom(r.Call), func() []*string {
			return attributesValues(r.Call, dimensions, path, string(w.template))
		})
	}
	return false
}

// tag finds the tags of r.
func (w *numbering) tag(r *calls.Row) {
	w.buf = tagKey(key(w.buf[:0]).number(r.ProjectID), r.Call)
	id, state := w.tags.find(w.buf)
	if state == entryMissing && cleanTags(r.Call) {
		r.Repaired = true
		w.buf = tagKey(key(w.buf[:0]).number(r.ProjectID), r.Call)
		id, state = w.tags.find(w.buf)
	}
	switch state {
	case entryKnown:
		r.TagSetID = id
	case entryOverflow:
		r.TagsInline = true
	case entryRefused:
		w.refuse(r)
	case entryMissing:
		w.tags.ask(r.ProjectID, w.buf, limited, func() []*string { return tagValues(r.Call) })
	}
}

func (w *numbering) refuse(r *calls.Row) {
	if w.refusedRows == nil {
		w.refusedRows = make(map[*calls.Row]bool)
	}
	w.refusedRows[r] = true
}

// other stands for values of which a project has too many.
const other = "(other)"

// replace puts "(other)" in the place of texts that say something else, and reports whether any did.
func replace(texts ...*string) bool {
	replaced := false
	for _, s := range texts {
		if *s != "" && *s != other {
			*s, replaced = other, true
		}
	}
	return replaced
}

// replaceDimensions replaces what differs most: the place in the code, the release and the error; then all but what the
// price list and the store bound. It reports whether that changed anything.
func replaceDimensions(r *calls.Row) bool {
	c := r.Call
	r.Overflowed = true
	before := c.ErrorType
	c.ErrorType = shortened(before)
	if replace(&c.FunctionName, &c.FilePath, &c.ServiceVersion) || c.ErrorType != before {
		return true
	}
	return replace(&c.ServiceName, &c.Environment, &c.Provider, &c.Operation, &c.RequestModel, &c.ResponseModel)
}

// shortened leaves well-known errors as they are: HTTP's.
func shortened(errorType string) string {
	if len(errorType) == 3 && strings.Trim(errorType, "0123456789") == "" {
		return errorType
	}
	if errorType == "" {
		return ""
	}
	return other
}

// dimensionRoom returns the room for the dimensions of c, by what of them can be replaced. A client may send "(other)" itself.
func dimensionRoom(c *calls.Call) room {
	switch {
	case !isOther(c.FunctionName, c.FilePath, c.ServiceVersion) || c.ErrorType != shortened(c.ErrorType):
		return limited
	case !isOther(c.ServiceName, c.Environment, c.Provider, c.Operation, c.RequestModel, c.ResponseModel):
		return reserved
	default:
		return exempt
	}
}

// isOther reports whether nothing of the texts can be replaced.
func isOther(texts ...string) bool {
	for _, s := range texts {
		if s != "" && s != other {
			return false
		}
	}
	return true
}

// replaceAttributes replaces all that a client chooses of what is no dimension. It reports true: what is left is few.
func replaceAttributes(r *calls.Row) bool {
	c := r.Call
	r.Overflowed = true
	replace(&c.RequestModel, &c.ResponseModel, &c.ServiceTier, &c.ScopeName)
	c.Host, c.UsageObject, c.CallPath, c.LineNumber = other, "", nil, 0
	if !isHTTPStatus(c.HTTPStatus) {
		c.HTTPStatus = 0
	}
	return true
}

func isHTTPStatus(n int) bool { return n >= 100 && n < 600 }

// attributeRoom returns the room for the attributes of c.
func attributeRoom(c *calls.Call) room {
	if c.Host == other && isOther(c.RequestModel, c.ResponseModel, c.ServiceTier, c.ScopeName) && c.UsageObject == "" &&
		len(c.CallPath) == 0 && c.LineNumber == 0 && (c.HTTPStatus == 0 || isHTTPStatus(c.HTTPStatus)) {
		return exempt
	}
	return limited
}
