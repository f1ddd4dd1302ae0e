package translate

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/costkey/costkey-otel/internal/scrub"
	"github.com/costkey/costkey-otel/receiver/costkeyreceiver/internal/protocol"
	"github.com/costkey/costkey-otel/semconv"
)

// tags puts the user's own values, and the fields of a newer SDK that are short scalars, as tags. The user's win. A secret
// in one of theirs is taken out; in an unknown field it shows that the field is none for tags.
func (t *translator) tags(a attributes, e *protocol.Event, via string) {
	a.text(semconv.TagPrefix+"via", via)
	for i := range e.Unknown {
		if f := &e.Unknown[i]; scrub.Text(f.Text) == f.Text {
			t.tag(a, f, f.Text)
		}
	}
	for i := range e.Context {
		f := &e.Context[i]
		text := scrub.Text(f.Text)
		t.tag(a, f, text)
		switch f.Key {
		case "userId", "user_id":
			a.text(string(semconv.UserIDKey), text)
		case "sessionId", "session_id":
			a.text(string(semconv.SessionIDKey), text)
		}
	}
}

func (t *translator) tag(a attributes, f *protocol.Field, text string) {
	key, ok := t.tagKeys[f.Key]
	if !ok {
		key = semconv.TagPrefix + strings.Map(tagRune, f.Key)
		t.tagKeys[f.Key] = key
	}
	switch f.Kind {
	case protocol.Text:
		a.text(key, text)
	case protocol.Number:
		pcommon.Map(a).PutDouble(key, f.Number)
	case protocol.Flag:
		pcommon.Map(a).PutBool(key, f.Number != 0)
	}
}

// tagRune replaces what a tag's key may not hold.
func tagRune(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '.' || r == '-' {
		return r
	}
	return '_'
}

// maxSlug is the most bytes that a project's slug has.
const maxSlug = 63

// Slug makes a project's slug of what an SDK's DSN names, which can be "Team A/shop": lower case, and "-" for what a slug
// may not hold. It is "" where nothing is left.
func Slug(project string) string {
	s := strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' || r == '.' || r == '-':
			return r
		default:
			return '-'
		}
	}, project)
	s = strings.TrimLeft(s, "-._")
	return s[:min(len(s), maxSlug)]
}
