package calls

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/costkey/costkey-otel/usage"
)

// UsageDetail returns the counts without a column as a JSON object, nil where there are none, as for most calls.
func UsageDetail(u *usage.Usage) []byte {
	var out []byte
	for _, d := range DetailCounts {
		c := *d.of(u)
		if !c.IsKnown() {
			continue
		}
		if out == nil {
			out = append(out, '{')
		} else {
			out = append(out, ',')
		}
		out = append(out, '"')
		out = append(out, d.name...)
		out = append(out, '"', ':')
		out = strconv.AppendInt(out, c.Value(), 10)
	}
	if out != nil {
		out = append(out, '}')
	}
	return out
}

// ReadUsageDetail puts the counts of a stored usage_detail into u.
func ReadUsageDetail(detail []byte, u *usage.Usage) error {
	if len(detail) == 0 {
		return nil
	}
	var counts map[string]int64
	if err := json.Unmarshal(detail, &counts); err != nil {
		return fmt.Errorf("read usage_detail: %w", err)
	}
	for _, d := range DetailCounts {
		if n, ok := counts[d.name]; ok {
			*d.of(u) = usage.Known(n)
		}
	}
	return nil
}

// DetailCounts are the counts that have no column of their own, by their names in usage_detail.
var DetailCounts = []struct {
	name string
	of   func(*usage.Usage) *usage.Count
}{
	{"cache_write_1h", func(u *usage.Usage) *usage.Count { return &u.CacheWrite1h }},
	{"audio_input", func(u *usage.Usage) *usage.Count { return &u.AudioInput }},
	{"cached_audio_input", func(u *usage.Usage) *usage.Count { return &u.CachedAudioInput }},
	{"image_input", func(u *usage.Usage) *usage.Count { return &u.ImageInput }},
	{"cached_image_input", func(u *usage.Usage) *usage.Count { return &u.CachedImageInput }},
	{"video_input", func(u *usage.Usage) *usage.Count { return &u.VideoInput }},
	{"audio_output", func(u *usage.Usage) *usage.Count { return &u.AudioOutput }},
	{"image_output", func(u *usage.Usage) *usage.Count { return &u.ImageOutput }},
	{"video_output", func(u *usage.Usage) *usage.Count { return &u.VideoOutput }},
	{"citation", func(u *usage.Usage) *usage.Count { return &u.Citation }},
	{"input_characters", func(u *usage.Usage) *usage.Count { return &u.InputCharacters }},
	{"web_searches", func(u *usage.Usage) *usage.Count { return &u.WebSearches }},
	{"file_searches", func(u *usage.Usage) *usage.Count { return &u.FileSearches }},
	{"search_units", func(u *usage.Usage) *usage.Count { return &u.SearchUnits }},
	{"images", func(u *usage.Usage) *usage.Count { return &u.Images }},
	{"pages", func(u *usage.Usage) *usage.Count { return &u.Pages }},
	{"code_sessions", func(u *usage.Usage) *usage.Count { return &u.CodeSessions }},
}
