package pricing

import (
	"strings"
	"sync"
)

// rule is the step that found a model.
type rule uint8

const (
	ruleNone      rule = iota
	ruleExact          // the catalogue's id, to the letter
	ruleAlias          // an exact alias
	ruleCase           // an id or alias in another case
	rulePrefix         // after cutting a wrapper or the provider's own name: "models/…", "openai/…"
	ruleARN            // the id inside a Bedrock ARN
	ruleProfile        // a Bedrock inference profile or version suffix that is not listed as such
	ruleAtVersion      // "@" for "-", or "@default"
	rulePath           // an account path: "accounts/fireworks/models/…"
	ruleFineTune       // "ft:base:org:name:id" at the price of "ft:base"
	ruleWindow         // "[1m]" behind the id
	ruleSlug           // a gateway's "maker/model" in another order of its words, or dated
	ruleSnapshot       // a snapshot of a family all of whose snapshots cost the same
	numRules
)

var ruleNames = [numRules]string{
	"", "exact", "alias", "case", "prefix", "arn", "profile", "at_version", "path", "fine_tune",
	"window", "slug", "snapshot",
}

// Suffixes of a rule's name.
const (
	viaProviderPrefix = 1 << iota // the provider was not known, the id named it
	viaRequestModel               // the answered model is not in the catalogue, the asked one is
	viaFamily                     // the row of the snapshot's family, for a tier that only the family lists
	viaMapping                    // the user's own name for the model
	numVia
)

// fullRuleNames holds every combination, since Price may not build strings.
var fullRuleNames = func() (names [numRules][numVia]string) {
	for r := range numRules {
		if r == ruleNone {
			continue
		}
		for via := range numVia {
			name := ruleNames[r]
			for i, suffix := range [...]string{"+provider_prefix", "+request_model", "+family_tier", "+mapped"} {
				if via&(1<<i) != 0 {
					name += suffix
				}
			}
			names[r][via] = name
		}
	}
	return names
}()

// found is the outcome of matching: model is nil where nothing matched.
type found struct {
	model *model
	rule  rule
	via   int
}

func (f found) name(family bool) string {
	via := f.via
	if family {
		via |= viaFamily
	}
	return fullRuleNames[f.rule][via]
}

// wanted is when and for which tier a model is looked for: ids that could mean several models match only where these
// cost the same then.
type wanted struct {
	at   int64 // Unix nanoseconds
	tier tier
	// mattered says that the answer may be another one at another time or for another tier.
	mattered bool
}

// match looks the answered model up. The asked one counts where no answer names a model, and where the answered model is
// not listed but can only be a snapshot of the asked one; any other answer stays unknown, whatever was asked.
func (t *Table) match(q *Query, at int64, served tier) found {
	w := &wanted{at: at, tier: served}
	f := t.matchID(q.Provider, q.ResponseModel, w)
	if f.model != nil || q.RequestModel == "" || q.RequestModel == q.ResponseModel {
		return f
	}
	if q.ResponseModel == "" {
		return t.matchID(q.Provider, q.RequestModel, w)
	}
	return t.snapshot(q, w)
}

// matchID looks one id up at one provider: what the user maps it to, if that is sold there, else the id itself.
func (t *Table) matchID(providerID, id string, w *wanted) found {
	if id == "" {
		return found{}
	}
	if to, ok := t.names.model(providerID, id); ok {
		if f := t.matchName(providerID, to, w); f.model != nil {
			f.via |= viaMapping
			return f
		}
	}
	return t.matchName(providerID, id, w)
}

// matchName looks an id up as it is. Another provider's price is never taken: only where the provider is not known may
// the id name it.
func (t *Table) matchName(providerID, id string, w *wanted) found {
	via := 0
	if providerID == "" {
		if providerID = providerInID(id); providerID == "" {
			return found{}
		}
		via = viaProviderPrefix
	}
	p := t.provider(providerID)
	if p == nil {
		return found{}
	}
	m, r := p.match(id, w)
	if m == nil {
		return found{}
	}
	return found{model: m, rule: r, via: via}
}

// provider finds a provider by its canonical id, or the one that the user's name for it means.
func (t *Table) provider(id string) *provider { return t.providers[t.names.provider(id)] }

// maxIDLen bounds the ids that are looked for: the longest in price lists has 63 bytes.
const maxIDLen = 192

// match finds the model that id means at this provider. From exact to derived, the first step that finds decides.
func (p *provider) match(id string, w *wanted) (*model, rule) {
	if e, ok := p.ids[id]; ok { // Fast path - the id as the catalogue has it
		return e.model, e.rule
	}
	if e, ok := p.derived.get(id); ok { // Fast path - an id that was derived before
		return e.model, e.rule
	}
	w.mattered = false
	m, r := p.derive(id, w)
	if m != nil && !w.mattered {
		p.derived.put(id, idEntry{m, r})
	}
	return m, r
}

