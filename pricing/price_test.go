package pricing

import (
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/costkey/costkey-otel/usage"
)

// known is short for usage.Known.
func known(n int64) usage.Count { return usage.Known(n) }

// shop is a small catalogue in which every rule of pricing has a row.
const shop = `{"schema":"costkey.prices/1","as_of":"2026-01-01","providers":[
{"id":"shop","hosts":["api.shop.example"],"models":[
  {"id":"plain","multipliers":{"us":"1.1","fast":"6","jp":"1"},"rows":[
    {"rates":{"input":"2","cached_input":"0.5","output":"8","web_search":"0.01"}},
    {"tier":"batch","rates":{"input":"1","output":"4"},"unpriced":["cached_input"]}]},
  {"id":"sized","rows":[
    {"up_to":199999,"rates":{"input":"1","output":"2"}},
    {"over":199999,"rates":{"input":"3","output":"6"}},
    {"tier":"batch","up_to":200000,"rates":{"input":"0.5","output":"1"}}]},
  {"id":"timed","rows":[
    {"from":"2025-01-01","until":"2025-06-10","rates":{"input":"10"}},
    {"from":"2025-06-10","until":"2025-06-10T16:00:00Z","rates":{"input":"5"}},
    {"from":"2025-06-10T16:00:00Z","until":"2026-01-01","rates":{"input":"2"}}]},
  {"id":"daily","rows":[
    {"daily":"00:30-16:30","weekdays":["mon","tue","wed","thu","fri"],"rates":{"input":"4"}},
    {"daily":"16:30-00:30","weekdays":["mon","tue","wed","thu","fri"],"rates":{"input":"2"}},
    {"weekdays":["sat"],"rates":{"input":"1"}}]},
  {"id":"modal","rows":[{"rates":{"input":"1","cached_input":"0.5","input_audio":"10","cached_input_audio":"5","input_image":"3",
    "cache_write":"1.25","cache_write_1h":"2","output":"2","reasoning_output":"3","output_audio":"20","citation":"7"}}]},
  {"id":"asking","rows":[{"rates":{"input":"1","output":"1","request_low":"0.005","request_medium":"0.008","request_high":"0.012",
    "web_search_low":"0.01","web_search_high":"0.05"}}]},
  {"id":"fee","rows":[{"rates":{"input":"0","output":"3","request":"0.005"}}]},
  {"id":"drawing","rows":[{"rates":{"image":"0.04"}}]},
  {"id":"ranking","rows":[{"rates":{"input":"0","search_unit":"0.002"}}]},
  {"id":"speaking","rows":[{"rates":{"input_character":"15"}}]},
  {"id":"fields","rows":[{"rates":{"input":"0","output":"0"}}]},
  {"id":"answers","rows":[{"rates":{"output":"7.5"}}]},
  {"id":"gpt","aliases":["gpt-search-api"],"rows":[{"rates":{"input":"2"}}]},
  {"id":"fam","rows":[{"rates":{"input":"2"}},{"tier":"flex","rates":{"input":"1"}}]},
  {"id":"fam-2025-04-16","rows":[{"rates":{"input":"2"}}]},
  {"id":"kin","rows":[{"rates":{"input":"2"}},{"tier":"flex","rates":{"input":"1"}}]},
  {"id":"kin-20250416","rows":[{"rates":{"input":"3"}}]}
]}]}`

