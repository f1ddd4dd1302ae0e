package genaispan

// charset is a set of bytes.
type charset [256]bool

// alnumAnd returns the set of ASCII letters, digits and the bytes of extra.
func alnumAnd(extra string) *charset {
	var s charset
	for c := byte('0'); c <= '9'; c++ {
		s[c] = true
	}
	for c := byte('a'); c <= 'z'; c++ {
		s[c], s[c-'a'+'A'] = true, true
	}
	for i := range len(extra) {
		s[extra[i]] = true
	}
	return &s
}

// lower returns set without the upper-case letters.
func lower(set *charset) *charset {
	s := *set
	for c := byte('A'); c <= 'Z'; c++ {
		s[c] = false
	}
	return &s
}

var (
	enumChars      = alnumAnd("_.:/-")  // enums, kinds, tiers
	errorChars     = alnumAnd("_.:/*-") // error classes: *net.OpError, java.net.ConnectException, rate_limit_exceeded
	nameChars      = alnumAnd("_.-")    // keys of tags, names in a usage object, finish reasons, hosts
	numberChars    = alnumAnd("+-.")    // what a JSON number may hold, and more
	lowerEnumChars = lower(enumChars)
	lowerNameChars = lower(nameChars)
	plainText      = alnumAnd(" !#$%'()*+,-./:;=?@[]^_`{|}~") // what stands in JSON as it is
)

// isToken reports whether s is neither empty nor longer than limit, and made of set alone.
func isToken(s string, limit int, set *charset) bool {
	if s == "" || len(s) > limit {
		return false
	}
	for i := range len(s) {
		if !set[s[i]] {
			return false
		}
	}
	return true
}
