package storage

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// The interned tables. Each has two functions side by side, one for the key and one for the values: what is in one is
// in the other.

var cellTable = internedTable{
	name: "cell",
	columns: []string{
		"service_name", "service_version", "environment", "provider", "operation", "model",
		"priced_model", "function_name", "file_path",
	},
	types: []string{"text", "text", "text", "text", "text", "text", "text", "text", "text"},
}

func cellFields(c *Call) [9]string {
	return [9]string{
		c.ServiceName, c.ServiceVersion, c.Environment, c.Provider, c.Operation, c.model(),
		c.PricedModel, c.FunctionName, c.FilePath,
	}
}

func cellKey(k internKey, c *Call) internKey {
	fields := cellFields(c)
	for i := range fields {
		k = k.text(fields[i])
	}
	return k
}

func cellValues(c *Call) []*string {
	fields := cellFields(c)
	out := make([]*string, len(fields))
	for i := range fields {
		out[i] = nullable(fields[i])
	}
	return out
}

var variantTable = internedTable{
	name: "variant",
	columns: []string{
		"request_model", "response_model", "service_tier", "scope_name", "client", "streaming",
		"cost_status", "http_status", "error_type", "host", "notes", "catalogue", "usage_template",
	},
	types: []string{
		"text", "text", "text", "text", "boolean", "boolean", "text", "integer", "text", "text", "text[]",
		"text", "text",
	},
}

func variantKey(k internKey, c *Call, usageTemplate []byte) internKey {
	k = k.text(c.RequestModel).text(c.ResponseModel).text(c.ServiceTier).text(c.ScopeName)
	k = k.flag(c.Client).flag(c.Streaming).text(c.CostStatus).number(int64(c.HTTPStatus)).text(c.ErrorType)
	k = k.text(c.Host).list(c.Notes).text(c.Catalogue)
	return append(k, usageTemplate...)
}

func variantValues(c *Call, usageTemplate string) []*string {
	return []*string{
		nullable(c.RequestModel), nullable(c.ResponseModel), nullable(c.ServiceTier), nullable(c.ScopeName),
		ptr(strconv.FormatBool(c.Client)), ptr(strconv.FormatBool(c.Streaming)), ptr(c.CostStatus),
		positive(c.HTTPStatus), nullable(c.ErrorType), nullable(c.Host), arrayLiteral(c.Notes), nullable(c.Catalogue),
		nullable(usageTemplate),
	}
}

var pathTable = internedTable{
	name:    "path",
	columns: []string{"line_number", "call_path"},
	types:   []string{"integer", "text[]"},
}

func (c *Call) hasPath() bool { return c.LineNumber != 0 || len(c.CallPath) > 0 }

func pathKey(k internKey, c *Call) internKey { return k.number(int64(c.LineNumber)).list(c.CallPath) }

func pathValues(c *Call) []*string {
	return []*string{positive(c.LineNumber), arrayLiteral(c.CallPath)}
}

var tagsetTable = internedTable{
	name:    "tagset",
	columns: []string{"day", "tags"},
	types:   []string{"date", "jsonb"},
	perDay:  true,
}

func tagsetKey(k internKey, c *Call) internKey {
	k = k.number(int64(dayOf(c.StartMicros)))
	for _, t := range c.Tags {
		k = k.text(t.Key).text(t.Value)
	}
	return k
}

func tagsetValues(c *Call) []*string { return []*string{dayText(c), tagsJSON(c.Tags)} }

func dayText(c *Call) *string { return ptr(dayOf(c.StartMicros).time().Format(time.DateOnly)) }

// profileKey encodes everything that cellKey, variantKey and pathKey do, each value once.
func profileKey(k internKey, c *Call, usageTemplate []byte) internKey {
	k = k.text(c.ServiceName).text(c.ServiceVersion).text(c.Environment).text(c.ScopeName).text(c.Provider)
	k = k.text(c.Operation).text(c.RequestModel).text(c.ResponseModel).text(c.PricedModel).text(c.ServiceTier)
	k = k.text(c.FunctionName).text(c.FilePath).number(int64(c.LineNumber)).list(c.CallPath).list(c.Notes)
	k = k.flag(c.Client).flag(c.Streaming).text(c.CostStatus).number(int64(c.HTTPStatus)).text(c.ErrorType)
	k = k.text(c.Host).text(c.Catalogue)
	return append(k, usageTemplate...)
}

// tagsJSON is the tags as a JSON object. A value that is no JSON scalar is kept as a string.
func tagsJSON(tags []Tag) *string {
	if len(tags) == 0 {
		return nil
	}
	object := make(map[string]json.RawMessage, len(tags))
	for _, t := range tags {
		value := json.RawMessage(t.Value)
		if !json.Valid(value) {
			value, _ = json.Marshal(t.Value) // a string always marshals
		}
		object[t.Key] = value
	}
	out, err := json.Marshal(object)
	if err != nil {
		return nil // unreachable: every value is valid JSON
	}
	return ptr(string(out))
}

func ptr(s string) *string { return &s }

func nullable(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func positive(n int) *string {
	if n <= 0 {
		return nil
	}
	return ptr(strconv.Itoa(n))
}

var arrayEscaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// arrayLiteral is items as PostgreSQL writes an array, nil for none.
func arrayLiteral(items []string) *string {
	if len(items) == 0 {
		return nil
	}
	var b strings.Builder
	b.WriteByte('{')
	for i, s := range items {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('"')
		b.WriteString(arrayEscaper.Replace(s))
		b.WriteByte('"')
	}
	b.WriteByte('}')
	return ptr(b.String())
}

// splitUsage takes the numbers out of a usage object, appending the rest to template with "?" in their places and the
// numbers to numbers, by commas. Objects of one provider differ in their numbers only, so that the template repeats.
// ok is false where the object can't be split so that the two give it back (it holds a "?").
func splitUsage(object string, template, numbers []byte) (t, n []byte, ok bool) {
	first := true
	for i := 0; i < len(object); {
		switch class := usageClass[object[i]]; class {
		case classMark:
			return template, numbers, false
		case classQuote:
			end := stringEnd(object, i)
			if strings.IndexByte(object[i:end], '?') >= 0 {
				return template, numbers, false
			}
			template = append(template, object[i:end]...)
			i = end
		case classNumber:
			start := i
			for i < len(object) && (usageClass[object[i]] == classNumber || strings.IndexByte(".eE+", object[i]) >= 0) {
				i++
			}
			if !first {
				numbers = append(numbers, ',')
			}
			first = false
			numbers = append(numbers, object[start:i]...)
			template = append(template, '?')
		default:
			template = append(template, object[i])
			i++
		}
	}
	return template, numbers, true
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
)

// usageClass tells the bytes at which splitUsage does something.
var usageClass = func() (class [256]uint8) {
	class['"'], class['?'], class['-'] = classQuote, classMark, classNumber
	for c := '0'; c <= '9'; c++ {
		class[c] = classNumber
	}
	return class
}()
