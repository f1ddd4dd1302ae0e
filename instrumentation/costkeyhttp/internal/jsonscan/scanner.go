package jsonscan

import "bytes"

// Kind is the kind of a JSON value.
type Kind uint8

// The kinds of values.
const (
	String Kind = iota + 1
	Number
	True
	False
	Null
	Object
	Array
)

// Value is one wanted value. Text is the decoded text of a string, the literal of a number, or the compact form of an
// object (see [Compact]), else nil. It is valid during the call only.
type Value struct {
	Kind Kind
	Text []byte
}

// Sink takes the wanted values in the order in which they end. field is the index of the path.
type Sink interface {
	Value(field int, v Value)
}

// MaxText is the longest string that is handed over, in bytes as it stands in the document; a longer one is passed over.
// So is a number of more than 32 bytes.
const MaxText = 256

const (
	maxNumber = 32
	maxDepth  = 24 // containers that are followed; what lies deeper is skipped
)

type state uint8

const (
	wantValue state = iota
	wantKey
	wantColon
	afterValue
	inKey
	inText     // a wanted string
	inPresence // a string of which one byte is wanted
	inPieces   // a string that is handed over as it comes
	inSkipped  // a string nobody wants
	inScalar   // a number or a literal
	skipping   // a container nobody wants
	done
	dead
)

type frame struct {
	node  int16
	array bool
}

// Scanner reads one JSON document after the other. The zero value is not ready: call [Scanner.Init]. A Scanner is not
// safe for concurrent use.
type Scanner struct {
	set  *Set
	sink Sink

	state   state
	escaped bool // the next byte of the string is escaped
	over    bool // the token outgrew its bound
	cur     int16
	depth   int
	skip    int // containers open inside a value nobody wants
	stack   [maxDepth]frame
	ntok    int
	tok     [MaxText]byte
	decoded []byte // scratch for strings with escapes
	shape   *Shape // that is being taken, or nil

	compact   compactor
	compactAt int // depth at which the value being compacted opened; 0 while none is
}

// Init makes the scanner ready for the first document.
func (s *Scanner) Init(set *Set, sink Sink) {
	s.set, s.sink = set, sink
	s.Reset()
}

// Reset makes the scanner ready for the next document.
func (s *Scanner) Reset() {
	s.state, s.cur = wantValue, 0
	s.escaped, s.over = false, false
	s.depth, s.skip, s.ntok, s.compactAt = 0, 0, 0, 0
}

// Look changes what is looked for, from the next document on; call it after [Scanner.Reset].
func (s *Scanner) Look(set *Set) { s.set = set }

// Done reports whether the document's outermost value has ended.
func (s *Scanner) Done() bool { return s.state == done }

// Write reads on. It keeps nothing of p.
func (s *Scanner) Write(p []byte) {
	for i := 0; i < len(p); {
		switch s.state {
		case wantValue:
			i = s.openValue(p, i)
		case wantKey:
			i = s.openKey(p, i)
		case inKey:
			i = s.readKey(p, i)
		case inText:
			i = s.readText(p, i)
		case inPresence:
			i = s.readPresence(p, i)
		case inPieces:
			i = s.readPieces(p, i)
		case inSkipped:
			i = s.readSkipped(p, i)
		case inScalar:
			i = s.readScalar(p, i)
		case skipping:
			i = s.skipContainer(p, i)
		case wantColon, afterValue:
			i = s.between(p, i)
		default: // done or dead
			return
		}
	}
}

// openValue reads the first byte of a value, or the end of an array.
func (s *Scanner) openValue(p []byte, i int) int {
	c := p[i]
	if s.depth == 0 && c != '{' && c != '[' && !isSpace(c) {
		s.state = dead // only an object or an array is a document
		return i
	}
	switch c {
	case ' ', '\t', '\r', '\n':
		return spaceEnd(p, i+1)
	case '"':
		if s.state = s.stringState(); s.state == inText && i+1 < len(p) {
			return s.readText(p, i+1)
		}
	case '{', '[':
		s.openContainer(c == '[')
	case ']':
		s.closeContainer(true)
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 't', 'f', 'n':
		s.state, s.ntok, s.over = inScalar, 0, false
		return s.readScalar(p, i)
	default:
		s.state = dead
	}
	return i + 1
}

func (s *Scanner) stringState() state {
	s.ntok, s.over, s.escaped = 0, false, false
	if s.compactAt > 0 {
		return inText
	}
	if s.cur == none || s.set.nodes[s.cur].field == none {
		return inSkipped
	}
	switch s.set.nodes[s.cur].mode {
	case Presence:
		return inPresence
	case Pieces:
		return inPieces
	case Compact:
		return inSkipped
	default:
		return inText
	}
}

