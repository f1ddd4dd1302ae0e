package rows

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/costkey/costkey-otel/storage/internal/calls"
)

// The interned tables. Each has two functions side by side, one for the key and one for the values: what is in one is
// in the other.

var dimensionTable = table{
	name: "dimension_set",
	columns: []string{
		"service_name", "service_version", "environment", "provider", "operation", "model",
		"priced_model", "function_name", "file_path", "error_type", "cost_status", "streaming",
	},
	types: []string{"text", "text", "text", "text", "text", "text", "text", "text", "text", "text", "text", "boolean"},
}

func dimensionFields(c *calls.Call) [11]string {
	return [11]string{
		c.ServiceName, c.ServiceVersion, c.Environment, c.Provider, c.Operation, c.Model(),
		c.PricedModel, c.FunctionName, c.FilePath, c.ErrorType, c.CostStatus,
	}
}

func dimensionKey(k key, c *calls.Call) key {
	fields := dimensionFields(c)
	for i := range fields {
		k = k.text(fields[i])
	}
	return k.flag(c.Streaming)
}

func dimensionValues(c *calls.Call) []*string {
	fields := dimensionFields(c)
	out := make([]*string, len(fields), len(fields)+1)
	for i := range fields {
		out[i] = nullable(fields[i])
	}
	return append(out, new(strconv.FormatBool(c.Streaming)))
}

var pathTable = table{
	name:    "call_path",
	columns: []string{"line_number", "call_path"},
	types:   []string{"integer", "text[]"},
}

func hasPath(c *calls.Call) bool { return c.LineNumber != 0 || len(c.CallPath) > 0 }

func pathKey(k key, c *calls.Call) key { return k.number(int64(c.LineNumber)).list(c.CallPath) }

func pathValues(c *calls.Call) []*string {
	return []*string{positive(c.LineNumber), arrayLiteral(c.CallPath)}
}

// attributesTable has all that repeats of a call; its key is over the values, those of its dimensions and path included.
var attributesTable = table{
	name: "call_attributes",
	columns: []string{
		"dimension_set_id", "call_path_id", "request_model", "response_model", "service_tier", "scope_name", "client",
		"http_status", "host", "notes", "catalogue", "usage_template",
	},
	types: []string{
		"bigint", "bigint", "text", "text", "text", "text", "boolean", "integer", "text", "text[]", "text", "text",
	},
	factor: 4,
}

func attributesKey(k key, c *calls.Call, usageTemplate []byte) key {
	k = k.text(c.ServiceName).text(c.ServiceVersion).text(c.Environment).text(c.ScopeName).text(c.Provider)
	k = k.text(c.Operation).text(c.RequestModel).text(c.ResponseModel).text(c.PricedModel).text(c.ServiceTier)
	k = k.text(c.FunctionName).text(c.FilePath).number(int64(c.LineNumber)).list(c.CallPath).list(c.Notes)
	k = k.flag(c.Client).flag(c.Streaming).text(c.CostStatus).number(int64(c.HTTPStatus)).text(c.ErrorType)
	k = k.text(c.Host).text(c.Catalogue)
	return append(k, usageTemplate...)
}

func attributesValues(c *calls.Call, dimensions, path int64, usageTemplate string) []*string {
	return []*string{
		new(strconv.FormatInt(dimensions, 10)), positive(int(path)),
		nullable(c.RequestModel), nullable(c.ResponseModel), nullable(c.ServiceTier), nullable(c.ScopeName),
		new(strconv.FormatBool(c.Client)), positive(c.HTTPStatus), nullable(c.Host), arrayLiteral(c.Notes),
		nullable(c.Catalogue), nullable(usageTemplate),
	}
}

var tagTable = table{
	name:    "tag_set",
	columns: []string{"tags"},
	types:   []string{"jsonb"},
	factor:  2,
}

func tagKey(k key, c *calls.Call) key {
	for _, t := range c.Tags {
		k = k.text(t.Key).text(t.Value)
	}
	return k
}

func tagValues(c *calls.Call) []*string { return []*string{new(tagsJSON(c.Tags))} }

// tagsJSON is the tags as a JSON object. A value that is no JSON scalar is kept as a string.
func tagsJSON(tags []calls.Tag) string {
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
		return "{}" // unreachable: every value is valid JSON
	}
	return string(out)
}

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
	return new(strconv.Itoa(n))
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
	return new(b.String())
}
