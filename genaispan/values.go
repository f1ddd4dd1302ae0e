package genaispan

import (
	"math"
	"net/netip"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/costkey/costkey-otel/semconv"
	"github.com/costkey/costkey-otel/usage"
)

// outcome says how reading a value ended.
type outcome uint8

const (
	absent outcome = iota // nothing was said: empty, "none", "null"
	good
	bad // something was said that failed the check
)

// Bounds of what is kept, in bytes.
const (
	maxName   = 256
	maxEnum   = 64
	maxError  = 128
	maxCode   = 1024
	maxHost   = 255
	maxJSON   = 1 << 20
	maxNumber = 64
)

// isAbsentWord reports whether s is one of the words by which libraries say that they have no value.
func isAbsentWord(s string) bool {
	switch s {
	case "", "none", "None", "NONE", "UNKNOWN", "null", "<nil>", "undefined":
		return true
	default:
		return false
	}
}

// readText reads v as the kind of text that as names, and checks it.
func readText(as reading, v pcommon.Value) (string, outcome) {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		s := trim(v.Str())
		if isAbsentWord(s) {
			return "", absent
		}
		return checkText(as, s)
	case pcommon.ValueTypeEmpty:
		return "", absent
	case pcommon.ValueTypeSlice:
		if as == asFinish {
			return firstReason(v.Slice())
		}
	case pcommon.ValueTypeInt:
		if as == asLabel || as == asError {
			return strconv.FormatInt(v.Int(), 10), good
		}
	}
	return "", bad
}

// trim is [strings.TrimSpace], most often of what begins and ends with an ASCII character that is none.
func trim(s string) string {
	if n := len(s); n > 0 && isGraph(s[0]) && isGraph(s[n-1]) {
		return s
	}
	return strings.TrimSpace(s)
}

// isGraph reports whether c is an ASCII character that leaves ink.
func isGraph(c byte) bool { return c > ' ' && c <= '~' }

func checkText(as reading, s string) (string, outcome) {
	switch as {
	case asEnum:
		if isToken(s, maxEnum, lowerEnumChars) {
			return s, good // Fast path - it is in lower case.
		}
		return verdict(strings.ToLower(s), isToken(s, maxEnum, enumChars))
	case asError:
		if !isToken(s, maxError, errorChars) {
			return semconv.ErrorTypeOther, good
		}
		return s, good
	case asCode:
		return verdict(s, len(s) <= maxCode && isWord(s))
	case asFile:
		return verdict(s, isFile(s))
	case asHost:
		return hostOf(s)
	case asURL:
		return hostOfURL(s)
	case asFinish:
		return reasonOf(s)
	default:
		return verdict(s, isName(s))
	}
}

func verdict(s string, ok bool) (string, outcome) {
	if !ok {
		return "", bad
	}
	return s, good
}

// isName reports whether s can be a model, a provider, an id or a user: short, and no sentence.
func isName(s string) bool { return len(s) <= maxName && isWord(s) }

// isWord reports whether s is valid UTF-8 without white space and control characters.
func isWord(s string) bool {
	if isPlain(s, '!') {
		return s != ""
	}
	return isWideWord(s)
}

// isPlain reports whether all bytes of s are in low to '~'. It looks at eight at a time, of which the last may be some that
// it has seen.
func isPlain(s string, low byte) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	last := len(s) - 8
	if last < 0 {
		for i := range len(s) {
			if s[i] < low || s[i] > '~' {
				return false
			}
		}
		return true
	}
	for i := 0; ; i = min(i+8, last) {
		x := eightBytes(s[i:])
		below := x - uint64(low)*ones // borrows where a byte is below low
		above := x + ones             // reaches the high bit where a byte is 0x7f or more
		if (below|above|x)&highs != 0 {
			return false
		}
		if i == last {
			return true
		}
	}
}

// eightBytes returns the first eight bytes of s as a number.
func eightBytes(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

func isWideWord(s string) bool {
	for _, r := range s {
		if r == utf8.RuneError || unicode.IsSpace(r) || unicode.IsControl(r) || !unicode.IsPrint(r) {
			return false
		}
	}
	return utf8.ValidString(s)
}

// isLine reports whether s is one line of valid UTF-8 without control characters.
func isLine(s string) bool { return isPlain(s, ' ') || isWideLine(s) }

func isWideLine(s string) bool {
	for _, r := range s {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return false
		}
	}
	return utf8.ValidString(s)
}

// isFile reports whether s can be the path of a file. White space is taken in the folders only, so that a sentence is
// none.
func isFile(s string) bool {
	last := len(s)
	for last > 0 && s[last-1] != '/' && s[last-1] != '\\' {
		last--
	}
	return len(s) <= maxCode && isLine(s[:last]) && isWord(s[last:])
}

