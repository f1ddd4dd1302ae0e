// Package scrub takes secrets out of texts: prompts, answers and whatever else a program hands on that people paste keys
// into.
//
// It looks for the forms that keys are issued in, at the start of a word, in one pass over the text and without regular
// expressions. It can't know a secret that looks like a word, and prefers taking too much to leaving a key in place. It is
// pure and safe for concurrent use.
package scrub

import "strings"

// Mark stands where a secret was.
const Mark = "[secret]"

// Text returns s with each secret replaced by [Mark]. Where there is none it returns s itself and allocates nothing. s
// may be JSON: the result is JSON then too.
//
// Known are the keys of AI providers, AWS, Google, GitHub, GitLab, Slack, Stripe and CostKey, JWTs, bearer tokens, PEM
// blocks, passwords in URLs and what is assigned to a name like password, api_key or AccountKey: with "=", or with ":"
// as in JSON, YAML and headers.
func Text(s string) string {
	var out strings.Builder
	done := 0
	for i := 0; i < len(s); {
		if !starts[s[i]] {
			i++
			continue
		}
		from, to := find(s, i)
		if to <= from || from < done {
			i++
			continue
		}
		out.WriteString(s[done:from])
		out.WriteString(Mark)
		done, i = to, to
	}
	if done == 0 {
		return s
	}
	out.WriteString(s[done:])
	return out.String()
}

// find returns where the secret lies that the byte at i tells of; to is 0 where there is none.
func find(s string, i int) (from, to int) {
	switch s[i] {
	case ':':
		if from, to := urlPassword(s, i); to > from {
			return from, to
		}
		return named(s, i)
	case '=':
		return assigned(s, i)
	case '-':
		return i, pemEnd(s, i)
	}
	if !wordStart(s, i) {
		return i, 0
	}
	switch s[i] {
	case 'b', 'B':
		return bearer(s, i)
	case 'e':
		if to := jwtEnd(s, i); to > 0 {
			return i, to
		}
	}
	for _, k := range keysBy[s[i]] {
		if !strings.HasPrefix(s[i:], k.prefix) {
			continue
		}
		begin := i + len(k.prefix)
		if to := run(s, begin, isKeyByte); to-begin >= k.least {
			return i, dotted(s, to)
		}
	}
	return i, 0
}

// dotted returns the end of a key whose parts are joined by dots, as SendGrid's secret is to its id.
func dotted(s string, end int) int {
	for end < len(s) && s[end] == '.' {
		next := run(s, end+1, isKeyByte)
		if next-end-1 < leastPart {
			break
		}
		end = next
	}
	return end
}

// key is a form of keys: a prefix, and how many bytes of [A-Za-z0-9_-] follow it at least.
type key struct {
	prefix string
	least  int
}

var keys = []key{
	// AI providers; ABSK is Bedrock's. Then CostKey's own.
	{"sk-", 16},
	{"AIza", 30},
	{"gsk_", 20},
	{"xai-", 20},
	{"pplx-", 20},
	{"hf_", 20},
	{"r8_", 20},
	{"csk-", 20},
	{"fw_", 20},
	{"tgp_v1_", 20},
	{"ABSK", 40},
	{"ck_", 20},
	{"ck-", 20},
	// Clouds, forges and the rest.
	{"AKIA", 16},
	{"ASIA", 16},
	{"ya29.", 20},
	{"GOCSPX-", 20},
	{"ghp_", 20},
	{"gho_", 20},
	{"ghu_", 20},
	{"ghs_", 20},
	{"ghr_", 20},
	{"github_pat_", 20},
	{"glpat-", 16},
	{"xoxb-", 10},
	{"xoxa-", 10},
	{"xoxp-", 10},
	{"xoxr-", 10},
	{"xoxs-", 10},
	{"xoxe-", 10},
	{"xapp-", 10},
	{"sk_live_", 16},
	{"sk_test_", 16},
	{"rk_live_", 16},
	{"npm_", 30},
	{"SG.", 16},
}

var keysBy = func() (by [256][]key) {
	for _, k := range keys {
		by[k.prefix[0]] = append(by[k.prefix[0]], k)
	}
	return by
}()

// starts are the bytes that find looks at.
var starts = func() (is [256]bool) {
	for _, c := range []byte(":=-bBe") {
		is[c] = true
	}
	for _, k := range keys {
		is[k.prefix[0]] = true
	}
	return is
}()

// wordStart reports whether no letter or digit stands before i. Those of an escape in JSON, as in "\nsk-", are none.
func wordStart(s string, i int) bool {
	if i == 0 || !isAlnum(s[i-1]) {
		return true
	}
	return (i >= 2 && s[i-2] == '\\') || (i >= 6 && s[i-6] == '\\' && s[i-5] == 'u')
}

func run(s string, i int, is func(byte) bool) int {
	for i < len(s) && is(s[i]) {
		i++
	}
	return i
}

func isAlnum(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func isKeyByte(c byte) bool { return isAlnum(c) || c == '_' || c == '-' }

func isTokenByte(c byte) bool {
	return isKeyByte(c) || c == '.' || c == '~' || c == '+' || c == '/' || c == '='
}

// isOpaque reports whether c may stand in a password that nothing quotes.
func isOpaque(c byte) bool {
	return c > ' ' && c != '"' && c != '\'' && c != '\\' && c != ';' && c != '&' && c != ',' && c != '<' && c != '>' && c != '`'
}
