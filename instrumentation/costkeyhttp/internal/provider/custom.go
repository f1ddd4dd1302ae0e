package provider

import (
	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/jsonscan"
	"github.com/costkey/costkey-otel/usage"
)

// Custom is what a user says of an API that no built-in format knows. Its functions are the user's: where one panics the
// panic is recovered and told to Panicked, and none is asked again about that call, of which the rest is kept.
type Custom struct {
	// Match reports whether a POST to path is a call, and what the path tells of it.
	Match func(path string) (operation, model string, streams, ok bool)
	// Requests and Answers are the places that are read, beyond the usual ones of a request. Called once, by Compile.
	Requests func() []RequestField
	Answers  func() []Field
	// Account brings the counts into one accounting.
	Account func(*usage.Usage)
	// Panicked hears of each recovered panic.
	Panicked func()

	format *Format
}

// Compile makes the custom format ready. It reports false where the user's functions panicked.
func (c *Custom) Compile() (ok bool) {
	broken := false
	defer func() { ok = !broken }()
	defer c.guard(&broken)
	f := &Format{Telling: true, Account: c.settle}
	for _, field := range c.Requests() {
		f.Requests = append(f.Requests, c.guardedRequest(field))
	}
	for _, field := range c.Answers() {
		f.Fields = append(f.Fields, c.guardedAnswer(field))
	}
	f.compile()
	c.format = f
	return ok
}

// Lookup is [Lookup] for the custom format. What can't be an operation or a model is left out.
func (c *Custom) Lookup(path string) (t Target, ok bool) {
	broken := false
	defer func() { ok = ok && !broken }()
	defer c.guard(&broken)
	operation, model, streams, ok := c.Match(path)
	if !ok {
		return Target{}, false
	}
	t = Target{Format: c.format, Operation: DefaultOperation, Streams: streams}
	if isWord(operation) {
		t.Operation = operation
	}
	if isName(model) {
		t.Model = model
	}
	return t, true
}

// guard recovers from a panic of the user's. It must be deferred as it is.
func (c *Custom) guard(broken *bool) {
	if recover() != nil { // its value may quote the content
		*broken = true
		c.Panicked()
	}
}

func (c *Custom) guardedRequest(f RequestField) RequestField {
	read := f.Read
	f.Read = func(r *Request, v jsonscan.Value) {
		if r.Broken {
			return
		}
		defer c.guard(&r.Broken)
		read(r, v)
	}
	return f
}

func (c *Custom) guardedAnswer(f Field) Field {
	read := f.Read
	f.Read = func(a *Answer, v jsonscan.Value) {
		if a.Broken {
			return
		}
		defer c.guard(&a.Broken)
		read(a, v)
	}
	return f
}

func (c *Custom) settle(a *Answer) {
	if !a.Broken {
		defer c.guard(&a.Broken)
		c.Account(&a.Usage)
	}
}