func TestACallIsPricedByTheRowThatFits(t *testing.T) {
	t.Parallel()
	table := load(t, shop)
	million := usage.Usage{Input: known(1_000_000)}
	for _, c := range []struct {
		name         string
		query        Query
		usage        usage.Usage
		status       Status
		cost, reason string
		tier, rule   string
	}{
		{name: "input and output", query: Query{RequestModel: "plain"}, usage: usage.Usage{Input: known(1000), Output: known(500)}, status: StatusPriced, cost: "0.006", tier: "standard", rule: "exact"},
		{name: "only input is known", query: Query{RequestModel: "plain"}, usage: usage.Usage{Input: known(1000)}, status: StatusPriced, cost: "0.002", tier: "standard", rule: "exact"},
		{name: "only output is known", query: Query{RequestModel: "plain"}, usage: usage.Usage{Output: known(1000)}, status: StatusPriced, cost: "0.008", tier: "standard", rule: "exact"},
		{name: "only a part of the input is known", query: Query{RequestModel: "plain"}, usage: usage.Usage{CacheRead: known(1000)}, status: StatusPriced, cost: "0.0005", tier: "standard", rule: "exact"},
		{name: "no tokens at a model that costs", query: Query{RequestModel: "plain"}, usage: usage.Usage{Input: known(0), Output: known(0)}, status: StatusPriced, cost: "0", tier: "standard", rule: "exact"},
		{name: "nothing is known", query: Query{RequestModel: "plain"}, status: StatusNoUsage, cost: "0", rule: "exact"},
		{name: "only fees are known", query: Query{RequestModel: "plain"}, usage: usage.Usage{WebSearches: known(2)}, status: StatusNoUsage, cost: "0", rule: "exact"},
		{name: "counts too large to be true", query: Query{RequestModel: "plain"}, usage: usage.Usage{Input: known(usage.MaxCount + 1)}, status: StatusNoUsage, cost: "0", rule: "exact"},
		{name: "a search", query: Query{RequestModel: "plain"}, usage: usage.Usage{Input: known(1000), WebSearches: known(3)}, status: StatusPriced, cost: "0.032", tier: "standard", rule: "exact"},
		{name: "a fee that the row has no rate for", query: Query{RequestModel: "plain"}, usage: usage.Usage{Input: known(1000), FileSearches: known(1)}, status: StatusNoPrice, cost: "0", reason: "no_rate:file_search", rule: "exact"},

		{name: "batch", query: Query{RequestModel: "plain", ServiceTier: "batch"}, usage: usage.Usage{Input: known(1000), Output: known(1000)}, status: StatusPriced, cost: "0.005", tier: "batch", rule: "exact"},
		{name: "batch in another case", query: Query{RequestModel: "plain", ServiceTier: " Batch "}, usage: usage.Usage{Input: known(1000)}, status: StatusPriced, cost: "0.001", tier: "batch", rule: "exact"},
		{name: "the default tier", query: Query{RequestModel: "plain", ServiceTier: "default"}, usage: million, status: StatusPriced, cost: "2", tier: "standard", rule: "exact"},
		{name: "auto", query: Query{RequestModel: "plain", ServiceTier: "auto"}, usage: million, status: StatusPriced, cost: "2", tier: "standard", rule: "exact"},
		{name: "on demand", query: Query{RequestModel: "plain", ServiceTier: "ON_DEMAND"}, usage: million, status: StatusPriced, cost: "2", tier: "standard", rule: "exact"},
		{name: "a blank tier", query: Query{RequestModel: "plain", ServiceTier: " "}, usage: million, status: StatusPriced, cost: "2", tier: "standard", rule: "exact"},
		{name: "a tier without a row", query: Query{RequestModel: "plain", ServiceTier: "priority"}, usage: million, status: StatusNoPrice, cost: "0", reason: "no_row:priority", rule: "exact"},
		{name: "a tier that has no prices", query: Query{RequestModel: "plain", ServiceTier: "scale"}, usage: million, status: StatusNoPrice, cost: "0", reason: "no_row:tier", rule: "exact"},
		{name: "tokens of an unpriced kind", query: Query{RequestModel: "plain", ServiceTier: "batch"}, usage: usage.Usage{Input: known(1000), CacheRead: known(1)}, status: StatusNoPrice, cost: "0", reason: "no_rate:cached_input", rule: "exact"},
		{name: "no tokens of an unpriced kind", query: Query{RequestModel: "plain", ServiceTier: "batch"}, usage: usage.Usage{Input: known(1000), CacheRead: known(0)}, status: StatusPriced, cost: "0.001", tier: "batch", rule: "exact"},

		{name: "the last token of the small size", query: Query{RequestModel: "sized"}, usage: usage.Usage{Input: known(199_999), Output: known(1)}, status: StatusPriced, cost: "0.200001", tier: "standard", rule: "exact"},
		{name: "the first token of the large size", query: Query{RequestModel: "sized"}, usage: usage.Usage{Input: known(200_000), Output: known(1)}, status: StatusPriced, cost: "0.600006", tier: "standard", rule: "exact"},
		{name: "cached tokens count for the size", query: Query{RequestModel: "sized"}, usage: usage.Usage{Input: known(200_000), CacheRead: known(199_999)}, status: StatusPriced, cost: "0.6", tier: "standard", rule: "exact"},
		{name: "a size without a row in that tier", query: Query{RequestModel: "sized", ServiceTier: "batch"}, usage: usage.Usage{Input: known(200_001)}, status: StatusNoPrice, cost: "0", reason: "no_row:size", rule: "exact"},

		{name: "before the first row", query: Query{RequestModel: "timed", AtNanos: at("2024-12-31T23:59:59Z")}, usage: million, status: StatusNoPrice, cost: "0", reason: "no_row:time", rule: "exact"},
		{name: "at a row's first moment", query: Query{RequestModel: "timed", AtNanos: at("2025-01-01T00:00:00Z")}, usage: million, status: StatusPriced, cost: "10", tier: "standard", rule: "exact"},
		{name: "at a row's end", query: Query{RequestModel: "timed", AtNanos: at("2025-06-10T00:00:00Z")}, usage: million, status: StatusPriced, cost: "5", tier: "standard", rule: "exact"},
		{name: "at an end within a day", query: Query{RequestModel: "timed", AtNanos: at("2025-06-10T16:00:00Z")}, usage: million, status: StatusPriced, cost: "2", tier: "standard", rule: "exact"},
		{name: "after the last row", query: Query{RequestModel: "timed", AtNanos: at("2026-01-01T00:00:00Z")}, usage: million, status: StatusNoPrice, cost: "0", reason: "no_row:time", rule: "exact"},
		{name: "by day", query: Query{RequestModel: "daily", AtNanos: at("2025-06-09T00:30:00Z")}, usage: million, status: StatusPriced, cost: "4", tier: "standard", rule: "exact"},
		{name: "by night", query: Query{RequestModel: "daily", AtNanos: at("2025-06-09T16:30:00Z")}, usage: million, status: StatusPriced, cost: "2", tier: "standard", rule: "exact"},
		{name: "after midnight, still by night", query: Query{RequestModel: "daily", AtNanos: at("2025-06-10T00:29:59Z")}, usage: million, status: StatusPriced, cost: "2", tier: "standard", rule: "exact"},
		{name: "on Saturday", query: Query{RequestModel: "daily", AtNanos: at("2025-06-07T12:00:00Z")}, usage: million, status: StatusPriced, cost: "1", tier: "standard", rule: "exact"},
		{name: "on Sunday, which has no row", query: Query{RequestModel: "daily", AtNanos: at("2025-06-08T12:00:00Z")}, usage: million, status: StatusNoPrice, cost: "0", reason: "no_row:time", rule: "exact"},
		{name: "long before 1970, on a Wednesday", query: Query{RequestModel: "daily", AtNanos: at("1930-01-01T12:00:00Z")}, usage: million, status: StatusPriced, cost: "4", tier: "standard", rule: "exact"},

		{name: "a request fee", query: Query{RequestModel: "fee"}, usage: usage.Usage{Input: known(10), Output: known(1000)}, status: StatusPriced, cost: "0.008", tier: "standard", rule: "exact"},
		{name: "the fee of the default search size", query: Query{RequestModel: "asking"}, usage: usage.Usage{Input: known(1000), Output: known(0)}, status: StatusPriced, cost: "0.006", tier: "standard", rule: "exact"},
		{name: "the fee of a large search", query: Query{RequestModel: "asking", SearchContext: "high"}, usage: usage.Usage{Input: known(1000), WebSearches: known(2)}, status: StatusPriced, cost: "0.113", tier: "standard", rule: "exact"},
		{name: "searches of a size without a rate", query: Query{RequestModel: "asking", SearchContext: "medium"}, usage: usage.Usage{Input: known(1000), WebSearches: known(2)}, status: StatusNoPrice, cost: "0", reason: "no_rate:web_search", rule: "exact"},
		{name: "images", query: Query{RequestModel: "drawing"}, usage: usage.Usage{Images: known(3)}, status: StatusPriced, cost: "0.12", tier: "standard", rule: "exact"},
		{name: "images of a model that is paid by tokens", query: Query{RequestModel: "plain"}, usage: usage.Usage{Output: known(1000), Images: known(1)}, status: StatusPriced, cost: "0.008", tier: "standard", rule: "exact"},
		{name: "tokens of a model that is paid by images", query: Query{RequestModel: "drawing"}, usage: million, status: StatusNoPrice, cost: "0", reason: "no_rate:input", rule: "exact"},
		{name: "images alone of a model that is paid by tokens", query: Query{RequestModel: "plain"}, usage: usage.Usage{Images: known(1)}, status: StatusNoPrice, cost: "0", reason: "no_rate:image", rule: "exact"},
		{name: "search units", query: Query{RequestModel: "ranking"}, usage: usage.Usage{Input: known(500), SearchUnits: known(2)}, status: StatusPriced, cost: "0.004", tier: "standard", rule: "exact"},
		{name: "free tokens of a model that is paid by search units", query: Query{RequestModel: "ranking"}, usage: usage.Usage{Input: known(500)}, status: StatusNoUsage, cost: "0", reason: "unknown:search_unit", rule: "exact"},
		{name: "characters", query: Query{RequestModel: "speaking"}, usage: usage.Usage{InputCharacters: known(2000), Input: known(400)}, status: StatusPriced, cost: "0.03", tier: "standard", rule: "exact"},
		{name: "a kind that is not sold", query: Query{RequestModel: "answers"}, usage: usage.Usage{Input: known(1), Output: known(1)}, status: StatusNoPrice, cost: "0", reason: "no_rate:input", rule: "exact"},
		{name: "free", query: Query{RequestModel: "fields"}, usage: usage.Usage{Input: known(5), Output: known(5)}, status: StatusFree, cost: "0", tier: "standard", rule: "exact"},
		{name: "free, and nothing used", query: Query{RequestModel: "fields"}, usage: usage.Usage{Input: known(0)}, status: StatusFree, cost: "0", tier: "standard", rule: "exact"},

		{name: "refused", query: Query{RequestModel: "plain", Refused: true}, status: StatusNotBilled, cost: "0", rule: "exact"},
		{name: "refused, and unknown", query: Query{RequestModel: "nobody's", Refused: true}, status: StatusNotBilled, cost: "0"},
		{name: "unknown", query: Query{RequestModel: "nobody's"}, usage: million, status: StatusUnknownModel, cost: "0"},

		{name: "a snapshot takes its family's row for a tier that only the family lists", query: Query{RequestModel: "fam-2025-04-16", ServiceTier: "flex"}, usage: million, status: StatusPriced, cost: "1", tier: "flex", rule: "exact+family_tier"},
		{name: "a snapshot keeps its own row", query: Query{RequestModel: "fam-2025-04-16"}, usage: million, status: StatusPriced, cost: "2", tier: "standard", rule: "exact"},
		{name: "a tier that not even the family lists", query: Query{RequestModel: "fam-2025-04-16", ServiceTier: "batch"}, usage: million, status: StatusNoPrice, cost: "0", reason: "no_row:batch", rule: "exact"},
		{name: "a snapshot whose family costs something else", query: Query{RequestModel: "kin-20250416", ServiceTier: "flex"}, usage: million, status: StatusNoPrice, cost: "0", reason: "no_row:flex", rule: "exact"},

		{name: "data kept in the United States", query: Query{RequestModel: "plain", Residency: "us"}, usage: million, status: StatusPriced, cost: "2.2", tier: "standard", rule: "exact"},
		{name: "the same, told by the host", query: Query{RequestModel: "plain", Host: "us.api.shop.example"}, usage: million, status: StatusPriced, cost: "2.2", tier: "standard", rule: "exact"},
		{name: "a region of the United States", query: Query{RequestModel: "plain", Residency: "us-east-1"}, usage: million, status: StatusPriced, cost: "2.2", tier: "standard", rule: "exact"},
		{name: "a region of the government's, which has lists of its own", query: Query{RequestModel: "plain", Residency: "us-gov-west-1"}, usage: million, status: StatusNoPrice, cost: "0", reason: "no_rate:residency", rule: "exact"},
		{name: "a place that costs no more", query: Query{RequestModel: "plain", Host: "jp.api.shop.example"}, usage: million, status: StatusPriced, cost: "2", tier: "standard", rule: "exact"},
		{name: "a place whose price is not known", query: Query{RequestModel: "plain", Host: "eu.api.shop.example"}, usage: million, status: StatusNoPrice, cost: "0", reason: "no_rate:residency", rule: "exact"},
		{name: "the same, told by the answer", query: Query{RequestModel: "fam", Residency: "us"}, usage: million, status: StatusNoPrice, cost: "0", reason: "no_rate:residency", rule: "exact"},
		{name: "the place that the list price is for", query: Query{RequestModel: "fam", Residency: "global"}, usage: million, status: StatusPriced, cost: "2", tier: "standard", rule: "exact"},
		{name: "a place that the provider does not tell", query: Query{RequestModel: "fam", Residency: "not_available", Speed: "standard"}, usage: million, status: StatusPriced, cost: "2", tier: "standard", rule: "exact"},
		{name: "a speed mode that nobody knows", query: Query{RequestModel: "plain", Speed: "optimized"}, usage: million, status: StatusNoPrice, cost: "0", reason: "no_rate:speed", rule: "exact"},
		{name: "a host that is not the provider's", query: Query{RequestModel: "plain", Host: "us.proxy.example"}, usage: million, status: StatusPriced, cost: "2", tier: "standard", rule: "exact"},
		{name: "fast, in the United States", query: Query{RequestModel: "plain", Residency: "US", Speed: "fast"}, usage: million, status: StatusPriced, cost: "13.2", tier: "standard", rule: "exact"},
		{name: "a speed mode without a price", query: Query{RequestModel: "fam", Speed: "fast"}, usage: million, status: StatusNoPrice, cost: "0", reason: "no_rate:fast", rule: "exact"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			q := c.query
			q.Provider, q.Usage = "shop", &c.usage
			got := table.Price(&q)
			if got.Status != c.status || got.Cost.String() != c.cost || got.Reason != c.reason {
				t.Errorf("got %s %s %q, want %s %s %q", got.Status, got.Cost, got.Reason, c.status, c.cost, c.reason)
			}
			if got.Tier != c.tier || got.Rule != c.rule {
				t.Errorf("got tier %q by %q, want %q by %q", got.Tier, got.Rule, c.tier, c.rule)
			}
		})
	}
}