// isTitle reports whether s can be the name of a service: a name of at most four words, no sentence.
func isTitle(s string) bool {
	return s != "" && len(s) <= maxName && isLine(s) && strings.Count(s, " ") <= 3
}

// hostOf returns the host in s, which may have a port.
func hostOf(s string) (string, outcome) {
	if isToken(s, maxHost, lowerNameChars) {
		return s, good // Fast path - no port, no scheme.
	}
	if strings.Contains(s, "://") {
		return hostOfURL(s)
	}
	h := s
	if strings.HasPrefix(h, "[") {
		h, _, _ = strings.Cut(h[1:], "]")
	} else if strings.Count(h, ":") == 1 {
		h, _, _ = strings.Cut(h, ":")
	}
	if !isHost(h) {
		return "", bad
	}
	return strings.ToLower(h), good
}

func isHost(h string) bool {
	if isToken(h, maxHost, nameChars) {
		return true
	}
	if !strings.Contains(h, ":") {
		return false
	}
	_, err := netip.ParseAddr(h)
	return err == nil
}

// hostOfURL returns the host of a URL, without user, port, path and query, where keys and prompts may be.
func hostOfURL(s string) (string, outcome) {
	_, rest, ok := strings.Cut(s, "://")
	if !ok {
		rest = s
	}
	if i := strings.IndexAny(rest, `/?#\`); i >= 0 {
		rest = rest[:i]
	}
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		rest = rest[i+1:]
	}
	if rest == "" {
		return "", absent
	}
	return hostOf(rest)
}

// firstReason returns the first finish reason of a list: several choices of one call end alike as a rule.
func firstReason(l pcommon.Slice) (string, outcome) {
	if l.Len() == 0 {
		return "", absent
	}
	return readText(asFinish, l.At(0))
}

// reasonOf reads a finish reason that was sent as text: stop, STOP, ["stop"], or "stop, length".
func reasonOf(s string) (string, outcome) {
	if isToken(s, maxEnum, lowerNameChars) && !isAbsentWord(s) {
		return s, good // Fast path - nothing to take off.
	}
	s = strings.TrimPrefix(s, "[")
	s, _, _ = strings.Cut(s, ",")
	s = strings.Trim(s, `]"' `)
	if isAbsentWord(s) {
		return "", absent
	}
	return verdict(strings.ToLower(s), isToken(s, maxEnum, nameChars))
}

// readCount reads a count of tokens: an integer, a whole double, a text of either, or {"intValue":n}.
func readCount(v pcommon.Value) (int64, outcome) {
	switch v.Type() {
	case pcommon.ValueTypeInt:
		return checkCount(v.Int())
	case pcommon.ValueTypeDouble:
		return wholeCount(v.Double())
	case pcommon.ValueTypeStr:
		return parseCount(v.Str())
	case pcommon.ValueTypeEmpty:
		return 0, absent
	default:
		return 0, bad
	}
}

func checkCount(n int64) (int64, outcome) {
	if n < 0 || n > usage.MaxCount {
		return 0, bad
	}
	return n, good
}

func wholeCount(x float64) (int64, outcome) {
	if x != math.Trunc(x) || x < 0 || x > usage.MaxCount { // NaN is unequal to itself
		return 0, bad
	}
	return int64(x), good
}

func parseCount(s string) (int64, outcome) {
	s = strings.TrimSpace(s)
	if isAbsentWord(s) {
		return 0, absent
	}
	if len(s) > maxNumber {
		return 0, bad
	}
	if inner, ok := strings.CutPrefix(s, `{"intValue":`); ok {
		s = strings.Trim(strings.TrimSuffix(inner, "}"), `" `)
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return checkCount(n)
	}
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, bad
	}
	return wholeCount(x)
}

// readFloat reads a finite number.
func readFloat(v pcommon.Value) (float64, bool) {
	var x float64
	switch v.Type() {
	case pcommon.ValueTypeInt:
		x = float64(v.Int())
	case pcommon.ValueTypeDouble:
		x = v.Double()
	case pcommon.ValueTypeStr:
		s := strings.TrimSpace(v.Str())
		if len(s) > maxNumber {
			return 0, false
		}
		p, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return 0, false
		}
		x = p
	default:
		return 0, false
	}
	return x, !math.IsNaN(x) && !math.IsInf(x, 0)
}

func readFlag(v pcommon.Value) (value, ok bool) {
	switch v.Type() {
	case pcommon.ValueTypeBool:
		return v.Bool(), true
	case pcommon.ValueTypeInt:
		return v.Int() == 1, v.Int() == 0 || v.Int() == 1
	case pcommon.ValueTypeStr:
		s := v.Str()
		yes := strings.EqualFold(s, "true")
		return yes, yes || strings.EqualFold(s, "false")
	default:
		return false, false
	}
}
