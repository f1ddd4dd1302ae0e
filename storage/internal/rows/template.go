package rows

import (
	"strconv"
	"strings"

	"github.com/costkey/costkey-otel/storage/internal/calls"
)

// A provider's usage object is kept as a template, which repeats from call to call, and the numbers that differ. Most numbers
// are counts that the call has in columns of its own: the template names those (costkey.fill_usage() has the same list), and
// only the others are stored.

// references are the counts that a template can name, by the byte behind its "?".
var references = map[byte]func(c *calls.Call) (int64, bool){
	'i': func(c *calls.Call) (int64, bool) { return c.Usage.Input.Value(), c.Usage.Input.IsKnown() },
	'c': func(c *calls.Call) (int64, bool) { return c.Usage.CacheRead.Value(), c.Usage.CacheRead.IsKnown() },
	'w': func(c *calls.Call) (int64, bool) { return c.Usage.CacheWrite.Value(), c.Usage.CacheWrite.IsKnown() },
	'o': func(c *calls.Call) (int64, bool) { return c.Usage.Output.Value(), c.Usage.Output.IsKnown() },
	'r': func(c *calls.Call) (int64, bool) { return c.Usage.Reasoning.Value(), c.Usage.Reasoning.IsKnown() },
	't': func(c *calls.Call) (int64, bool) {
		return c.Usage.Input.Value() + c.Usage.Output.Value(), c.Usage.Input.IsKnown() && c.Usage.Output.IsKnown()
	},
	'f': func(c *calls.Call) (int64, bool) {
		return c.Usage.Input.Value() - c.Usage.CacheRead.Value() - c.Usage.CacheWrite.Value(),
			c.Usage.Input.IsKnown() && c.Usage.Input.Value() <= maxColumn
	},
}

// reference returns what the number of a key is likely to be, 0 for what no column has. It is a guess that saves bytes: the
// number is named only where it is that count.
func reference(key string) byte {
	switch key {
	case "prompt_tokens", "promptTokenCount", "inputTokens":
		return 'i'
	case "input_tokens":
		return 'f' // Anthropic's, without the cache; OpenAI's is the same where nothing was cached
	case "completion_tokens", "output_tokens", "candidatesTokenCount", "outputTokens":
		return 'o'
	case "total_tokens", "totalTokenCount", "totalTokens":
		return 't'
	case "cached_tokens", "cache_read_input_tokens", "cachedContentTokenCount", "cacheReadInputTokens":
		return 'c'
	case "cache_creation_input_tokens", "cacheWriteInputTokens":
		return 'w'
	case "reasoning_tokens", "thoughtsTokenCount":
		return 'r'
	default:
		return 0
	}
}

// maxColumn is the most that a column of counts holds.
const maxColumn = 1<<31 - 1

// maxNumber bounds a number's digits.
const maxNumber = 40

// splitUsage takes the numbers out of the usage object of c: it appends the rest to template and those numbers that
// template does not name to numbers, by commas. ok is false where the object can't be split so that the two give it back:
// it holds a "?", or a number that jsonb can't.
func splitUsage(c *calls.Call, template, numbers []byte) (t, n []byte, ok bool) {
	object, key, first := c.UsageObject, "", true
	for i := 0; i < len(object); {
		switch usageClass[object[i]] {
		case classMark:
			return template, numbers, false
		case classQuote:
			end := stringEnd(object, i)
			if strings.IndexByte(object[i:end], '?') >= 0 {
				return template, numbers, false
			}
			if end < len(object) && object[end] == ':' {
				key = object[i+1 : end-1]
			}
			template = append(template, object[i:end]...)
			i = end
		case classNumber:
			end := numberEnd(object, i)
			number := object[i:end]
			if !isStorableNumber(number) || end < len(object) && usageClass[object[end]] == classLetter {
				return template, numbers, false // or a letter follows, which would be read as a reference
			}
			i = end
			if number == "0" {
				template = append(template, '0')
				continue
			}
			template = append(template, '?')
			if name := namedCount(c, key, number); name != 0 {
				template = append(template, name)
				continue
			}
			if !first {
				numbers = append(numbers, ',')
			}
			first = false
			numbers = append(numbers, number...)
		default:
			template = append(template, object[i])
			i++
		}
	}
	return template, numbers, true
}

// namedCount returns the reference to the count that number is, 0 where it is none.
func namedCount(c *calls.Call, key, number string) byte {
	name := reference(key)
	if name == 0 {
		return 0
	}
	if is(c, name, number) {
		return name
	}
	if name == 'f' && is(c, 'i', number) {
		return 'i'
	}
	return 0
}

func is(c *calls.Call, name byte, number string) bool {
	n, known := references[name](c)
	if !known || n < 0 || n > maxColumn {
		return false // what the columns can't hold
	}
	var digits [20]byte
	return string(strconv.AppendInt(digits[:0], n, 10)) == number
}

func numberEnd(s string, i int) int {
	for i < len(s) && (usageClass[s[i]] == classNumber || strings.IndexByte(".eE+", s[i]) >= 0) {
		i++
	}
	return i
}

// isStorableNumber reports whether jsonb, whose numbers have up to 131,072 digits, takes a number.
func isStorableNumber(s string) bool {
	if len(s) > maxNumber {
		return false
	}
	exponent := strings.IndexAny(s, "eE")
	return exponent < 0 || len(strings.TrimLeft(s[exponent+1:], "+-0")) <= maxExponent
}

// joinUsage is the inverse of splitUsage.
func joinUsage(c *calls.Call, template, numbers string) string {
	parts := strings.Split(template, "?")
	if len(parts) == 1 {
		return template
	}
	var b strings.Builder
	b.WriteString(parts[0])
	values := strings.Split(numbers, ",")
	for _, part := range parts[1:] {
		if part != "" {
			if count, ok := references[part[0]]; ok {
				n, _ := count(c)
				b.WriteString(strconv.FormatInt(n, 10))
				b.WriteString(part[1:])
				continue
			}
		}
		if len(values) > 0 {
			b.WriteString(values[0])
			values = values[1:]
		}
		b.WriteString(part)
	}
	return b.String()
}

// stringEnd returns the index behind the JSON string that begins at i.
func stringEnd(s string, i int) int {
	for i++; i < len(s); i++ {
		j := strings.IndexByte(s[i:], '"')
		if j < 0 {
			return len(s)
		}
		i += j
		escapes := 0
		for s[i-1-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return i + 1
		}
	}
	return len(s)
}

const (
	classOther = iota
	classQuote
	classNumber
	classMark
	classLetter
)

// usageClass tells the bytes at which splitUsage does something.
var usageClass = func() (class [256]uint8) {
	class['"'], class['?'], class['-'] = classQuote, classMark, classNumber
	for c := 'a'; c <= 'z'; c++ {
		class[c], class[c-'a'+'A'] = classLetter, classLetter
	}
	for c := '0'; c <= '9'; c++ {
		class[c] = classNumber
	}
	return class
}()
