package pricing

import (
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Rules of the lint. A catalogue is put together from lists that make mistakes: rates a thousand times too high, two
// rates swapped, a rate that one model of a family lacks.
const (
	lintSwapped   = "output below input"
	lintCached    = "cached input not below input"
	lintEmbedding = "embedding above 1 USD"
	lintWrite     = "cache write below input"
	lintSiblings  = "siblings 50 times apart"
	lintSellers   = "sellers 20 times apart"
	lintLacks     = "lacks a rate that its siblings have"
)

// Reasons that several findings share.
const (
	cheap     = "open weights: Hyperbolic, Lambda and Nscale sell far below all others"
	host      = "open weights: the cheapest hosts of OpenRouter and DeepInfra against sellers of little of it"
	oracle    = "Oracle's page has one price for its fast Groks, xAI's own is 25 times lower"
	withdrawn = "had no cache, or was withdrawn before its siblings were sold so"
	speech    = "speaks what it is given"
	unlisted  = "its seller lists none: read at the price of the input, which is too high rather than too low"
)

// lintExcused are findings that are right, or that no public source puts right, each with the reason.
var lintExcused = map[string]string{
	lintSwapped + ": azure.ai.inference Meta-Llama-3-70B-Instruct": "the only list that has it; may be swapped, Azure's own no longer names it",
	lintSwapped + ": cloudflare @cf/meta/llama-guard-3-8b":         "Cloudflare's page has it so: a classifier answers one word",
	lintSwapped + ": openai gpt-5-image-mini":                      "its text is cheap, its images are the output that costs",
	lintSwapped + ": openrouter openai/gpt-5-image-mini":           "as OpenAI's",

	lintWrite + ": minimax MiniMax-M2.1-highspeed": "MiniMax's page has the cache rates of M2 for its fast variants too",
	lintWrite + ": minimax MiniMax-M2.5-highspeed": "the same",
	lintWrite + ": minimax MiniMax-M2.7-highspeed": "the same",

	lintSiblings + ": azure.ai.openai gpt-#":   "GPT-4.5 preview cost 75 USD",
	lintSiblings + ": openai gpt-#":            "the same",
	lintSiblings + ": openrouter openai/gpt-#": "the same",

	lintSellers + ": deepseek output":                                            cheap,
	lintSellers + ": deepseek-r1 output":                                         cheap,
	lintSellers + ": deepseek-r1-0528 input":                                     cheap,
	lintSellers + ": deepseek-r1-0528 output":                                    cheap,
	lintSellers + ": deepseek-r1-distill-qwen-32b output":                        cheap,
	lintSellers + ": llama-3-1-405b-instruct input":                              cheap,
	lintSellers + ": llama-3-1-405b-instruct output":                             cheap,
	lintSellers + ": llama-3-1-70b-instruct input":                               cheap,
	lintSellers + ": minimax-m1-80k output":                                      cheap,
	lintSellers + ": qwen2-5-coder-7b-instruct input":                            cheap,
	lintSellers + ": gpt-oss-120b input":                                         host,
	lintSellers + ": llama-3-1-8b-instruct input":                                host,
	lintSellers + ": llama-3-1-8b-instruct output":                               host,
	lintSellers + ": llama-3-2-11b-vision-instruct input":                        host,
	lintSellers + ": llama-3-2-11b-vision-instruct output":                       host,
	lintSellers + ": llama-3-2-1b-instruct input":                                host,
	lintSellers + ": llama-3-2-1b-instruct output":                               host,
	lintSellers + ": llama-guard-3-8b input":                                     host,
	lintSellers + ": qwen3-235b-a22b-instruct-2507 input":                        host,
	lintSellers + ": qwen3-4b-instruct-2507 input":                               host,
	lintSellers + ": grok-4-fast input":                                          oracle,
	lintSellers + ": grok-4-fast output":                                         oracle,
	lintSellers + ": grok-code-fast-1 input":                                     oracle,
	lintLacks + ": gcp.gemini gemini-1.5-pro cached_input":                       withdrawn,
	lintLacks + ": gcp.gemini gemini-2.5-flash-preview cached_input":             withdrawn,
	lintLacks + ": gcp.vertex_ai claude-3-sonnet cache_write":                    withdrawn,
	lintLacks + ": gcp.vertex_ai claude-3-sonnet cached_input":                   withdrawn,
	lintLacks + ": gcp.vertex_ai gemini-1.5-pro cached_input":                    withdrawn,
	lintLacks + ": gcp.vertex_ai gemini-1.5-pro web_search":                      withdrawn,
	lintLacks + ": gcp.vertex_ai gemini-2.5-flash-preview cached_input":          withdrawn,
	lintLacks + ": openrouter google/gemini-2.5-pro-preview-03-25 cache_write":   withdrawn,
	lintLacks + ": openrouter google/gemini-2.5-pro-preview-03-25 cached_input":  withdrawn,
	lintLacks + ": x_ai grok-2-1212 cached_input":                                withdrawn,
	lintLacks + ": gcp.vertex_ai gemini-2.5-flash-lite-preview-tts cached_input": speech,
	lintLacks + ": gcp.vertex_ai gemini-2.5-flash-lite-preview-tts web_search":   speech,
	lintLacks + ": minimax minimax-m1 cached_input":                              unlisted,
	lintLacks + ": moonshot_ai kimi-k2 cached_input":                             unlisted,
	lintLacks + ": openrouter minimax/minimax-m1 cached_input":                   unlisted,
	lintLacks + ": openrouter qwen/qwen3.5-plus-20260216 cache_write":            unlisted,
	lintLacks + ": openrouter z-ai/glm-4.6:exacto cached_input":                  unlisted,
}

// lintModel is a model with the rates of its standard row that holds now, for calls of the smallest size.
type lintModel struct {
	provider, id string
	operations   []string
	rates        map[string]*big.Rat
}

func lintModels(t *testing.T) (models []lintModel) {
	for _, p := range readOracle(t) {
		for i := range p.Models {
			m := &p.Models[i]
			for j := range m.Rows {
				r := &m.Rows[j]
				if r.Tier == "" && r.Until == "" && r.Over == 0 && r.Daily == "" {
					models = append(models, lintModel{p.ID, m.ID, m.Operations, ratesOf(t, r)})
				}
			}
		}
	}
	return models
}

func ratesOf(t *testing.T, r *oracleRow) map[string]*big.Rat {
	rates := make(map[string]*big.Rat, len(r.Rates))
	for kind := range r.Rates {
		rates[kind] = r.rate(t, kind)
	}
	return rates
}

func TestEveryOddityOfTheCatalogueIsExcusedByName(t *testing.T) {
	t.Parallel()
	found := lintRows(t)
	models := lintModels(t)
	found = append(found, lintFamilies(models)...)
	found = append(found, lintPrices(models)...)
	for _, f := range found {
		if lintExcused[f] == "" {
			t.Errorf("%s: mend it in catalogue/, or excuse it here with the reason", f)
		}
	}
	for f := range lintExcused {
		if !slices.Contains(found, f) {
			t.Errorf("%s: it is excused, but there is nothing to excuse", f)
		}
	}
}

// lintRows looks at each row by itself.
func lintRows(t *testing.T) (found []string) {
	million := big.NewRat(1, 1_000_000)
	for _, p := range readOracle(t) {
		for i := range p.Models {
			m := &p.Models[i]
			for j := range m.Rows {
				rates := ratesOf(t, &m.Rows[j])
				input := rates["input"]
				if input == nil || input.Sign() == 0 {
					continue
				}
				below := func(kind string) bool {
					return rates[kind] != nil && rates[kind].Sign() > 0 && rates[kind].Cmp(input) < 0
				}
				for rule, odd := range map[string]bool{
					lintSwapped:   slices.Contains(m.Operations, "chat") && below("output"),
					lintCached:    rates["cached_input"] != nil && rates["cached_input"].Cmp(input) >= 0,
					lintEmbedding: slices.Contains(m.Operations, "embeddings") && input.Cmp(million) > 0,
					lintWrite:     below("cache_write"),
				} {
					if f := rule + ": " + p.ID + " " + m.ID; odd && !slices.Contains(found, f) {
						found = append(found, f)
					}
				}
			}
		}
	}
	return found
}

// Ids without their snapshot, and the numbers in them: a version, unless it is a size in parameters ("8b").
var (
	lintSnapshot = regexp.MustCompile(`([-@]\d{4}-?\d\d-?\d\d|-\d{4}|-latest|-preview.*|:.*)$`)
	lintNumber   = regexp.MustCompile(`(\d+([.-]\d+)*)(b\b)?`)
)

func familyOf(id string) string {
	id = lintSnapshot.ReplaceAllString(strings.ToLower(id), "")
	return lintNumber.ReplaceAllStringFunc(id, func(n string) string {
		if strings.HasSuffix(n, "b") {
			return n[strings.LastIndexAny(n, ".-")+1:]
		}
		return "#"
	})
}

// lintFamilies looks at the models of a provider whose ids differ in numbers only.
func lintFamilies(models []lintModel) (found []string) {
	families := make(map[string][]*lintModel)
	for i := range models {
		m := &models[i]
		name := m.provider + " " + familyOf(m.id)
		key := name + " " + strings.Join(m.operations, " ")
		families[key] = append(families[key], m)
	}
	for key, family := range families {
		name := strings.Join(strings.Fields(key)[:2], " ")
		if apart(family, "input", 50) {
			found = append(found, lintSiblings+": "+name)
		}
		for _, kind := range []string{"cached_input", "cache_write", "cache_write_1h", "web_search", "output"} {
			var without []string
			for _, m := range family {
				if m.rates[kind] == nil {
					without = append(without, m.id)
				}
			}
			if len(without) == 1 && len(family) >= 4 {
				found = append(found, fmt.Sprintf("%s: %s %s %s", lintLacks, family[0].provider, without[0], kind))
			}
		}
	}
	return found
}

// apart reports whether two of the models have rates of a kind that are a number of times apart.
func apart(models []*lintModel, kind string, times int64) bool {
	var low, high *big.Rat
	for _, m := range models {
		r := m.rates[kind]
		if r == nil || r.Sign() == 0 {
			continue
		}
		if low == nil || r.Cmp(low) < 0 {
			low = r
		}
		if high == nil || r.Cmp(high) > 0 {
			high = r
		}
	}
	return low != nil && high.Cmp(new(big.Rat).Mul(low, big.NewRat(times, 1))) >= 0
}

var (
	lintVendor  = regexp.MustCompile(`^((us|eu|apac|au|jp|global)\.)?(meta|xai|mistral|anthropic|deepseek|openai|qwen|cohere|amazon)\.`)
	lintVariant = regexp.MustCompile(`(:.*|-v\d+)$`)
)

// lintPrices looks at one model at several sellers.
func lintPrices(models []lintModel) (found []string) {
	sellers := make(map[string][]*lintModel)
	for i := range models {
		id := strings.ToLower(models[i].id)
		if strings.Contains(id, ":free") || strings.HasPrefix(id, "ft:") {
			continue
		}
		id = lintVariant.ReplaceAllString(lintVendor.ReplaceAllString(id[strings.LastIndexByte(id, '/')+1:], ""), "")
		id = strings.TrimPrefix(strings.NewReplacer(".", "-", "_", "-", "@", "-").Replace(id), "meta-")
		sellers[id] = append(sellers[id], &models[i])
	}
	for id, all := range sellers {
		for _, kind := range []string{"input", "output"} {
			if apart(all, kind, 20) {
				found = append(found, lintSellers+": "+id+" "+kind)
			}
		}
	}
	return found
}
