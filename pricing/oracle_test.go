package pricing

import (
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/costkey/costkey-otel/usage"
)

// The oracle reads the reviewed facts itself and prices with fractions, sharing no code with the Table. Its rules are
// those of the README, written a second time.

type oracleProvider struct {
	ID     string        `json:"id"`
	Models []oracleModel `json:"models"`
}

type oracleModel struct {
	ID         string      `json:"id"`
	Aliases    []string    `json:"aliases"`
	Operations []string    `json:"operations"`
	Rows       []oracleRow `json:"rows"`
}

type oracleRow struct {
	Tier     string            `json:"tier"`
	From     string            `json:"from"`
	Until    string            `json:"until"`
	Over     int64             `json:"over"`
	UpTo     int64             `json:"up_to"`
	Daily    string            `json:"daily"`
	Weekdays []string          `json:"weekdays"`
	Rates    map[string]string `json:"rates"`
	Unpriced []string          `json:"unpriced"`
}

func readOracle(t testing.TB) []oracleProvider {
	t.Helper()
	names, err := filepath.Glob("catalogue/*.json")
	if err != nil || len(names) < 2 {
		t.Fatalf("the facts: %v, %v", names, err)
	}
	var all []oracleProvider
	for _, name := range names {
		if filepath.Base(name) == "catalogue.json" {
			continue
		}
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var p oracleProvider
		if err := json.Unmarshal(data, &p); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all = append(all, p)
	}
	return all
}

var oracleParents = map[string]string{
	"cached_input": "input", "cache_write": "input", "cache_write_1h": "cache_write",
	"input_audio": "input", "input_image": "input", "input_video": "input",
	"cached_input_audio": "cached_input", "cached_input_image": "cached_input",
	"reasoning_output": "output", "output_audio": "output", "output_image": "output", "output_video": "output",
	"citation": "output",
}

// rate returns the rate of a kind in USD for one, nil where there is none.
func (r *oracleRow) rate(t testing.TB, kind string) *big.Rat {
	for k := kind; k != ""; k = oracleParents[k] {
		text, ok := r.Rates[k]
		if !ok {
			for _, u := range r.Unpriced {
				if u == k {
					return nil
				}
			}
			continue
		}
		amount, divisor, divided := strings.Cut(text, "/")
		v, ok := new(big.Rat).SetString(amount)
		if !ok {
			t.Fatalf("rate %q", text)
		}
		if divided {
			d, _ := new(big.Rat).SetString(divisor)
			v.Quo(v, d)
		}
		if tokenKinds[k] {
			v.Quo(v, big.NewRat(1_000_000, 1))
		}
		return v
	}
	return nil
}

var tokenKinds = map[string]bool{
	"input": true, "output": true, "cached_input": true, "cache_write": true, "cache_write_1h": true,
	"input_audio": true, "input_image": true, "input_video": true, "cached_input_audio": true, "cached_input_image": true,
	"reasoning_output": true, "output_audio": true, "output_image": true, "output_video": true, "citation": true,
	"input_character": true,
}

// moment returns an instant at which the row holds, at a random time of one of its days.
func (r *oracleRow) moment(t testing.TB, rng *rand.Rand) time.Time {
	parse := func(s string, otherwise time.Time) time.Time {
		if s == "" {
			return otherwise
		}
		for _, layout := range []string{"2006-01-02", time.RFC3339} {
			if v, err := time.Parse(layout, s); err == nil {
				return v
			}
		}
		t.Fatalf("time %q", s)
		return time.Time{}
	}
	from := parse(r.From, time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC))
	until := parse(r.Until, from.AddDate(3, 0, 0))
	if !from.Before(until) {
		from = until.AddDate(-1, 0, 0)
	}
	for range 100_000 {
		at := from.Add(time.Duration(rng.Int64N(int64(until.Sub(from))))).UTC()
		if r.holdsAt(at) {
			return at
		}
	}
	t.Fatalf("no moment for row %+v", r)
	return time.Time{}
}

