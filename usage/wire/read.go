package wire

import (
	"math/bits"
	"strings"

	"github.com/costkey/costkey-otel/internal/jsonwalk"
	"github.com/costkey/costkey-otel/usage"
)

// Reading is what a usage object tells, in the terms of [usage.Usage].
type Reading struct {
	Usage usage.Usage
	// Tier is the tier that served the call, Geography where, Speed in which mode, SearchSize with how large a search
	// context: the provider's words, "" where they are not told.
	Tier, Geography, Speed, SearchSize string
	// Cost is what the provider says that the call cost, a JSON number of USD; "" where it says nothing.
	Cost string
	// Others are inferences within the call that are billed by themselves. They are not in Usage.
	Others []Other
	// apart says that Input is what the object has beside the cached parts, and those that it tells.
	apart bool
	// splitOnly says that what was written to the cache is told by how long it is kept alone.
	splitOnly bool
	// TotalDiffers says that a total is told which input and output don't add up to.
	TotalDiffers bool
}

// Other is one such inference: an advisor's, or a compaction of the context.
type Other struct {
	Model string // that answered; "" is the call's own
	Usage usage.Usage
}

// Over returns u, which was told of the same call elsewhere, with what the object tells in its place.
func (r *Reading) Over(u usage.Usage) usage.Usage {
	told := r.Usage
	if r.apart && told.Input.IsKnown() { // parts that the object does not tell are not in its input either
		if !told.CacheRead.IsKnown() {
			told.Input = told.Input.Add(u.CacheRead)
		}
		if !told.CacheWrite.IsKnown() {
			told.Input = told.Input.Add(u.CacheWrite)
		}
	}
	if r.splitOnly && told.CacheWrite.Value() < u.CacheWrite.Value() {
		told.CacheWrite = u.CacheWrite
	}
	return told.Over(u)
}

// facts is what one walk over an object collects.
type facts struct {
	count [numCounts]usage.Count
	word  [numFacts - numCounts]string
	forms uint8 // bit set: a place proves the form
	seen  bool  // some place was there
	pair  pair
	iters []iteration
}

// pair is an entry of a list, whose two members come in any order.
type pair struct {
	list *list
	item int
	word string
	n    usage.Count
}

// Read reads a usage object, or one with a member that is: an answer's "usage", "usageMetadata" or "meta" may be left in.
// provider is the canonical id of who answered, "" where it is not known: some count apart what others include. It returns
// false where the text is no JSON, or has no place that is known.
func Read(object, provider string) (Reading, bool) {
	var f facts
	w := jsonwalk.Of(object)
	for w.Next() {
		path := w.Where()
		if len(path) > len(iterations) && string(path[:len(iterations)]) == iterations {
			f.iterate(string(path[len(iterations):]), &w)
			continue
		}
		if r, ok := rows[string(path)]; ok {
			f.take(&r, &w)
		}
	}
	if !w.Done() || !f.seen {
		return Reading{}, false
	}
	return f.reading(provider), true
}

func (f *facts) take(r *row, w *jsonwalk.Walker) {
	switch {
	case r.list != nil:
		f.takePair(r, w)
	case w.Kind == jsonwalk.Null:
	case r.fact < numCounts:
		if c := countOf(w); c.IsKnown() {
			f.count[r.fact] = c
			f.note(r.form)
		}
	case r.fact >= Cost && w.Kind == jsonwalk.Number, r.fact < Cost && w.Kind == jsonwalk.String:
		f.word[r.fact-numCounts] = w.Raw
		f.note(r.form)
	}
}

func (f *facts) note(proved form) {
	f.seen = true
	if proved != formUnknown {
		f.forms |= 1 << proved
	}
}

func (f *facts) takePair(r *row, w *jsonwalk.Walker) {
	if f.pair.list != r.list || f.pair.item != w.Item {
		f.pair = pair{list: r.list, item: w.Item}
	}
	if r.word {
		f.pair.word = w.Raw
	} else {
		f.pair.n = countOf(w)
	}
	if f.pair.word == "" || !f.pair.n.IsKnown() {
		return
	}
	if to, ok := r.list.facts[f.pair.word]; ok {
		f.count[to] = f.pair.n
	} else if to, ok := r.list.facts[strings.ToUpper(f.pair.word)]; ok { // the interactions API's are in lower case
		f.count[to] = f.pair.n
	}
}

// countOf returns a whole number from 0 to usage.MaxCount, as 1000 or 1000.0; anything else is unknown.
func countOf(w *jsonwalk.Walker) usage.Count {
	if w.Kind != jsonwalk.Number {
		return 0
	}
	whole, fraction, _ := strings.Cut(w.Raw, ".")
	if len(whole) > 10 || strings.Trim(fraction, "0") != "" || whole == "" || jsonwalk.Digits(whole) != len(whole) {
		return 0
	}
	var n int64
	for i := range len(whole) {
		n = n*10 + int64(whole[i]-'0')
	}
	if n > usage.MaxCount {
		return 0
	}
	return usage.Known(n)
}

func (f *facts) form() form {
	if f.forms == 0 {
		return formUnknown
	}
	return form(bits.TrailingZeros8(f.forms))
}
