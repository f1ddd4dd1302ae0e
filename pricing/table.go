package pricing

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/costkey/costkey-otel/pricing/internal/schema"
)

//go:generate go run ./internal/gencatalogue -dir catalogue -out prices.json

//go:embed prices.json
var embeddedCatalogue []byte

// Table is a set of prices. It is immutable and safe for concurrent use.
type Table struct {
	asOf      time.Time
	version   string
	providers map[string]*provider
	order     []string // provider ids, sorted
	rates     []Rate   // each once; rows hold indexes
	names     names    // of the user's own
}

// embedded reads the embedded catalogue once. A catalogue that does not load is caught by this package's tests; a
// program that was built past them knows no model, rather than wrong prices.
var embedded = sync.OnceValue(func() *Table {
	t, err := Load(bytes.NewReader(embeddedCatalogue))
	if err != nil {
		return &Table{version: "none"}
	}
	return t
})

// Embedded returns the prices that the program was built with. The first call reads them, in a few milliseconds; all
// return the same Table.
func Embedded() *Table { return embedded() }

// EmbeddedCatalogue returns the document that Embedded reads, to be the lowest layer of LoadLayers.
func EmbeddedCatalogue() io.Reader { return bytes.NewReader(embeddedCatalogue) }

// Load reads a catalogue of schema costkey.prices/1 (see README.md). It checks everything a price depends on and reports
// all problems at once. Errors wrap ErrCatalogue, or say why the document could not be read.
func Load(r io.Reader) (*Table, error) { return LoadLayers(r) }

// LoadLayers reads a catalogue and others on top of it, such as a user's own prices: a model of a later layer takes the
// place of an earlier one of its id, and its aliases with it. The Table is as old as its lowest layer. Each layer must be
// a catalogue that Load takes.
func LoadLayers(base io.Reader, over ...io.Reader) (*Table, error) {
	hash := sha256.New()
	merged, err := readLayer(io.TeeReader(base, hash))
	if err != nil {
		return nil, err
	}
	for i, r := range over {
		layer, err := readLayer(io.TeeReader(r, hash))
		if err == nil {
			_, err = build(layer, "", nil)
		}
		if err != nil {
			return nil, fmt.Errorf("layer %d: %w", i+1, err)
		}
		merged = schema.Merge(merged, layer)
	}
	return build(merged, merged.AsOf+"-"+hex.EncodeToString(hash.Sum(nil)[:6]), nil)
}

func readLayer(r io.Reader) (*schema.Catalogue, error) {
	c, err := schema.Read(r)
	if errors.Is(err, schema.ErrSchema) {
		return nil, fmt.Errorf("%w: %w", ErrCatalogue, err)
	}
	return c, err
}

// AsOf returns the day on which the facts were last known true, as midnight UTC.
func (t *Table) AsOf() time.Time { return t.asOf }

// Version names the catalogue: its day and the start of a hash of its content, "2026-09-23-0123456789ab". Equal versions
// price every call the same.
func (t *Table) Version() string { return t.version }

// Model is one model of a Table, as listed.
type Model struct {
	Provider   string
	ID         string
	Aliases    []string
	Operations []string
}

// Models yields every model, sorted by provider and id. The slices belong to the Table and must not be changed.
func (t *Table) Models() iter.Seq[Model] {
	return func(yield func(Model) bool) {
		for _, id := range t.order {
			for _, m := range t.providers[id].models {
				if !yield(Model{Provider: id, ID: m.id, Aliases: m.aliases, Operations: m.operations}) {
					return
				}
			}
		}
	}
}

// Providers returns the ids of all providers, sorted.
func (t *Table) Providers() []string { return slices.Clone(t.order) }
