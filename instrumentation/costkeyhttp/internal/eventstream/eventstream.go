// Package eventstream splits an AWS event stream (application/vnd.amazon.eventstream) as it passes by, in push mode and
// without keeping a message.
//
// A message is its length, the length of its headers, a checksum of both, the headers, the payload and a checksum of
// all. Source: docs.aws.amazon.com/transcribe/latest/dg/event-stream.html and the Smithy specification of
// application/vnd.amazon.eventstream. The checksums are not checked: what reads the payload checks its own grammar, and
// lengths that cannot be end the reading.
package eventstream

import "encoding/binary"

// Handler takes what a [Splitter] finds.
type Handler interface {
	// Header takes a header of the message whose value is a string of at most 128 bytes. Both are valid during the call
	// only.
	Header(name, value []byte)
	// Data takes the next bytes of the message's payload. p is valid during the call only.
	Data(p []byte)
	// EndEvent says that the message is complete.
	EndEvent()
}

const (
	preludeSize = 12 // two lengths and their checksum
	trailerSize = 4
	maxHeaders  = 128 << 10
	maxMessage  = 24 << 20 // what AWS's own decoders take for the longest
	maxName     = 255
	maxValue    = 128
)

type state uint8

const (
	inPrelude state = iota
	inNameSize
	inName
	inType
	inValueSize
	inValue
	inPayload
	inTrailer
	dead // the bytes are no event stream
)

// sizes are the bytes of a header's value by its type; those of byteArray and text stand in front of the value.
var sizes = [...]int{0, 0, 1, 2, 4, 8, 0, 0, 8, 16}

const (
	byteArray = 6
	text      = 7
)

// Splitter splits one stream. The zero value is ready. A Splitter is not safe for concurrent use.
type Splitter struct {
	state   state
	kind    byte // type of the header's value at hand
	over    bool // the value at hand is too long to be handed over
	have    int  // bytes of the part at hand that have passed
	need    int  // bytes of the part at hand
	headers int  // bytes of headers still to come
	payload int  // bytes of payload still to come
	nname   int
	nvalue  int
	name    [maxName]byte
	value   [maxValue]byte // also the prelude and the sizes, before any value
}

// Write reads on and tells h what it finds. It keeps nothing of p.
func (s *Splitter) Write(p []byte, h Handler) {
	for len(p) > 0 && s.state != dead {
		switch s.state {
		case inPayload:
			n := min(len(p), s.payload)
			h.Data(p[:n])
			p, s.payload = p[n:], s.payload-n
			if s.payload == 0 {
				s.await(inTrailer, trailerSize)
			}
		default:
			p = s.part(p, h)
		}
	}
}

// await says what comes next. A Splitter begins in a prelude of which it doesn't know the size yet.
func (s *Splitter) await(next state, size int) { s.state, s.have, s.need = next, 0, size }

// part reads on in a part of known size that is not the payload, and ends it once it is whole.
func (s *Splitter) part(p []byte, h Handler) []byte {
	if s.state == inPrelude {
		s.need = preludeSize
	}
	n := min(len(p), s.need-s.have)
	switch s.state {
	case inName:
		copy(s.name[s.have:], p[:n])
	case inTrailer:
	default:
		if s.have < len(s.value) {
			copy(s.value[s.have:], p[:n])
		}
	}
	s.have += n
	if s.state > inPrelude && s.state <= inValue {
		s.headers -= n
	}
	if s.have == s.need {
		s.ended(h)
	}
	return p[n:]
}

// ended goes on behind a part that is whole.
func (s *Splitter) ended(h Handler) {
	switch s.state {
	case inPrelude:
		s.open()
	case inNameSize:
		s.nname = int(s.value[0])
		s.within(inName, s.nname)
	case inName:
		s.within(inType, 1)
	case inType:
		s.typed(h)
	case inValueSize:
		s.sized(int(binary.BigEndian.Uint16(s.value[:2])), h)
	case inValue:
		s.endHeader(h)
	case inTrailer:
		s.await(inPrelude, preludeSize)
		h.EndEvent()
	}
}

// open reads the prelude.
func (s *Splitter) open() {
	total, headers := binary.BigEndian.Uint32(s.value[:4]), binary.BigEndian.Uint32(s.value[4:8])
	if total > maxMessage || headers > maxHeaders || total < preludeSize+trailerSize+headers {
		s.state = dead
		return
	}
	s.headers = int(headers)
	s.payload = int(total-headers) - preludeSize - trailerSize
	s.nextHeader()
}

func (s *Splitter) nextHeader() {
	switch {
	case s.headers > 0:
		s.within(inNameSize, 1)
	case s.payload > 0:
		s.state = inPayload
	default:
		s.await(inTrailer, trailerSize)
	}
}

// within awaits a part of the headers, which must have room for it. No part is empty but a value.
func (s *Splitter) within(next state, size int) {
	if size == 0 || size > s.headers {
		s.state = dead
		return
	}
	s.await(next, size)
}

// typed reads the type of a header's value.
func (s *Splitter) typed(h Handler) {
	s.kind = s.value[0]
	switch {
	case int(s.kind) >= len(sizes):
		s.state = dead
	case s.kind == byteArray || s.kind == text:
		s.within(inValueSize, 2)
	default:
		s.sized(sizes[s.kind], h)
	}
}

// sized goes on to a header's value of so many bytes.
func (s *Splitter) sized(size int, h Handler) {
	s.nvalue, s.over = size, size > maxValue
	if size == 0 {
		s.endHeader(h)
		return
	}
	s.within(inValue, size)
}

func (s *Splitter) endHeader(h Handler) {
	if s.kind == text && !s.over {
		h.Header(s.name[:s.nname], s.value[:s.nvalue])
	}
	s.nextHeader()
}
