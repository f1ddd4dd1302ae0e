package genaispan

import (
	"slices"
	"strings"

	"github.com/costkey/costkey-otel/internal/jsonwalk"
	"github.com/costkey/costkey-otel/usage"
	"github.com/costkey/costkey-otel/usage/wire"
)

// takeProviderUsage takes what the provider's usage object tells in place of what the span says: it is nearer to the bill, and
// knows of more.
func (f *found) takeProviderUsage(c *Call) {
	r, ok := wire.Read(f.object, c.Provider)
	if !ok {
		return
	}
	was := c.Usage
	c.Usage = r.Over(was)
	if was.IsZero() && !c.Usage.IsZero() {
		f.text[tMissing] = "" // the sender could not read it
	}
	if differs(was.Input, c.Usage.Input) || differs(was.Output, c.Usage.Output) {
		c.note(NoteUsageDiffers)
	}
	f.noteTTL(c)
	if len(r.Others) > 0 {
		c.note(NoteOtherUsage)
	}
	if r.TotalDiffers {
		c.note(NoteTotalDiffers)
	}
	if c.ServiceTier == "" {
		c.ServiceTier = strings.ToLower(r.Tier)
	}
}

// noteTTL says whether it is known how long Anthropic keeps what was written to its cache.
func (f *found) noteTTL(c *Call) {
	if !c.Usage.CacheWrite.IsKnown() || f.objectIn == jProviderUsage {
		return
	}
	if c.Usage.CacheWrite1h.IsKnown() {
		c.Notes = slices.DeleteFunc(c.Notes, func(n string) bool { return n == NoteCacheTTLUnknown })
	} else if c.Usage.CacheWrite.Value() > 0 && familyOf(c.Provider, modelOf(c)) == familyAnthropic {
		c.note(NoteCacheTTLUnknown)
	}
}

// differs reports whether a known count became another.
func differs(was, is usage.Count) bool { return was.IsKnown() && was != is }

const maxProviderUsage = 4096

// isProviderUsage reports whether s is a provider's usage object as costkey.provider.usage may hold it: at most 4 KiB of
// compact JSON of numbers, booleans and short enum strings, whose names are plain words.
func isProviderUsage(s string) bool {
	if len(s) > maxProviderUsage || s == "" || s[0] != '{' {
		return false
	}
	rest, ok := passValue(s, 0)
	return ok && rest == ""
}

// maxUsageDepth bounds how deep a usage object is.
const maxUsageDepth = 8

// passValue returns what follows the value at the start of s, false if the value is not allowed.
func passValue(s string, depth int) (rest string, ok bool) {
	switch {
	case s == "" || depth > maxUsageDepth:
		return "", false
	case s[0] == '{':
		return passMembers(s[1:], '}', depth)
	case s[0] == '[':
		return passMembers(s[1:], ']', depth)
	case s[0] == '"':
		return passToken(s, enumChars)
	case s[0] == 't':
		return strings.CutPrefix(s, "true")
	case s[0] == 'f':
		return strings.CutPrefix(s, "false")
	default:
		return passNumber(s)
	}
}

// passMembers passes the members of an object or a list up to its end.
func passMembers(s string, end byte, depth int) (rest string, ok bool) {
	if s != "" && s[0] == end {
		return s[1:], true
	}
	for {
		if end == '}' {
			if s, ok = passToken(s, nameChars); !ok || s == "" || s[0] != ':' {
				return "", false
			}
			s = s[1:]
		}
		if s, ok = passValue(s, depth+1); !ok || s == "" {
			return "", false
		}
		switch s[0] {
		case end:
			return s[1:], true
		case ',':
			s = s[1:]
		default:
			return "", false
		}
	}
}

// passToken passes a string of 1 to 64 bytes of set.
func passToken(s string, set *charset) (rest string, ok bool) {
	if s == "" || s[0] != '"' {
		return "", false
	}
	n := 1
	for n < len(s) && set[s[n]] {
		n++
	}
	if n == 1 || n > maxEnum+1 || n == len(s) || s[n] != '"' {
		return "", false
	}
	return s[n+1:], true
}

// passNumber passes a number of a size that any database takes.
func passNumber(s string) (rest string, ok bool) {
	n := 0
	for n < len(s) && numberChars[s[n]] {
		n++
	}
	if !jsonwalk.IsNumber(s[:n]) || !jsonwalk.IsKept(s[:n]) {
		return "", false
	}
	return s[n:], true
}
