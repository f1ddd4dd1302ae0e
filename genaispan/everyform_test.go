package genaispan_test

import (
	"strings"
	"testing"

	"github.com/costkey/costkey-otel/genaispan"
	"github.com/costkey/costkey-otel/usage"
)

// countsByName are the counts of a call under the names of genaispan.TokenKeys.
var countsByName = map[string]func(*usage.Usage) usage.Count{
	"input":          func(u *usage.Usage) usage.Count { return u.Input },
	"total":          func(u *usage.Usage) usage.Count { return u.Input }, // of embeddings, where nothing else is told
	"output":         func(u *usage.Usage) usage.Count { return u.Output },
	"cache read":     func(u *usage.Usage) usage.Count { return u.CacheRead },
	"cache write":    func(u *usage.Usage) usage.Count { return u.CacheWrite },
	"cache write 1h": func(u *usage.Usage) usage.Count { return u.CacheWrite1h },
	"reasoning":      func(u *usage.Usage) usage.Count { return u.Reasoning },
	"audio input":    func(u *usage.Usage) usage.Count { return u.AudioInput },
	"audio output":   func(u *usage.Usage) usage.Count { return u.AudioOutput },
	"image input":    func(u *usage.Usage) usage.Count { return u.ImageInput },
	"image output":   func(u *usage.Usage) usage.Count { return u.ImageOutput },
	"video input":    func(u *usage.Usage) usage.Count { return u.VideoInput },
	"cached audio":   func(u *usage.Usage) usage.Count { return u.CachedAudioInput },
	"cached image":   func(u *usage.Usage) usage.Count { return u.CachedImageInput },
	"web searches":   func(u *usage.Usage) usage.Count { return u.WebSearches },
}

// around is a call that knows all but the count of that name.
func around(name string, more attrs) attrs {
	a := chat("", 0, 0, more)
	switch name {
	case "total":
		a["gen_ai.operation.name"] = "embeddings"
		return a
	case "cached audio":
		a["gen_ai.usage.audio.input_tokens"], a["gen_ai.usage.cache_read.input_tokens"] = 2000, 2000
	case "cached image":
		a["gen_ai.usage.image.input_tokens"], a["gen_ai.usage.cache_read.input_tokens"] = 2000, 2000
	case "cache write 1h":
		a["gen_ai.usage.cache_creation.input_tokens"] = 2000
	}
	if name != "input" {
		a["gen_ai.usage.input_tokens"] = 5000
	}
	if name != "output" {
		a["gen_ai.usage.output_tokens"] = 3000
	}
	return a
}

func wantCount(t *testing.T, name string, a attrs, what string) {
	t.Helper()
	const want = 1207
	c := one(t, "acme", a)
	if got := countsByName[name](&c.Usage); got != usage.Known(want) {
		t.Errorf("%s: %s is %d (known %v), want %d; notes %v", what, name, got.Value(), got.IsKnown(), want, c.Notes)
	}
}

func TestEveryTokenKeyIsReadInEveryForm(t *testing.T) {
	t.Parallel()
	keys := genaispan.TokenKeys()
	if len(keys) < 60 {
		t.Fatalf("%d keys", len(keys))
	}
	for key, name := range keys {
		for form, value := range map[string]any{
			"integer": 1207, "double": 1207.0, "text": "1207", "text of a double": "1207.0", "text with spaces": " 1207 ",
			"JSON text": `{"intValue":"1207"}`, "JSON text of a number": `{"intValue":1207}`,
		} {
			a := around(name, nil)
			a[key] = value
			wantCount(t, name, a, key+" as "+form)
		}
	}
}

func TestEveryPathOfEveryJSONAttributeIsRead(t *testing.T) {
	t.Parallel()
	n := 0
	for key, paths := range genaispan.TokenPaths() {
		for path, name := range paths {
			for form, value := range map[string]string{"integer": "1207", "double": "1207.0", "exponent": "1.207e3"} {
				more := attrs{key: nested(path, value)}
				if !(name == "input" || name == "output") {
					wantCount(t, name, around(name, more), key+" "+path+" as "+form)
					n++
					continue
				}
				// Totals of a JSON attribute count where no other key has one.
				wantCount(t, name, chat("", 0, 0, more), key+" "+path+" as "+form)
				n++
			}
		}
	}
	if n < 90 {
		t.Errorf("%d cases", n)
	}
}

// nested is the JSON object in which value lies at path.
func nested(path, value string) string {
	names := strings.Split(path, ".")
	return `{"` + strings.Join(names, `":{"`) + `":` + value + strings.Repeat("}", len(names))
}
