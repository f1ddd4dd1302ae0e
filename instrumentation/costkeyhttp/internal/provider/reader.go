package provider

import (
	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/jsonscan"
	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/sse"
)

// Framing says how an answer's body is cut into JSON documents.
type Framing uint8

const (
	// Plain is one document, or one array of them.
	Plain Framing = iota
	// EventStream is text/event-stream, one document per event.
	EventStream
)

// doneMark is the data of the event that ends an OpenAI stream.
const doneMark = "[DONE]"

// Reader reads one answer as its bytes pass. The zero value is not ready: call [Reader.Init]. It is not safe for
// concurrent use.
type Reader struct {
	format  *Format
	framing Framing
	answer  Answer
	json    jsonscan.Scanner
	events  sse.Splitter

	head    [len(doneMark)]byte // the first bytes of the event at hand
	size    int                 // bytes of the event at hand, counted up to one more than head holds
	settled bool
}

// Init makes the reader ready for an answer.
func (r *Reader) Init(f *Format, framing Framing) {
	r.format, r.framing = f, framing
	r.answer.begin()
	r.json.Init(f.set, valueSink{r})
}

// Write reads on. It keeps nothing of p.
func (r *Reader) Write(p []byte) {
	if r.framing == EventStream {
		r.events.Write(p, eventSink{r})
		return
	}
	r.json.Write(p)
	if r.json.Done() {
		r.answer.Complete = true
	}
}

// Answer returns what the answer has said so far. The reader goes on writing to it.
func (r *Reader) Answer() *Answer { return &r.answer }

// Settle ends the reading and brings the counts into one accounting. It works once.
func (r *Reader) Settle() *Answer {
	if r.settled {
		return &r.answer
	}
	r.settled = true
	if r.framing == EventStream {
		r.events.Flush(eventSink{r})
	}
	if r.format.Account != nil {
		r.format.Account(&r.answer)
	}
	return &r.answer
}

// valueSink and eventSink keep the reader's callbacks out of its method set.
type valueSink struct{ *Reader }

func (s valueSink) Value(field int, v jsonscan.Value) {
	s.format.Fields[field].Read(&s.answer, v)
}

type eventSink struct{ *Reader }

func (s eventSink) Data(p []byte) {
	if s.size <= len(s.head) {
		n := copy(s.head[min(s.size, len(s.head)):], p)
		s.size += n
		if n < len(p) {
			s.size = len(s.head) + 1
		}
	}
	s.json.Write(p)
}

func (s eventSink) EndEvent() {
	if s.size == len(s.head) && string(s.head[:]) == doneMark || s.answer.ending {
		s.answer.Complete = true
	}
	s.size = 0
	s.answer.begin()
	s.json.Reset()
	if s.answer.Content {
		s.json.Look(s.format.late)
	}
}
