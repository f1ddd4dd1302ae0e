// Package callsite answers which of the user's own functions is making a call: the innermost own frame of the running
// goroutine, and the own frames above it.
//
// A frame is the user's own by its file, not by its function's name: a closure of an inlined function carries the name
// of the package it was inlined into. Every Go file lies in the standard library, in the module cache (an element
// "@v…"), in a vendor directory, or in a local directory; local are the main module, the modules of a workspace and
// those replaced by a directory. The build info tells these apart in builds that rewrite paths (-trimpath).
//
// Files are reported relative to their module ("internal/shop/cart.go"), else by their last two elements: never an
// absolute path, never the name of a home directory.
package callsite
