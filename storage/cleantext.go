package storage

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// maxText bounds each text of a call in bytes: a value beyond is cut, so that no index and no row is refused for it.
const (
	maxText = 1024
	maxBody = 8 << 20
)

// The clean functions make texts storable: PostgreSQL refuses NUL bytes and invalid UTF-8. They report whether anything
// had to change.

// cleanShared cleans what the calls of one place in the code share.
func cleanShared(c *Call) bool {
	repaired := fixAll(maxText, &c.ServiceName, &c.ServiceVersion, &c.Environment, &c.ScopeName, &c.Provider, &c.Operation,
		&c.RequestModel, &c.ResponseModel, &c.PricedModel, &c.ServiceTier, &c.Host, &c.CostStatus, &c.Catalogue,
		&c.ErrorType, &c.FunctionName, &c.FilePath)
	repaired = fixAll(4*maxText, &c.UsageObject) || repaired
	repaired = fixList(2*maxText, &c.CallPath) || repaired
	return fixList(maxText, &c.Notes) || repaired
}

func cleanTags(c *Call) bool {
	repaired := false
	for i, t := range c.Tags {
		t.Value = strings.ReplaceAll(t.Value, `\u0000`, "") // valid JSON, but no jsonb
		fixAll(maxText, &t.Key, &t.Value)
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
		fixed, changed := storable(s, limit)
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
		if fixed, changed := storable(*s, limit); changed {
			*s, repaired = fixed, true
		}
	}
	return repaired
}

// cleanOwn makes the texts of r storable that are its own, or are shared by few calls.
func (r *row) cleanOwn() {
	r.repaired = fixAll(maxText, &r.ResponseID, &r.SessionID, &r.UserID) || r.repaired
	if r.RequestBody != "" || r.ResponseBody != "" {
		r.repaired = fixAll(maxBody, &r.RequestBody, &r.ResponseBody) || r.repaired
	}
}

// storable returns s without NUL bytes and invalid UTF-8, at most limit bytes of whole runes, and whether that differs.
func storable(s string, limit int) (string, bool) {
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
