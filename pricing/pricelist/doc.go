// Package pricelist reads the price lists of other tools, LiteLLM's model price map and the data of genai-prices, as a
// user's own prices for package pricing.
//
// Figures are taken over exactly: as decimal text, moved by powers of ten, never as floats. What a list says and own
// prices can't is told in the notes of its model; nothing is left out in silence. The package is pure: its caller reads
// the files.
package pricelist
