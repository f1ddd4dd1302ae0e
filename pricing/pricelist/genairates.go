package pricelist

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// textKinds are the prices of text alone, by the kind that stands for text and all that has no price of its own.
var textKinds = map[string]string{
	"input_text_mtok": "input", "output_text_mtok": "output", "cache_text_read_mtok": "cached_input",
	"cache_text_write_mtok": "cache_write", "cache_text_write_5m_mtok": "cache_write", "cache_text_write_1h_mtok": "cache_write_1h",
	"output_text_reasoning_mtok": "reasoning_output", "output_text_citation_mtok": "citation",
}

// genAIRate is one price: a figure, or one for each size of the input.
type genAIRate struct {
	Base  json.RawMessage `json:"base"`
	Tiers []struct {
		Start json.RawMessage `json:"start"`
		Price json.RawMessage `json:"price"`
	} `json:"tiers"`
}

// bandedOf reads one set of prices; what it can't say goes into the notes of m.
func bandedOf(prices map[string]json.RawMessage, m *Model) banded {
	b := make(banded)
	keys := slices.Sorted(maps.Keys(prices)) // cache_write_5m comes after cache_write, and is closer to ours
	for _, key := range keys {
		meaning, known := genAIKinds[key]
		_, isText := textKinds[key]
		switch {
		case isText || string(prices[key]) == "null":
		case !known:
			m.noteOnce("%s: own prices have nothing like it", key)
		default:
			b.take(key, meaning, prices[key], m)
		}
	}
	for _, key := range keys {
		kind, isText := textKinds[key]
		if !isText || string(prices[key]) == "null" {
			continue
		}
		if b[kind] != nil {
			m.noteOnce("%s: the price of %s for all is taken", key, kind)
			continue
		}
		b.take(key, keyMeaning{kind: kind}, prices[key], m)
	}
	return b
}

func (b banded) take(key string, meaning keyMeaning, raw json.RawMessage, m *Model) {
	if err := b.read(meaning, raw); err != nil {
		m.noteOnce("%s: %v", key, err)
	}
}

// read takes one price in all its sizes, or none of it.
func (b banded) read(meaning keyMeaning, raw json.RawMessage) error {
	rate := genAIRate{Base: raw}
	if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) {
		rate.Base = nil
		if err := json.Unmarshal(raw, &rate); err != nil {
			return err
		}
	}
	number, _ := figure(rate.Base)
	base, err := scaled(number, meaning.shift)
	if err != nil {
		return err
	}
	bySize := map[int64]string{0: base}
	for _, tier := range rate.Tiers {
		over, ok := tokens(tier.Start)
		number, _ := figure(tier.Price)
		price, err := scaled(number, meaning.shift)
		if !ok || over <= 0 || err != nil {
			return fmt.Errorf("a tier from %s at %s: %w", tier.Start, tier.Price, errFigure)
		}
		bySize[over] = price
	}
	b[meaning.kind] = bySize
	return nil
}
