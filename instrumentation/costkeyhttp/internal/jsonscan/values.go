package jsonscan

import "bytes"

// How the scanner reads strings, numbers and what nobody wants, over the ends of chunks.

// passMembers is openValue for a value that nobody wants. It goes on over the members behind it, in the object of node
// parent, as long as they lie in p, are written without spaces and escapes, and nobody wants them either.
func (s *Scanner) passMembers(p []byte, i int, parent int16) int {
	for {
		end := plainValue(p, i)
		if end < 0 {
			return s.passValue(p, i, p[i])
		}
		if s.shape != nil {
			s.notePlain(p, i, end)
		}
		s.state = afterValue
		if end+2 >= len(p) || p[end] != ',' || p[end+1] != '"' {
			return end
		}
		quote := plainKey(p, end+2)
		if quote < 0 {
			return end
		}
		s.state, s.cur = wantValue, s.set.child(parent, p[end+2:quote])
		i = quote + 2
		if s.cur != none {
			return s.openValue(p, i)
		}
	}
}

// notePlain notes the value p[i:end] that nobody wants in the shape.
func (s *Scanner) notePlain(p []byte, i, end int) {
	if p[i] == '"' {
		s.shape.string(i+1, end-1)
	} else {
		s.shape.scalar(p, i, end)
	}
}

// plainValue returns the index behind a string or a scalar that begins at p[i], or -1 where it is another value, does
// not end in p, or may hold an escaped quote.
func plainValue(p []byte, i int) int {
	switch c := p[i]; {
	case c == '"':
		n := bytes.IndexByte(p[i+1:], '"')
		if n < 0 || p[i+n] == '\\' {
			return -1
		}
		return i + n + 2
	case c == '-', c >= '0' && c <= '9', c == 't', c == 'f', c == 'n':
		for j := i + 1; j < len(p); j++ {
			if delimits(p[j]) {
				return j
			}
		}
	}
	return -1
}

// plainKey returns the index of the quote that closes the key p[i:] is in, or -1 where it has an escape, is too long, or
// isn't followed by a colon and a value's first byte in p.
func plainKey(p []byte, i int) int {
	for j := i; j < len(p)-2 && j-i <= MaxText; j++ {
		switch p[j] {
		case '\\':
			return -1
		case '"':
			if p[j+1] != ':' {
				return -1
			}
			return j
		}
	}
	return -1
}

// passValue is openValue for a value that nobody wants.
func (s *Scanner) passValue(p []byte, i int, first byte) int {
	if first != '"' {
		return s.openValue(p, i)
	}
	s.escaped = false
	j := s.stringEnd(p, i+1)
	if j < 0 {
		s.state = inSkipped
		return len(p)
	}
	if s.shape != nil {
		s.shape.string(i+1, j)
	}
	s.state = afterValue
	return j + 1
}

func (s *Scanner) readText(p []byte, i int) int {
	raw, next, closed := s.readString(p, i)
	if !closed {
		return next
	}
	if s.over {
		if s.compactAt > 0 {
			s.compact.drop()
		}
	} else {
		s.scalar(String, s.decode(raw))
	}
	s.endValue()
	return next
}

func (s *Scanner) readPresence(p []byte, i int) int {
	s.state = inSkipped
	if p[i] != '"' {
		s.sink.Value(int(s.set.nodes[s.cur].field), Value{Kind: String})
	}
	return i
}

func (s *Scanner) readPieces(p []byte, i int) int {
	field, end := int(s.set.nodes[s.cur].field), s.stringEnd(p, i)
	if end < 0 {
		s.sink.Value(field, Value{Kind: String, Text: p[i:]})
		return len(p)
	}
	if end > i {
		s.sink.Value(field, Value{Kind: String, Text: p[i:end]})
	}
	s.endValue()
	return end + 1
}

func (s *Scanner) readSkipped(p []byte, i int) int {
	j := s.stringEnd(p, i)
	switch {
	case j < 0:
		return len(p)
	case s.skip > 0:
		s.state = skipping
	default:
		s.endValue()
	}
	return j + 1
}

