package pricing

import (
	"bytes"
	"time"
)

// MaxCatalogueBytes bounds a catalogue that comes from outside the program, some forty times the built-in one. Who reads
// a file or an answer stops there.
const MaxCatalogueBytes = 16 << 20

// StaleAfter is the age from which a catalogue is old enough to be told of: providers change prices every few weeks.
const StaleAfter = 30 * 24 * time.Hour

// Catalogue is a catalogue that was read and checked: the facts that a user's own prices are laid on. It is immutable and
// safe for concurrent use.
type Catalogue struct {
	document []byte
	table    *Table
}

// BuiltIn returns the catalogue that the program was built with, the one of Embedded.
func BuiltIn() *Catalogue { return &Catalogue{document: embeddedCatalogue, table: Embedded()} }

// ReadCatalogue reads and checks a document of schema costkey.prices/1, as Load does. The document belongs to the
// Catalogue then and must not be changed.
func ReadCatalogue(document []byte) (*Catalogue, error) {
	table, err := Load(bytes.NewReader(document))
	if err != nil {
		return nil, err
	}
	return &Catalogue{document: document, table: table}, nil
}

// Document returns the document that was read. It must not be changed.
func (c *Catalogue) Document() []byte { return c.document }

// Table returns the prices of the catalogue alone.
func (c *Catalogue) Table() *Table { return c.table }

// NewerThan reports whether the facts of c are of a later day than those of o.
func (c *Catalogue) NewerThan(o *Catalogue) bool { return c.table.asOf.After(o.table.asOf) }

// Newer returns the later of two catalogues, and c where both are of one day; o may be nil. It is how a catalogue file
// takes the place of the built-in catalogue: only where it is newer, so that a file that was forgotten does not keep a
// newer release from its prices.
func (c *Catalogue) Newer(o *Catalogue) *Catalogue {
	if o != nil && o.NewerThan(c) {
		return o
	}
	return c
}

// WithOwn returns the prices of the catalogue with a user's own prices and discounts on top, as LoadWithOwn does. A nil
// file is none.
func (c *Catalogue) WithOwn(file []byte) (*Table, error) {
	if file == nil {
		return c.table, nil
	}
	return LoadWithOwn(bytes.NewReader(c.document), file)
}

// Age returns how long before now the facts were last known true; not below 0.
func (t *Table) Age(now time.Time) time.Duration { return max(0, now.Sub(t.asOf)) }

// IsStale reports whether the facts are older than StaleAfter.
func (t *Table) IsStale(now time.Time) bool { return t.Age(now) > StaleAfter }
