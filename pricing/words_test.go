package pricing

import (
	"testing"

	"github.com/costkey/costkey-otel/usage"
)

func TestTiersAreReadAsProvidersSpellThem(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{
		"": "standard", " ": "standard", "default": "standard", "AUTO": "standard", "standard_only": "standard",
		"on_demand": "standard", "ON_DEMAND": "standard", "unspecified": "standard",
		"batch": "batch", "flex": "flex", "on_demand_flex": "flex", "ON_DEMAND_FLEX": "flex",
		"priority": "priority", "on_demand_priority": "priority",
		"scale": "", "PROVISIONED_THROUGHPUT": "", "reserved": "", "gold": "",
	} {
		if got := tierNames[readTier(word)]; got != want {
			t.Errorf("%q is %q, want %q", word, got, want)
		}
	}
}

func TestEveryGeographyOfBedrockHasTheOnePriceThatIsListed(t *testing.T) {
	t.Parallel()
	table := load(t, `{"schema":"costkey.prices/1","as_of":"2026-01-01","providers":[{"id":"aws.bedrock","models":[
		{"id":"us.x.model-v1:0","multipliers":{"regional":"1"},"rows":[{"rates":{"input":"1"}}]}]}]}`)
	for _, area := range []string{"eu", "apac", "au", "jp", "ca", "sa", "mx", "me", "af", "il"} {
		q := Query{Provider: "aws.bedrock", ResponseModel: area + ".x.model-v1:0", Usage: &usage.Usage{Input: known(1_000_000)}}
		if got := table.Price(&q); got.Cost.String() != "1" || got.Rule != "profile" {
			t.Errorf("%s: %+v", area, got)
		}
	}
	for _, area := range []string{"us-gov", "global", "mars"} {
		q := Query{Provider: "aws.bedrock", ResponseModel: area + ".x.model-v1:0", Usage: &usage.Usage{Input: known(1_000_000)}}
		if got := table.Price(&q); got.Status != StatusUnknownModel {
			t.Errorf("%s: %+v", area, got)
		}
	}
}

func TestTheFewestImagesThatCanBeCachedAre(t *testing.T) {
	t.Parallel()
	table := load(t, `{"schema":"costkey.prices/1","as_of":"2026-01-01","providers":[{"id":"p","models":[{"id":"m","rows":[
		{"rates":{"input":"1","cached_input":"0.1","input_image":"5","cached_input_image":"0.5"}}]}]}]}`)
	const million = 1_000_000
	for _, c := range []struct {
		what          string
		images, known int64 // known is how many of them were cached, -1 where that is not told
		cost          string
	}{
		{"fit beside the cached tokens", 40, -1, "206"},   // 40 images at 5, 60 cached at 0.1
		{"are more than the fresh tokens", 80, -1, "222"}, // 40 at 5, 40 cached images at 0.5, 20 cached at 0.1
		{"are told", 80, 60, "150"},                       // 20 at 5, 60 cached images at 0.5, 20 fresh tokens at 1
	} {
		u := usage.Usage{Input: known(100 * million), CacheRead: known(60 * million), ImageInput: known(c.images * million)}
		if c.known >= 0 {
			u.CachedImageInput = known(c.known * million)
		}
		got := table.Price(&Query{Provider: "p", ResponseModel: "m", Usage: &u})
		if got.Cost.String() != c.cost {
			t.Errorf("images that %s: %s, want %s", c.what, got.Cost, c.cost)
		}
	}
}
