package protocol

import "strings"

// Texts are kept together, by some kilobytes, rather than each for itself: an event has a dozen. What is long enough to
// matter stands alone, so that no short text keeps much alive.
const (
	sharedTexts = 4 << 10
	longText    = 512
)

// texts makes strings of bytes. The zero value is ready to use.
type texts struct{ shared strings.Builder }

func (t *texts) keep(b []byte) string {
	if len(b) > longText {
		return string(b)
	}
	if t.shared.Cap()-t.shared.Len() < len(b) {
		t.shared.Reset()
		t.shared.Grow(sharedTexts)
	}
	from := t.shared.Len()
	t.shared.Write(b)
	return t.shared.String()[from:]
}
