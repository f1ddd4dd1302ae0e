package jsonscan

import (
	"bytes"

	"github.com/costkey/costkey-otel/internal/jsonwalk"
)

// MaxCompact is the longest compact form of an object, in bytes. Members that would make it longer are left out whole.
const MaxCompact = 4096

const (
	maxNesting = 8  // objects and arrays inside each other; deeper ones are left out
	maxWord    = 64 // bytes of a key and of an enum string
	usual      = 512
)

// compactor rebuilds an object from its tokens, leaving out what is no number, boolean or short enum string, so that no
// text of a prompt or an answer can pass.
type compactor struct {
	buf   []byte
	start int  // where the member at hand begins, its comma included
	bad   bool // the member at hand has a key that is left out
	depth int
	lists int             // open lists that are kept
	marks [maxNesting]int // start of each open container's own member
	skip  int             // containers open inside one that is left out
}

func (c *compactor) begin() {
	if c.buf == nil {
		c.buf = make([]byte, 0, usual)
	}
	*c = compactor{buf: append(c.buf[:0], '{')}
}

// element begins an element of an array.
func (c *compactor) element() {
	if c.skip > 0 {
		return
	}
	c.start, c.bad = len(c.buf), false
	if last := c.buf[len(c.buf)-1]; last != '{' && last != '[' {
		c.buf = append(c.buf, ',')
	}
}

// member begins a member of an object.
func (c *compactor) member(key []byte) {
	if c.skip > 0 {
		return
	}
	c.element()
	if !isWord(key) {
		c.bad = true
		return
	}
	c.buf = append(c.buf, '"')
	c.buf = append(c.buf, key...)
	c.buf = append(c.buf, '"', ':')
}

// drop leaves the member at hand out.
func (c *compactor) drop() {
	if c.skip == 0 {
		c.buf = c.buf[:c.start]
	}
}

func (c *compactor) scalar(kind Kind, text []byte) {
	if c.skip > 0 {
		return
	}
	switch {
	case c.bad:
		c.drop()
		return
	case kind == True:
		c.buf = append(c.buf, "true"...)
	case kind == False:
		c.buf = append(c.buf, "false"...)
	case kind == Number && isNumber(text) && jsonwalk.IsKept(text):
		c.buf = append(c.buf, text...)
	case kind == String && isWord(text):
		c.buf = append(c.buf, '"')
		c.buf = append(c.buf, text...)
		c.buf = append(c.buf, '"')
	default:
		c.drop()
		return
	}
	c.bound()
}

// bound leaves the member at hand out where it made the whole too long. What a list holds may take three quarters of it: the
// members behind a long one bear on the price.
func (c *compactor) bound() {
	limit := MaxCompact
	if c.lists > 0 {
		limit = MaxCompact / 4 * 3
	}
	if len(c.buf)+c.depth+1 > limit {
		c.drop()
	}
}

func (c *compactor) open(array bool) {
	if c.skip > 0 || c.bad || c.depth == maxNesting {
		c.skip++
		return
	}
	c.marks[c.depth] = c.start
	c.depth++
	if array {
		c.lists++
		c.buf = append(c.buf, '[')
	} else {
		c.buf = append(c.buf, '{')
	}
}

func (c *compactor) close(array bool) {
	if c.skip > 0 {
		c.skip--
		c.drop()
		return
	}
	if array {
		c.lists--
		c.buf = append(bytes.TrimSuffix(c.buf, []byte{','}), ']') // the document may have one comma too many
	} else {
		c.buf = append(c.buf, '}')
	}
	if c.depth == 0 {
		return // the object itself
	}
	c.depth--
	c.start = c.marks[c.depth]
	c.bound()
}

// isWord reports whether text is [A-Za-z0-9_.-]{1,64}.
func isWord(text []byte) bool {
	if len(text) == 0 || len(text) > maxWord {
		return false
	}
	for _, b := range text {
		if !isWordByte[b] {
			return false
		}
	}
	return true
}

var isWordByte = func() (is [256]bool) {
	for _, b := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-") {
		is[b] = true
	}
	return is
}()

// isNumber reports whether text is a number as JSON spells it.
func isNumber(text []byte) bool {
	if len(text) > 0 && text[0] == '-' {
		text = text[1:]
	}
	whole := digits(text)
	if whole == 0 || (whole > 1 && text[0] == '0') {
		return false
	}
	text = text[whole:]
	if len(text) > 0 && text[0] == '.' {
		n := digits(text[1:])
		if n == 0 {
			return false
		}
		text = text[1+n:]
	}
	if len(text) == 0 {
		return true
	}
	if text[0] != 'e' && text[0] != 'E' {
		return false
	}
	if text = text[1:]; len(text) > 0 && (text[0] == '+' || text[0] == '-') {
		text = text[1:]
	}
	return len(text) > 0 && digits(text) == len(text)
}

// digits returns how many digits text begins with.
func digits(text []byte) int {
	n := 0
	for n < len(text) && text[n] >= '0' && text[n] <= '9' {
		n++
	}
	return n
}