func TestPartsArePricedOnceInsideTheirTotals(t *testing.T) {
	t.Parallel()
	table := load(t, shop)
	for _, c := range []struct {
		name  string
		usage usage.Usage
		lines map[string]int64
		cost  string
	}{
		{
			"every modality of the input",
			usage.Usage{Input: known(1000), CacheRead: known(300), AudioInput: known(200), CachedAudioInput: known(50), ImageInput: known(100)},
			map[string]int64{"input": 450, "cached_input": 250, "cached_input_audio": 50, "input_audio": 150, "input_image": 100},
			"0.002625",
		},
		{
			"cache writes of both retentions",
			usage.Usage{Input: known(1000), CacheWrite: known(400), CacheWrite1h: known(100)},
			map[string]int64{"input": 600, "cache_write": 300, "cache_write_1h": 100},
			"0.001175",
		},
		{
			"parts of the output",
			usage.Usage{Output: known(1000), Reasoning: known(500), AudioOutput: known(100), Citation: known(50)},
			map[string]int64{"output": 350, "reasoning_output": 500, "output_audio": 100, "citation": 50},
			"0.00455",
		},
		{
			"audio and cache overlap, by how much is not said",
			usage.Usage{Input: known(1000), CacheRead: known(500), AudioInput: known(900)},
			map[string]int64{"cached_input": 100, "cached_input_audio": 400, "input_audio": 500},
			"0.00705",
		},
		{
			"more cached than there is",
			usage.Usage{Input: known(100), CacheRead: known(500), CacheWrite: known(50)},
			map[string]int64{"cached_input": 100},
			"0.00005",
		},
		{
			"more reasoning than there is",
			usage.Usage{Output: known(100), Reasoning: known(500), AudioOutput: known(20)},
			map[string]int64{"reasoning_output": 100},
			"0.0003",
		},
		{
			"more kept for an hour than was written",
			usage.Usage{Input: known(100), CacheWrite: known(10), CacheWrite1h: known(20)},
			map[string]int64{"input": 80, "cache_write_1h": 20},
			"0.00012",
		},
	} {
		q := Query{Provider: "shop", RequestModel: "modal", Usage: &c.usage}
		got, lines := table.Explain(&q)
		if got.Status != StatusPriced || got.Cost.String() != c.cost {
			t.Errorf("%s: %s %s %s, want %s", c.name, got.Status, got.Cost, got.Reason, c.cost)
		}
		if len(lines) != len(c.lines) {
			t.Errorf("%s: lines %+v, want %v", c.name, lines, c.lines)
		}
		for _, l := range lines {
			if c.lines[l.What] != l.Tokens {
				t.Errorf("%s: %d of %s, want %d", c.name, l.Tokens, l.What, c.lines[l.What])
			}
		}
	}
}

