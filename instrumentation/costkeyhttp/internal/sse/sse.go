// Package sse splits an event stream (text/event-stream, WHATWG HTML section 9.2) as it passes by, in push mode and
// without keeping a line: the bytes of data fields go to the handler as they come.
package sse

import "bytes"

// Handler takes what a [Splitter] finds.
type Handler interface {
	// Data takes the next bytes of the event's data. Several data fields of one event are joined by a newline, which
	// comes as bytes of its own. p is valid during the call only.
	Data(p []byte)
	// EndEvent says that the event is complete. It comes for events without data too.
	EndEvent()
}

type state uint8

const (
	inName  state = iota // in a field's name, all of which has matched "data" so far
	inValue              // behind the colon of a data field
	inOther              // in a field or comment that is passed over
)

const (
	field = "data"
	bom   = "\xef\xbb\xbf"
)

// Splitter splits one stream. The zero value is ready. A Splitter is not safe for concurrent use.
type Splitter struct {
	state   state
	matched int  // bytes of the field's name seen
	lead    int  // bytes of the byte order mark seen; -1 once the stream's first bytes have passed
	cr      bool // the last byte was CR: an LF now belongs to it
	space   bool // one space is still to be taken off the value
	fields  int  // data fields of the event so far
	any     bool // the line has bytes
}

// Write reads on and tells h what it finds. It keeps nothing of p.
func (s *Splitter) Write(p []byte, h Handler) {
	if s.lead >= 0 {
		p = s.skipBOM(p)
	}
	returns := bytes.IndexByte(p, '\r') >= 0
	for len(p) > 0 {
		if s.cr {
			s.cr = false
			if p[0] == '\n' {
				p = p[1:]
				continue
			}
		}
		line, rest, ended := cutLine(p, returns)
		if len(line) > 0 {
			s.any = true
			s.part(line, h)
		}
		if ended {
			s.cr = p[len(line)] == '\r'
			s.endLine(h)
		}
		p = rest
	}
}

// Flush says that the stream has ended: an event without its blank line ends too, since it has passed whole or not.
func (s *Splitter) Flush(h Handler) {
	if s.any {
		s.endLine(h)
	}
	if s.fields > 0 {
		s.fields = 0
		h.EndEvent()
	}
}

// cutLine returns p up to the first CR or LF, and what follows it. returns says that there may be a CR.
func cutLine(p []byte, returns bool) (line, rest []byte, ended bool) {
	end := bytes.IndexByte(p, '\n')
	if end < 0 {
		end = len(p)
	}
	if returns {
		if cr := bytes.IndexByte(p[:end], '\r'); cr >= 0 {
			end = cr
		}
	}
	if end == len(p) {
		return p, nil, false
	}
	return p[:end], p[end+1:], true
}

// skipBOM takes the byte order mark off the stream's first bytes.
func (s *Splitter) skipBOM(p []byte) []byte {
	for s.lead < len(bom) && len(p) > 0 && p[0] == bom[s.lead] {
		s.lead++
		p = p[1:]
	}
	if s.lead == len(bom) || len(p) > 0 {
		s.lead = -1
	}
	return p
}

// part reads on in a line.
func (s *Splitter) part(line []byte, h Handler) {
	if s.matched == 0 && s.state == inName && len(line) > len(field) && string(line[:len(field)+1]) == field+":" {
		s.state, s.space, line = inValue, true, line[len(field)+1:] // Fast path.
		s.beginData(h)
	}
	for s.state == inName {
		if len(line) == 0 {
			return
		}
		c := line[0]
		switch {
		case s.matched < len(field) && c == field[s.matched]:
			s.matched++
		case s.matched == len(field) && c == ':':
			s.state, s.space = inValue, true
			s.beginData(h)
		default:
			s.state = inOther
		}
		line = line[1:]
	}
	if s.state != inValue || len(line) == 0 {
		return
	}
	if s.space {
		s.space = false
		if line[0] == ' ' {
			line = line[1:]
		}
	}
	if len(line) > 0 {
		h.Data(line)
	}
}

var newline = []byte{'\n'}

func (s *Splitter) beginData(h Handler) {
	if s.fields > 0 {
		h.Data(newline)
	}
	s.fields++
}

func (s *Splitter) endLine(h Handler) {
	switch {
	case !s.any:
		s.fields = 0
		h.EndEvent()
	case s.state == inName && s.matched == len(field):
		s.beginData(h) // "data" without a colon: an empty value
	}
	s.state, s.matched, s.any, s.space = inName, 0, false, false
}
