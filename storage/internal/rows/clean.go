package rows

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/costkey/costkey-otel/storage/internal/calls"
)

// MaxText bounds each text of a call in bytes: a value beyond is cut, so that no index and no row is refused for it.
const (
	MaxText = 1024
	maxBody = 8 << 20
)

// The clean functions make texts storable: PostgreSQL refuses NUL bytes and invalid UTF-8. They report whether anything
// had to change.

// cleanShared cleans what the calls of one place in the code share.
func cleanShared(c *calls.Call) bool {
	repaired := fixAll(MaxText, &c.ServiceName, &c.ServiceVersion, &c.Environment, &c.ScopeName, &c.Provider, &c.Operation,
		&c.RequestModel, &c.ResponseModel, &c.PricedModel, &c.ServiceTier, &c.Host, &c.CostStatus, &c.Catalogue,
		&c.ErrorType, &c.FunctionName, &c.FilePath)
	repaired = fixUsageObject(c) || repaired
	repaired = fixList(2*MaxText, &c.CallPath) || repaired
	return fixList(MaxText, &c.Notes) || repaired
}

func cleanTags(c *calls.Call) bool {
	repaired := false
	for i, t := range c.Tags {
		t.Value = strings.ReplaceAll(t.Value, `\u0000`, "") // valid JSON, but no jsonb
		fixAll(MaxText, &t.Key, &t.Value)
		if t == c.Tags[i] {
			continue
		}
		if !repaired {
			c.Tags = slices.Clone(c.Tags)
		}
		c.Tags[i], repaired = t, true
	}
	return repaired
}

// fixList is fixAll for the texts of a list, which is another one where any had to change: whoever gave it may write it
// again, and count what was repaired then.
func fixList(limit int, list *[]string) bool {
	repaired := false
	for i, s := range *list {
		fixed, changed := Storable(s, limit)
		if !changed {
			continue
		}
		if !repaired {
			*list = slices.Clone(*list)
		}
		(*list)[i], repaired = fixed, true
	}
	return repaired
}

func fixAll(limit int, texts ...*string) bool {
	repaired := false
	for _, s := range texts {
		if fixed, changed := Storable(*s, limit); changed {
			*s, repaired = fixed, true
		}
	}
	return repaired
}

// CleanOwn makes the texts of r storable that are its own, or are shared by few calls.
func CleanOwn(r *calls.Row) {
	r.Repaired = fixAll(MaxText, &r.ResponseID, &r.SessionID, &r.UserID) || r.Repaired
	if r.RequestBody != "" || r.ResponseBody != "" {
		r.Repaired = fixAll(maxBody, &r.RequestBody, &r.ResponseBody) || r.Repaired
	}
}

// Storable returns s without NUL bytes and invalid UTF-8, at most limit bytes of whole runes, and whether that differs.
func Storable(s string, limit int) (string, bool) {
	if len(s) <= limit && utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 {
		return s, false
	}
	if len(s) > limit {
		s = s[:limit]
		for len(s) > 0 && !utf8.RuneStart(s[len(s)-1]) {
			s = s[:len(s)-1]
		}
		if r, _ := utf8.DecodeLastRuneInString(s); r == utf8.RuneError && len(s) > 0 {
			s = s[:len(s)-1]
		}
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", ""), true
}

// maxUsageObject bounds the provider's usage object in bytes.
const maxUsageObject = 4 * MaxText

// fixUsageObject leaves c without a usage object that PostgreSQL could not show as jsonb.
func fixUsageObject(c *calls.Call) bool {
	if c.UsageObject == "" || isStorableJSON(c.UsageObject) {
		return false
	}
	c.UsageObject = ""
	return true
}

// maxExponent bounds the exponent of a number in digits.
const maxExponent = 3

// isStorableJSON reports whether s is a JSON object that jsonb takes. splitUsage looks at its numbers. The strings are those of
// enumerations: one with an escaped NUL or half of a surrogate pair, which jsonb refuses, is none, and neither is a whole pair.
func isStorableJSON(s string) bool {
	return len(s) <= maxUsageObject && s[0] == '{' && utf8.ValidString(s) && json.Valid([]byte(s)) &&
		!strings.Contains(s, `\u0000`) && !strings.Contains(s, `\ud`) && !strings.Contains(s, `\uD`)
}
