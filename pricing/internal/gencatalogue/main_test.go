package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheEmbeddedCatalogueIsWhatTheFactsMake(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "prices.json")
	if err := run("../../catalogue", out, ""); err != nil {
		t.Fatal(err)
	}
	if read(t, out) != read(t, "../../prices.json") {
		t.Error("pricing/prices.json is out of date: run go generate ./pricing")
	}
}

func TestFactsAreImportedInOurForm(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	stale := filepath.Join(dir, "gone.json")
	if err := os.WriteFile(stale, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "prices.json")
	if err := run(dir, out, "testdata/facts.json"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(stale); !os.IsNotExist(err) {
		t.Errorf("a provider that is in the document no more is still there: %v", err)
	}
	for name, want := range map[string]string{
		filepath.Join(dir, "catalogue.json"): `{"as_of":"2026-01-31","schema":"costkey.prices/1"}
`,
		filepath.Join(dir, "shop.json"): `{"id":"shop","name":"Shop","hosts":["api.shop.example"],"source":"https://shop.example/prices","models":[
{"id":"a","aliases":["a-latest"],"operations":["speech_to_text"],"rows":[{"rates":{"input_audio_second":"0.017/60"}}]},
{"id":"b","operations":["chat"],"source":"https://shop.example/b","multipliers":{"us":"1.1"},"rows":[{"until":"2025-06-10T16:00:00Z","up_to":200000,"rates":{"cache_write":"1/12","input":"1.50","web_search":"0.01"}},{"tier":"batch","from":"2025-01-01","over":199999,"daily":"16:30-00:30","weekdays":["sat","sun"],"rates":{"input":"0.75"},"unpriced":["cached_input"]}]}
]}
`,
		out: `{"schema":"costkey.prices/1","as_of":"2026-01-31","providers":[{"id":"shop","name":"Shop","hosts":["api.shop.example"],"models":[{"id":"a","aliases":["a-latest"],"operations":["speech_to_text"],"rows":[{"rates":{"input_audio_second":"0.017/60"}}]},{"id":"b","operations":["chat"],"multipliers":{"us":"1.1"},"rows":[{"until":"2025-06-10T16:00:00Z","up_to":200000,"rates":{"cache_write":"1/12","input":"1.50","web_search":"0.01"}},{"tier":"batch","from":"2025-01-01","over":199999,"daily":"16:30-00:30","weekdays":["sat","sun"],"rates":{"input":"0.75"},"unpriced":["cached_input"]}]}]}]}
`,
	} {
		if got := read(t, name); got != want {
			t.Errorf("%s is\n%s\nwant\n%s", filepath.Base(name), got, want)
		}
	}
}

func TestRatesAreRestatedByTheirUnitOfOrigin(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ kind, rate, want string }{
		{"input", "2.5", "2.5"},
		{"input", "0.0000001", "0.0000001"},
		{"cache_write", "0.08333333333333334", "1/12"},
		{"cache_write", "0.375", "0.375"},
		{"input_audio_second", "0.0002833333333333333", "0.017/60"},
		{"input_audio_second", "0.00026667", "0.016/60"},
		{"input_audio_second", "0.00003083", "0.111/3600"},
		{"input_audio_second", "0.00001111", "0.04/3600"},
	} {
		if got, err := restate(c.kind, c.rate); err != nil || got != c.want {
			t.Errorf("%s of %s is %q, %v; want %q", c.rate, c.kind, got, err, c.want)
		}
	}
	for _, c := range [][2]string{{"input", "0.08333333333333334"}, {"cache_write", "0.123456789012345"}, {"input", "0.1x345678901"}} {
		if got, err := restate(c[0], c[1]); err == nil {
			t.Errorf("%s of %s is %q, want an error: nobody knows its unit", c[1], c[0], got)
		}
	}
}

func TestFactsThatCannotBeUsedAreRefused(t *testing.T) {
	t.Parallel()
	row := func(s string) string {
		return `{"schema":1,"as_of":"2026-01-31","currency":"USD","providers":[{"id":"shop","models":[{"id":"a","prices":[` + s + `]}]}]}`
	}
	for _, c := range []struct{ name, doc, problem string }{
		{"another schema", `{"schema":2,"currency":"USD"}`, "schema 2"},
		{"another currency", `{"schema":1,"currency":"EUR"}`, `"EUR"`},
		{"an unknown key", row(`{"service_tier":"standard","perMillion":{}}`), "perMillion"},
		{"a residue of unknown origin", row(`{"service_tier":"standard","per_million":{"input":"0.333333333333"}}`), "unknown origin"},
		{"a rate twice", row(`{"service_tier":"standard","per_million":{"input":"1"},"per_unit":{"input":"1"}}`), "per unit"},
		{"rows that overlap", row(`{"service_tier":"standard","per_million":{"input":"1"}},{"service_tier":"standard","per_million":{"input":"2"}}`), "overlap"},
		{"no providers", `{"schema":1,"currency":"USD","as_of":"2026-01-31"}`, "no provider files"},
	} {
		file := filepath.Join(t.TempDir(), "facts.json")
		if err := os.WriteFile(file, []byte(c.doc), 0o600); err != nil {
			t.Fatal(err)
		}
		out := filepath.Join(t.TempDir(), "prices.json")
		err := run(t.TempDir(), out, file)
		if err == nil || !strings.Contains(err.Error(), c.problem) {
			t.Errorf("%s: %v, want it to tell %q", c.name, err, c.problem)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%s: a catalogue was written", c.name)
		}
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
