package pricelist

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/costkey/costkey-otel/pricing"
	"github.com/costkey/costkey-otel/pricing/internal/schema"
	"github.com/costkey/costkey-otel/usage"
)

// noPrices is a catalogue that own prices can be laid on alone.
const noPrices = `{"schema":"` + schema.Name + `","as_of":"2000-01-01","providers":[]}`

// Check loads the model as an own price, as the exporter will, and returns what is wrong with it, or nil. A model that
// can't be loaded must not be written: it would keep the whole file from being used.
func (m *Model) Check() error {
	_, err := m.table()
	return err
}

// table returns the prices of the model alone.
func (m *Model) table() (*pricing.Table, error) {
	file, err := YAML([]Model{*m}, "")
	if err != nil {
		return nil, err
	}
	return pricing.LoadWithOwn(bytes.NewReader([]byte(noPrices)), file)
}

// Differences tells what the table would price otherwise than the model, from now on, in words: "batch output: 5, the
// catalogue says 6", in USD for the quantity that the rate is quoted for. None means that an own price would say nothing
// new: every rate of the model that some usage counts comes to the same there under the model's id. Of a model that the table
// does not know it says so, alone.
func (m *Model) Differences(t *pricing.Table, now time.Time) []string {
	own, err := m.table()
	if err != nil {
		return []string{err.Error()}
	}
	if !m.knownAs(m.ID, t, now) {
		return []string{"the catalogue does not know it"}
	}
	var found []string
	for i := range m.rows {
		at, holds := momentOf(&m.rows[i], now)
		if !holds {
			continue
		}
		c := comparison{
			own: own, other: t, row: &m.rows[i],
			ask: pricing.Query{Provider: m.Provider, ResponseModel: m.ID, ServiceTier: m.rows[i].Tier, AtNanos: at.UnixNano()},
		}
		for _, kind := range slices.Sorted(maps.Keys(c.row.Rates)) {
			if text := c.difference(kind); text != "" {
				found = append(found, text)
			}
		}
	}
	return found
}

// UnknownIDs returns the aliases by which the table does not find the model; it finds its id.
func (m *Model) UnknownIDs(t *pricing.Table, now time.Time) []string {
	var unknown []string
	for _, id := range m.Aliases {
		if !m.knownAs(id, t, now) {
			unknown = append(unknown, id)
		}
	}
	return unknown
}

func (m *Model) knownAs(id string, t *pricing.Table, now time.Time) bool {
	q := pricing.Query{Provider: m.Provider, ResponseModel: id, AtNanos: now.UnixNano()}
	return t.Price(&q).Model != ""
}

// comparison asks two tables for the price of calls that one row is for.
type comparison struct {
	own, other *pricing.Table
	row        *schema.Row
	ask        pricing.Query
}

// difference compares a rate in the smallest call of the row and in its largest; "" is the same.
func (c *comparison) difference(kind string) string {
	largest := int64(usage.MaxCount)
	if c.row.UpTo != 0 {
		largest = c.row.UpTo
	}
	if mine, theirs, same := c.rates(kind, c.row.Over+1); !same {
		return fmt.Sprintf("%s: %s, the catalogue says %s", c.label(kind), mine, theirs)
	}
	if mine, theirs, same := c.rates(kind, largest); !same {
		return fmt.Sprintf("%s, in the largest calls: %s, the catalogue says %s", c.label(kind), mine, theirs)
	}
	return ""
}

// rates returns what both say of a kind for a call with so many input tokens, and whether it comes to the same.
func (c *comparison) rates(kind string, input int64) (mine, theirs string, same bool) {
	u, counted := probe(kind, usage.Known(input))
	if !counted {
		return "", "", true
	}
	q := c.ask
	q.Usage, q.SearchContext = &u, contextOf(kind)
	mine, theirs = rateOf(c.own, &q, kind), rateOf(c.other, &q, kind)
	same = mine == theirs
	if !same || mine == "" { // one of them may have it at the rate of its parent
		own, other := c.own.Price(&q), c.other.Price(&q)
		same = own.Status == other.Status && own.Cost == other.Cost
	}
	return mine, cmp.Or(theirs, "nothing of it"), same
}

// label names a rate and the row that it is in.
func (c *comparison) label(kind string) string {
	label := strings.TrimSpace(c.row.Tier+" "+kind) + above(c.row.Over)
	if c.row.Daily != "" {
		label += ", daily " + c.row.Daily
	}
	if c.row.From != "" {
		label += ", from " + c.row.From
	}
	return label
}

// contextOf is the size of a search's context that a rate is for.
func contextOf(kind string) string {
	if strings.HasPrefix(kind, "web_search_") || strings.HasPrefix(kind, "request_") {
		return kind[strings.LastIndexByte(kind, '_')+1:]
	}
	return ""
}

// rateOf returns a rate as text for the quantity it is quoted for, "" where the row has none of its own.
func rateOf(t *pricing.Table, q *pricing.Query, kind string) string {
	_, lines := t.Rates(q)
	for _, l := range lines {
		if l.What == kind {
			return cmp.Or(l.USDPerUnit, l.USDPerMillion)
		}
	}
	return ""
}

