package pricing

import (
	"slices"
	"strings"
)

// makers are the providers whose price lists are of models they make themselves. Where one model id is sold in several
// places, the maker's own is meant by those who name no place.
var makers = []string{
	"openai", "anthropic", "gcp.gemini", "mistral_ai", "x_ai", "deepseek", "cohere", "perplexity", "moonshot_ai", "ai21",
	"voyageai", "dashscope", "minimax", "zai", "inception", "morph",
}

// Sellers returns the providers at which an id means a model at that instant (Unix nanoseconds), sorted, and the one to
// assume where none is named: the only one, else the only maker among them, else "". Pricing itself never assumes a
// provider; this serves people who ask.
func (t *Table) Sellers(model string, atNanos int64) (all []string, assumed string) {
	w := &wanted{at: atNanos}
	var made []string
	for _, id := range t.order {
		if m, _ := t.providers[id].match(model, w); m == nil {
			continue
		}
		all = append(all, id)
		if slices.Contains(makers, id) {
			made = append(made, id)
		}
	}
	switch {
	case len(all) == 1:
		assumed = all[0]
	case len(made) == 1:
		assumed = made[0]
	}
	return all, assumed
}

// ProviderID returns the catalogue's id of a provider that people call by another word ("bedrock", "azure"), or the
// word itself in lower case where it knows none.
func (t *Table) ProviderID(word string) string {
	word = strings.ToLower(strings.TrimSpace(word))
	if t.provider(word) != nil {
		return word
	}
	for _, p := range providerNames {
		if slices.Contains(p.names, word) {
			return p.provider
		}
	}
	return word
}
