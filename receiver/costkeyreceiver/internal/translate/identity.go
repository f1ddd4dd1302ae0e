package translate

import (
	"crypto/sha256"
	"encoding/hex"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// usualID is how long a text with its prefix mostly is at most; a longer one takes memory.
const usualID = 96

// traceIDOf returns the trace of a call. A W3C trace id is taken as it is; of any other text it is a hash, so that services
// that share the text share the trace. Without a text it is the call's own.
func traceIDOf(text, eventID string) pcommon.TraceID {
	if text == "" {
		text = eventID
	}
	var id pcommon.TraceID
	if len(text) == 2*len(id) {
		if _, err := hex.Decode(id[:], []byte(text)); err == nil && !id.IsEmpty() {
			return id
		}
	}
	var room [usualID]byte
	sum := sha256.Sum256(append(append(room[:0], "costkey-trace:"...), text...))
	copy(id[:], sum[:])
	return id
}

// spanIDOf returns the span of an event: a hash of its id.
func spanIDOf(eventID string) (id pcommon.SpanID) {
	var room [usualID]byte
	sum := sha256.Sum256(append(append(room[:0], "costkey-span:"...), eventID...))
	copy(id[:], sum[:])
	return id
}
