package pricing

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/costkey/costkey-otel/pricing/internal/schema"
)

// LoadWithOwn reads a catalogue and a user's own prices, discounts and names on top of it, a YAML file as README.md describes.
// All problems of the file are reported at once, each with its line; they wrap ErrCatalogue.
func LoadWithOwn(base io.Reader, file []byte) (*Table, error) {
	hash := sha256.New()
	catalogue, err := readLayer(io.TeeReader(base, hash))
	if err != nil {
		return nil, err
	}
	own, err := readOwn(file)
	if err != nil {
		return nil, err
	}
	hash.Write(file)
	return build(schema.Merge(catalogue, &own.layer), catalogue.AsOf+"-"+hex.EncodeToString(hash.Sum(nil)[:6]), own)
}

// ownPrices is a user's file as read.
type ownPrices struct {
	layer     schema.Catalogue
	discounts []discount
	names     []mapping
}

// ownReader walks the nodes of the file, and collects what is wrong with it in check.
type ownReader struct {
	ownPrices
	check builder
	ids   map[string]int // provider and id in lower case: the line that has it
}

func readOwn(file []byte) (*ownPrices, error) {
	var doc, more yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(file))
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
		return &ownPrices{}, nil
	} else if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCatalogue, err)
	}
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: more than one YAML document", ErrCatalogue)
	}
	r := &ownReader{
		check: builder{table: &Table{rates: make([]Rate, 1)}, rateByID: make(map[rateKey]uint16)},
		ids:   make(map[string]int),
	}
	r.fields(doc.Content[0], map[string]func(*yaml.Node){
		"prices":    func(n *yaml.Node) { r.items(n, r.model) },
		"discounts": func(n *yaml.Node) { r.items(n, r.discount) },
		"providers": r.providerNames,
		"models":    r.modelNames,
	})
	if len(r.check.errs) > 0 {
		return nil, fmt.Errorf("%w: %w", ErrCatalogue, errors.Join(r.check.errs...))
	}
	return &r.ownPrices, nil
}

func lineOf(n *yaml.Node) string { return "line " + strconv.Itoa(n.Line) + ": " }

func (r *ownReader) fail(n *yaml.Node, format string, args ...any) {
	r.check.where = lineOf(n)
	r.check.fail(format, args...)
}

// fields reads a mapping; a key that is not in known, or there twice, is a problem.
func (r *ownReader) fields(n *yaml.Node, known map[string]func(*yaml.Node)) {
	r.pairs(n, func(key, value *yaml.Node) {
		if read := known[key.Value]; read != nil {
			read(value)
			return
		}
		r.fail(key, "unknown key %.40q", key.Value)
	})
}

func (r *ownReader) pairs(n *yaml.Node, read func(key, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		r.fail(n, "want keys and values")
		return
	}
	seen := make(map[string]bool, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if seen[key.Value] {
			r.fail(key, "key %.40q is there twice", key.Value)
			continue
		}
		seen[key.Value] = true
		read(key, n.Content[i+1])
	}
}

func (r *ownReader) items(n *yaml.Node, read func(*yaml.Node)) {
	if n.Kind != yaml.SequenceNode {
		r.fail(n, "want a list")
		return
	}
	for _, item := range n.Content {
		read(item)
	}
}

// text reads a scalar as it is written: a number keeps every digit.
func (r *ownReader) text(dst *string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		if n.Kind != yaml.ScalarNode || n.Value == "" || n.ShortTag() == "!!null" {
			r.fail(n, "want a text or number that is not empty")
			return
		}
		*dst = n.Value
	}
}

func (r *ownReader) texts(dst *[]string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		r.items(n, func(item *yaml.Node) {
			var s string
			r.text(&s)(item)
			*dst = append(*dst, s)
		})
	}
}

func (r *ownReader) textByKey(dst *map[string]string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		*dst = make(map[string]string)
		r.pairs(n, func(key, value *yaml.Node) {
			var s string
			r.text(&s)(value)
			(*dst)[key.Value] = s
		})
	}
}

