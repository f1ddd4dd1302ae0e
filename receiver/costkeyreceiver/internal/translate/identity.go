package translate

import (
	"crypto/sha256"
	"encoding/hex"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

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
	sum := sha256.Sum256([]byte("costkey-trace:" + text))
	copy(id[:], sum[:])
	return id
}

// spanIDOf returns the span of an event: a hash of its id.
func spanIDOf(eventID string) (id pcommon.SpanID) {
	sum := sha256.Sum256([]byte("costkey-span:" + eventID))
	copy(id[:], sum[:])
	return id
}
