package protocol

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth is how deep a body may be nested.
const maxDepth = 256

// reader goes through JSON once. After its first error every read returns nothing, so that a caller looks at err once.
// A value of another type than asked for is passed over and noted in odd.
type reader struct {
	dec jsontext.Decoder
	err error
	odd bool
	// bodies keeps the texts of calls.
	bodies bool
}

func newReader(body []byte) *reader {
	r := &reader{}
	r.dec.Reset(bytes.NewBuffer(body), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	return r
}

func (r *reader) token() {
	if r.err == nil {
		_, r.err = r.dec.ReadToken()
	}
	if r.err == nil && r.dec.StackDepth() > maxDepth {
		r.err = ErrMalformed
	}
}

// kind is what comes next; 0 after an error.
func (r *reader) kind() jsontext.Kind {
	if r.err != nil {
		return 0
	}
	return r.dec.PeekKind()
}

func (r *reader) value() jsontext.Value {
	if r.err != nil {
		return nil
	}
	v, err := r.dec.ReadValue()
	r.err = err
	return v
}

func (r *reader) skip() {
	if r.err == nil {
		r.err = r.dec.SkipValue()
	}
}

// other passes over a value of a type that was not asked for. A null is no surprise.
func (r *reader) other() {
	if r.kind() != 'n' {
		r.odd = true
	}
	r.skip()
}

// object calls member for each name, which must read the value.
func (r *reader) object(member func(name string)) bool {
	if r.kind() != '{' {
		r.other()
		return false
	}
	r.token()
	for r.err == nil && r.dec.PeekKind() == '"' {
		member(r.name())
	}
	r.token()
	return r.err == nil
}

// list calls element for each element, which must read the value.
func (r *reader) list(element func()) bool {
	if r.kind() != '[' {
		r.other()
		return false
	}
	r.token()
	for r.err == nil && r.dec.PeekKind() != ']' {
		if r.dec.PeekKind() == 0 {
			break // the token that follows tells the error
		}
		element()
	}
	r.token()
	return r.err == nil
}

// name reads a member's name. Those that are known need no memory.
func (r *reader) name() string {
	raw := r.value()
	if r.err != nil {
		return ""
	}
	if known, ok := names[string(raw[1:len(raw)-1])]; ok {
		return known
	}
	return r.unquote(raw)
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
	if bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return string(inner) // Fast path - nothing is escaped, and a raw NUL is no JSON.
	}
	unquoted, err := jsontext.AppendUnquote(nil, raw) // on torn UTF-8 it also returns what it could mend
	s := string(unquoted)
	if err != nil || strings.ContainsRune(s, 0) || !utf8.Valid(inner) {
		r.odd = true
		s = strings.ReplaceAll(s, "\x00", "")
	}
	return s
}

// number reads a finite number, also one that came as text.
func (r *reader) number() (float64, bool) {
	raw := r.numeral()
	if raw == "" {
		return 0, false
	}
	x, err := strconv.ParseFloat(raw, 64)
	if err != nil || math.IsInf(x, 0) || math.IsNaN(x) {
		r.odd = true
		return 0, false
	}
	return x, true
}

// numeral reads a number as it is written.
func (r *reader) numeral() string {
	switch r.kind() {
	case '0':
		return string(r.value())
	case '"':
		return strings.TrimSpace(r.text(64))
	default:
		r.other()
		return ""
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
		return r.value().Kind() == 't'
	default:
		r.other()
		return false
	}
}

// scalar reads a string, a number or a boolean; ok is false for all else and for text beyond the limit.
func (r *reader) scalar(limit int) (value any, ok bool) {
	switch r.kind() {
	case '"':
		s := r.text(limit)
		return s, s != ""
	case '0':
		x, ok := r.number()
		return x, ok
	case 't', 'f':
		return r.flag(), r.err == nil
	default:
		r.skip()
		return nil, false
	}
}
