package pricelist

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"

	"github.com/costkey/costkey-otel/pricing/internal/schema"
)

// YAML writes models as a file of own prices, the exporter's prices_file, with a comment in front. Models without a price
// are not in it.
func YAML(models []Model, comment string) ([]byte, error) {
	list := &yaml.Node{Kind: yaml.SequenceNode}
	for i := range models {
		if m := &models[i]; m.HasPrice() {
			list.Content = append(list.Content, m.node())
		}
	}
	if len(list.Content) == 0 {
		list.Style = yaml.FlowStyle
	}
	file := mapping(0, "prices", list)
	file.HeadComment = comment
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := errors.Join(enc.Encode(file), enc.Close()); err != nil {
		return nil, fmt.Errorf("write own prices: %w", err)
	}
	return out.Bytes(), nil
}

func (m *Model) node() *yaml.Node {
	rows := &yaml.Node{Kind: yaml.SequenceNode}
	for i := range m.rows {
		rows.Content = append(rows.Content, rowNode(&m.rows[i]))
	}
	return mapping(0, "provider", word(m.Provider), "model", word(m.ID), "aliases", words(m.Aliases), "source", word(m.Source), "rows", rows)
}

func rowNode(r *schema.Row) *yaml.Node {
	rates := mapping(yaml.FlowStyle)
	for _, kind := range slices.Sorted(maps.Keys(r.Rates)) {
		rates.Content = append(rates.Content, word(kind), plain(r.Rates[kind]))
	}
	return mapping(0, "tier", word(r.Tier), "from", plain(r.From), "until", plain(r.Until), "over", count(r.Over), "up_to", count(r.UpTo),
		"daily", word(r.Daily), "rates", rates)
}

// mapping makes a node of keys and nodes; a nil node leaves its key out.
func mapping(style yaml.Style, pairs ...any) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode, Style: style}
	for i := 0; i+1 < len(pairs); i += 2 {
		if value := pairs[i+1].(*yaml.Node); value != nil {
			n.Content = append(n.Content, word(pairs[i].(string)), value)
		}
	}
	return n
}

// word is a text, in quotes where YAML would read something else; "" is nil.
func word(text string) *yaml.Node {
	if text == "" {
		return nil
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
}

// plain is a number or a day as it is written; "" is nil.
func plain(text string) *yaml.Node {
	if text == "" {
		return nil
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Value: text}
}

func count(n int64) *yaml.Node {
	if n == 0 {
		return nil
	}
	return plain(strconv.FormatInt(n, 10))
}

func words(texts []string) *yaml.Node {
	if len(texts) == 0 {
		return nil
	}
	n := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for _, text := range texts {
		n.Content = append(n.Content, word(text))
	}
	return n
}