func TestWhatWasAssumedIsNoted(t *testing.T) {
	t.Parallel()
	table := load(t, shop)
	for _, c := range []struct {
		name, model, searchContext string
		usage                      usage.Usage
		note                       string
	}{
		{"a fee by a size that is not told", "asking", "", usage.Usage{Input: known(1)}, NoteSearchContext},
		{"a fee by a size that is told", "asking", "low", usage.Usage{Input: known(1)}, ""},
		{"a fee without sizes", "fee", "", usage.Usage{Output: known(1)}, ""},
		{"a cache write whose split is not told", "modal", "", usage.Usage{Input: known(9), CacheWrite: known(5)}, NoteCacheWriteSplit},
		{"a cache write whose split is told", "modal", "", usage.Usage{Input: known(9), CacheWrite: known(5), CacheWrite1h: known(0)}, ""},
		{"a cache write at one price", "plain", "", usage.Usage{Input: known(9), CacheWrite: known(5)}, ""},
		{"searches that nobody counted", "gpt-search-api", "", usage.Usage{Input: known(9)}, NoteSearchFee},
		{"searches that were counted", "gpt-search-api", "", usage.Usage{Input: known(9), WebSearches: known(0)}, ""},
		{"a model that shares its price with one that searches", "gpt", "", usage.Usage{Input: known(9)}, ""},
		{"no cache write", "modal", "", usage.Usage{Input: known(9), CacheWrite: known(0)}, ""},
		{"no price", "asking", "", usage.Usage{Input: known(1), FileSearches: known(1)}, ""},
	} {
		q := Query{Provider: "shop", RequestModel: c.model, SearchContext: c.searchContext, Usage: &c.usage}
		if got := table.Price(&q); got.Note != c.note {
			t.Errorf("%s: noted %q, want %q (%s)", c.name, got.Note, c.note, got.Status)
		}
	}
}

