package pricelist

import (
	"slices"
	"strings"

	"github.com/costkey/costkey-otel/pricing"
)

// providerWords are the words of other lists for providers that pricing.Table.ProviderID does not know.
var providerWords = map[string]string{
	"aws":                       "aws.bedrock",
	"azure_text":                "azure.ai.openai",
	"codestral":                 "mistral_ai",
	"lambda_ai":                 "lambda",
	"text-completion-codestral": "mistral_ai",
	"text-completion-openai":    "openai",
}

// providerOf returns our id of the provider that a list calls by a word, and whether the built-in catalogue knows it. One
// that it does not know keeps the list's word.
func providerOf(word string) (id string, known bool) {
	table := pricing.Embedded()
	head, _, _ := strings.Cut(word, "-") // "vertex_ai-anthropic_models"
	for _, w := range []string{word, head} {
		id = providerWords[w]
		if id == "" {
			id = table.ProviderID(w)
		}
		if slices.Contains(table.Providers(), id) {
			return id, true
		}
	}
	return strings.ToLower(word), false
}

// newModel returns a model by the words of a list.
func newModel(providerWord, id, name string) Model {
	provider, known := providerOf(providerWord)
	return Model{Provider: provider, ID: id, Name: name, Foreign: !known && provider != ""}
}

// narrower are the providers that some list has as one with another.
var narrower = map[string]string{"azure.ai.openai": "azure.ai.inference", "gcp.gemini": "gcp.vertex_ai"}

// placeOf tells which of two providers sells a model, where a list has one for both: the second where only that one knows
// it, or where the model is Anthropic's, which Google sells on Vertex AI alone.
func placeOf(provider, id string) string {
	second := narrower[provider]
	if second == "" {
		return provider
	}
	knows := func(provider string) bool {
		return pricing.Embedded().Price(&pricing.Query{Provider: provider, ResponseModel: id}).Model != ""
	}
	if !knows(provider) && (knows(second) || second == "gcp.vertex_ai" && strings.HasPrefix(id, "claude")) {
		return second
	}
	return provider
}

// withoutProvider cuts a provider's own name off the front of an id: "gemini/gemini-2.5-pro".
func withoutProvider(id, word, provider string) string {
	first, rest, ok := strings.Cut(id, "/")
	if !ok || rest == "" {
		return id
	}
	if found, _ := providerOf(first); found == provider || first == word {
		return rest
	}
	return id
}
