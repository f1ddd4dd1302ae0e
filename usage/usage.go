// Package usage says what one AI call consumed: token and unit counts, each known or unknown.
//
// It is the one vocabulary between the room that reads a span (genaispan), the one that prices it (pricing) and the
// one that stores it (storage). It does no I/O and imports nothing.
package usage

import "math"

// MaxCount is the largest count that is taken for real. Anything above is a mistake of the sender (bytes put for
// tokens, a running total) and is read as unknown.
const MaxCount = 1_000_000_000

// Count is a number of tokens or units that may be unknown. The zero value is unknown, since a missing count and a
// count of zero price differently: absent is never 0. It holds three times MaxCount, the most that parts can add up to;
// calls are moved by the thousand, so its size counts.
type Count uint32

// Known returns the count n. A negative n is unknown, and so is one beyond what a Count holds.
func Known(n int64) Count {
	if n < 0 || n >= math.MaxUint32 {
		return 0
	}
	return Count(n + 1)
}

// IsKnown reports whether the count was said.
func (c Count) IsKnown() bool { return c != 0 }

// Value returns the count, 0 where it is unknown. Callers for whom the two differ ask IsKnown first.
func (c Count) Value() int64 {
	if c == 0 {
		return 0
	}
	return int64(c) - 1
}

// Or returns c if it is known, else d.
func (c Count) Or(d Count) Count {
	if c == 0 {
		return d
	}
	return c
}

// Add returns the sum of the known ones of c and d; it is unknown if both are.
func (c Count) Add(d Count) Count {
	switch {
	case c == 0:
		return d
	case d == 0:
		return c
	default:
		return Known(c.Value() + d.Value())
	}
}

// Usage is the consumption of one call in one accounting, whatever the provider's own habits: Input is all input with
// every cached part inside, Output is all output with reasoning inside, and every other token count is a part of one of
// the two. Sources of the habits: genaispan's accounting tables.
type Usage struct {
	Input        Count // all input tokens, cached parts included
	CacheRead    Count // part of Input read from a cache
	CacheWrite   Count // part of Input written to a cache, all retentions
	CacheWrite1h Count // part of CacheWrite kept for one hour; the rest is kept for the default time
	Output       Count // all output tokens, reasoning included
	Reasoning    Count // part of Output

	AudioInput       Count // part of Input
	CachedAudioInput Count // part of CacheRead and of AudioInput
	ImageInput       Count // part of Input
	CachedImageInput Count // part of CacheRead and of ImageInput
	VideoInput       Count // part of Input
	AudioOutput      Count // part of Output
	ImageOutput      Count // part of Output
	VideoOutput      Count // part of Output
	Citation         Count // part of Output (Perplexity)

	InputCharacters Count // characters, where a model is billed by them
	WebSearches     Count // searches the provider ran and bills by piece
	FileSearches    Count
	SearchUnits     Count // rerank
	Images          Count
	Pages           Count
	CodeSessions    Count // code interpreter sessions
}

// numCounts is how many counts a Usage has; a test holds it against the type.
const numCounts = 22

// Counts returns the places of all counts, always in the same order: new ones come last.
func (u *Usage) Counts() [numCounts]*Count {
	return [...]*Count{
		&u.Input, &u.CacheRead, &u.CacheWrite, &u.CacheWrite1h, &u.Output, &u.Reasoning,
		&u.AudioInput, &u.CachedAudioInput, &u.ImageInput, &u.CachedImageInput, &u.VideoInput,
		&u.AudioOutput, &u.ImageOutput, &u.VideoOutput, &u.Citation,
		&u.InputCharacters, &u.WebSearches, &u.FileSearches, &u.SearchUnits, &u.Images, &u.Pages, &u.CodeSessions,
	}
}

// Over returns o with what u knows in its place.
func (u *Usage) Over(o Usage) Usage {
	known, out := u.Counts(), o.Counts()
	for i, c := range known {
		*out[i] = c.Or(*out[i])
	}
	return o
}

// Fresh returns the input without its cached parts; unknown where those are not told, or the input is not.
func (u *Usage) Fresh() Count {
	if !u.Input.IsKnown() || !u.CacheRead.IsKnown() && !u.CacheWrite.IsKnown() {
		return 0
	}
	return Known(u.Input.Value() - u.CacheRead.Value() - u.CacheWrite.Value())
}

// LacksCacheOf reports whether u is what a library tells of o that knows nothing of the cache and takes the input without
// its cached parts for all of it, as some do with Bedrock.
func (u *Usage) LacksCacheOf(o *Usage) bool {
	return IsFreshOf(u.Input, u.Fresh(), o.Input, o.Fresh()) && u.Output == o.Output
}

// IsFreshOf reports whether an input, of which no cached parts are told, is another one without its cached parts.
func IsFreshOf(input, fresh, other, otherFresh Count) bool {
	return !fresh.IsKnown() && otherFresh.IsKnown() && input == otherFresh && input != other
}

// IsZero reports whether nothing at all is known. A call with such a usage has no price.
func (u *Usage) IsZero() bool { return *u == Usage{} }
