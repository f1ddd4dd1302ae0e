package costkeyctx

import (
	"strings"
	"unicode/utf8"
)

// validText accepts what fits a span and a database: bounded, UTF-8, no NUL.
func validText(s string) bool {
	return len(s) <= MaxValueBytes && utf8.ValidString(s) && strings.IndexByte(s, 0) < 0
}
