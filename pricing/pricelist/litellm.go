package pricelist

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// readLiteLLM reads LiteLLM's price map: an object by model, each with figures in USD for one token or piece whose keys
// tell the kind, the tier of service and the size ("cache_read_input_token_cost_above_200k_tokens_priority").
// Source of the form: BerriAI/litellm, model_prices_and_context_window.json and litellm/types/utils.py (ModelInfoBase).
func readLiteLLM(document []byte, opts Options) ([]Model, error) {
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(document, &entries); err != nil {
		return nil, fmt.Errorf("read a LiteLLM price map: %w", err)
	}
	delete(entries, "sample_spec") // the map's own explanation of its keys
	models := make([]Model, 0, len(entries))
	for name, raw := range entries {
		var keys map[string]json.RawMessage
		if err := json.Unmarshal(raw, &keys); err != nil {
			return nil, fmt.Errorf("read %q of a LiteLLM price map: %w", name, err)
		}
		models = append(models, liteLLMModel(name, keys, opts))
	}
	slices.SortFunc(models, byName) // the map has no order; of a model under several names, the shortest counts
	return models, nil
}

// liteLLMEntry is one entry while it is read.
type liteLLMEntry struct {
	Model
	keys  map[string]json.RawMessage
	mode  string
	tiers map[string]banded // by tier of service
}

// bySize finds the segment of a name that says a price is for images of a size, "1024-x-1024".
var bySize = regexp.MustCompile(`(^|/)\d+-x-\d+(/|$)`)

func liteLLMModel(name string, keys map[string]json.RawMessage, opts Options) Model {
	word := text(keys["litellm_provider"])
	provider, _ := providerOf(word)
	e := liteLLMEntry{
		Model: newModel(word, withoutProvider(name, word, provider), name),
		keys:  keys, mode: text(keys["mode"]), tiers: make(map[string]banded),
	}
	e.Source = text(keys["source"])
	switch {
	case word == "":
		e.note("the list names no provider")
		return e.Model
	case bySize.MatchString(name):
		e.note("a price by the size of images")
		return e.Model
	case strings.Contains(name, "-commitment/"):
		e.note("a price of committed capacity")
		return e.Model
	}
	e.read()
	e.build(opts)
	return e.Model
}

func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// read sorts the figures of the entry by tier, kind and size.
func (e *liteLLMEntry) read() {
	for _, key := range slices.Sorted(maps.Keys(e.keys)) {
		raw := e.keys[key]
		switch key {
		case "search_context_cost_per_query":
			e.searches(raw)
		case "tiered_pricing":
			e.tiered(raw)
		default:
			e.figure(key, raw, -1)
		}
	}
}

// figure takes one key. Where over is not negative it is the size that a band is for, and the key tells none.
func (e *liteLLMEntry) figure(key string, raw json.RawMessage, over int64) {
	if !isPriceKey(key) || string(raw) == "null" {
		return
	}
	number, _ := figure(raw)
	meaning, known := meaningOf(key)
	why := "own prices have nothing like it"
	if known {
		why = e.unfit(meaning.kind)
	}
	if why == "" {
		e.take(key, meaning, number, over)
		return
	}
	if amount, err := scaled(number, 0); err != nil || !isZero(amount) { // a fee of 0 that can't be said is none
		e.note("%s: %s", key, why)
	}
}

func (e *liteLLMEntry) take(key string, meaning keyMeaning, number string, over int64) {
	rate, err := scaled(number, meaning.shift)
	if err != nil {
		e.note("%s: %v", key, err)
		return
	}
	if over < 0 {
		over = meaning.over
	}
	if over > 0 && e.Provider == "x_ai" { // its limits are inclusive, and LiteLLM itself reads its keys so
		over--
	}
	if e.tiers[meaning.tier] == nil {
		e.tiers[meaning.tier] = make(banded)
	}
	e.tiers[meaning.tier].set(meaning.kind, over, rate)
}

// unfit tells why a figure can't be the rate of its kind in this entry, "" if it can.
func (e *liteLLMEntry) unfit(kind string) string {
	_, perToken := e.keys["input_cost_per_token"]
	_, perOutputToken := e.keys["output_cost_per_token"]
	switch {
	case kind == "search_unit" && e.mode != "rerank":
		return "a fee for each query that no span tells of"
	case kind == "image" && (e.mode != "image_generation" || perOutputToken):
		return "the price by tokens is taken, not that for each image"
	case kind == "input_character" && perToken:
		return "the price by tokens is taken, not that by characters"
	case strings.HasSuffix(kind, "audio_second") && e.mode != "audio_transcription":
		return "a price by the second"
	}
	return ""
}

