// Package genaispan reads a call to an AI provider out of a span, whatever library made the span.
//
// It answers three questions. Is this span a call, or does it only enclose or repeat calls (Reader.Read)? What did the
// call consume, in one accounting for all dialects and providers (usage.Usage, with Call.Notes where it was not plain)?
// And which spans of a batch are one call, told twice (Resolve, by the rules of samecall)?
//
// The dialects are data: keys.go lists the attribute keys in order of priority, operation.go the kinds of spans,
// provider.go the providers, dialect.go what each dialect's numbers include, jsonread.go the paths that are read of JSON
// attributes. What is not listed is not read: a call is built from named fields, each with a check, so that a key that a
// library adds tomorrow brings no prompt into it. README.md has the tables in words, with their sources.
//
// The package is pure: no I/O, no clock, no state between spans.
package genaispan
