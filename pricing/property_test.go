package pricing

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/costkey/costkey-otel/usage"
)

// The properties hold for every model of the embedded catalogue, at any time, in any tier, whatever is multiplied.

// catalogued draws a call to one of the catalogue's models, without a usage.
func catalogued(t *rapid.T) Query {
	models := slices.Collect(Embedded().Models())
	m := models[rapid.IntRange(0, len(models)-1).Draw(t, "model")]
	return Query{
		Provider: m.Provider, ResponseModel: m.ID,
		ServiceTier:   rapid.SampledFrom([]string{"", "", "", "", "", "batch", "flex", "priority"}).Draw(t, "tier"),
		Residency:     rapid.SampledFrom([]string{"", "us", "eu"}).Draw(t, "residency"),
		Speed:         rapid.SampledFrom([]string{"", "", "", "", "", "", "", "fast"}).Draw(t, "speed"),
		SearchContext: rapid.SampledFrom([]string{"", "low", "medium", "high"}).Draw(t, "context"),
		AtNanos:       asOfNanos - rapid.Int64Range(0, int64(700*24*time.Hour)).Draw(t, "age"),
	}
}

// parted draws a usage whose parts fit into their totals.
func parted(t *rapid.T, label string, limit int64) usage.Usage {
	n := func(what string, limit int64) usage.Count {
		return known(rapid.Int64Range(0, limit).Draw(t, label+" "+what))
	}
	u := usage.Usage{Input: n("input", limit), Output: n("output", limit)}
	u.CacheRead = n("read", u.Input.Value())
	u.CacheWrite = n("write", u.Input.Value()-u.CacheRead.Value())
	u.CacheWrite1h = n("1h", u.CacheWrite.Value())
	fresh := u.Input.Value() - u.CacheRead.Value() - u.CacheWrite.Value()
	u.CachedAudioInput = n("cached audio", u.CacheRead.Value())
	u.CachedImageInput = n("cached image", u.CacheRead.Value()-u.CachedAudioInput.Value())
	audio := n("audio", fresh)
	image := n("image", fresh-audio.Value())
	u.VideoInput = n("video", fresh-audio.Value()-image.Value())
	u.AudioInput, u.ImageInput = u.CachedAudioInput.Add(audio), u.CachedImageInput.Add(image)
	u.Reasoning = n("reasoning", u.Output.Value())
	u.AudioOutput = n("audio output", u.Output.Value()-u.Reasoning.Value())
	u.Citation = n("citation", u.Output.Value()-u.Reasoning.Value()-u.AudioOutput.Value())
	for i, c := range []*usage.Count{&u.WebSearches, &u.FileSearches, &u.CodeSessions} { // few models have a fee for them
		if i == rapid.IntRange(0, 20).Draw(t, label+" tool") {
			*c = n("uses", 9)
		}
	}
	return u
}

// together adds two usages, count by count.
func together(a, b *usage.Usage) usage.Usage {
	sum := *a
	for i, c := range countsOf(&sum) {
		*c = c.Add(*countsOf(b)[i])
	}
	return sum
}

func countsOf(u *usage.Usage) []*usage.Count {
	return []*usage.Count{
		&u.Input, &u.CacheRead, &u.CacheWrite, &u.CacheWrite1h, &u.Output, &u.Reasoning, &u.AudioInput, &u.CachedAudioInput,
		&u.ImageInput, &u.CachedImageInput, &u.VideoInput, &u.AudioOutput, &u.ImageOutput, &u.VideoOutput, &u.Citation,
		&u.InputCharacters, &u.WebSearches, &u.FileSearches, &u.SearchUnits, &u.Images, &u.Pages, &u.CodeSessions,
	}
}

func TestNoUsageHoweverAbsurdCostsLessThanNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		q := catalogued(t)
		q.Usage = &usage.Usage{}
		for _, c := range countsOf(q.Usage) {
			if rapid.Bool().Draw(t, "known") {
				*c = known(rapid.Int64Range(0, 2*usage.MaxCount).Draw(t, "count"))
			}
		}
		res, lines := Embedded().Explain(&q)
		sum := Money{}
		for _, l := range lines {
			if l.USD.Sign() < 0 {
				t.Fatalf("line %+v", l)
			}
			sum = sum.Add(l.USD)
		}
		if res.Cost.Sign() < 0 || (len(lines) > 0 && sum != res.Cost) {
			t.Fatalf("%+v, lines add up to %s", res, sum)
		}
		if res.Status != StatusPriced && !res.Cost.IsZero() {
			t.Fatalf("no price, but a cost: %+v", res)
		}
	})
}

