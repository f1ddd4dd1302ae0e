package pricelist

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// The types of genai-prices: a list of providers, bare or under a key beside the definition of units. Source of the form:
// pydantic/genai-prices, prices/data.schema.json and prices/new_data/v3/data.schema.json.
type (
	genAIProvider struct {
		ID      string       `json:"id"`
		Sources []string     `json:"pricing_urls"`
		Models  []genAIModel `json:"models"`
	}
	genAIModel struct {
		ID     string          `json:"id"`
		Match  genAIMatch      `json:"match"`
		Prices json.RawMessage `json:"prices"`
		Batch  json.RawMessage `json:"batch_prices"`
	}
	// genAIMatch is one clause of the logic that finds a model; one of its keys is there.
	genAIMatch struct {
		Equals     string       `json:"equals"`
		StartsWith string       `json:"starts_with"`
		EndsWith   string       `json:"ends_with"`
		Contains   string       `json:"contains"`
		Regex      string       `json:"regex"`
		Or         []genAIMatch `json:"or"`
		And        []genAIMatch `json:"and"`
	}
)

func readGenAIPrices(document []byte) ([]Model, error) {
	document = bytes.TrimSpace(document)
	if len(document) > 0 && document[0] == '{' {
		var wrapped struct {
			Providers json.RawMessage `json:"providers"`
		}
		if err := json.Unmarshal(document, &wrapped); err != nil {
			return nil, fmt.Errorf("read the data of genai-prices: %w", err)
		}
		document = wrapped.Providers
	}
	var providers []genAIProvider
	if err := json.Unmarshal(document, &providers); err != nil {
		return nil, fmt.Errorf("read the data of genai-prices: %w", err)
	}
	var models []Model
	for i := range providers {
		p := &providers[i]
		for j := range p.Models {
			models = append(models, p.model(&p.Models[j]))
		}
	}
	return models, nil
}

func (p *genAIProvider) model(g *genAIModel) Model {
	m := newModel(p.ID, g.ID, g.ID)
	m.Provider = placeOf(m.Provider, g.ID) // the list has one provider for all of Azure, and one for all of Google
	if len(p.Sources) > 0 {
		m.Source = p.Sources[0]
	}
	g.Match.names(&m)
	standard, err := readConditions(g.Prices)
	if err != nil {
		m.drop("prices: %v", err)
		return m
	}
	batch, err := readConditions(g.Batch)
	if err != nil {
		m.drop("batch_prices: %v", err)
		return m
	}
	standard.build(&m, "", nil)
	if batch.anyPrice() {
		batch.build(&m, "batch", standard)
	}
	if len(m.rows) == 0 {
		m.drop("the list has no price that own prices can say")
	}
	return m
}

// names takes the exact ids of the logic as aliases. What it finds by likeness is told: own prices have no such search.
func (c *genAIMatch) names(m *Model) {
	var loose []string
	var walk func(c *genAIMatch)
	walk = func(c *genAIMatch) {
		switch {
		case c.Equals != "":
			m.alias(c.Equals)
		case c.StartsWith != "":
			loose = append(loose, c.StartsWith+"…")
		case c.EndsWith != "":
			loose = append(loose, "…"+c.EndsWith)
		case c.Contains != "":
			loose = append(loose, "…"+c.Contains+"…")
		case c.Regex != "":
			loose = append(loose, c.Regex)
		case len(c.And) > 0:
			loose = append(loose, "several conditions at once")
		}
		for i := range c.Or {
			walk(&c.Or[i])
		}
	}
	walk(c)
	if len(loose) > 0 {
		m.note("the list also finds it by %s; own prices go by exact ids", strings.Join(loose, ", "))
	}
}

// alias adds an id that the list says is the same model.
func (m *Model) alias(id string) {
	if !strings.EqualFold(id, m.ID) && !slices.ContainsFunc(m.Aliases, func(a string) bool { return strings.EqualFold(a, id) }) {
		m.Aliases = append(m.Aliases, id)
	}
}

// genAIKinds are the names of prices.
var genAIKinds = map[string]keyMeaning{
	"input_mtok":                      {kind: "input"},
	"output_mtok":                     {kind: "output"},
	"cache_read_mtok":                 {kind: "cached_input"},
	"cache_write_mtok":                {kind: "cache_write"},
	"cache_write_5m_mtok":             {kind: "cache_write"},
	"cache_write_1h_mtok":             {kind: "cache_write_1h"},
	"input_audio_mtok":                {kind: "input_audio"},
	"output_audio_mtok":               {kind: "output_audio"},
	"cache_audio_read_mtok":           {kind: "cached_input_audio"},
	"input_image_mtok":                {kind: "input_image"},
	"output_image_mtok":               {kind: "output_image"},
	"cache_image_read_mtok":           {kind: "cached_input_image"},
	"input_video_mtok":                {kind: "input_video"},
	"output_video_mtok":               {kind: "output_video"},
	"output_reasoning_mtok":           {kind: "reasoning_output"},
	"output_citation_mtok":            {kind: "citation"},
	"input_mchars":                    {kind: "input_character"},
	"requests_kcount":                 {kind: "request", shift: -3},
	"web_searches_kcount":             {kind: "web_search", shift: -3},
	"storage_searches_kcount":         {kind: "file_search", shift: -3},
	"rerank_searches_kcount":          {kind: "search_unit", shift: -3},
	"input_text_messages_kcount":      {kind: "text_message", shift: -3},
	"input_document_kpages":           {kind: "page", shift: -3},
	"input_annotated_document_kpages": {kind: "annotated_page", shift: -3},
	"audio_hours":                     {kind: "audio_hour"},
	"input_audio_hours":               {kind: "input_audio_hour"},
}
