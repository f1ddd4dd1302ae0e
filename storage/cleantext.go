package storage

import (
	"strings"
	"unicode/utf8"
)

// maxText bounds each text of a call in bytes: a value beyond is cut, so that no index and no row is refused for it.
const (
	maxText = 1024
	maxBody = 8 << 20
)

// cleanText makes every text of c storable that calls share: PostgreSQL refuses NUL bytes and invalid UTF-8. It reports
// whether anything had to change.
func cleanText(c *Call) bool {
	repaired := false
	fix := func(s *string, limit int) {
		if fixed, changed := storable(*s, limit); changed {
			*s, repaired = fixed, true
		}
	}
	for _, s := range [...]*string{
		&c.ServiceName, &c.ServiceVersion, &c.Environment, &c.ScopeName, &c.Provider, &c.Operation, &c.RequestModel,
		&c.ResponseModel, &c.PricedModel, &c.ServiceTier, &c.Host, &c.CostStatus, &c.Catalogue,
		&c.ErrorType, &c.FunctionName, &c.FilePath, &c.SessionID, &c.UserID,
	} {
		fix(s, maxText)
	}
	fix(&c.UsageObject, 4*maxText)
	for i := range c.CallPath {
		fix(&c.CallPath[i], 2*maxText)
	}
	for i := range c.Notes {
		fix(&c.Notes[i], maxText)
	}
	for i := range c.Tags {
		fix(&c.Tags[i].Key, maxText)
		if strings.Contains(c.Tags[i].Value, `\u0000`) { // valid JSON, but no jsonb
			c.Tags[i].Value, repaired = strings.ReplaceAll(c.Tags[i].Value, `\u0000`, ""), true
		}
		fix(&c.Tags[i].Value, maxText)
	}
	return repaired
}

// cleanAnswer makes the texts of r storable that no two calls share.
func (r *row) cleanAnswer() {
	for _, t := range [...]struct {
		text  *string
		limit int
	}{{&r.ResponseID, maxText}, {&r.RequestBody, maxBody}, {&r.ResponseBody, maxBody}} {
		if *t.text == "" {
			continue
		}
		if fixed, changed := storable(*t.text, t.limit); changed {
			*t.text, r.repaired = fixed, true
		}
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
