// Command gencatalogue makes pricing/prices.json, the catalogue that is built into the programs, from the reviewed
// facts in pricing/catalogue: one file a provider and catalogue.json with the date. `go generate ./pricing` runs it.
//
// With -import FILE it first rewrites these facts from a document of "price facts schema 1" (see README.md of package pricing).
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/costkey/costkey-otel/pricing"
	"github.com/costkey/costkey-otel/pricing/internal/schema"
)

func main() {
	dir := flag.String("dir", "catalogue", "the folder of the facts")
	out := flag.String("out", "prices.json", "the catalogue to write")
	facts := flag.String("import", "", "a document of price facts schema 1 to rewrite the folder from first")
	flag.Parse()
	if err := run(*dir, *out, *facts); err != nil {
		fmt.Fprintln(os.Stderr, "gencatalogue:", err)
		os.Exit(1)
	}
}

func run(dir, out, facts string) error {
	if facts != "" {
		if err := importFacts(facts, dir); err != nil {
			return fmt.Errorf("import %s: %w", facts, err)
		}
	}
	c, err := readFolder(dir)
	if err != nil {
		return err
	}
	data, err := compact(c)
	if err != nil {
		return err
	}
	if _, err := pricing.Load(bytes.NewReader(data)); err != nil {
		return fmt.Errorf("check catalogue: %w", err)
	}
	if err := os.WriteFile(out, data, 0o644); err != nil {
		return fmt.Errorf("write catalogue: %w", err)
	}
	return nil
}

// headFile holds the keys of a catalogue besides its providers.
const headFile = "catalogue.json"

// readFolder puts the catalogue together from its folder, providers sorted by id.
func readFolder(dir string) (*schema.Catalogue, error) {
	var c schema.Catalogue
	if err := readJSON(filepath.Join(dir, headFile), &c); err != nil {
		return nil, err
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, fmt.Errorf("list facts: %w", err)
	}
	for _, name := range names {
		if filepath.Base(name) == headFile {
			continue
		}
		var p schema.Provider
		if err := readJSON(name, &p); err != nil {
			return nil, err
		}
		if filepath.Base(name) != p.ID+".json" {
			return nil, fmt.Errorf("read %s: it holds provider %q", name, p.ID)
		}
		c.Providers = append(c.Providers, p)
	}
	if len(c.Providers) == 0 {
		return nil, fmt.Errorf("read %s: %w", dir, errNoFacts)
	}
	slices.SortFunc(c.Providers, func(a, b schema.Provider) int { return strings.Compare(a.ID, b.ID) })
	return &c, nil
}

var errNoFacts = errors.New("no provider files")

func readJSON(name string, into any) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("read facts: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return nil
}

// compact encodes the catalogue without what only a reviewer needs: where a fact is from.
func compact(c *schema.Catalogue) ([]byte, error) {
	for i := range c.Providers {
		p := &c.Providers[i]
		p.Source = ""
		for j := range p.Models {
			p.Models[j].Source = ""
		}
	}
	data, err := encode(c)
	if err != nil {
		return nil, fmt.Errorf("encode catalogue: %w", err)
	}
	return append(data, '\n'), nil
}

// encode is json.Marshal without escaping for HTML: ids hold "~" and "&" as they are.
func encode(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(buf.Bytes(), "\n"), nil
}