func (s *Scanner) openContainer(array bool) {
	if s.depth == maxDepth || (s.cur == none && s.compactAt == 0) {
		if s.compactAt > 0 {
			s.compact.drop()
		}
		s.skip, s.state = 1, skipping
		return
	}
	s.stack[s.depth] = frame{node: s.cur, array: array}
	s.depth++
	s.openWanted(array)
	if s.compactAt == 0 && s.set.nodes[s.cur].isLeaf() {
		s.depth--
		s.skip, s.state = 1, skipping
		return
	}
	s.state = wantKey
	if array {
		s.state, s.cur = wantValue, s.elem()
		if s.compactAt > 0 {
			s.compact.element()
		}
	}
}

// openWanted tells those who want the container that just opened.
func (s *Scanner) openWanted(array bool) {
	if s.compactAt > 0 {
		s.compact.open(array)
	}
	if s.cur == none || s.set.nodes[s.cur].field == none {
		return
	}
	n := &s.set.nodes[s.cur]
	switch {
	case n.mode == Compact && !array && s.compactAt == 0:
		s.compactAt = s.depth
		s.compact.begin()
	case n.mode == Scalar:
		kind := Object
		if array {
			kind = Array
		}
		s.sink.Value(int(n.field), Value{Kind: kind})
	}
}

// elem returns the node of the elements of the innermost array.
func (s *Scanner) elem() int16 {
	if n := s.stack[s.depth-1].node; n != none {
		return s.set.nodes[n].elem
	}
	return none
}

func (s *Scanner) closeContainer(array bool) {
	if s.depth == 0 || s.stack[s.depth-1].array != array {
		s.state = dead
		return
	}
	if s.compactAt > 0 {
		s.compact.close(array)
		if s.depth == s.compactAt {
			s.compactAt = 0
			s.sink.Value(int(s.set.nodes[s.stack[s.depth-1].node].field), Value{Kind: Object, Text: s.compact.buf})
		}
	}
	s.depth--
	s.endValue()
}

func (s *Scanner) endValue() {
	s.state = afterValue
	if s.depth == 0 {
		s.state = done
	}
}

// openKey reads the first byte of a key, or the end of an object.
func (s *Scanner) openKey(p []byte, i int) int {
	switch p[i] {
	case ' ', '\t', '\r', '\n':
		return spaceEnd(p, i+1)
	case '"':
		s.ntok, s.over, s.escaped = 0, false, false
		s.state = inKey
		return s.readKey(p, i+1)
	case '}':
		s.closeContainer(false)
	default:
		s.state = dead
	}
	return i + 1
}

// between reads the byte after a key or a value.
func (s *Scanner) between(p []byte, i int) int {
	switch c := p[i]; {
	case isSpace(c):
		return spaceEnd(p, i+1)
	case s.state == wantColon && c == ':':
		s.state = wantValue
	case s.state == wantColon:
		s.state = dead
	case c == ',':
		s.nextMember()
		if i = spaceEnd(p, i+1); i < len(p) && s.state == wantKey { // Fast path.
			return s.openKey(p, i)
		}
		return i
	case c == '}' || c == ']':
		s.closeContainer(c == ']')
	default:
		s.state = dead
	}
	return i + 1
}

func (s *Scanner) nextMember() {
	s.state = wantKey
	if s.stack[s.depth-1].array {
		s.state, s.cur = wantValue, s.elem()
		if s.compactAt > 0 {
			s.compact.element()
		}
	}
}

func (s *Scanner) readKey(p []byte, i int) int {
	raw, next, closed := s.readString(p, i)
	if !closed {
		return next
	}
	s.cur, s.state = none, wantColon
	parent := s.stack[s.depth-1].node
	if parent != none || s.compactAt > 0 {
		s.enter(parent, raw)
	}
	if next == len(p) || p[next] != ':' {
		return next
	}
	s.state = wantValue // Fast path: the value follows in p.
	if next = spaceEnd(p, next+1); next == len(p) {
		return next
	}
	if s.cur == none && s.compactAt == 0 && parent != none {
		return s.passMembers(p, next, parent)
	}
	return s.openValue(p, next)
}

// enter goes to the value of a key below parent.
func (s *Scanner) enter(parent int16, raw []byte) {
	if s.compactAt > 0 {
		key := raw // of a key that is too long: none
		if s.over {
			key = nil
		} else if bytes.IndexByte(raw, '\\') >= 0 {
			key = s.decode(raw)
		}
		s.compact.member(key)
	}
	if parent == none || s.over {
		return
	}
	s.cur = s.set.child(parent, raw)
	if s.cur == none && bytes.IndexByte(raw, '\\') >= 0 {
		s.cur = s.set.child(parent, s.decode(raw))
	}
}
