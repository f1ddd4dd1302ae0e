package content

import (
	"cmp"
	"encoding/json"
)

// Stream puts a streamed answer together from its deltas. It is handed the events of the stream, whatever their framing.
// The zero value is not ready: call [Stream.Init].
type Stream struct {
	event  Body // the event at hand
	room   int  // bytes that may still be kept
	parts  []*growing
	finish string
}

// growing is a part that deltas are added to.
type growing struct {
	kind     string // text, reasoning or tool_call
	index    int
	id, name string
	text     []byte
}

// Init makes the stream ready for an answer of which limit bytes are kept, and some more for [Clean].
func (s *Stream) Init(limit int) {
	*s = Stream{room: limit + slack}
	s.event.Init(limit)
}

// Messages returns the answer so far, or "" where nothing was generated.
func (s *Stream) Messages() string {
	if len(s.parts) == 0 {
		return ""
	}
	m := message{Role: "assistant", Finish: s.finish}
	for _, p := range s.parts {
		if p.kind != "tool_call" {
			m.Parts = append(m.Parts, textPart{p.kind, string(p.text)})
			continue
		}
		var arguments any = string(p.text)
		if json.Valid(p.text) {
			arguments = json.RawMessage(p.text)
		}
		m.Parts = append(m.Parts, callPart{"tool_call", p.id, p.name, arguments})
	}
	return write([]message{m})
}

// Data takes the next bytes of an event. It keeps nothing of p but content.
func (s *Stream) Data(p []byte) { s.event.Write(p) }

// EndEvent says that the event is complete.
func (s *Stream) EndEvent() {
	var c chunk
	if !s.event.over && json.Unmarshal(s.event.bytes, &c) == nil {
		s.add(&c)
	}
	s.event.bytes, s.event.over = s.event.bytes[:0], false
}

// grow adds text to the part of that kind and index.
func (s *Stream) grow(kind string, index int, id, name, text string) {
	if text == "" && id == "" && name == "" {
		return
	}
	names := len(id) + len(name)
	if names > s.room {
		s.room = 0 // no later piece may close the gap
		return
	}
	text = text[:min(len(text), s.room-names)]
	s.room -= names + len(text)
	p := s.part(kind, index)
	p.id, p.name = cmp.Or(p.id, id), cmp.Or(p.name, name)
	p.text = append(p.text, text...)
}

func (s *Stream) part(kind string, index int) *growing {
	for _, p := range s.parts {
		if p.kind == kind && p.index == index {
			return p
		}
	}
	p := &growing{kind: kind, index: index}
	s.parts = append(s.parts, p)
	return p
}
