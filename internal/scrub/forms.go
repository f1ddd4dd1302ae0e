package scrub

import "strings"

const (
	leastPart     = 8  // bytes of a JWT's header and payload
	leastBearer   = 16 // bytes of a bearer token
	leastPassword = 4  // bytes of an assigned secret
	maxUserInfo   = 512
)

// jwtEnd returns the end of the JSON Web Token at i, or 0. One that was cut off within its payload counts.
func jwtEnd(s string, i int) int {
	if !strings.HasPrefix(s[i:], "eyJ") {
		return 0
	}
	dot := run(s, i, isKeyByte)
	if dot-i < leastPart || dot == len(s) || s[dot] != '.' {
		return 0
	}
	end := run(s, dot+1, isKeyByte)
	if end-dot-1 < leastPart {
		return 0
	}
	if end < len(s) && s[end] == '.' {
		end = run(s, end+1, isKeyByte)
	}
	return end
}

// bearer finds the token behind the word bearer, in any case.
func bearer(s string, i int) (from, to int) {
	const word = "bearer"
	if len(s)-i <= len(word) || !strings.EqualFold(s[i:i+len(word)], word) {
		return i, 0
	}
	from = run(s, i+len(word), isBlank)
	if to = run(s, from, isTokenByte); from == i+len(word) || to-from < leastBearer {
		return i, 0
	}
	return from, to
}

func isBackslash(c byte) bool { return c == '\\' }

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

const (
	pemBegin = "-----BEGIN "
	dashes   = "-----"
	maxLabel = 64
)

// pemEnd returns the end of the PEM block at i, or 0. A block without its end line goes as far as it looks like one.
func pemEnd(s string, i int) int {
	end := i
	if strings.HasPrefix(s[i:], pemBegin) {
		end = pemLine(s, i+len(pemBegin))
	}
	if end <= i+len(pemBegin) {
		return 0
	}
	for end < len(s) && !strings.HasPrefix(s[end:], dashes) {
		n := pemByte(s, end)
		if n == 0 {
			return end
		}
		end += n
	}
	if rest, found := strings.CutPrefix(s[end:], "-----END "); found {
		return pemLine(s, len(s)-len(rest))
	}
	return end
}

// pemLine returns the end of the label at i and its dashes; where they are missing, i.
func pemLine(s string, i int) int {
	label := run(s, i, func(c byte) bool { return c == ' ' || isAlnum(c) })
	if label-i > maxLabel || !strings.HasPrefix(s[label:], dashes) {
		return i
	}
	return label + len(dashes)
}

// pemByte returns how many bytes at i are one of a block's, 0 where they are none. A line's end may be escaped, as in
// JSON, and again as in JSON within JSON.
func pemByte(s string, i int) int {
	switch c := s[i]; {
	case isTokenByte(c), c == ':', c == ',', c == ' ', c == '\t', c == '\r', c == '\n':
		return 1
	case c == '\\':
		if end := run(s, i, isBackslash); end < len(s) && (s[end] == 'n' || s[end] == 'r') {
			return end + 1 - i
		}
	}
	return 0
}

// urlPassword finds the password of the URL whose "://" is at i.
func urlPassword(s string, i int) (from, to int) {
	if !strings.HasPrefix(s[i:], "://") {
		return i, 0
	}
	info := i + len("://")
	colon := -1
	for j := info; j < len(s) && j-info < maxUserInfo; j++ {
		switch c := s[j]; {
		case c == '@' && colon >= 0:
			return colon + 1, lastAt(s, j)
		case c == ':' && colon < 0:
			colon = j
		case c == '/' || c == '"' || c == '\\' || c <= ' ':
			return i, 0
		}
	}
	return i, 0
}

// lastAt returns the last "@" of the authority whose first is at i: a password may hold some.
func lastAt(s string, i int) int {
	for j := i + 1; j < len(s) && isOpaque(s[j]) && s[j] != '/' && s[j] != '?'; j++ {
		if s[j] == '@' {
			i = j
		}
	}
	return i
}

// names are what secrets are assigned to, in lower case; longer names may end in them.
var names = []string{
	"password", "passwd", "pwd", "secret_access_key", "secretaccesskey", "session_token", "api_key", "apikey", "api-key",
	"client_secret", "accountkey", "sharedaccesskey", "access_token", "auth_token", "private_key",
}

// assigned finds the value behind the "=" at i, where the name before it is a secret's.
func assigned(s string, i int) (from, to int) {
	end := i
	for end > 0 && isBlank(s[end-1]) {
		end--
	}
	return valueOf(s, s[:end], i)
}

// valueOf finds the word, or what is quoted, behind the sign at i where name is a secret's.
func valueOf(s, name string, i int) (from, to int) {
	if !isSecretName(name) {
		return i, 0
	}
	from = run(s, i+1, isBlank)
	quote := ""
	if end := run(s, from, isBackslash); end < len(s) && (s[end] == '"' || s[end] == '\'') {
		from, quote = end+1, s[from:end+1]
	}
	to = run(s, from, isOpaque)
	if to-from < leastPassword || !strings.HasPrefix(s[to:], quote) {
		return i, 0
	}
	return from, to
}

// named finds the value behind the ":" at i, as in JSON, YAML and headers, where the name before it is a secret's.
func named(s string, i int) (from, to int) {
	if strings.HasPrefix(s[i:], "://") {
		return i, 0
	}
	end := i
	for end > 0 && isBlank(s[end-1]) {
		end--
	}
	if end == 0 || s[end-1] != '"' {
		if end > 0 && s[end-1] == '\'' {
			end--
		}
		return valueOf(s, s[:end], i)
	}
	name := strings.TrimRight(s[:end-1], "\\")
	quote := s[len(name):end]
	from = run(s, i+1, isBlank)
	if !isSecretName(name) || !strings.HasPrefix(s[from:], quote) {
		return i, 0 // a number's place can't take a word
	}
	from += len(quote)
	if to = quotedEnd(s, from, len(quote)-1); to-from < leastPassword {
		return i, 0
	}
	return from, to
}

// quotedEnd returns the end of the JSON string that begins at i behind a quote that depth backslashes escape. A string
// that was cut off ends with its line, or with the string around it.
func quotedEnd(s string, i, depth int) int {
	for i < len(s) && s[i] >= ' ' {
		slashes := run(s, i, isBackslash) - i
		end := i + slashes
		if end < len(s) && s[end] == '"' && slashes%(2*(depth+1)) != 2*depth+1 {
			return i + max(0, slashes-slashes%(2*(depth+1)))
		}
		i = min(end+1, len(s))
	}
	return i
}

func isSecretName(before string) bool {
	if before == "" {
		return false
	}
	last := before[len(before)-1] | 0x20
	for _, name := range names {
		at := len(before) - len(name)
		if at >= 0 && name[len(name)-1] == last && strings.EqualFold(before[at:], name) {
			return true
		}
	}
	return false
}
