package protocol

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// reader goes through JSON once. After its first error every read returns nothing, so that a caller looks at err once.
// A value of another type than asked for is passed over and noted in odd.
type reader struct {
	cursor cursor
	texts  *texts
	err    error
	odd    bool
	// bodies keeps the texts of calls.
	bodies bool
}

func newReader(body []byte) *reader { return readerInto(body, &texts{}) }

// readerInto puts what it reads into texts.
func readerInto(body []byte, texts *texts) *reader {
	return &reader{cursor: cursor{in: body}, texts: texts}
}

func (r *reader) fail() { r.err = ErrMalformed }

// kind is what comes next, see [cursor.peek]; 0 after an error.
func (r *reader) kind() byte {
	if r.err != nil {
		return 0
	}
	return r.cursor.peek()
}

// value reads a value as it stands in the body; null for one that is nested too deep.
func (r *reader) value() []byte {
	if r.err != nil {
		return nil
	}
	v := r.cursor.value()
	switch {
	case v == nil:
		r.fail()
	case r.cursor.deep:
		r.odd = true
		return []byte("null")
	}
	return v
}

func (r *reader) skip() { r.value() }

// other passes over a value of a type that was not asked for. A null is no surprise.
func (r *reader) other() {
	if r.kind() != 'n' {
		r.odd = true
	}
	r.skip()
}

// object calls member for each name, which must read the value. It returns false where no object comes, or not all of one.
func (r *reader) object(member func(name []byte)) bool {
	if r.kind() != '{' {
		r.other()
		return false
	}
	r.cursor.take('{')
	if r.cursor.take('}') {
		return true
	}
	for r.err == nil {
		name := r.name()
		if r.err == nil && !r.cursor.take(':') {
			r.fail()
		}
		if r.err != nil {
			return false
		}
		member(name)
		if r.ended('}') {
			return r.err == nil
		}
	}
	return false
}

// list calls element for each element, which must read the value. It returns false where no list comes, or not all of one.
func (r *reader) list(element func()) bool {
	if r.kind() != '[' {
		r.other()
		return false
	}
	r.cursor.take('[')
	if r.cursor.take(']') {
		return true
	}
	for r.err == nil {
		element()
		if r.ended(']') {
			return r.err == nil
		}
	}
	return false
}

// ended reports whether end comes after an element, rather than another one.
func (r *reader) ended(end byte) bool {
	switch {
	case r.err != nil:
		return true
	case r.cursor.take(','):
		return false
	case !r.cursor.take(end):
		r.fail()
	}
	return true
}

// name reads a member's name.
func (r *reader) name() []byte {
	if r.kind() != '"' {
		r.fail()
		return nil
	}
	raw := r.value()
	if r.err != nil {
		return nil
	}
	if inner := raw[1 : len(raw)-1]; bytes.IndexByte(inner, '\\') < 0 {
		return inner
	}
	return []byte(r.unquote(raw))
}

// text reads a string of at most limit bytes.
func (r *reader) text(limit int) string {
	if r.kind() != '"' {
		r.other()
		return ""
	}
	raw := r.value()
	if r.err != nil {
		return ""
	}
	if len(raw) > 6*limit+2 { // \u0000 is the longest form of a byte
		r.odd = true
		return ""
	}
	s := r.unquote(raw)
	if len(s) > limit {
		r.odd = true
		return ""
	}
	return s
}

// unquote returns the text of a JSON string as valid UTF-8 without NUL.
func (r *reader) unquote(raw []byte) string {
	inner := raw[1 : len(raw)-1]
	if isPlain(inner) {
		return r.texts.keep(inner) // Fast path - it is what it says.
	}
	if bytes.IndexFunc(inner, func(c rune) bool { return c < ' ' }) >= 0 {
		r.fail() // a control character is escaped in JSON
		return ""
	}
	unquoted, err := jsontext.AppendUnquote(nil, raw) // on torn UTF-8 it also returns what it could mend
	s := string(unquoted)
	if err != nil || strings.ContainsRune(s, 0) || !utf8.Valid(inner) {
		r.odd = true
		s = strings.ReplaceAll(s, "\x00", "")
	}
	return s
}

// isPlain reports whether the inside of a JSON string is printable ASCII without escapes.
func isPlain(inner []byte) bool {
	for _, c := range inner {
		if c < ' ' || c >= utf8.RuneSelf || c == '\\' {
			return false
		}
	}
	return true
}

// number reads a finite number, also one that came as text.
func (r *reader) number() (float64, bool) {
	raw := r.numeral()
	if len(raw) == 0 {
		return 0, false
	}
	if n, ok := digits(raw); ok {
		return float64(n), true
	}
	x, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || math.IsInf(x, 0) || math.IsNaN(x) {
		r.odd = true
		return 0, false
	}
	return x, true
}

// digits reads a number of at most fifteen digits and nothing else, as most are: a double holds it exactly.
func digits(raw []byte) (n int64, ok bool) {
	if len(raw) > 15 {
		return 0, false
	}
	for _, c := range raw {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int64(c-'0')
	}
	return n, true
}

// numeral reads a number as it is written. It is valid until the next read.
func (r *reader) numeral() []byte {
	switch r.kind() {
	case '0':
		return r.value()
	case '"':
		return []byte(strings.TrimSpace(r.text(64)))
	default:
		r.other()
		return nil
	}
}

// maxCount is the most that a count may be; it is exact as a double.
const maxCount = 1 << 50

// count reads a whole number from 0 on.
func (r *reader) count() Count {
	x, ok := r.number()
	if !ok {
		return Unknown
	}
	if x < 0 || x > maxCount || x != math.Trunc(x) {
		r.odd = true
		return Unknown
	}
	return Count(x)
}

// flag reads a boolean.
func (r *reader) flag() bool {
	switch r.kind() {
	case 't', 'f':
		v := r.value()
		return len(v) > 0 && v[0] == 't'
	default:
		r.other()
		return false
	}
}

// scalar reads a string, a number or a boolean into f; it returns false for all else and for text beyond the limit.
func (r *reader) scalar(f *Field, limit int) bool {
	switch r.kind() {
	case '"':
		f.Kind, f.Text = Text, r.text(limit)
		return f.Text != ""
	case '0':
		var ok bool
		f.Kind = Number
		f.Number, ok = r.number()
		return ok
	case 't', 'f':
		f.Kind = Flag
		if r.flag() {
			f.Number = 1
		}
		return r.err == nil
	default:
		r.skip()
		return false
	}
}