func (r *oracleRow) holdsAt(at time.Time) bool {
	if len(r.Weekdays) > 0 && !strings.Contains(strings.Join(r.Weekdays, " "), strings.ToLower(at.Weekday().String()[:3])) {
		return false
	}
	if r.Daily == "" {
		return true
	}
	clock := at.Format("15:04")
	from, until, _ := strings.Cut(r.Daily, "-")
	if from < until {
		return clock >= from && clock < until
	}
	return clock >= from || clock < until
}

// oracleParts draws a usage that fits the row's size, as disjoint parts by kind and as a Usage.
func (r *oracleRow) parts(rng *rand.Rand) (map[string]int64, usage.Usage) {
	upTo := r.UpTo
	if upTo == 0 {
		upTo = r.Over + 500_000
	}
	total := r.Over + 1 + rng.Int64N(upTo-r.Over)
	read := rng.Int64N(total + 1)
	write := rng.Int64N(total - read + 1)
	write1h := rng.Int64N(write + 1)
	cachedAudio := rng.Int64N(read + 1)
	cachedImage := rng.Int64N(read - cachedAudio + 1)
	fresh := total - read - write
	audio := rng.Int64N(fresh + 1)
	image := rng.Int64N(fresh - audio + 1)
	video := rng.Int64N(fresh - audio - image + 1)
	out := rng.Int64N(200_000)
	reasoning := rng.Int64N(out + 1)
	outAudio := rng.Int64N(out - reasoning + 1)
	outImage := rng.Int64N(out - reasoning - outAudio + 1)
	citation := rng.Int64N(out - reasoning - outAudio - outImage + 1)
	parts := map[string]int64{
		"input": fresh - audio - image - video, "cached_input": read - cachedAudio - cachedImage,
		"cached_input_audio": cachedAudio, "cached_input_image": cachedImage,
		"cache_write": write - write1h, "cache_write_1h": write1h,
		"input_audio": audio, "input_image": image, "input_video": video,
		"output":           out - reasoning - outAudio - outImage - citation,
		"reasoning_output": reasoning, "output_audio": outAudio, "output_image": outImage, "citation": citation,
	}
	u := usage.Usage{
		Input: usage.Known(total), CacheRead: usage.Known(read), CacheWrite: usage.Known(write),
		CacheWrite1h: usage.Known(write1h), AudioInput: usage.Known(audio + cachedAudio),
		CachedAudioInput: usage.Known(cachedAudio), ImageInput: usage.Known(image + cachedImage),
		CachedImageInput: usage.Known(cachedImage), VideoInput: usage.Known(video),
		Output: usage.Known(out), Reasoning: usage.Known(reasoning), AudioOutput: usage.Known(outAudio),
		ImageOutput: usage.Known(outImage), Citation: usage.Known(citation),
	}
	if r.Rates["web_search"] != "" {
		n := rng.Int64N(5)
		parts["web_search"], u.WebSearches = n, usage.Known(n)
	}
	for _, fee := range []string{"request", "request_low"} {
		if r.Rates[fee] != "" {
			parts[fee] = 1
			break
		}
	}
	return parts, u
}

// cost adds up the parts; the reason tells the kinds without a rate.
func (r *oracleRow) cost(t testing.TB, parts map[string]int64) (cost *big.Int, missing []string) {
	cost = new(big.Int)
	for kind, n := range parts {
		if n == 0 {
			continue
		}
		rate := r.rate(t, kind)
		if rate == nil {
			missing = append(missing, "no_rate:"+kind)
			continue
		}
		cost.Add(cost, halfEven(rate.Mul(rate, new(big.Rat).SetInt64(n))))
	}
	return cost, missing
}

