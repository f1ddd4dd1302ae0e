package wire

import (
	"strings"

	"github.com/costkey/costkey-otel/usage"
)

// perplexity's total leaves out what its output does.
const perplexity = "perplexity"

// reading brings the facts into one accounting.
func (f *facts) reading(provider string) Reading {
	word := func(fact Fact) string { return f.word[fact-numCounts] }
	r := Reading{
		Tier: word(Tier), Geography: word(Geography), Speed: word(Speed), SearchSize: word(SearchSize), Cost: word(Cost),
	}
	if ticks := word(CostTicks); r.Cost == "" && ticks != "" {
		r.Cost = shift(ticks, 10)
	}
	r.Usage = f.usage(f.form(), provider)
	r.apart = f.form() == formAnthropic
	r.splitOnly = !f.count[CacheWrite].IsKnown()
	if total := f.count[Total]; provider != perplexity && total.IsKnown() && r.Usage.Input.IsKnown() && r.Usage.Output.IsKnown() {
		r.TotalDiffers = total.Value() != r.Usage.Input.Value()+r.Usage.Output.Value()
	}
	f.addIterations(&r)
	return r
}

// usage says what contains what.
func (f *facts) usage(form form, provider string) usage.Usage {
	n := &f.count
	u := usage.Usage{
		Input: n[Input], Output: n[Output], Reasoning: n[Reasoning],
		CacheRead: n[CacheRead], CacheWrite: n[CacheWrite], CacheWrite1h: n[CacheWrite1h],
		AudioInput: n[AudioInput], CachedAudioInput: n[CachedAudioInput], ImageInput: n[ImageInput],
		CachedImageInput: n[CachedImageInput], VideoInput: n[VideoInput],
		AudioOutput: n[AudioOutput], ImageOutput: n[ImageOutput], VideoOutput: n[VideoOutput], Citation: n[Citation],
		WebSearches: n[WebSearches], SearchUnits: n[SearchUnits],
	}
	if split := n[CacheWrite5m].Add(n[CacheWrite1h]); split.IsKnown() && split.Value() >= u.CacheWrite.Value() {
		u.CacheWrite = split
		u.CacheWrite1h = n[CacheWrite1h].Or(usage.Known(0))
	}
	switch form {
	case formGemini:
		f.accountGemini(&u)
	case formAnthropic:
		if u.Input.IsKnown() {
			u.Input = u.Input.Add(u.CacheRead).Add(u.CacheWrite)
		}
	case formCohere:
		u.CacheRead = 0 // it is told of the tokens that are counted, and is more than those that are billed
	default:
		f.accountOpenAI(&u, provider)
	}
	return u
}

// accountGemini puts thoughts into the output and the results of tools into the input. Zero counts are left out of the
// JSON: where only the total tells the output, it is what is left of it.
func (f *facts) accountGemini(u *usage.Usage) {
	n := &f.count
	left := n[Total].Value() - u.Input.Value() - n[ToolPrompt].Value()
	switch {
	case u.Output.IsKnown() || n[Thoughts].IsKnown():
		u.Output = u.Output.Add(n[Thoughts])
	case n[Total].IsKnown() && u.Input.IsKnown() && left >= 0:
		u.Output = usage.Known(left)
	}
	u.Reasoning = n[Thoughts]
	if u.Input.IsKnown() {
		u.Input = u.Input.Add(n[ToolPrompt])
	}
}

// accountOpenAI puts into the output what some leave out of it: Perplexity its reasoning and its citations, xAI the
// reasoning where the total has all three, and Google's endpoint for OpenAI's clients the thoughts, which only the total
// has there.
func (f *facts) accountOpenAI(u *usage.Usage, provider string) {
	n := &f.count
	if provider == perplexity && u.Output.IsKnown() {
		u.Output = u.Output.Add(n[Apart]).Add(u.Citation)
		u.Reasoning = u.Reasoning.Or(n[Apart])
		return
	}
	u.Reasoning = u.Reasoning.Or(n[Apart])
	if !n[Total].IsKnown() || !u.Input.IsKnown() || !u.Output.IsKnown() {
		return
	}
	beyond := n[Total].Value() - u.Input.Value() - u.Output.Value()
	switch {
	case beyond > 0 && beyond == u.Reasoning.Value():
		u.Output = u.Output.Add(u.Reasoning)
	case beyond > 0 && strings.HasPrefix(provider, "gcp."):
		u.Output = u.Output.Add(usage.Known(beyond))
		u.Reasoning = usage.Known(max(beyond, u.Reasoning.Value()))
	}
}

// shift returns a JSON number of digits alone divided by a power of ten, "" for any other.
func shift(digits string, places int) string {
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return ""
		}
	}
	if len(digits) <= places {
		digits = strings.Repeat("0", places-len(digits)+1) + digits
	}
	whole, fraction := digits[:len(digits)-places], strings.TrimRight(digits[len(digits)-places:], "0")
	if fraction == "" {
		return whole
	}
	return whole + "." + fraction
}
