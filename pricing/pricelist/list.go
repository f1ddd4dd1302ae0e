package pricelist

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/costkey/costkey-otel/pricing/internal/schema"
)

// Format is the form of a price list.
type Format string

// The formats.
const (
	LiteLLM     Format = "litellm"      // model_prices_and_context_window.json of BerriAI/litellm
	GenAIPrices Format = "genai-prices" // data.json of pydantic/genai-prices
)

// ErrList is what Recognise and Read wrap for a document that is no price list of a known form.
var ErrList = errors.New("not a price list")

// Model is one model of a price list.
type Model struct {
	Provider string // the id of who sells it, as gen_ai.provider.name has it where it has one
	ID       string
	Aliases  []string
	Source   string // where the list has the price from; "" where it does not say
	Name     string // what the list itself calls the model
	// Foreign says that the built-in catalogue knows no such provider: Provider is the list's own word for it.
	Foreign bool
	// Notes say what of the list is not in the price, and how it was read where that is not plain.
	Notes []string

	rows []schema.Row
}

// HasPrice reports whether own prices can say anything of what the list says of m; Notes tell why not.
func (m *Model) HasPrice() bool { return len(m.rows) > 0 }

func (m *Model) note(format string, args ...any) {
	m.Notes = append(m.Notes, fmt.Sprintf(format, args...))
}

// noteOnce is note for what may come up in several rows.
func (m *Model) noteOnce(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(m.Notes, text) {
		m.Notes = append(m.Notes, text)
	}
}

// drop leaves m without a price.
func (m *Model) drop(format string, args ...any) {
	m.rows = nil
	m.note(format, args...)
}

// Options say how a list is read.
type Options struct {
	// Free takes models all of whose rates are 0 in a LiteLLM map, where that may also mean that nobody knows.
	Free bool
}

// Recognise tells the form of a document by its content.
func Recognise(document []byte) (Format, error) {
	var providers []struct {
		Models json.RawMessage `json:"models"`
	}
	if json.Unmarshal(document, &providers) == nil && len(providers) > 0 && providers[0].Models != nil {
		return GenAIPrices, nil
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(document, &object); err != nil {
		return "", fmt.Errorf("%w: neither a LiteLLM price map nor the data of genai-prices", ErrList)
	}
	if list := bytes.TrimSpace(object["providers"]); len(list) > 0 && list[0] == '[' {
		return GenAIPrices, nil
	}
	for _, entry := range object {
		var e struct {
			Provider string `json:"litellm_provider"`
		}
		if json.Unmarshal(entry, &e) == nil && e.Provider != "" {
			return LiteLLM, nil
		}
	}
	return "", fmt.Errorf("%w: neither a LiteLLM price map nor the data of genai-prices", ErrList)
}

// Read reads a price list; "" lets Recognise tell its form. Models come by provider and id, those without a price
// among them. Errors wrap ErrList.
func Read(document []byte, format Format, opts Options) ([]Model, error) {
	if format == "" {
		var err error
		if format, err = Recognise(document); err != nil {
			return nil, err
		}
	}
	var models []Model
	var err error
	switch format {
	case LiteLLM:
		models, err = readLiteLLM(document, opts)
	case GenAIPrices:
		models, err = readGenAIPrices(document)
	default:
		err = fmt.Errorf("unknown form %q", format)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrList, err)
	}
	for i := range models {
		models[i].check()
	}
	models = unique(models)
	slices.SortStableFunc(models, byName)
	return models, nil
}

func byName(a, b Model) int {
	return cmp.Or(strings.Compare(a.Provider, b.Provider), strings.Compare(a.ID, b.ID), cmp.Compare(len(a.Name), len(b.Name)))
}

// unique leaves each id of a provider to one model, whatever its case: own prices have none twice. The first of the list
// has it, an id before an alias.
func unique(models []Model) []Model {
	taken := make(map[string]*Model, len(models))
	kept := make([]Model, 0, len(models))
	for i := range models {
		m := &models[i]
		first := taken[m.key(m.ID)]
		switch {
		case first == nil || !first.HasPrice():
		case reflect.DeepEqual(first.rows, m.rows):
			continue // the same, told twice
		case m.HasPrice():
			m.drop("the list has another price of %q, under the name %q, and that one is taken", m.ID, first.Name)
		}
		kept = append(kept, *m)
		if m.HasPrice() {
			taken[m.key(m.ID)] = &kept[len(kept)-1] // kept has room for all: it never moves
		}
	}
	for i := range kept {
		m := &kept[i]
		if m.HasPrice() {
			m.Aliases = slices.DeleteFunc(m.Aliases, func(alias string) bool {
				_, other := taken[m.key(alias)]
				taken[m.key(alias)] = m
				return other
			})
		}
	}
	return kept
}

func (m *Model) key(id string) string { return m.Provider + "\x00" + strings.ToLower(id) }