func TestLinesShowTheRateAsQuotedAndPerMillion(t *testing.T) {
	t.Parallel()
	q := Query{Provider: "shop", RequestModel: "plain", Residency: "us", Usage: &usage.Usage{Input: known(1_000_000), WebSearches: known(2)}}
	_, lines := load(t, shop).Explain(&q)
	want := []Line{
		{What: "input", Tokens: 1_000_000, USDPerMillion: "2.2", USD: mustMoney(t, "2.2")},
		{What: "web_search", Tokens: 2, USDPerMillion: "10000", PerUnit: true, USDPerUnit: "0.01", USD: mustMoney(t, "0.02")},
	}
	if len(lines) != len(want) {
		t.Fatalf("lines %+v, want %+v", lines, want)
	}
	for i := range want {
		if lines[i] != want[i] {
			t.Errorf("line %d = %+v, want %+v", i, lines[i], want[i])
		}
	}
}

func TestRatesListsWhatACallWouldBePricedWith(t *testing.T) {
	t.Parallel()
	table := load(t, shop)
	res, lines := table.Rates(&Query{Provider: "shop", RequestModel: "modal"})
	if res.Status != StatusNoUsage || len(lines) != 11 {
		t.Errorf("rates of modal: %s, %d lines %+v", res.Status, len(lines), lines)
	}
	for _, q := range []Query{
		{Provider: "shop", RequestModel: "nobody's"},
		{Provider: "shop", RequestModel: "plain", ServiceTier: "flex"},
		{Provider: "shop", RequestModel: "fam", Speed: "fast"},
	} {
		if _, lines := table.Rates(&q); lines != nil {
			t.Errorf("rates of %+v: %+v", q, lines)
		}
	}
}