// TestEveryRowOfEveryModelPricesAsTheFactsSay prices random calls by every id, alias and row against the oracle.
func TestEveryRowOfEveryModelPricesAsTheFactsSay(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	table := Embedded()
	models, rows := 0, 0
	for _, p := range readOracle(t) {
		for i := range p.Models {
			m := &p.Models[i]
			models++
			for _, id := range append([]string{m.ID}, m.Aliases...) {
				for j := range m.Rows {
					r := &m.Rows[j]
					rows++
					parts, u := r.parts(rng)
					checkRow(t, rng, table, call{p.ID, m.ID, id, parts, u}, r)
					parts, u = r.soldParts(t, rng)
					checkRow(t, rng, table, call{p.ID, m.ID, id, parts, u}, r)
				}
			}
		}
	}
	if models < 2800 || rows < 3144 {
		t.Errorf("only %d models and %d rows: the facts are not all there", models, rows)
	}
}

// soldParts draws a usage of only what the row sells by itself, so that every row that sells tokens comes to a price.
func (r *oracleRow) soldParts(t testing.TB, rng *rand.Rand) (map[string]int64, usage.Usage) {
	parts, u := map[string]int64{}, usage.Usage{}
	if r.rate(t, "input") != nil {
		n := r.Over + 1 + rng.Int64N(1000)
		parts["input"], u.Input = n, usage.Known(n)
	}
	if r.rate(t, "output") != nil {
		n := rng.Int64N(1000)
		parts["output"], u.Output = n, usage.Known(n)
	}
	for kind, count := range map[string]*usage.Count{
		"input_character": &u.InputCharacters, "image": &u.Images, "page": &u.Pages, "search_unit": &u.SearchUnits,
	} {
		if r.rate(t, kind) != nil {
			n := 1 + rng.Int64N(1000)
			parts[kind], *count = n, usage.Known(n)
		}
	}
	for _, fee := range []string{"request", "request_low"} {
		if r.Rates[fee] != "" {
			parts[fee] = 1
			break
		}
	}
	return parts, u
}

// call is a call at random, with its parts as the oracle counts them.
type call struct {
	provider, model, id string
	parts               map[string]int64
	usage               usage.Usage
}

func checkRow(t *testing.T, rng *rand.Rand, table *Table, c call, r *oracleRow) {
	t.Helper()
	at := r.moment(t, rng)
	want, missing := r.cost(t, c.parts)
	q := Query{Provider: c.provider, ResponseModel: c.id, ServiceTier: r.Tier, AtNanos: at.UnixNano(), Usage: &c.usage}
	got, lines := table.Explain(&q)
	what := fmt.Sprintf("%s %s, %s at %s, %+v", c.provider, c.id, r.Tier, at, c.parts)
	wantRule := "alias"
	if c.id == c.model {
		wantRule = "exact"
	}
	if got.Model != c.model || got.Provider != c.provider || got.Rule != wantRule {
		t.Fatalf("%s: found %s %s by %s", what, got.Provider, got.Model, got.Rule)
	}
	switch {
	case c.usage.IsZero(): // sold by the second or the hour only, which no usage counts
		if got.Status != StatusNoUsage {
			t.Fatalf("%s: %s", what, got.Status)
		}
	case len(missing) > 0:
		if got.Status != StatusNoPrice || !strings.Contains(strings.Join(missing, " "), got.Reason) {
			t.Fatalf("%s: %s %s %s, want no_price for one of %v", what, got.Status, got.Reason, got.Cost, missing)
		}
	case got.Status == StatusNoUsage: // the tokens are free, what is paid is not counted
		if want.Sign() != 0 || got.Reason == "" {
			t.Fatalf("%s: no_usage %q for a cost of %v", what, got.Reason, want)
		}
	case got.Status != StatusPriced && got.Status != StatusFree:
		t.Fatalf("%s: %s %s", what, got.Status, got.Reason)
	case bigMoney(got.Cost).Cmp(want) != 0:
		t.Fatalf("%s: %s, want %v units; lines %+v", what, got.Cost, want, lines)
	}
}