// Loses tells what of the table's price of this model an own price would take away, in words; "" is nothing: an own price
// takes the place of the whole model.
func (m *Model) Loses(t *pricing.Table, now time.Time) string {
	q := pricing.Query{Provider: m.Provider, ResponseModel: m.ID, AtNanos: now.UnixNano(), Usage: &usage.Usage{Input: usage.Known(1)}}
	res := t.Price(&q)
	if res.Rule != "exact" && res.Rule != "alias" && res.Rule != "case" {
		return ""
	}
	lost := []string{"history and multipliers"}
	for _, tier := range []string{"batch", "flex", "priority"} {
		q.ServiceTier = tier
		if theirs := t.Price(&q); theirs.Tier != "" && !m.hasTier(tier) {
			lost = append(lost, tier+" rates")
		}
	}
	return strings.Join(lost, ", ")
}

func (m *Model) hasTier(tier string) bool {
	for i := range m.rows {
		if m.rows[i].Tier == tier {
			return true
		}
	}
	return false
}

// momentOf returns the first moment from now on at which a row holds, and whether there is one. Rows of lists have no
// weekdays, and were checked when they were loaded.
func momentOf(r *schema.Row, now time.Time) (time.Time, bool) {
	at := now.UTC()
	if from, err := time.Parse(time.DateOnly, r.From); err == nil && from.After(at) {
		at = from
	}
	if r.Daily != "" {
		if start, err := time.Parse("15:04", r.Daily[:5]); err == nil {
			day := at.Truncate(24 * time.Hour)
			if at = day.Add(time.Duration(start.Hour())*time.Hour + time.Duration(start.Minute())*time.Minute); at.Before(now) {
				at = at.Add(24 * time.Hour)
			}
		}
	}
	until, err := time.Parse(time.DateOnly, r.Until)
	return at, err != nil || at.Before(until)
}

// probeUses are calls that a rate is used for, with n input tokens and some of what the rate is for.
var probeUses = map[string]func(n, some usage.Count) usage.Usage{
	"input":        func(n, _ usage.Count) usage.Usage { return usage.Usage{Input: n} },
	"cached_input": func(n, _ usage.Count) usage.Usage { return usage.Usage{Input: n, CacheRead: n} },
	"cached_input_audio": func(n, _ usage.Count) usage.Usage {
		return usage.Usage{Input: n, CacheRead: n, AudioInput: n, CachedAudioInput: n}
	},
	"cached_input_image": func(n, _ usage.Count) usage.Usage {
		return usage.Usage{Input: n, CacheRead: n, ImageInput: n, CachedImageInput: n}
	},
	"cache_write": func(n, _ usage.Count) usage.Usage {
		return usage.Usage{Input: n, CacheWrite: n, CacheWrite1h: usage.Known(0)}
	},
	"cache_write_1h": func(n, _ usage.Count) usage.Usage { return usage.Usage{Input: n, CacheWrite: n, CacheWrite1h: n} },
	"input_audio":    func(n, _ usage.Count) usage.Usage { return usage.Usage{Input: n, AudioInput: n} },
	"input_image":    func(n, _ usage.Count) usage.Usage { return usage.Usage{Input: n, ImageInput: n} },
	"input_video":    func(n, _ usage.Count) usage.Usage { return usage.Usage{Input: n, VideoInput: n} },
	"output":         func(n, some usage.Count) usage.Usage { return usage.Usage{Input: n, Output: some} },
	"reasoning_output": func(n, some usage.Count) usage.Usage {
		return usage.Usage{Input: n, Output: some, Reasoning: some}
	},
	"output_audio": func(n, some usage.Count) usage.Usage { return usage.Usage{Input: n, Output: some, AudioOutput: some} },
	"output_image": func(n, some usage.Count) usage.Usage { return usage.Usage{Input: n, Output: some, ImageOutput: some} },
	"output_video": func(n, some usage.Count) usage.Usage { return usage.Usage{Input: n, Output: some, VideoOutput: some} },
	"citation":     func(n, some usage.Count) usage.Usage { return usage.Usage{Input: n, Output: some, Citation: some} },

	"input_character":          func(n, _ usage.Count) usage.Usage { return usage.Usage{InputCharacters: n} },
	"request":                  func(n, _ usage.Count) usage.Usage { return usage.Usage{Input: n} },
	"web_search":               func(n, some usage.Count) usage.Usage { return usage.Usage{Input: n, WebSearches: some} },
	"file_search":              func(n, some usage.Count) usage.Usage { return usage.Usage{Input: n, FileSearches: some} },
	"code_interpreter_session": func(n, some usage.Count) usage.Usage { return usage.Usage{Input: n, CodeSessions: some} },
	"search_unit":              func(_, some usage.Count) usage.Usage { return usage.Usage{SearchUnits: some} },
	"image":                    func(_, some usage.Count) usage.Usage { return usage.Usage{Images: some} },
	"page":                     func(_, some usage.Count) usage.Usage { return usage.Usage{Pages: some} },
}

// probe is a call with n input tokens that a rate is used for; false for a rate of what no usage counts.
func probe(kind string, n usage.Count) (u usage.Usage, counted bool) {
	for _, size := range []string{"_low", "_medium", "_high"} {
		kind = strings.TrimSuffix(kind, size)
	}
	use := probeUses[kind]
	if use == nil {
		return usage.Usage{}, false
	}
	return use(n, usage.Known(1000)), true
}
