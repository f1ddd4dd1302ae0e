// Package schema is the form in which CostKey keeps prices as files: "costkey.prices/1", described in the README of
// package pricing. It knows the shape of a catalogue and how to read and write it; what rates mean is pricing's.
package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Name is the value of a catalogue's key "schema".
const Name = "costkey.prices/1"

// Catalogue is a whole set of prices.
type Catalogue struct {
	Schema    string     `json:"schema"`
	AsOf      string     `json:"as_of"` // YYYY-MM-DD, the day the facts were last known true
	Providers []Provider `json:"providers"`
}

// Provider is one place that sells calls. Its id is the value of gen_ai.provider.name where that has one.
type Provider struct {
	ID     string   `json:"id"`
	Name   string   `json:"name,omitempty"`
	Hosts  []string `json:"hosts,omitempty"`  // API hosts, or suffixes of them
	Source string   `json:"source,omitempty"` // its price page
	Models []Model  `json:"models"`
}

// Model is one model at one provider. No id or alias occurs twice in a provider, whatever its case.
type Model struct {
	ID          string            `json:"id"`
	Aliases     []string          `json:"aliases,omitempty"` // further exact ids with the same prices
	Operations  []string          `json:"operations,omitempty"`
	Source      string            `json:"source,omitempty"`
	Multipliers map[string]string `json:"multipliers,omitempty"` // factor on the rates for tokens, by place or "fast"
	Rows        []Row             `json:"rows"`
}

// Row holds the rates of a model for one stretch of time, tier and size. Rows of a model never overlap.
type Row struct {
	Tier     string            `json:"tier,omitempty"`     // absent is standard
	From     string            `json:"from,omitempty"`     // inclusive, a date (midnight UTC) or RFC 3339; absent is open
	Until    string            `json:"until,omitempty"`    // exclusive, the same
	Over     int64             `json:"over,omitempty"`     // Over < all input tokens of the call
	UpTo     int64             `json:"up_to,omitempty"`    // all input tokens ≤ UpTo; absent is no limit
	Daily    string            `json:"daily,omitempty"`    // "HH:MM-HH:MM" UTC, start inclusive, may wrap midnight
	Weekdays []string          `json:"weekdays,omitempty"` // "mon" … "sun" of the moment itself in UTC; absent is all
	Rates    map[string]string `json:"rates"`              // by kind; "0.27", or "0.017/60" for 0.017 per 60
	Unpriced []string          `json:"unpriced,omitempty"` // kinds known to cost something else, but not how much
}

// ErrSchema is what Read wraps for a document that is not a catalogue of this schema.
var ErrSchema = errors.New("not a catalogue of schema " + Name)

// Read reads one catalogue, to the end of r. Unknown keys are errors, since a misspelled bound would change prices
// silently. What is no such document is ErrSchema; other errors are those of r.
func Read(r io.Reader) (*Catalogue, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("read catalogue: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	var c Catalogue
	if err := dec.Decode(&c); err != nil {
		return nil, fmt.Errorf("read catalogue: %w: %w", ErrSchema, err)
	}
	if c.Schema != Name {
		return nil, fmt.Errorf("read catalogue: %w: found schema %.40q", ErrSchema, c.Schema)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read catalogue: %w: data after its end", ErrSchema)
	}
	return &c, nil
}