func (r *ownReader) count(dst *int64) func(*yaml.Node) {
	return func(n *yaml.Node) {
		v, err := strconv.ParseInt(n.Value, 10, 64)
		if n.Kind != yaml.ScalarNode || err != nil || v <= 0 {
			r.fail(n, "want a whole number above 0, found %.40q", n.Value)
			return
		}
		*dst = v
	}
}

// everywhere are the multipliers of a user's own prices, which hold wherever the call ran.
var everywhere = map[string]string{anyRegion: "1", areaUSGov: "1", areaChina: "1"}

// model reads one item of `prices`.
func (r *ownReader) model(n *yaml.Node) {
	var provider string
	m := schema.Model{Multipliers: everywhere}
	var parsed []row
	r.fields(n, map[string]func(*yaml.Node){
		"provider": r.text(&provider), "model": r.text(&m.ID), "aliases": r.texts(&m.Aliases), "source": r.text(&m.Source),
		"rows": func(n *yaml.Node) {
			r.items(n, func(item *yaml.Node) { parsed = r.row(item, &m, parsed) })
		},
	})
	if provider == "" || m.ID == "" || len(m.Rows) == 0 {
		r.fail(n, "a price needs `provider`, `model` and `rows`")
		return
	}
	for _, id := range append([]string{m.ID}, m.Aliases...) {
		key := strings.ToLower(provider + "\x00" + id)
		if first, taken := r.ids[key]; taken {
			r.fail(n, "%q of provider %q is priced in line %d too", id, provider, first)
		}
		if len(id) > maxIDLen {
			r.fail(n, "id %.40q… is too long", id)
		}
		r.ids[key] = n.Line
	}
	for i := range r.layer.Providers {
		if p := &r.layer.Providers[i]; p.ID == provider {
			p.Models = append(p.Models, m)
			return
		}
	}
	r.layer.Providers = append(r.layer.Providers, schema.Provider{ID: provider, Models: []schema.Model{m}})
}

// row reads one row of a model, and checks it as a catalogue's is.
func (r *ownReader) row(n *yaml.Node, m *schema.Model, earlier []row) []row {
	var s schema.Row
	before := len(r.check.errs)
	r.fields(n, map[string]func(*yaml.Node){
		"tier": r.text(&s.Tier), "from": r.text(&s.From), "until": r.text(&s.Until),
		"over": r.count(&s.Over), "up_to": r.count(&s.UpTo), "daily": r.text(&s.Daily), "weekdays": r.texts(&s.Weekdays),
		"rates": r.textByKey(&s.Rates), "unpriced": r.texts(&s.Unpriced),
	})
	m.Rows = append(m.Rows, s)
	if len(r.check.errs) > before {
		return earlier
	}
	r.check.where = lineOf(n)
	parsed := r.check.row(&s)
	for i := range earlier {
		if parsed.overlaps(&earlier[i]) {
			r.fail(n, "the row holds where an earlier one of the model does")
		}
	}
	return append(earlier, parsed)
}

// discount reads one item of `discounts`.
func (r *ownReader) discount(n *yaml.Node) {
	d := always()
	d.where = lineOf(n)
	instant := func(dst *int64) func(*yaml.Node) {
		return func(n *yaml.Node) {
			r.check.where = lineOf(n)
			*dst = r.check.instant(n.Value)
		}
	}
	r.fields(n, map[string]func(*yaml.Node){
		"provider": r.text(&d.provider), "model": r.text(&d.model), "multiplier": r.text(&d.text),
		"from": instant(&d.from), "until": instant(&d.until),
	})
	if d.provider == "" || d.text == "" {
		r.fail(n, "a discount needs `provider` and `multiplier`")
		return
	}
	by, err := parseDiscount(d.text)
	if err != nil {
		r.fail(n, "%v", err)
	}
	if d.from >= d.until {
		r.fail(n, "the discount ends before it begins")
	}
	d.by = by
	r.discounts = append(r.discounts, d)
}
