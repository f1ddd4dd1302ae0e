package pricing

import (
	"bytes"
	"strings"
	"time"
)

// snapshot finds the model of an answer that the catalogue does not list. The asked model has its price only where the
// answer can't be another one: at Azure, where what was asked is the name of a deployment, a snapshot of a family all of
// whose listed snapshots cost the same; elsewhere a snapshot of the asked model, or its name in another form.
func (t *Table) snapshot(q *Query, w *wanted) found {
	asked := t.matchID(q.Provider, q.RequestModel, w)
	if asked.via&viaMapping != 0 { // the user's word
		asked.via |= viaRequestModel
		return asked
	}
	family, date := cutDate(q.ResponseModel, w.at)
	var f found
	if date != 0 {
		f = t.matchID(q.Provider, family, w)
	}
	if strings.HasPrefix(t.names.provider(q.Provider), "azure.") {
		if f.model == nil || !f.model.allSnapshotsCost(w) {
			return found{}
		}
		f.rule = ruleSnapshot
		return f
	}
	if asked.model == nil {
		return found{}
	}
	sameFamily := f.model == asked.model && undated(q.RequestModel) == q.RequestModel
	if !sameFamily && !asked.model.provider.sameName(q.ResponseModel, q.RequestModel, w.at) {
		return found{}
	}
	asked.via |= viaRequestModel
	return asked
}

// allSnapshotsCost reports whether every listed snapshot of a family costs what the family does.
func (m *model) allSnapshotsCost(w *wanted) bool {
	for _, s := range m.snapshots {
		if !sameRows(s, m, w.at, w.tier) {
			return false
		}
	}
	return true
}

// slug finds the models of a gateway whose ids have the same words and numbers as id, dated or not, and takes them only if
// all of these cost the same.
func (p *provider) slug(id string, w *wanted) (*model, rule) {
	var buf [2 * maxIDLen]byte
	key, date, ok := slugKey(buf[:0], id, w.at)
	if !ok {
		return nil, ruleNone
	}
	m, _ := agree(p.groups[string(key)], nil, version{}, w)
	w.mattered = w.mattered || date != 0
	return m, ruleSlug
}

// slugKey appends the maker, the words and numbers, and the variant (":free") of a gateway's id to b. It returns the date
// that it left out, and false for an id that is too long.
func slugKey(b []byte, id string, at int64) (key []byte, date int, ok bool) {
	name, variant, _ := strings.Cut(id, ":")
	i := strings.LastIndexByte(name, '/')
	if b, ok = appendLower(b, id[:i+1]); !ok || len(id) > maxIDLen {
		return b, 0, false
	}
	name, date = cutDate(name[i+1:], at)
	b = append(appendWords(b, name), ':')
	b, ok = appendLower(b, variant)
	return b, date, ok
}

// sameName reports whether an answer's id names the asked model: the same words and the same numbers, in their orders, in
// front of the same date or of one that only one side tells.
func (p *provider) sameName(answered, asked string, at int64) bool {
	var bufA, bufB [maxIDLen + 2]byte
	a, okA := p.plainName(bufA[:0], answered, at)
	b, okB := p.plainName(bufB[:0], asked, at)
	if !okA || !okB || !bytes.Equal(a.words, b.words) {
		return false
	}
	sameVendor := a.vendor == b.vendor || a.vendor == "" || b.vendor == ""
	return sameVendor && (a.date == b.date || a.date == 0 || b.date == 0)
}

// plainName is an id taken apart.
type plainName struct {
	vendor string // in front of a slash: "openai" of "openai/gpt-4o"
	words  []byte
	date   int // 0 is none
}

// plainName takes an id apart and appends its words and numbers to b; false if it is too long.
func (p *provider) plainName(b []byte, id string, at int64) (plainName, bool) {
	id = strings.TrimSuffix(strings.TrimSpace(id), longWindow)
	if inner, ok := cutARN(id); ok && p.form == formBedrock {
		id = inner
	}
	var n plainName
	if i := strings.LastIndexByte(id, '/'); i >= 0 {
		n.vendor, id = id[:i], id[i+1:]
	}
	if len(id) > maxIDLen {
		return n, false
	}
	if p.form == formBedrock {
		id = bedrockName(id)
	}
	id = strings.TrimSuffix(strings.TrimSuffix(id, "@default"), "-latest")
	if p.form == formGoogle {
		id = cutGoogleVersion(id)
	}
	id, n.date = cutDate(id, at)
	n.words = appendWords(b, id)
	return n, true
}

// bedrockName returns the maker's own name in a Bedrock id: "claude-opus-4-8" of "us.anthropic.claude-opus-4-8-v1:0".
func bedrockName(id string) string {
	id = strings.TrimPrefix(id, globalProfile)
	for _, g := range geographies {
		id = strings.TrimPrefix(id, g)
	}
	if maker, name, ok := strings.Cut(id, "."); ok && isLetters(maker) {
		id = name
	}
	if i := strings.LastIndex(id, "-v"); i > 0 && strings.Trim(id[i+2:], "0123456789:") == "" {
		id = id[:i]
	}
	return id
}

// cutGoogleVersion cuts the number of a stable version off: "gemini-2.0-flash-001".
func cutGoogleVersion(id string) string {
	if n := len(id) - len("-000"); n > 0 && id[n:n+3] == "-00" && id[n+3] >= '1' && id[n+3] <= '9' {
		return id[:n]
	}
	return id
}

// appendWords appends the words of a name and then its numbers, each in their order and in lower case: gateways write
// "claude-4.5-sonnet" for "claude-sonnet-4-5". Letters and digits together are a word, such as "4o".
func appendWords(b []byte, name string) []byte {
	for _, numbers := range [...]bool{false, true} {
		for rest := name; rest != ""; {
			token := rest
			if i := strings.IndexAny(rest, "-._@ "); i >= 0 {
				token, rest = rest[:i], rest[i+1:]
			} else {
				rest = ""
			}
			if token == "" || isDigits(token) != numbers {
				continue
			}
			for i := range len(token) {
				c := token[i]
				if 'A' <= c && c <= 'Z' {
					c += 'a' - 'A'
				}
				b = append(b, c)
			}
			b = append(b, '-')
		}
	}
	return b
}

// cutDate cuts the date of a snapshot off an id and returns it as a number, 20250929. A day after the call's own is none,
// since what is released later did not answer it; a day of leeway stands for time zones. Some have no year: 709 is that
// of "grok-4-07-09".
func cutDate(id string, at int64) (family string, date int) {
	if family = undated(id); family != id {
		date = digitsOf(id[len(family):])
		year, month, day := time.Unix(0, at).UTC().AddDate(0, 0, 1).Date()
		if date > year*10_000+int(month)*100+day {
			return id, 0
		}
		return family, date
	}
	if n := len(id) - len("-00-00"); n > 0 && isMonthDay(id[n:]) {
		return id[:n], digitsOf(id[n:])
	}
	return id, 0
}

// isMonthDay reports whether s is laid out like "-07-09".
func isMonthDay(s string) bool {
	return s[0] == '-' && s[3] == '-' && isBetween(s[1:3], "01", "12") && isBetween(s[4:], "01", "31")
}

// isBetween reports whether s is a number of two digits from low to high.
func isBetween(s, low, high string) bool { return isDigits(s) && s >= low && s <= high }

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// digitsOf returns the number that the digits of a date make, whatever stands between them.
func digitsOf(date string) (n int) {
	for i := range len(date) {
		if c := date[i]; c >= '0' && c <= '9' {
			n = 10*n + int(c-'0')
		}
	}
	return n
}
