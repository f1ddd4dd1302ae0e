// Package translate makes a GenAI span of each event that a CostKey SDK sent. It is pure: the same event makes the same
// span, with the same ids, whenever and wherever it is translated, so that a resend is not a second call.
//
// The SDKs send the providers' own token counts, which leave out different parts. The spans carry them in the terms of the
// semantic conventions: input with cached tokens, output with reasoning. What can't be known stays away, and the span says
// so in costkey.usage.missing.
package translate
