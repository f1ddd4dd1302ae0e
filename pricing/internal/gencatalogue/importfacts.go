package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/costkey/costkey-otel/pricing/internal/schema"
)

// factsSchema is the value of "schema" in a document of price facts schema 1.
const factsSchema = 1

// The types of price facts schema 1.
type (
	factsDoc struct {
		Schema    int             `json:"schema"`
		AsOf      string          `json:"as_of"`
		Currency  string          `json:"currency"`
		Providers []factsProvider `json:"providers"`
	}
	factsProvider struct {
		ID       string       `json:"id"`
		Name     string       `json:"name"`
		APIHosts []string     `json:"api_hosts"`
		Source   string       `json:"source"`
		Models   []factsModel `json:"models"`
	}
	factsModel struct {
		ID          string            `json:"id"`
		Aliases     []string          `json:"aliases"`
		Operations  []string          `json:"operations"`
		Source      string            `json:"source"`
		Multipliers map[string]string `json:"multipliers"`
		Prices      []factsRow        `json:"prices"`
	}
	factsRow struct {
		From        string            `json:"from"`
		Until       string            `json:"until"`
		ServiceTier string            `json:"service_tier"`
		ContextOver int64             `json:"context_over"`
		ContextUpTo int64             `json:"context_up_to"`
		DailyUTC    *factsDaily       `json:"daily_utc"`
		WeekdaysUTC []string          `json:"weekdays_utc"`
		PerMillion  map[string]string `json:"per_million"`
		PerUnit     map[string]string `json:"per_unit"`
		Unpriced    []string          `json:"unpriced"`
	}
	factsDaily struct {
		From  string `json:"from"`
		Until string `json:"until"`
	}
)

// importFacts rewrites the folder of facts from a document of price facts schema 1.
func importFacts(file, dir string) error {
	var doc factsDoc
	if err := readJSON(file, &doc); err != nil {
		return err
	}
	if doc.Schema != factsSchema || doc.Currency != "USD" {
		return fmt.Errorf("want schema %d in USD, found schema %d in %q", factsSchema, doc.Schema, doc.Currency)
	}
	if err := emptyFolder(dir); err != nil {
		return err
	}
	head, err := encode(map[string]string{"schema": schema.Name, "as_of": doc.AsOf})
	if err != nil {
		return fmt.Errorf("encode head: %w", err)
	}
	if err := writeFact(dir, headFile, append(head, '\n')); err != nil {
		return err
	}
	for i := range doc.Providers {
		p, err := convertProvider(&doc.Providers[i])
		if err != nil {
			return err
		}
		data, err := readable(p)
		if err != nil {
			return err
		}
		if err := writeFact(dir, p.ID+".json", data); err != nil {
			return err
		}
	}
	return nil
}

func emptyFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make folder of facts: %w", err)
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return fmt.Errorf("list facts: %w", err)
	}
	for _, name := range names {
		if err := os.Remove(name); err != nil {
			return fmt.Errorf("remove old facts: %w", err)
		}
	}
	return nil
}

func writeFact(dir, name string, data []byte) error {
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
		return fmt.Errorf("write facts: %w", err)
	}
	return nil
}

func convertProvider(f *factsProvider) (*schema.Provider, error) {
	p := &schema.Provider{ID: f.ID, Name: f.Name, Hosts: f.APIHosts, Source: f.Source}
	for i := range f.Models {
		m := &f.Models[i]
		rows := make([]schema.Row, len(m.Prices))
		for j := range m.Prices {
			row, err := convertRow(&m.Prices[j])
			if err != nil {
				return nil, fmt.Errorf("provider %s, model %s: %w", f.ID, m.ID, err)
			}
			rows[j] = row
		}
		p.Models = append(p.Models, schema.Model{
			ID: m.ID, Aliases: m.Aliases, Operations: m.Operations, Source: m.Source, Multipliers: m.Multipliers,
			Rows: rows,
		})
	}
	slices.SortFunc(p.Models, func(a, b schema.Model) int { return strings.Compare(a.ID, b.ID) })
	return p, nil
}

func convertRow(f *factsRow) (schema.Row, error) {
	r := schema.Row{
		From: f.From, Until: f.Until, Over: f.ContextOver, UpTo: f.ContextUpTo, Weekdays: f.WeekdaysUTC,
		Unpriced: f.Unpriced, Rates: make(map[string]string, len(f.PerMillion)+len(f.PerUnit)),
	}
	if f.ServiceTier != "standard" {
		r.Tier = f.ServiceTier
	}
	if f.DailyUTC != nil {
		r.Daily = f.DailyUTC.From + "-" + f.DailyUTC.Until
	}
	for _, rates := range []map[string]string{f.PerMillion, f.PerUnit} {
		for kind, text := range rates {
			if _, twice := r.Rates[kind]; twice {
				return r, fmt.Errorf("rate %s is there per million and per unit", kind)
			}
			rate, err := restate(kind, text)
			if err != nil {
				return r, fmt.Errorf("rate %s: %w", kind, err)
			}
			r.Rates[kind] = rate
		}
	}
	return r, nil
}

// readable encodes a provider with one line a model, so that a change of a price is one line in a diff.
func readable(p *schema.Provider) ([]byte, error) {
	models := p.Models
	head := *p
	head.Models = []schema.Model{}
	data, err := encode(&head)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", p.ID, err)
	}
	var buf bytes.Buffer
	buf.Write(bytes.TrimSuffix(data, []byte("]}")))
	for i := range models {
		line, err := encode(&models[i])
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", p.ID, err)
		}
		if i > 0 {
			buf.WriteByte(',')
		}
		buf.WriteByte('\n')
		buf.Write(line)
	}
	buf.WriteString("\n]}\n")
	return buf.Bytes(), nil
}
