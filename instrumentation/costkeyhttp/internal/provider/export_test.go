package provider

import (
	"slices"

	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/jsonscan"
)

// ReadEveryEvent has the reader pass over no event, and look for everything in each. Call it after Init. A name that is
// known behind the first content stays.
func ReadEveryEvent(r *Reader) {
	o := &oracle{r: r}
	f := *r.format
	f.Fields = slices.Clone(f.Fields)
	for i, field := range f.Fields {
		f.Fields[i].Read = func(a *Answer, v jsonscan.Value) {
			if field.Name&o.known == 0 {
				field.Read(a, v)
			}
		}
	}
	for i := range f.late {
		f.late[i] = f.set
	}
	r.format, r.repeats.may = &f, false
	r.Watch(o)
}

// PassOverNone has the reader pass over no event, but look for what it would look for. Call it after Init.
func PassOverNone(r *Reader) { r.repeats.may = false }

// oracle notes the names that are known once the first content has passed.
type oracle struct {
	r     *Reader
	known Name
}

func (*oracle) Data([]byte) {}

func (o *oracle) EndEvent() {
	if o.r.answer.Content {
		o.known = o.r.answer.names()
	}
}