// derive finds the model of an id that the catalogue does not have to the letter.
func (p *provider) derive(id string, w *wanted) (*model, rule) {
	id = strings.TrimSpace(id)
	if m, r := p.listed(id, ruleCase); m != nil {
		return m, r
	}
	if n := len(id) - len(longWindow); n > 0 && strings.EqualFold(id[n:], longWindow) {
		id = id[:n]
		if m, _ := p.listed(id, ruleWindow); m != nil {
			return m, ruleWindow
		}
	}
	derived := rulePrefix
	for range 3 { // "openrouter/openai/…", "vertex_ai/publishers/google/models/…": a few wrappers may nest
		inner, r := p.unwrap(id)
		if inner == "" {
			break
		}
		if m, _ := p.listed(inner, r); m != nil {
			return m, r
		}
		if m, r := p.publisherModel(id, r); m != nil {
			return m, r
		}
		id, derived = inner, r
	}
	if strings.HasPrefix(id, "arn:") {
		return nil, ruleNone
	}
	if m := p.fineTune(id, w); m != nil {
		return m, ruleFineTune
	}
	if m, r := p.equivalent(id, w); m != nil {
		if derived == ruleARN {
			r = ruleARN
		}
		return m, r
	}
	return nil, ruleNone
}

// listed finds an id in any case. A hit in another case, or after a step, carries the rule r.
func (p *provider) listed(id string, r rule) (*model, rule) {
	var buf [maxIDLen]byte
	key, ok := appendLower(buf[:0], id)
	if !ok {
		return nil, ruleNone
	}
	if e, ok := p.ids[id]; ok && r == ruleCase { // trimmed, else as listed
		return e.model, e.rule
	}
	if e, ok := p.folded[string(key)]; ok {
		return e.model, r
	}
	return nil, ruleNone
}

// publisherModel finds "V/X" for an id that ends in "publishers/V/models/X".
func (p *provider) publisherModel(id string, r rule) (*model, rule) {
	publisher, name, ok := cutPublisher(id)
	if !ok || len(publisher)+1+len(name) > maxIDLen {
		return nil, ruleNone
	}
	var buf [maxIDLen]byte
	key, _ := appendLower(buf[:0], publisher)
	key = append(key, '/')
	key, _ = appendLower(key, name)
	if e, ok := p.folded[string(key)]; ok {
		return e.model, r
	}
	return nil, ruleNone
}

// fineTune finds the listed fine-tune price of a tuned model. Its own name, after the second colon, has no price. An
// undated base could be any of its snapshots.
func (p *provider) fineTune(id string, w *wanted) *model {
	if len(id) < 4 || !strings.EqualFold(id[:3], "ft:") {
		return nil
	}
	base, _, _ := strings.Cut(id[3:], ":")
	if m, _ := p.listed(id[:3+len(base)], ruleFineTune); m != nil {
		return m
	}
	var buf [maxIDLen]byte
	key, ok := appendLower(buf[:0], id[:3+len(base)])
	if !ok {
		return nil
	}
	m, _ := agree(p.fineTunes[string(key)], nil, version{}, w)
	return m
}

// equivalent finds models whose ids say the same in another way, and takes them only if all of these cost the same.
func (p *provider) equivalent(id string, w *wanted) (*model, rule) {
	if p.form == formGateway {
		return p.slug(id, w)
	}
	var buf [maxIDLen + len(globalMark)]byte
	s, ok := p.skeleton(buf[:0], id)
	if !ok {
		return nil, ruleNone
	}
	if p.form == formPlain { // plain ids are their own skeletons and in no group
		if e, ok := p.folded[string(s.key)]; ok {
			same := [1]groupEntry{{model: e.model}}
			m, _ := agree(p.groups[string(s.key)], same[:], s.version, w)
			return m, s.rule
		}
	}
	m, any := agree(p.groups[string(s.key)], nil, s.version, w)
	if any || p.form != formBedrock || s.reach == reachGlobal {
		return m, s.rule
	}
	regional := p.groups[string(append(s.base, regionalMark...))]
	if len(regional) == 0 { // a global price alone says nothing of a region's
		return nil, ruleNone
	}
	var global []groupEntry
	if s.reach == reachUnsaid { // may as well have run through a global profile, which is cheaper
		global = p.groups[string(append(s.base, globalMark...))]
	}
	m, _ = agree(regional, global, s.version, w)
	return m, s.rule
}

// agree returns the model that all candidates of a fitting version have the price of, nil if they differ, and whether
// there are any.
func agree(a, b []groupEntry, v version, w *wanted) (m *model, any bool) {
	for _, group := range [...][]groupEntry{a, b} {
		for i := range group {
			e := &group[i]
			switch {
			case !e.version.fits(v):
			case m == nil:
				m = e.model
			case alwaysSame(m, e.model):
			default:
				w.mattered = true
				if !sameRows(m, e.model, w.at, w.tier) {
					return nil, true
				}
			}
		}
	}
	return m, m != nil
}

// maxDerived bounds how many derived ids a provider remembers; beyond it they are derived again.
const maxDerived = 1024

// derivedIDs remembers what derived ids mean, of those that mean it at all times. The zero value is empty. It is safe for
// concurrent use.
type derivedIDs struct {
	mu  sync.RWMutex
	ids map[string]idEntry
}

func (d *derivedIDs) get(id string) (idEntry, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	e, ok := d.ids[id]
	return e, ok
}

func (d *derivedIDs) put(id string, e idEntry) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ids == nil || len(d.ids) >= maxDerived {
		d.ids = make(map[string]idEntry)
	}
	d.ids[strings.Clone(id)] = e
}

// appendLower appends s in lower case; false if it is too long to be an id.
func appendLower(b []byte, s string) ([]byte, bool) {
	if len(b)+len(s) > maxIDLen {
		return b, false
	}
	for i := range len(s) {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		b = append(b, c)
	}
	return b, true
}