func TestEveryListedModelIsPricedAtTheDateOfTheFacts(t *testing.T) {
	t.Parallel()
	table := Embedded()
	withdrawn := map[string]bool{
		"deepseek deepseek-chat": true, "deepseek deepseek-reasoner": true, "deepseek deepseek-v4-flash": true,
	}
	n := 0
	for m := range table.Models() {
		for _, id := range append([]string{m.ID}, m.Aliases...) {
			n++
			q := Query{Provider: m.Provider, ResponseModel: id, AtNanos: asOfNanos, Usage: &usage.Usage{Input: known(1)}}
			res, lines := table.Rates(&q)
			gone := withdrawn[m.Provider+" "+id]
			if res.Model != m.ID || (len(lines) == 0) != gone || (res.Reason == reasonNoTime) != gone {
				t.Errorf("%s %s: found %q, %s, rates %+v", m.Provider, id, res.Model, res.Reason, lines)
			}
		}
	}
	if n < 3000 {
		t.Errorf("only %d ids", n)
	}
}

func TestPriceAllocatesNothing(t *testing.T) {
	u := usage.Usage{Input: known(1200), CacheRead: known(1000), Output: known(300), Reasoning: known(120)}
	for _, q := range []Query{
		{Provider: "openai", ResponseModel: "gpt-4o-2024-08-06"},
		{Provider: "openai", ResponseModel: "GPT-4O"},
		{Provider: "openai", ResponseModel: "nobody's", RequestModel: "openai/gpt-4o"},
		{Provider: "openai", ResponseModel: "gpt-4o-2099-01-01", RequestModel: "gpt-4o"},
		{Provider: "openai", ResponseModel: "gpt-4o-2026-01-01", RequestModel: "gpt-4o"},
		{Provider: "azure.ai.openai", ResponseModel: "gpt-5.6-sol-2026-07-09", RequestModel: "ours"},
		{Provider: "aws.bedrock", ResponseModel: "claude-sonnet-4-5-20250929", RequestModel: "us.anthropic.claude-sonnet-4-5-20250929-v1:0"},
		{Provider: "openrouter", ResponseModel: "anthropic/claude-5-sonnet-20260801"},
		{Provider: "anthropic", ResponseModel: "claude-opus-4-6[1m]"},
		{Provider: "openai", ResponseModel: "o3-2025-04-16", ServiceTier: "flex"},
		{Provider: "openai", ResponseModel: "ft:gpt-4o:acme::AbC123"},
		{Provider: "aws.bedrock", ResponseModel: "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0"},
		{Provider: "aws.bedrock", ResponseModel: "ca.amazon.nova-premier-v1:0"},
		{Provider: "gcp.vertex_ai", ResponseModel: "publishers/meta/models/llama-3.1-405b-instruct-maas"},
		{Provider: "fireworks", ResponseModel: "deepseek-r1"},
		{ResponseModel: "openai/gpt-4o", Residency: "EU", Speed: "standard"},
		{Provider: "openai", ResponseModel: "gpt-6-sol", Host: "ae.api.openai.com"},
		{Provider: "gcp.vertex_ai", ResponseModel: "claude-sonnet-4-5", Host: "us-east5-aiplatform.googleapis.com"},
		{Provider: "aws.bedrock", ResponseModel: "amazon.nova-pro-v1:0", Host: "bedrock-runtime.us-gov-west-1.amazonaws.com"},
		{Provider: "anthropic", ResponseModel: "claude-opus-4-8", Speed: "fast", Residency: "us"},
		{Provider: "nobody", ResponseModel: "nothing"},
	} {
		q.AtNanos, q.Usage = asOfNanos, &u
		if n := testing.AllocsPerRun(100, func() { Embedded().Price(&q) }); n != 0 {
			t.Errorf("%s at %s: %v allocations", q.ResponseModel, q.Provider, n)
		}
	}
}

