package genaispan

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// TestIsWordIsTheSameByEightAndByOne holds the fast path against the plain one, for each byte at each place.
func TestIsWordIsTheSameByEightAndByOne(t *testing.T) {
	t.Parallel()
	for place := range 20 {
		for c := range 256 {
			b := []byte(strings.Repeat("m", 20))
			b[place] = byte(c)
			want := c > ' ' && c < 0x7f
			if got := isWord(string(b)); got != want {
				t.Errorf("byte %#x at %d of 20: got %v, want %v (valid UTF-8: %v)", c, place, got, want, utf8.Valid(b))
			}
		}
	}
	for s, want := range map[string]bool{
		"": false, "!~!~!~!~": true, "modèle-très-grand": true, "a sentence of words": false, "tab\tbed-in-here": false,
		"\u00a0nbsp-in-front": false, "claude-sonnet-4-20250514": true,
	} {
		if got := isWord(s); got != want {
			t.Errorf("%q: got %v, want %v", s, got, want)
		}
	}
}
