package pricing

import (
	"errors"
	"strings"
	"testing"
)

// FuzzMatch looks for ids that break the matcher, allocate, or find a price that is not theirs.
func FuzzMatch(f *testing.F) {
	for _, seed := range [][2]string{
		{"openai", "gpt-4o"},
		{"openai", "ft:gpt-4o:acme::id"},
		{"openai", "openai/openai/gpt-4o@2024-08-06"},
		{"aws.bedrock", "arn:aws:bedrock:us-east-1::foundation-model/us.anthropic.claude-opus-4-8-v1:0"},
		{"aws.bedrock", "global.anthropic.claude-opus-4-8-v1:0"},
		{"aws.bedrock", "us.-v1:0"},
		{"aws.bedrock", ":0"},
		{"gcp.vertex_ai", "projects/p/locations/l/publishers/google/models/gemini-2.5-pro@default"},
		{"gcp.gemini", "models/models/gemini-2.5-pro"},
		{"fireworks", "accounts/fireworks/models/"},
		{"", "openai/gpt-4o"},
		{"", "publishers//models/"},
		{"gcp.gen_ai", "GEMINI-2.5-PRO"},
		{"openai", "\x00global"},
	} {
		f.Add(seed[0], seed[1])
	}
	table := Embedded()
	f.Fuzz(func(t *testing.T, provider, id string) {
		q := Query{Provider: provider, ResponseModel: id, AtNanos: asOfNanos, Usage: &tokens}
		got := table.Price(&q)
		if (got.Model == "") != (got.Rule == "") || (got.Model == "") != (got.Provider == "") {
			t.Fatalf("%q at %q: %+v", id, provider, got)
		}
		if got.Model == "" {
			if got.Status != StatusUnknownModel || !got.Cost.IsZero() {
				t.Fatalf("%q at %q: %+v", id, provider, got)
			}
			return
		}
		if wanted := table.provider(provider); wanted != nil && wanted.id != got.Provider {
			t.Fatalf("%q at %q takes the price of %s", id, provider, got.Provider)
		}
		// What is found has a price of its own under its own name, and names in the id what it is priced as.
		own := q
		own.Provider, own.ResponseModel = got.Provider, got.Model
		if again := table.Price(&own); again.Cost != got.Cost || again.Rule != "exact" {
			t.Fatalf("%q at %q costs %s, %q itself %s by %s", id, provider, got.Cost, got.Model, again.Cost, again.Rule)
		}
		if !sharesAWord(id, got.Model, table.provider(got.Provider)) {
			t.Fatalf("%q at %q is priced as %q", id, provider, got.Model)
		}
	})
}

// sharesAWord reports whether the id holds the first words of the model's id or of an alias of it.
func sharesAWord(id, model string, p *provider) bool {
	id = strings.ToLower(id)
	for _, m := range p.models {
		if m.id != model {
			continue
		}
		for _, name := range append([]string{m.id}, m.aliases...) {
			name = strings.ToLower(name)
			if i := strings.LastIndexAny(name, "/."); i >= 0 && strings.Contains(id, name[i+1:]) {
				return true
			}
			name, _, _ = strings.Cut(strings.TrimPrefix(name, "ft:"), "-")
			name = name[strings.LastIndexAny(name, "/.")+1:]
			if strings.Contains(id, name) {
				return true
			}
		}
	}
	return false
}

// FuzzOwnPrices looks for files of a user's own prices that break their reader, or give money back.
func FuzzOwnPrices(f *testing.F) {
	for _, seed := range []string{
		"",
		"# nothing but a remark",
		"---\n",
		"prices: [{provider: p, model: m, aliases: [a], rows: [{rates: {input: 2.50, output: \"10\"}, until: 2026-07-01}]}]",
		"prices:\n  - provider: p\n    model: n\n    rows: [{tier: batch, over: 10, up_to: 20, daily: 16:30-00:30, weekdays: [mon], rates: {input: 1/3}}]",
		"discounts:\n  - {provider: p, model: m, multiplier: 0.85, from: 2026-01-01, until: 2027-01-01}",
		"prices: &a [*a]",
		"? {a: b}\n: c",
		"prices: !!binary aGVsbG8=",
		"a: 1\na: 2",
	} {
		f.Add([]byte(seed))
	}
	const base = `{"schema":"costkey.prices/1","as_of":"2026-01-01","providers":[{"id":"p","models":[{"id":"m","rows":[{"rates":{"input":"3"}}]}]}]}`
	f.Fuzz(func(t *testing.T, file []byte) {
		table, err := LoadWithOwn(strings.NewReader(base), file)
		if err != nil {
			if !errors.Is(err, ErrCatalogue) {
				t.Fatalf("%q: %v is no ErrCatalogue", file, err)
			}
			return
		}
		for m := range table.Models() {
			if res := table.Price(&Query{Provider: m.Provider, ResponseModel: m.ID, AtNanos: asOfNanos, Usage: &tokens}); res.Cost.Sign() < 0 {
				t.Fatalf("%q: %s costs %s", file, m.ID, res.Cost)
			}
		}
	})
}
