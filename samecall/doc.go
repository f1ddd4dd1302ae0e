// Package samecall answers one question: are these two spans one call to a provider, told twice? A wrapper around a
// vendor's SDK, two instrumentations side by side, a client and its gateway each make a span of a call that is billed
// once.
//
// Same judges two spans, Resolve as many as are at hand. What they know of a span is its [Facts], so that the reader of
// spans and the store, which share nothing else, join the same calls. The package is pure: no I/O, no clock, no state.
package samecall
