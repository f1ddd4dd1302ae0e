package pricelist

import (
	"regexp"
	"strconv"
	"strings"
)

// keyMeaning is what the name of a figure says.
type keyMeaning struct {
	kind  string // our name of the rate
	shift int    // from the figure to the quantity our rate is quoted for, as a power of ten
	tier  string // "" is standard
	over  int64  // it holds above so many input tokens
}

// perMillion is the shift of a figure for one token.
const perMillion = 6

// liteLLMKinds are the figures by their names without tier and size.
var liteLLMKinds = map[string]keyMeaning{
	"input_cost_per_token":                      {kind: "input", shift: perMillion},
	"output_cost_per_token":                     {kind: "output", shift: perMillion},
	"cache_read_input_token_cost":               {kind: "cached_input", shift: perMillion},
	"input_cost_per_token_cache_hit":            {kind: "cached_input", shift: perMillion},
	"cache_read_input_audio_token_cost":         {kind: "cached_input_audio", shift: perMillion},
	"cache_read_input_image_token_cost":         {kind: "cached_input_image", shift: perMillion},
	"cache_creation_input_token_cost":           {kind: "cache_write", shift: perMillion},
	"cache_creation_input_token_cost_above_1hr": {kind: "cache_write_1h", shift: perMillion},
	"output_cost_per_reasoning_token":           {kind: "reasoning_output", shift: perMillion},
	"input_cost_per_audio_token":                {kind: "input_audio", shift: perMillion},
	"output_cost_per_audio_token":               {kind: "output_audio", shift: perMillion},
	"input_cost_per_image_token":                {kind: "input_image", shift: perMillion},
	"output_cost_per_image_token":               {kind: "output_image", shift: perMillion},
	"input_cost_per_video_token":                {kind: "input_video", shift: perMillion},
	"output_cost_per_video_token":               {kind: "output_video", shift: perMillion},
	"citation_cost_per_token":                   {kind: "citation", shift: perMillion},
	"input_cost_per_character":                  {kind: "input_character", shift: perMillion},
	"input_cost_per_request":                    {kind: "request"},
	"input_cost_per_query":                      {kind: "search_unit"},
	"output_cost_per_image":                     {kind: "image"},
	"ocr_cost_per_page":                         {kind: "page"},
	"annotation_cost_per_page":                  {kind: "annotated_page"},
	"file_search_cost_per_1k_calls":             {kind: "file_search", shift: -3},
	"code_interpreter_cost_per_session":         {kind: "code_interpreter_session"},
	"input_cost_per_second":                     {kind: "input_audio_second"},
	"output_cost_per_second":                    {kind: "audio_second"},
}

// aboveSize finds the part of a name that says from which size a figure holds.
var aboveSize = regexp.MustCompile(`_above_(\d{1,6})([km])_tokens`)

// liteLLMTiers are the parts of a name that say for which tier of service a figure is.
var liteLLMTiers = []struct{ suffix, tier string }{
	{"_batches", "batch"},
	{"_batch", "batch"},
	{"_flex", "flex"},
	{"_priority", "priority"},
}

// meaningOf reads the name of a figure; tier and size may stand in either order.
func meaningOf(key string) (keyMeaning, bool) {
	over := int64(0)
	if found := aboveSize.FindStringSubmatch(key); found != nil {
		n, err := strconv.ParseInt(found[1], 10, 64)
		if err != nil {
			return keyMeaning{}, false
		}
		over = n * 1000
		if found[2] == "m" {
			over *= 1000
		}
		key = strings.Replace(key, found[0], "", 1)
	}
	tier := ""
	for _, t := range liteLLMTiers {
		if rest, ok := strings.CutSuffix(key, t.suffix); ok {
			key, tier = rest, t.tier
			break
		}
	}
	meaning, ok := liteLLMKinds[key]
	meaning.over, meaning.tier = over, tier
	return meaning, ok
}

// isPriceKey reports whether a key of an entry is about money; others tell what the model can do.
func isPriceKey(key string) bool {
	return strings.Contains(key, "cost") || strings.Contains(key, "pric") || strings.Contains(key, "multiplier") ||
		key == "provider_specific_entry"
}
