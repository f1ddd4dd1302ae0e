package jsonscan

import (
	"unicode/utf16"
	"unicode/utf8"
)

// decode returns the text of a string as encoding/json reads it: escapes resolved, what is not UTF-8 replaced by U+FFFD.
// The result is raw itself where there is nothing to do, else it is valid until the next call.
func (s *Scanner) decode(raw []byte) []byte {
	for _, b := range raw {
		if b == '\\' || b >= utf8.RuneSelf {
			s.decoded = appendDecoded(s.decoded[:0], raw)
			return s.decoded
		}
	}
	return raw
}

func appendDecoded(dst, raw []byte) []byte {
	for i := 0; i < len(raw); {
		if raw[i] != '\\' {
			r, n := utf8.DecodeRune(raw[i:])
			dst = utf8.AppendRune(dst, r)
			i += n
			continue
		}
		if i+1 == len(raw) {
			break
		}
		if raw[i+1] != 'u' {
			dst = append(dst, unescaped(raw[i+1]))
			i += 2
			continue
		}
		r := hex4(raw[i+2:])
		i = min(i+6, len(raw))
		if utf16.IsSurrogate(r) {
			pair := rune(utf8.RuneError)
			if i+1 < len(raw) && raw[i] == '\\' && raw[i+1] == 'u' {
				pair = utf16.DecodeRune(r, hex4(raw[i+2:]))
			}
			if r = pair; r != utf8.RuneError {
				i = min(i+6, len(raw))
			}
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

func unescaped(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	default:
		return c // quote, backslash, slash
	}
}

// hex4 returns the number that text begins with in four hexadecimal digits, or U+FFFD.
func hex4(text []byte) rune {
	if len(text) < 4 {
		return utf8.RuneError
	}
	var r rune
	for _, c := range text[:4] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return utf8.RuneError
		}
	}
	return r
}
