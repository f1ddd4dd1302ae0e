// Package provider reads calls to AI providers from the wire: which requests are calls, what a request asks for, and what
// an answer says of its model, its end and its usage.
//
// It knows providers and wire formats apart. The provider goes by the host (hosts.go), the [Format] by the path, since
// one provider speaks several formats and many speak another's. A format is one table in one small file: the paths of
// its endpoints, and the places in its JSON with what each means.
//
// A user's own format ([Custom]) is such a table too, with the user's functions in it.
//
// Nearly all events of a stream say the same but for their text. Once one has been read to no effect, those of its shape are
// passed over (repeats.go): what is read is the same, at a fraction of the cost. The tests hold it against reading them all.
//
// Reading happens in push mode on bytes that pass by, in constant memory: a [Reader] for an answer, a [RequestReader] for
// a request. Nothing here does I/O, and no text of a prompt or an answer is kept.
package provider
