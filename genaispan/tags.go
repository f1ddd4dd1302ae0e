package genaispan

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/costkey/costkey-otel/internal/scrub"
)

// Bounds of tags.
const (
	maxTags     = 32
	maxTagKey   = 64
	maxTagValue = 256
)

// takeTag adds a tag to c, whose text may lie in texts. Of two with one key the later wins.
func (c *Call) takeTag(key string, v pcommon.Value, texts *strings.Builder) {
	value, ok := tagValue(v, texts)
	at := tagIndex(c.Tags, key)
	switch {
	case !ok || at == maxTags || !isToken(key, maxTagKey, nameChars):
		c.note(NoteTagsCut)
	case at < len(c.Tags):
		c.Tags[at].Value = value
	default:
		c.Tags = append(c.Tags, Tag{Key: key, Value: value})
	}
}

// tagIndex returns where the tag of key is in tags, their length where there is none.
func tagIndex(tags []Tag, key string) int {
	i := 0
	for i < len(tags) && tags[i].Key != key {
		i++
	}
	return i
}

// tagValue returns v as JSON, if it is a scalar: no JSON text, no list, no text of several lines.
func tagValue(v pcommon.Value, texts *strings.Builder) (string, bool) {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return tagText(v.Str(), texts)
	case pcommon.ValueTypeInt:
		return strconv.FormatInt(v.Int(), 10), true
	case pcommon.ValueTypeBool:
		return strconv.FormatBool(v.Bool()), true
	case pcommon.ValueTypeDouble:
		b, err := json.Marshal(v.Double()) // refuses NaN and infinities
		return string(b), err == nil
	default:
		return "", false
	}
}

func tagText(s string, texts *strings.Builder) (string, bool) {
	if len(s) > maxTagValue {
		return "", false
	}
	if isToken(s, maxTagValue, plainText) && s[0] != '[' && s[0] != '{' && s[0] != ' ' {
		return quoted(s, texts), true // Fast path - the text is its own JSON.
	}
	t := strings.TrimSpace(s)
	if !isLine(s) || t != "" && (t[0] == '{' || t[0] == '[') && !strings.HasPrefix(t, scrub.Mark) {
		return "", false
	}
	b, err := json.Marshal(s)
	return string(b), err == nil
}

// quoted returns s in quotes, as a part of texts.
func quoted(s string, texts *strings.Builder) string {
	const usual = 64 // bytes, of all tags of a call
	if need := len(s) + 2; texts.Cap()-texts.Len() < need {
		texts.Grow(max(need, usual))
	}
	start := texts.Len()
	texts.WriteByte('"')
	texts.WriteString(s)
	texts.WriteByte('"')
	return texts.String()[start:]
}

func sortTags(tags []Tag) {
	slices.SortFunc(tags, func(a, b Tag) int { return strings.Compare(a.Key, b.Key) })
}
