package genaispan

import "github.com/costkey/costkey-otel/usage"

// none is an unknown count while counts are reckoned with.
const none = -1

// tally is the token counts of a span while they are brought into our terms: input, output, cache read, cache write,
// reasoning, total.
type tally struct {
	i, o, r, w, t, n int64
	native           int64 // Anthropic's own input_tokens
	candidates       int64 // Gemini's own candidatesTokenCount
}

func (f *found) tally() tally {
	get := func(c uint8) int64 { return f.count[c] - 1 }
	y := tally{
		i: get(cInput), o: get(cOutput), r: get(cCacheRead), w: get(cCacheWrite), t: get(cReasoning), n: get(cTotal),
		native: get(cNativeInput), candidates: get(cNativeCandidates),
	}
	if f.totalSet != setNone && (f.totalSet != f.inputSet || f.totalSet != f.outputSet) {
		y.n = none // a total of another hand than its parts proves nothing
	}
	if split := f.value(cWrite5m) + f.value(cWrite1h); split > max(y.w, 0) {
		y.w = split
	}
	return y
}

// isZero reports whether all that is said is 0, which libraries send for an answer whose usage they did not see.
func (y *tally) isZero() bool { return max(y.i, y.o, y.r, y.w, y.t, y.n) == 0 }

// excess is what the total has beyond input and output; 0 where one of the three is unknown.
func (y *tally) excess() int64 {
	if y.i < 0 || y.o < 0 || y.n < 0 {
		return 0
	}
	return y.n - y.i - y.o
}

// cached is the sum of both cache parts.
func (y *tally) cached() int64 { return max(y.r, 0) + max(y.w, 0) }

// account brings the counts of f into our terms and puts them into dst, with notes on what was not plain. The steps are
// those of the page on accounting in README.md; the first rule that fires decides.
func (f *found) account(d dialect, dst *Call) {
	y := f.tally()
	fam := familyOf(dst.Provider, modelOf(dst))
	if y.i < 0 && y.o < 0 {
		f.totalOnly(&y, dst)
		return
	}
	if y.isZero() {
		dst.note(NoteZeroUsage)
		return
	}
	c := table[d.id][fam]
	if d.id == dialectClaudeCode && f.inputSet == setPlain {
		c = plain // since 2.1.332 it has semconv's keys besides, by semconv's rule
	}
	y.includeCache(d, fam, c, dst)
	y.includeReasoning(fam, c, dst)
	y.clamp(dst)
	f.store(&y, dst)
	f.noteUsage(&y, d, fam, c, dst)
}

func modelOf(c *Call) string {
	if c.ResponseModel != "" {
		return c.ResponseModel
	}
	return c.RequestModel
}

// totalOnly takes a lone total as input of embeddings, which have no output, and as nothing else.
func (f *found) totalOnly(y *tally, dst *Call) {
	if y.n < 0 {
		y.n = f.count[cTotal] - 1
	}
	switch {
	case y.n < 0:
	case dst.Operation == "embeddings":
		dst.Usage.Input = usage.Known(y.n)
	default:
		dst.note(NoteTotalOnly)
	}
}

// includeCache decides whether the input leaves the cache out (step 1), and if so adds it.
func (y *tally) includeCache(d dialect, fam family, c cell, dst *Call) {
	if y.i < 0 || y.cached() == 0 {
		return
	}
	claude := fam == familyAnthropic || fam == familyBedrock || containsFold(modelOf(dst), "claude")
	switch y.leavesCacheOut(d, c, claude, dst.Provider == "") {
	case bySpan:
		dst.note(NoteInputExcludedCache)
	case byTable:
		dst.note(NoteByTable)
	case undecided:
		dst.note(NoteAmbiguousCache)
		return
	default:
		return
	}
	y.i += y.cached()
}

// evidence says what shows that a total leaves a part out.
type evidence uint8

const (
	includes  evidence = iota // it does not leave it out
	undecided                 // nothing tells; taken to include
	bySpan                    // the span's own numbers
	byTable                   // the dialect
)

