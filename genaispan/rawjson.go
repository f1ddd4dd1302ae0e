package genaispan

import "strings"

// member returns the text of the member of a JSON object that path, names joined by dots, leads to; "" if there is none.
func member(s, path string) string {
	name, rest, deeper := strings.Cut(path, ".")
	at := skipSpace(s, 0)
	if at == len(s) || s[at] != '{' {
		return ""
	}
	for at++; ; at++ {
		from := skipSpace(s, at)
		colon := skipSpace(s, skipValue(s, from))
		if colon >= len(s) || s[from] != '"' || s[colon] != ':' {
			return ""
		}
		found := strings.HasPrefix(s[from+1:], name) && s[from+1+len(name)] == '"'
		from = skipSpace(s, colon+1)
		at = skipValue(s, from)
		switch {
		case found && deeper:
			return member(s[from:at], rest)
		case found:
			return s[from:at]
		}
		if at = skipSpace(s, at); at >= len(s) || s[at] != ',' {
			return ""
		}
	}
}

func skipSpace(s string, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\n' || s[i] == '\t' || s[i] == '\r') {
		i++
	}
	return i
}

// skipValue returns where the value that begins at i ends, len(s) if it does not.
func skipValue(s string, i int) int {
	depth := 0
	for ; i < len(s); i++ {
		switch s[i] {
		case '"':
			for i++; i < len(s) && s[i] != '"'; i++ {
				if s[i] == '\\' {
					i++
				}
			}
			if depth == 0 {
				return min(i+1, len(s))
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth < 0 {
				return i
			}
			if depth == 0 {
				return i + 1
			}
		case ',', ':':
			if depth == 0 {
				return i
			}
		}
	}
	return len(s)
}

// compactValue appends a JSON value, without spaces and without what costkey.provider.usage may not hold: nulls and texts. Of a
// value that is none of it, and of no JSON, it appends nothing, or what isProviderUsage refuses.
func compactValue(out []byte, s string, depth int) []byte {
	s = strings.TrimSpace(s)
	switch {
	case s == "" || depth > maxUsageDepth:
		return out
	case s[0] == '{' || s[0] == '[':
		return compactMembers(out, s, depth)
	}
	if rest, ok := passValue(s, 0); !ok || rest != "" {
		return out
	}
	return append(out, s...)
}

// compactMembers appends the object or list s.
func compactMembers(out []byte, s string, depth int) []byte {
	out = append(out, s[0])
	first := len(out)
	for i := 1; i < len(s); i++ {
		before := len(out)
		if before > first {
			out = append(out, ',')
		}
		i = skipSpace(s, i)
		named := true
		if s[0] == '{' {
			name := s[i:skipValue(s, i)]
			rest, ok := passToken(name, nameChars)
			named = ok && rest == ""
			out = append(append(out, name...), ':')
			if i = skipSpace(s, i+len(name)); i >= len(s) || s[i] != ':' {
				out = out[:before]
				break
			}
			i = skipSpace(s, i+1)
		}
		at := len(out)
		end := skipValue(s, i)
		if out = compactValue(out, s[i:end], depth+1); len(out) == at || !named {
			out = out[:before]
		}
		if i = skipSpace(s, end); i >= len(s) || s[i] != ',' {
			break
		}
	}
	return append(out, s[len(s)-1])
}
