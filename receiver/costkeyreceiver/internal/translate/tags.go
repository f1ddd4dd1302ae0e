package translate

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/costkey/costkey-otel/internal/scrub"
	"github.com/costkey/costkey-otel/receiver/costkeyreceiver/internal/protocol"
	"github.com/costkey/costkey-otel/semconv"
)

// tags puts the user's own values, and the fields of a newer SDK that are short scalars, as tags. The user's win.
func (a attributes) tags(e *protocol.Event, via string) {
	a.text(semconv.TagPrefix+"via", via)
	for _, f := range e.Unknown {
		if s, ok := f.Value.(string); !ok || scrub.Text(s) == s {
			a.tag(f)
		}
	}
	for _, f := range e.Context {
		a.tag(f)
		s, ok := f.Value.(string)
		if !ok {
			continue
		}
		switch f.Key {
		case "userId", "user_id":
			a.text(string(semconv.UserIDKey), s)
		case "sessionId", "session_id":
			a.text(string(semconv.SessionIDKey), s)
		}
	}
}

func (a attributes) tag(f protocol.Field) {
	key := semconv.TagPrefix + strings.Map(tagRune, f.Key)
	switch v := f.Value.(type) {
	case string:
		a.text(key, v)
	case float64:
		pcommon.Map(a).PutDouble(key, v)
	case bool:
		pcommon.Map(a).PutBool(key, v)
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