// searches takes the fee of a web search by the size of its context. Perplexity bills it once a request.
func (e *liteLLMEntry) searches(raw json.RawMessage) {
	const key = "search_context_cost_per_query"
	var sizes map[string]json.RawMessage
	if json.Unmarshal(raw, &sizes) != nil || len(sizes) == 0 {
		return
	}
	if text(e.keys["web_search_billing_unit"]) == "per_prompt" {
		e.note("%s: billed for each prompt with searches, where own prices count searches", key)
		return
	}
	kind := "web_search"
	if e.Provider == "perplexity" {
		kind = "request"
	}
	rates := make(map[string]string)
	for size, raw := range sizes {
		number, _ := figure(raw)
		rate, err := scaled(number, 0)
		size, known := strings.CutPrefix(size, "search_context_size_")
		if err != nil || !known {
			e.note("%s: %s is not read", key, size)
			continue
		}
		rates[size] = rate
	}
	standard := e.tiers[""].with(nil)
	if low := rates["low"]; low != "" && rates["medium"] == low && rates["high"] == low {
		standard.set(kind, 0, low)
	} else {
		for size, rate := range rates {
			standard.set(kind+"_"+size, 0, rate)
		}
	}
	e.tiers[""] = standard
}

// tiered takes the bands of `tiered_pricing`: each has a range of input tokens and figures of its own.
func (e *liteLLMEntry) tiered(raw json.RawMessage) {
	var bands []map[string]json.RawMessage
	if json.Unmarshal(raw, &bands) != nil {
		e.note("tiered_pricing: not read")
		return
	}
	for _, band := range bands {
		var limits []json.RawMessage
		if json.Unmarshal(band["range"], &limits) != nil || len(limits) != 2 {
			e.note("tiered_pricing: a band without a range of tokens")
			continue
		}
		over, ok := tokens(limits[0])
		if !ok {
			e.note("tiered_pricing: a range that is none")
			continue
		}
		for _, key := range slices.Sorted(maps.Keys(band)) {
			if key != "range" {
				e.figure(key, band[key], over)
			}
		}
	}
}

// build makes the rows. A tier of service has what it says, and what it does not say it has from the standard one, as
// LiteLLM reckons.
func (e *liteLLMEntry) build(opts Options) {
	standard := e.tiers[""].withoutRepeats()
	rows := standard.rows("")
	for _, tier := range slices.Sorted(maps.Keys(e.tiers)) {
		if tier == "" {
			continue
		}
		own := e.tiers[tier]
		merged := standard.with(own)
		for _, over := range merged.sizes() {
			if missing := lacking(merged.at(over), own.exactly(over)); missing != "" {
				e.note("%s%s: the list has no rate of its own for %s; the standard one is taken", tier, above(over), missing)
			}
		}
		rows = append(rows, merged.rows(tier)...)
	}
	for _, over := range standard.sizes()[1:] {
		if missing := lacking(standard.at(over), standard.exactly(over)); missing != "" {
			e.note("standard%s: the list has no rate of its own for %s; that of a smaller call is taken", above(over), missing)
		}
	}
	e.rows = rows
	e.settle(opts)
}

// exactly returns the rates that are told for a size itself.
func (b banded) exactly(over int64) map[string]string {
	rates := make(map[string]string)
	for kind, bySize := range b {
		if rate, ok := bySize[over]; ok {
			rates[kind] = rate
		}
	}
	return rates
}

func above(over int64) string {
	if over == 0 {
		return ""
	}
	return fmt.Sprintf(" above %d tokens", over)
}

// settle drops an entry without a price, and one of zeros alone, which LiteLLM also writes where it knows none.
func (e *liteLLMEntry) settle(opts Options) {
	if len(e.rows) == 0 {
		e.drop("the list has no price that own prices can say")
		return
	}
	free := true
	for i := range e.rows {
		for _, rate := range e.rows[i].Rates {
			free = free && isZero(rate)
		}
	}
	if free && !opts.Free {
		e.drop("every rate is 0, which the list also writes where it knows none")
	}
}
