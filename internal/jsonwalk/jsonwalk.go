// Package jsonwalk walks a JSON text that is in memory from scalar to scalar, without allocating.
package jsonwalk

import "strings"

// Kind is what a scalar of a JSON text is.
type Kind uint8

// The kinds of scalars.
const (
	String Kind = iota
	Number
	Bool
	Null
)

// Bounds of the scanner. What is deeper or longer is passed over.
const (
	maxDepth = 64
	maxPath  = 160
)

// Walker walks a JSON text from scalar to scalar without allocating and without keeping any text. The path of a
// scalar is the names above it, joined by dots; elements of a list have no name of their own.
type Walker struct {
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

	Kind Kind
	// Item counts the objects that lie in lists, up to the one at hand: scalars of one object have the same.
	Item int
	Raw  string // the scalar as written; a string without its quotes, escapes not resolved
}

// Next goes to the next scalar. It returns false at the end and at the first fault; Done tells which.
func (j *Walker) Next() bool {
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

// Done reports whether the whole text was read and is JSON. A text that was cut by a limit of the sender is not.
func (j *Walker) Done() bool {
	j.space()
	return !j.failed && j.started && j.depth == 0 && j.pos == len(j.s)
}

func (j *Walker) isObject() bool { return j.objects&(1<<(j.depth-1)) != 0 }

func (j *Walker) space() {
	for j.pos < len(j.s) {
		switch j.s[j.pos] {
		case ' ', '\t', '\n', '\r':
			j.pos++
		default:
			return
		}
	}
}

func (j *Walker) peek() byte {
	if j.pos < len(j.s) {
		return j.s[j.pos]
	}
	return 0
}

// closes passes a comma between members, or the end of the level.
func (j *Walker) closes() bool {
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
func (j *Walker) opened() bool {
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
func (j *Walker) name() bool {
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
func (j *Walker) push(name string) {
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

// Where returns the path of the scalar at hand, nil if it is too long to be of interest.
func (j *Walker) Where() []byte {
	if j.depth > 0 && j.long&(1<<(j.depth-1)) != 0 {
		return nil
	}
	return j.path[:j.ends[j.depth]]
}

// value reads a scalar, or opens a level.
func (j *Walker) value() (scalar bool) {
	switch c := j.peek(); {
	case c == '{' || c == '[':
		j.open(c == '{')
		return false
	case c == '"':
		j.Kind = String
		raw, ok := j.text()
		j.Raw, j.failed = raw, !ok
	case c == 't':
		j.word("true", Bool)
	case c == 'f':
		j.word("false", Bool)
	case c == 'n':
		j.word("null", Null)
	default:
		j.number()
	}
	return !j.failed
}

func (j *Walker) open(object bool) {
	if j.depth == maxDepth {
		j.failed = true
		return
	}
	bit := uint64(1) << j.depth
	j.objects &^= bit
	j.long &^= bit
	if object {
		j.objects |= bit
		if j.depth > 0 && !j.isObject() {
			j.Item++
		}
	}
	if j.depth > 0 && j.long&(bit>>1) != 0 {
		j.long |= bit
	}
	j.ends[j.depth+1] = j.ends[j.depth]
	j.depth++
	j.pos++
}

// text reads a string from its opening quote to behind its closing one.
func (j *Walker) text() (string, bool) {
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

func (j *Walker) word(w string, k Kind) {
	if !strings.HasPrefix(j.s[j.pos:], w) {
		j.failed = true
		return
	}
	j.Kind, j.Raw = k, w
	j.pos += len(w)
}

func (j *Walker) number() {
	start := j.pos
	for j.pos < len(j.s) && isNumberByte(j.s[j.pos]) {
		j.pos++
	}
	j.Kind, j.Raw = Number, j.s[start:j.pos]
	j.failed = !IsNumber(j.Raw)
}

// maxKept bounds a number that is kept, in bytes.
const maxKept = 32

// IsKept reports whether a JSON number may be kept as it is written, for a database to show: at most 32 bytes with an exponent
// of two digits at most. Amounts below a ten-thousandth are written with one: 2e-05.
func IsKept[T ~string | ~[]byte](number T) bool {
	if len(number) > maxKept {
		return false
	}
	for i := range len(number) {
		if c := number[i]; c == 'e' || c == 'E' {
			digits := number[i+1:]
			if len(digits) > 0 && (digits[0] == '+' || digits[0] == '-') {
				digits = digits[1:]
			}
			return len(digits) <= 2
		}
	}
	return true
}

// IsNumber reports whether s follows JSON's grammar of numbers.
func IsNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	whole := Digits(s)
	if whole == 0 || whole > 1 && s[0] == '0' {
		return false
	}
	s = s[whole:]
	if strings.HasPrefix(s, ".") {
		n := Digits(s[1:])
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
	return s != "" && Digits(s) == len(s)
}

// Digits returns how many digits s begins with.
func Digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

func isNumberByte(c byte) bool {
	return '0' <= c && c <= '9' || c == '+' || c == '-' || c == '.' || c == 'e' || c == 'E'
}

// Of returns a walker before the first scalar of s.
func Of(s string) Walker { return Walker{s: s} }
