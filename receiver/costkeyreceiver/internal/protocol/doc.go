// Package protocol reads what CostKey's JavaScript and Python SDKs send: batches of events as JSON.
//
// What the SDKs send is the specification, so reading is lenient: numbers may come as floats or as text, any field may be
// null or missing, unknown fields are kept where they are short scalars and passed over elsewhere. A field of the wrong
// type is as good as none, but for those that a call can't do without: an event without an id or a time is rejected, and
// the others of its batch are taken. Prompts, answers and lines of source code are never read into an [Event]; of an
// answer that came along only the counts of its usage are, its id and its model.
//
// The frames of a stack stay as they came until [Frames] reads them: a program's places recur, and are known by that text.
//
// Text is made valid UTF-8 without NUL on the way. The package is pure: no I/O, no clock.
package protocol