func TestATableServesManyAtOnce(t *testing.T) {
	t.Parallel()
	q := Query{Provider: "openai", ResponseModel: "gpt-4o", AtNanos: asOfNanos, Usage: &tokens}
	want := Embedded().Price(&q)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 1000 {
				q := q
				if got, _ := Embedded().Explain(&q); got != want {
					t.Errorf("got %+v, want %+v", got, want)
				}
			}
		})
	}
	wg.Wait()
}

// anyCount draws an unknown count, or one up to a limit or beyond what can be true.
func anyCount(limit int64) *rapid.Generator[usage.Count] {
	return rapid.Custom(func(t *rapid.T) usage.Count {
		switch rapid.IntRange(0, 9).Draw(t, "sort of count") {
		case 0, 1, 2:
			return 0
		case 3:
			return known(rapid.Int64().Draw(t, "any"))
		default:
			return known(rapid.Int64Range(0, limit).Draw(t, "count"))
		}
	})
}

// anyUsage draws usages of any shape, impossible ones included.
var anyUsage = rapid.Custom(func(t *rapid.T) usage.Usage {
	u := usage.Usage{
		Input: anyCount(1_000_000).Draw(t, "input"), Output: anyCount(100_000).Draw(t, "output"),
		CacheRead: anyCount(1_000_000).Draw(t, "cache read"), CacheWrite: anyCount(1_000_000).Draw(t, "cache write"),
		CacheWrite1h: anyCount(1_000_000).Draw(t, "cache write 1h"), Reasoning: anyCount(100_000).Draw(t, "reasoning"),
	}
	if rapid.Bool().Draw(t, "many kinds") {
		u.AudioInput, u.CachedAudioInput = anyCount(500_000).Draw(t, "audio"), anyCount(500_000).Draw(t, "cached audio")
		u.ImageInput, u.CachedImageInput = anyCount(500_000).Draw(t, "image"), anyCount(500_000).Draw(t, "cached image")
		u.VideoInput, u.AudioOutput = anyCount(500_000).Draw(t, "video"), anyCount(50_000).Draw(t, "audio out")
		u.ImageOutput, u.VideoOutput = anyCount(50_000).Draw(t, "image out"), anyCount(50_000).Draw(t, "video out")
		u.Citation, u.WebSearches = anyCount(50_000).Draw(t, "citation"), anyCount(50).Draw(t, "searches")
		u.Images, u.Pages = anyCount(50).Draw(t, "images"), anyCount(50).Draw(t, "pages")
		u.SearchUnits, u.InputCharacters = anyCount(50).Draw(t, "units"), anyCount(500_000).Draw(t, "characters")
	}
	return u
})