// readString reads on in a string that is wanted. Once closed is true, raw is the text between the quotes, unless s.over.
func (s *Scanner) readString(p []byte, i int) (raw []byte, next int, closed bool) {
	j := s.stringEnd(p, i)
	if j < 0 {
		s.keep(p[i:], MaxText)
		return nil, len(p), false
	}
	if s.ntok == 0 && !s.over { // Fast path: the whole string is in p.
		s.over = j-i > MaxText
		return p[i:j], j + 1, true
	}
	s.keep(p[i:j], MaxText)
	return s.tok[:s.ntok], j + 1, true
}

func (s *Scanner) keep(part []byte, bound int) {
	if s.over || s.ntok+len(part) > bound {
		s.over = true
		return
	}
	s.ntok += copy(s.tok[s.ntok:], part)
}

// stringEnd returns the index of the quote that closes the string p[i:] is in, or -1, and carries over to the next chunk
// whether its first byte is escaped.
func (s *Scanner) stringEnd(p []byte, i int) int {
	if i == len(p) {
		return -1
	}
	if s.escaped {
		s.escaped = false
		i++
	}
	for {
		q := bytes.IndexByte(p[i:], '"')
		if q < 0 {
			s.escaped = oddBackslashes(p[i:])
			return -1
		}
		if !oddBackslashes(p[i : i+q]) {
			return i + q
		}
		i += q + 1
		// Fast path - where one quote is escaped, more are, and close by.
		for soon := min(len(p), i+near); i < soon; i++ {
			switch p[i] {
			case '"':
				return i
			case '\\':
				i++
				soon = min(len(p), i+near)
			}
		}
		if i >= len(p) {
			s.escaped = i > len(p)
			return -1
		}
	}
}

// near is how far stringEnd looks byte by byte behind an escaped quote.
const near = 32

// oddBackslashes reports whether the byte after part is escaped: whether the run of backslashes at its end is odd.
func oddBackslashes(part []byte) bool {
	n := 0
	for n < len(part) && part[len(part)-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}

func (s *Scanner) readScalar(p []byte, i int) int {
	j := i
	for j < len(p) && !delimits(p[j]) {
		j++
	}
	if j == len(p) || s.ntok > 0 || s.over {
		s.keep(p[i:j], maxNumber)
		if j == len(p) {
			return j
		}
		s.endScalar(s.tok[:s.ntok])
		return j
	}
	s.over = j-i > maxNumber // Fast path: the whole token is in p.
	s.endScalar(p[i:j])
	return j
}

func delimits(c byte) bool {
	return c == ',' || c == '}' || c == ']' || isSpace(c)
}

// spaceEnd returns the index of the first byte from p[i] on that is no white space.
func spaceEnd(p []byte, i int) int {
	for i < len(p) && isSpace(p[i]) {
		i++
	}
	return i
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

func (s *Scanner) endScalar(text []byte) {
	if s.over || len(text) == 0 {
		if s.compactAt > 0 {
			s.compact.drop()
		}
	} else {
		switch text[0] {
		case 't':
			s.scalar(True, nil)
		case 'f':
			s.scalar(False, nil)
		case 'n':
			s.scalar(Null, nil)
		default:
			s.scalar(Number, text)
		}
	}
	s.ntok, s.over = 0, false
	s.endValue()
}

// scalar hands a complete value to those who want it.
func (s *Scanner) scalar(kind Kind, text []byte) {
	if s.cur != none {
		if n := &s.set.nodes[s.cur]; n.field != none && (n.mode == Scalar || (n.mode == Compact && kind == Null)) {
			s.sink.Value(int(n.field), Value{Kind: kind, Text: text})
		}
	}
	if s.compactAt > 0 {
		s.compact.scalar(kind, text)
	}
}

func (s *Scanner) skipContainer(p []byte, i int) int {
	for i < len(p) {
		switch p[i] {
		case '"':
			s.escaped = false
			j := s.stringEnd(p, i+1)
			if j < 0 {
				s.state = inSkipped
				return len(p)
			}
			if s.shape != nil {
				s.shape.string(i+1, j)
			}
			i = j + 1
		case '{', '[':
			s.skip++
			i++
		case '}', ']':
			i++
			if s.skip--; s.skip == 0 {
				s.endValue()
				return i
			}
		default:
			i++
		}
	}
	return i
}