func (y *tally) leavesCacheOut(d dialect, c cell, claude, anyProvider bool) evidence {
	cached, excess := y.cached(), y.excess()
	switch {
	case cached > y.i: // 1a: it can't contain them
		return bySpan
	case d.id == dialectVercel6 || d.id == dialectGenAIDev: // 1b
		return includes
	case (claude || anyProvider) && (excess == cached || excess == cached+max(y.t, 0)): // 1c: the total has them beside the input
		return bySpan
	case claude && y.native >= 0 && y.i == y.native: // 1d: the input is Anthropic's own, which leaves them out
		return bySpan
	case claude && y.native >= 0 && y.i == y.native+cached:
		return includes
	case c == inExcl: // 1e
		return byTable
	case c != unknown || !claude:
		return includes
	default: // 1f
		return undecided
	}
}

// includeReasoning decides whether the output leaves reasoning out (step 2), and if so adds it.
func (y *tally) includeReasoning(fam family, c cell, dst *Call) {
	if y.o < 0 {
		return
	}
	excess := y.excess()
	switch {
	case y.t > y.o, // 2a
		y.t > 0 && excess == y.t,       // 2b
		y.t > 0 && y.candidates == y.o: // Gemini's own count beside the library's, as 1d
		dst.note(NoteOutputExcludedReasoning)
		y.o += y.t
	case y.t > 0 && y.candidates >= 0 && y.o == y.candidates+y.t:
	case y.t > 0 && c == outExcl: // 2c
		dst.note(NoteByTable)
		y.o += y.t
	case y.t < 0 && fam == familyGoogle && excess > 0: // 2d
		dst.note(NoteOutputFromTotal)
		y.o += excess
	}
}

// clamp cuts parts that are larger than their totals (step 3), so that no price is negative.
func (y *tally) clamp(dst *Call) {
	before := *y
	if y.i >= 0 {
		y.r = min(y.r, y.i)
		y.w = min(y.w, y.i-max(y.r, 0))
	} else {
		y.r, y.w = none, none // parts of an unknown total
	}
	if y.o >= 0 {
		y.t = min(y.t, y.o)
	} else {
		y.t = none
	}
	if y.i >= 0 && (y.r != before.r || y.w != before.w) || y.o >= 0 && y.t != before.t {
		dst.note(NoteClamped)
	}
}

// store puts the counts into dst, each part bounded by its total.
func (f *found) store(y *tally, dst *Call) {
	u := &dst.Usage
	u.Input, u.Output = usage.Known(y.i), usage.Known(y.o)
	u.CacheRead, u.CacheWrite, u.Reasoning = usage.Known(y.r), usage.Known(y.w), usage.Known(y.t)
	part := func(c uint8, total usage.Count) usage.Count {
		if !f.known(c) || !total.IsKnown() {
			return 0
		}
		return usage.Known(min(f.value(c), total.Value()))
	}
	if f.known(cWrite1h) || f.known(cWrite5m) {
		u.CacheWrite1h = part(cWrite1h, u.CacheWrite)
	}
	u.AudioInput = part(cAudioInput, u.Input)
	u.ImageInput = part(cImageInput, u.Input)
	u.VideoInput = part(cVideoInput, u.Input)
	u.CachedAudioInput = part(cCachedAudio, min(u.CacheRead, u.AudioInput))
	u.CachedImageInput = part(cCachedImage, min(u.CacheRead, u.ImageInput))
	u.AudioOutput = part(cAudioOutput, u.Output)
	u.ImageOutput = part(cImageOutput, u.Output)
	u.WebSearches = usage.Known(f.count[cWebSearches] - 1)
}

// noteUsage marks what a reader of the bill should know (steps 4 to 6).
func (f *found) noteUsage(y *tally, d dialect, fam family, c cell, dst *Call) {
	noOutput := dst.Operation == "embeddings" || dst.Operation == "rerank"
	if y.i < 0 != (y.o < 0) && !noOutput {
		dst.note(NotePartialUsage)
	}
	if c == lost && y.r < 0 && y.w < 0 && !noOutput {
		dst.note(NoteCacheUnknown)
	}
	if y.w > 0 && fam == familyAnthropic && !f.known(cWrite5m) && !f.known(cWrite1h) {
		dst.note(NoteCacheTTLUnknown)
	}
	guesses := d.id == dialectTraceloopJS || d.id == dialectOpenLLMetry || d.id == dialectOpenLIT
	if guesses && fam == familyOpenAI && (dst.Streaming || d.id == dialectTraceloopJS && y.r < 0) {
		dst.note(NoteEstimatedUsage)
	}
}
