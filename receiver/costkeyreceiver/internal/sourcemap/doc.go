// Package sourcemap turns frames of generated JavaScript into frames of the code that was written, by the source maps that
// were uploaded for a release.
//
// A frame is looked up where it is the user's own and has a release, a line and a column. A frame without a map, with a
// broken one, or while maps can't be read, stays as it came: no event fails for its frames. Parsed maps are kept, the
// least recently used go first; that there is none is remembered for a while too.
//
// The name at a position of a source map is that of what is called there, so a frame's function is named by the position
// of its caller's frame, and only where the generated name is as short as those that minifiers make.
package sourcemap
