package shop

// Models names the model of each task.
type Models struct {
	Embed     string // OpenAI: find products by meaning
	Rank      string // OpenAI: put what was found in order, with a tool
	Suggest   string // OpenAI: complete what the shopper types
	Rewrite   string // OpenAI: write the whole catalogue anew
	Classify  string // OpenAI: what a question is about
	Answer    string // OpenAI: answer it
	Describe  string // Anthropic: describe a product
	Review    string // Anthropic: one review in a sentence
	Recommend string // Google: what goes with a product
	Verdict   string // Google: all reviews in a sentence
}

// DefaultModels are those that the stand-in provider of the demo has answers of.
func DefaultModels() Models {
	return Models{
		Embed: "text-embedding-3-small", Rank: "gpt-5-mini", Suggest: "gpt-4.1-nano", Rewrite: "gpt-4.1-mini",
		Classify: "gpt-5-nano", Answer: "gpt-5-mini",
		Describe: "claude-sonnet-4-5", Review: "claude-haiku-4-5",
		Recommend: "gemini-2.5-flash", Verdict: "gemini-2.5-pro",
	}
}