// anyQuery draws a call of a listed model with any usage.
func anyQuery(models []Model) *rapid.Generator[Query] {
	return rapid.Custom(func(t *rapid.T) Query {
		m := rapid.SampledFrom(models).Draw(t, "model")
		u := anyUsage.Draw(t, "usage")
		return Query{
			Provider: m.Provider, ResponseModel: m.ID, Usage: &u,
			ServiceTier: rapid.SampledFrom([]string{"", "batch", "flex", "priority", "scale"}).Draw(t, "tier"),
			Residency:   rapid.SampledFrom([]string{"", "us", "eu"}).Draw(t, "residency"),
			Speed:       rapid.SampledFrom([]string{"", "fast"}).Draw(t, "speed"),
			AtNanos:     rapid.Int64Range(at("2024-01-01T00:00:00Z"), at("2027-06-01T00:00:00Z")).Draw(t, "at"),
		}
	})
}

func allModels() (models []Model) {
	for m := range Embedded().Models() {
		models = append(models, m)
	}
	return models
}

func TestLinesAddUpToACostThatIsNeverNegative(t *testing.T) {
	t.Parallel()
	models := allModels()
	rapid.Check(t, func(t *rapid.T) {
		q := anyQuery(models).Draw(t, "query")
		res, lines := Embedded().Explain(&q)
		if got := Embedded().Price(&q); got != res {
			t.Fatalf("Price %+v, Explain %+v", got, res)
		}
		sum := Money{}
		for _, l := range lines {
			if l.Tokens <= 0 || l.USD.Sign() < 0 {
				t.Fatalf("line %+v", l)
			}
			sum = sum.Add(l.USD)
		}
		if sum != res.Cost || res.Cost.Sign() < 0 {
			t.Fatalf("lines add up to %v, cost %v", sum, res.Cost)
		}
		priced := res.Status == StatusPriced || res.Status == StatusFree
		if priced == (res.Reason != "") && res.Status != StatusNoUsage && res.Status != StatusUnknownModel {
			t.Fatalf("status %s with reason %q", res.Status, res.Reason)
		}
		if (res.Status == StatusFree) && !res.Cost.IsZero() {
			t.Fatalf("free, but %v", res.Cost)
		}
	})
}

func TestCostIsAdditiveWithinARow(t *testing.T) {
	t.Parallel()
	table := load(t, shop)
	rapid.Check(t, func(t *rapid.T) {
		model := rapid.SampledFrom([]string{"plain", "modal"}).Draw(t, "model")
		draw := func(label string) usage.Usage {
			n := func(what string, limit int64) int64 { return rapid.Int64Range(0, limit).Draw(t, label+" "+what) }
			input, output := n("input", 1_000_000), n("output", 1_000_000)
			read := n("read", input)
			write := n("write", input-read)
			return usage.Usage{
				Input: known(input), CacheRead: known(read), CacheWrite: known(write), CacheWrite1h: known(n("1h", write)),
				Output: known(output), Reasoning: known(n("reasoning", output)),
			}
		}
		a, b := draw("a"), draw("b")
		both := usage.Usage{
			Input: a.Input.Add(b.Input), CacheRead: a.CacheRead.Add(b.CacheRead), CacheWrite: a.CacheWrite.Add(b.CacheWrite),
			CacheWrite1h: a.CacheWrite1h.Add(b.CacheWrite1h), Output: a.Output.Add(b.Output), Reasoning: a.Reasoning.Add(b.Reasoning),
		}
		cost := func(u usage.Usage) Money {
			return table.Price(&Query{Provider: "shop", RequestModel: model, Usage: &u}).Cost
		}
		if got, want := cost(both), cost(a).Add(cost(b)); got != want {
			t.Fatalf("%v together, %v apart", got, want)
		}
	})
}

func TestMoreTokensNeverCostLess(t *testing.T) {
	t.Parallel()
	table := load(t, shop)
	rapid.Check(t, func(t *rapid.T) {
		model := rapid.SampledFrom([]string{"plain", "modal", "sized", "fields", "fee"}).Draw(t, "model")
		u := usage.Usage{
			Input: known(rapid.Int64Range(0, 300_000).Draw(t, "input")), Output: known(rapid.Int64Range(0, 300_000).Draw(t, "output")),
			CacheRead: known(rapid.Int64Range(0, 300_000).Draw(t, "read")), Reasoning: known(rapid.Int64Range(0, 300_000).Draw(t, "reasoning")),
			AudioInput: known(rapid.Int64Range(0, 300_000).Draw(t, "audio")),
		}
		more := u
		for _, c := range []*usage.Count{&more.Input, &more.Output} {
			*c = c.Add(known(rapid.Int64Range(0, 10_000).Draw(t, "more")))
		}
		cost := func(u *usage.Usage) Money {
			return table.Price(&Query{Provider: "shop", RequestModel: model, Usage: u}).Cost
		}
		if a, b := cost(&u), cost(&more); b.Cmp(a) < 0 {
			t.Fatalf("%+v costs %v, %+v only %v", u, a, more, b)
		}
	})
}
