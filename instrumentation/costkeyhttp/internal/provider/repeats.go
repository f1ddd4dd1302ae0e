package provider

import "github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/jsonscan"

// maxTries is how many events in a row are looked at for one that is repeated. A stream in which none is, is read without.
const maxTries = 8

// repeats passes over the events that say what an event before has said, but for their text: nearly all of a stream. Such
// an event has the same shape, so that reading it would do what reading the other did; and that one changed nothing of an
// answer that is still the same. A shape is forgotten as soon as the answer changes.
type repeats struct {
	may   bool // the format's functions needn't hear of an event that changes nothing
	on    bool // the first content has passed: what is looked for changes with the answer only from now on
	shape jsonscan.Shape
	tries int

	reading bool // the event at hand is read
	before  Said // what the answer said before it
}

func (r *repeats) init(f *Format) {
	r.may, r.on, r.tries, r.reading = !f.Telling, false, 0, false
	r.shape.Clear()
}

// begin reads the first bytes of an event, or passes over them where they are all of it and a repetition.
func (r *Reader) begin(p []byte) {
	rep := &r.repeats
	if rep.shape.Fits(p) {
		rep.tries = 0
		r.json.Pass()
		return
	}
	rep.reading, rep.before = true, r.answer.Said
	switch {
	case len(p) == 0 || p[len(p)-1] != '}': // not all of the event
		r.json.Write(p)
	case rep.tries < maxTries:
		rep.tries++
		r.json.Trace(p, &rep.shape)
	default:
		rep.shape.Clear()
		r.json.Write(p)
	}
}

// end forgets the shape where the event that ends has changed the answer.
func (r *repeats) end(a *Answer) {
	if r.reading && a.Said != r.before {
		r.shape.Clear()
	}
	r.reading = false
}
