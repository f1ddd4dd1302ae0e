package protocol

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/costkey/costkey-otel/internal/jsonwalk"
)

// Bounds of a usage object: bytes in all, bytes of a name or a text, and depth.
const (
	maxUsage      = 4 << 10
	maxUsageWord  = 64
	maxUsageDepth = 8
)

// usageObject returns a provider's usage object as compact JSON of what it may hold: numbers, booleans, and
// texts that are single words, as service tiers and kinds are. All else is left out, and of an object longer than maxUsage
// the members at its end. "" where nothing is left.
func usageObject(raw []byte) string {
	dec := jsontext.NewDecoder(bytes.NewBuffer(raw), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if dec.PeekKind() != '{' {
		return ""
	}
	u := usageWriter{dec: dec}
	if out, ok := u.members(nil, 0, maxUsage); ok {
		return string(out)
	}
	return ""
}

type usageWriter struct{ dec *jsontext.Decoder }

// members appends an object or a list with what of it may stay, within limit bytes in all; false where nothing may.
func (u usageWriter) members(out []byte, depth, limit int) (_ []byte, ok bool) {
	open, err := u.dec.ReadToken()
	if err != nil {
		return out, false
	}
	isObject := open.Kind() == '{'
	end := byte(']')
	if isObject {
		end = '}'
	}
	start := len(out)
	out = append(out, byte(open.Kind()))
	for u.dec.PeekKind() != jsontext.Kind(end) {
		before := len(out)
		if before > start+1 {
			out = append(out, ',')
		}
		kept, err := true, error(nil)
		if isObject {
			out, kept, err = u.name(out)
		}
		if err == nil {
			var valued bool
			out, valued, err = u.value(out, depth, limit-1)
			kept = kept && valued
		}
		if err != nil {
			return out[:start], false
		}
		if !kept || len(out) >= limit {
			out = out[:before]
		}
	}
	_, err = u.dec.ReadToken()
	return append(out, end), err == nil && len(out) > start+1
}

// name appends a member's name and its colon, where it may stay.
func (u usageWriter) name(out []byte) (_ []byte, kept bool, err error) {
	name, err := u.dec.ReadValue()
	if err != nil {
		return out, false, err
	}
	out = append(out, name...)
	return append(out, ':'), isUsageWord(name), nil
}

// value appends a value, where it may stay.
func (u usageWriter) value(out []byte, depth, limit int) (_ []byte, kept bool, err error) {
	kind := u.dec.PeekKind()
	if (kind == '{' || kind == '[') && depth < maxUsageDepth {
		out, kept = u.members(out, depth+1, limit)
		return out, kept, nil
	}
	v, err := u.dec.ReadValue()
	if err != nil {
		return out, false, err
	}
	switch kind {
	case '0':
		kept = jsonwalk.IsKept(v)
	case 't', 'f':
		kept = true
	case '"':
		kept = isUsageWord(v)
	}
	if kept {
		out = append(out, v...)
	}
	return out, kept, nil
}

// isUsageWord reports whether a JSON string is a short word of letters, digits and what joins them.
func isUsageWord(quoted []byte) bool {
	if len(quoted) < 3 || len(quoted) > maxUsageWord+2 {
		return false
	}
	for _, c := range quoted[1 : len(quoted)-1] {
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '_' && c != '.' && c != '-' {
			return false
		}
	}
	return true
}
