package genaispan

import "slices"

// Notes: how the numbers of a call were read where it was not plain. The values of costkey.usage.missing are notes as
// well: they say why there are no numbers.
const (
	// NoteBadCount: a count was negative, fractional, above usage.MaxCount or no number, and was left out.
	NoteBadCount = "bad_count"
	// NoteBadValue: a text failed its check (a sentence for an id, a torn encoding), and was left out.
	NoteBadValue = "bad_value"
	// NoteInputExcludedCache: the span's own numbers show that its input leaves cached tokens out; they were added.
	NoteInputExcludedCache = "input_excluded_cache"
	// NoteOutputExcludedReasoning: the span's own numbers show that its output leaves reasoning out; it was added.
	NoteOutputExcludedReasoning = "output_excluded_reasoning"
	// NoteByTable: something was added since the dialect is known to leave it out for this provider.
	NoteByTable = "by_table"
	// NoteAmbiguousCache: nothing tells whether the input includes cached tokens; it was taken to include them, the cheaper
	// reading.
	NoteAmbiguousCache = "ambiguous_cache"
	// NoteOutputFromTotal: Gemini's output was taken from the total, since thoughts are not reported apart.
	NoteOutputFromTotal = "output_from_total"
	// NoteClamped: a part was larger than its total and was cut down to it.
	NoteClamped = "clamped"
	// NoteTotalOnly: only a total was reported, which can't be priced.
	NoteTotalOnly = "total_only"
	// NoteZeroUsage: all counts were 0, which no answered call has; they were taken as unknown.
	NoteZeroUsage = "zero_usage"
	// NotePartialUsage: only one of input and output is known; the price is that of the known part.
	NotePartialUsage = "partial_usage"
	// NoteCacheUnknown: the dialect doesn't report cached tokens of this provider, so the price is an upper bound.
	NoteCacheUnknown = "cache_unknown"
	// NoteCacheTTLUnknown: how long cache writes are kept is not said; they are priced as those of the default time.
	NoteCacheTTLUnknown = "cache_ttl_unknown"
	// NoteEstimatedUsage: the library may have guessed the counts of a stream with a tokenizer.
	NoteEstimatedUsage = "estimated_usage"
	// NoteUnknownOperation: the operation is none that we know.
	NoteUnknownOperation = "unknown_operation"
	// NoteCallsMerged: the span is one row for several calls.
	NoteCallsMerged = "calls_merged"
	// NoteEnclosing: LangSmith put a streamed call's usage onto the span around it.
	NoteEnclosing = "enclosing_span"
	// NoteHostUnknown: a local or private host served the call, so that the provider's price may not hold.
	NoteHostUnknown = "host_unknown"
	// NoteUsageFromOuter: the counts were told by the span around the call alone. A store takes them back if another call
	// inside that span brings counts of its own.
	NoteUsageFromOuter = "usage_from_outer"
	// NoteUsageDiffers: the span's own input or output was not that of the provider's usage object, which counts.
	NoteUsageDiffers = "usage_differs"
	// NoteTotalDiffers: the provider's usage object has a total that input and output don't add up to.
	NoteTotalDiffers = "total_differs"
	// NoteOtherUsage: the call holds inferences that are billed by themselves, an advisor's or a compaction's. Its cost has
	// them, its counts have not.
	NoteOtherUsage = "other_usage"
	// NoteTagsCut: there were more tags than are kept, or some were refused.
	NoteTagsCut = "tags_cut"
)

// note adds n to the call's notes, once.
func (c *Call) note(n string) {
	if !slices.Contains(c.Notes, n) {
		c.Notes = append(c.Notes, n)
	}
}