func TestTwoCallsOfARowCostWhatOneOfBothDoes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		q := catalogued(t)
		a, b := parted(t, "a", 4000), parted(t, "b", 4000) // the smallest size of the catalogue's ends above both
		both := together(&a, &b)
		priced := func(u *usage.Usage) (Money, bool) {
			q.Usage = u
			res, lines := Embedded().Explain(&q)
			fee := slices.ContainsFunc(lines, func(l Line) bool { return len(l.What) >= 7 && l.What[:7] == "request" })
			return res.Cost, res.Status == StatusPriced && !fee
		}
		costA, okA := priced(&a)
		costB, okB := priced(&b)
		cost, ok := priced(&both)
		if !okA || !okB || !ok {
			return // without a price, or with a fee for each request
		}
		if apart := costA.Add(costB); apart.Sub(cost).Cmp(slack) > 0 || cost.Sub(apart).Cmp(slack) > 0 {
			t.Fatalf("%s at %s: %s together, %s apart", q.ResponseModel, q.Provider, cost, apart)
		}
	})
}

// slack is what rounding may add up to: half a unit for each line of three sums, of the few rates that are no whole number
// of units.
var slack = MoneyFromParts(0, 3*uint64(numKinds))

func TestMoreOfAnyPartNeverCostsLess(t *testing.T) {
	t.Parallel()
	// Each part grows with the totals that it is in, as a longer call does.
	grow := []func(u *usage.Usage, n usage.Count){
		func(u *usage.Usage, n usage.Count) { u.Input = u.Input.Add(n) },
		func(u *usage.Usage, n usage.Count) { u.Input, u.CacheRead = u.Input.Add(n), u.CacheRead.Add(n) },
		func(u *usage.Usage, n usage.Count) { u.Input, u.CacheWrite = u.Input.Add(n), u.CacheWrite.Add(n) },
		func(u *usage.Usage, n usage.Count) {
			u.Input, u.CacheWrite, u.CacheWrite1h = u.Input.Add(n), u.CacheWrite.Add(n), u.CacheWrite1h.Add(n)
		},
		func(u *usage.Usage, n usage.Count) { u.Input, u.AudioInput = u.Input.Add(n), u.AudioInput.Add(n) },
		func(u *usage.Usage, n usage.Count) { u.Input, u.ImageInput = u.Input.Add(n), u.ImageInput.Add(n) },
		func(u *usage.Usage, n usage.Count) { u.Input, u.VideoInput = u.Input.Add(n), u.VideoInput.Add(n) },
		func(u *usage.Usage, n usage.Count) { u.Output = u.Output.Add(n) },
		func(u *usage.Usage, n usage.Count) { u.Output, u.Reasoning = u.Output.Add(n), u.Reasoning.Add(n) },
		func(u *usage.Usage, n usage.Count) { u.Output, u.AudioOutput = u.Output.Add(n), u.AudioOutput.Add(n) },
		func(u *usage.Usage, n usage.Count) { u.Output, u.Citation = u.Output.Add(n), u.Citation.Add(n) },
		func(u *usage.Usage, n usage.Count) { u.WebSearches = u.WebSearches.Add(n) },
		func(u *usage.Usage, n usage.Count) { u.FileSearches = u.FileSearches.Add(n) },
		func(u *usage.Usage, n usage.Count) { u.CodeSessions = u.CodeSessions.Add(n) },
	}
	rapid.Check(t, func(t *rapid.T) {
		q := catalogued(t)
		less := parted(t, "call", 400_000)
		more := less
		grow[rapid.IntRange(0, len(grow)-1).Draw(t, "part")](&more, known(rapid.Int64Range(1, 300_000).Draw(t, "by")))
		q.Usage = &less
		before := Embedded().Price(&q)
		q.Usage = &more
		after := Embedded().Price(&q)
		if known := before.Status == StatusPriced && after.Status == StatusPriced; known && after.Cost.Cmp(before.Cost) < 0 {
			t.Fatalf("%s at %s: %+v costs %s, %+v only %s", q.ResponseModel, q.Provider, less, before.Cost, more, after.Cost)
		}
	})
}
