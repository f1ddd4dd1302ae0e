// Package jsonscan picks values out of JSON that passes by, in push mode and in constant memory.
//
// The caller says once which paths it wants ([Compile]), then hands a [Scanner] the bytes as they come, cut anywhere:
// inside a UTF-8 rune, an escape or a number. Each wanted value is handed to a [Sink] as soon as its last byte is seen.
// Everything else is skipped without being kept, whatever its size.
//
// The scanner is tolerant: it checks no more of the grammar than it needs, and stops looking at a document that it
// can't follow. On a valid document it finds what encoding/json finds; the tests hold the two against each other.
package jsonscan
