package content

import (
	"strings"
	"unicode/utf8"

	"github.com/costkey/costkey-otel/internal/scrub"
)

// slack is kept beyond a limit, so that a secret that lies across it is still known as one.
const slack = 4 << 10

// cutMark ends a text that was cut.
const cutMark = "…[cut]"

// Body holds the first bytes of a body. The zero value holds nothing: call [Body.Init].
type Body struct {
	bytes []byte
	bound int
	over  bool
}

// Init empties the body and sets how much it holds: limit bytes and some more, so that [Clean] may cut it to limit.
func (b *Body) Init(limit int) { *b = Body{bytes: b.bytes[:0], bound: limit + slack} }

// Write keeps what there is room for.
func (b *Body) Write(p []byte) {
	n := min(len(p), b.bound-len(b.bytes))
	b.bytes = append(b.bytes, p[:n]...)
	b.over = b.over || n < len(p)
}

// isJSON reports whether the body begins as an object or an array. What is none, a form with an audio file, is not
// content that anybody could read.
func (b *Body) isJSON() bool {
	for _, c := range b.bytes {
		switch c {
		case ' ', '\t', '\r', '\n':
		default:
			return c == '{' || c == '['
		}
	}
	return false
}

// Clean returns text without secrets, as valid UTF-8, at most limit bytes of it and then a mark that it was cut.
func Clean(text string, limit int) string {
	text = scrub.Text(strings.ReplaceAll(strings.ToValidUTF8(text, ""), "\x00", ""))
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit] + cutMark
}
