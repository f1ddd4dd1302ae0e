package genaispan

import (
	"strings"
)

// jsonKind is what a scalar of a JSON text is.
type jsonKind uint8

const (
	jsonString jsonKind = iota
	jsonNumber
	jsonBool
	jsonNull
)

// Bounds of the scanner. What is deeper or longer is passed over.
const (
	maxDepth = 64
	maxPath  = 160
)

// jsonScanner walks a JSON text from scalar to scalar without allocating and without keeping any text. The path of a
// scalar is the names above it, joined by dots; elements of a list have no name of their own.
type jsonScanner struct {
	s    string
	pos  int
	path [maxPath]byte
	// ends holds the length of the path at each level; long says that a level's path did not fit, so that no scalar
	// below it has a name.
	ends    [maxDepth + 1]uint8
	long    uint64
	objects uint64 // bit set: the level is an object, else a list
	depth   int
	started bool
	failed  bool

	kind jsonKind
	raw  string // the scalar as written; a string without its quotes, escapes not resolved
}

// next goes to the next scalar. It returns false at the end and at the first fault; done tells which.
func (j *jsonScanner) next() bool {
	for !j.failed {
		j.space()
		if j.depth == 0 && j.started {
			return false
		}
		j.started = true
		if j.depth > 0 && j.closes() {
			continue
		}
		if j.failed || j.depth > 0 && j.isObject() && !j.name() {
			return false
		}
		if scalar := j.value(); scalar {
			return true
		}
	}
	return false
}

// done reports whether the whole text was read and is JSON. A text that was cut by a limit of the sender is not.
func (j *jsonScanner) done() bool {
	j.space()
	return !j.failed && j.started && j.depth == 0 && j.pos == len(j.s)
}

func (j *jsonScanner) isObject() bool { return j.objects&(1<<(j.depth-1)) != 0 }

func (j *jsonScanner) space() {
	for j.pos < len(j.s) {
		switch j.s[j.pos] {
		case ' ', '\t', '\n', '\r':
			j.pos++
		default:
			return
		}
	}
}

func (j *jsonScanner) peek() byte {
	if j.pos < len(j.s) {
		return j.s[j.pos]
	}
	return 0
}

// closes passes a comma between members, or the end of the level.
func (j *jsonScanner) closes() bool {
	end := byte(']')
	if j.isObject() {
		end = '}'
	}
	switch c := j.peek(); {
	case c == end:
		j.pos++
		j.depth--
		return true
	case c == ',' && !j.opened():
		j.pos++
		j.space()
		j.failed = j.peek() == end
	case !j.opened():
		j.failed = true
	}
	return false
}

// opened reports whether the level was just opened, so that no comma is due.
func (j *jsonScanner) opened() bool {
	for i := j.pos - 1; i >= 0; i-- {
		switch j.s[i] {
		case ' ', '\t', '\n', '\r':
		default:
			return j.s[i] == '{' || j.s[i] == '['
		}
	}
	return false
}

// name reads the name of a member and its colon, and puts it at the end of the path.
func (j *jsonScanner) name() bool {
	name, ok := j.text()
	if !ok {
		j.failed = true
		return false
	}
	j.space()
	if j.peek() != ':' {
		j.failed = true
		return false
	}
	j.pos++
	j.space()
	j.push(name)
	return true
}

// push puts the name of a member at the end of the path of its level.
func (j *jsonScanner) push(name string) {
	base := int(j.ends[j.depth-1])
	need := base + len(name)
	if base > 0 {
		need++
	}
	bit := uint64(1) << (j.depth - 1)
	if need > maxPath || j.depth > 1 && j.long&(bit>>1) != 0 {
		j.long |= bit
		j.ends[j.depth] = uint8(base)
		return
	}
	j.long &^= bit
	if base > 0 {
		j.path[base] = '.'
		base++
	}
	copy(j.path[base:], name)
	j.ends[j.depth] = uint8(need)
}

// where returns the path of the scalar at hand, nil if it is too long to be of interest.
func (j *jsonScanner) where() []byte {
	if j.depth > 0 && j.long&(1<<(j.depth-1)) != 0 {
		return nil
	}
	return j.path[:j.ends[j.depth]]
}

// value reads a scalar, or opens a level.
func (j *jsonScanner) value() (scalar bool) {
	switch c := j.peek(); {
	case c == '{' || c == '[':
		j.open(c == '{')
		return false
	case c == '"':
		j.kind = jsonString
		raw, ok := j.text()
		j.raw, j.failed = raw, !ok
	case c == 't':
		j.word("true", jsonBool)
	case c == 'f':
		j.word("false", jsonBool)
	case c == 'n':
		j.word("null", jsonNull)
	default:
		j.number()
	}
	return !j.failed
}

func (j *jsonScanner) open(object bool) {
	if j.depth == maxDepth {
		j.failed = true
		return
	}
	bit := uint64(1) << j.depth
	j.objects &^= bit
	j.long &^= bit
	if object {
		j.objects |= bit
	}
	if j.depth > 0 && j.long&(bit>>1) != 0 {
		j.long |= bit
	}
	j.ends[j.depth+1] = j.ends[j.depth]
	j.depth++
	j.pos++
}

// text reads a string from its opening quote to behind its closing one.
func (j *jsonScanner) text() (string, bool) {
	if j.peek() != '"' {
		return "", false
	}
	start := j.pos + 1
	for i := start; ; i++ {
		n := strings.IndexByte(j.s[i:], '"')
		if n < 0 {
			return "", false
		}
		i += n
		if !isEscaped(j.s[start:i]) {
			j.pos = i + 1
			return j.s[start:i], true
		}
	}
}

// isEscaped reports whether what follows s is escaped: an odd number of backslashes ends it.
func isEscaped(s string) bool {
	n := len(s)
	for n > 0 && s[n-1] == '\\' {
		n--
	}
	return (len(s)-n)%2 == 1
}

func (j *jsonScanner) word(w string, k jsonKind) {
	if !strings.HasPrefix(j.s[j.pos:], w) {
		j.failed = true
		return
	}
	j.kind, j.raw = k, w
	j.pos += len(w)
}

func (j *jsonScanner) number() {
	start := j.pos
	for j.pos < len(j.s) && numberChars[j.s[j.pos]] {
		j.pos++
	}
	j.kind, j.raw = jsonNumber, j.s[start:j.pos]
	j.failed = !isJSONNumber(j.raw)
}

// isJSONNumber reports whether s follows JSON's grammar of numbers.
func isJSONNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	whole := digits(s)
	if whole == 0 || whole > 1 && s[0] == '0' {
		return false
	}
	s = s[whole:]
	if strings.HasPrefix(s, ".") {
		n := digits(s[1:])
		if n == 0 {
			return false
		}
		s = s[1+n:]
	}
	if s == "" {
		return true
	}
	if s[0] != 'e' && s[0] != 'E' {
		return false
	}
	s = s[1:]
	if s != "" && (s[0] == '+' || s[0] == '-') {
		s = s[1:]
	}
	return s != "" && digits(s) == len(s)
}

func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}
