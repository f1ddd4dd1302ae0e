package genaispan

import (
	"encoding/json"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/costkey/costkey-otel/internal/scrub"
)

// maxBody bounds each captured body, in bytes.
const maxBody = 256 << 10

// bodySource says where the dialects keep one half of a conversation. The first place that has something wins: a key by
// itself, then all keys below a prefix, then events by name. Headers and exceptions are in none of them.
type bodySource struct {
	before   string // goes in front of the first of keys
	keys     []string
	prefixes []string
	events   []string
}

var (
	requestSource = bodySource{
		before: "gen_ai.system_instructions",
		keys: []string{
			"gen_ai.input.messages", "ai.prompt.messages", "ai.prompt", "gen_ai.prompt", "input.value",
			"langfuse.observation.input",
		},
		prefixes: []string{"llm.input_messages.", "gen_ai.prompt."},
		events: []string{
			"gen_ai.content.prompt", "gen_ai.system.message", "gen_ai.user.message", "gen_ai.assistant.message",
			"gen_ai.tool.message",
		},
	}
	responseSource = bodySource{
		keys: []string{
			"gen_ai.output.messages", "ai.response.text", "ai.response.object", "ai.response.toolCalls", "gen_ai.completion",
			"output.value", "langfuse.observation.output",
		},
		prefixes: []string{"llm.output_messages.", "gen_ai.completion."},
		events:   []string{"gen_ai.content.completion", "gen_ai.choice"},
	}
)

// readBodies fills the bodies of dst, with secrets scrubbed and sizes bounded.
func readBodies(span ptrace.Span, dst *Call) {
	dst.RequestBody = requestSource.read(span)
	dst.ResponseBody = responseSource.read(span)
}

func (b *bodySource) read(span ptrace.Span) string {
	attrs := span.Attributes()
	var before string
	if v, ok := attrs.Get(b.before); ok && b.before != "" {
		before = v.AsString()
	}
	for _, k := range b.keys {
		if v, ok := attrs.Get(k); ok && v.AsString() != "" {
			return cleanBody(joinLines(before, v.AsString()))
		}
	}
	for _, p := range b.prefixes {
		if s := below(attrs, p); s != "" {
			return cleanBody(joinLines(before, s))
		}
	}
	return cleanBody(joinLines(before, b.fromEvents(span.Events())))
}

func joinLines(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "\n" + b
}

// below returns all values below a prefix as one JSON object, "" if there are none.
func below(attrs pcommon.Map, prefix string) string {
	m := make(map[string]string)
	size := 0
	for k, v := range attrs.All() {
		if name, ok := strings.CutPrefix(k, prefix); ok && size < maxBody {
			m[name] = v.AsString()
			size += len(name) + len(m[name])
		}
	}
	return encodeMap(m)
}

func encodeMap(m map[string]string) string {
	if len(m) == 0 {
		return ""
	}
	b, err := json.Marshal(m)
	if err != nil {
		return ""
	}
	return string(b)
}

// fromEvents returns the attributes of the named events, one JSON object a line.
func (b *bodySource) fromEvents(events ptrace.SpanEventSlice) string {
	var out string
	for _, e := range events.All() {
		if !slices.Contains(b.events, e.Name()) || len(out) > maxBody {
			continue
		}
		m := make(map[string]string, e.Attributes().Len())
		for k, v := range e.Attributes().All() {
			m[k] = v.AsString()
		}
		out = joinLines(out, encodeMap(m))
	}
	return out
}

// cleanBody makes s storable: valid UTF-8 without NUL, without secrets, of bounded size. Secrets go first: a part of one, at the
// cut, would be known by nothing.
func cleanBody(s string) string {
	s = scrub.Text(strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", ""))
	if len(s) > maxBody {
		s = strings.ToValidUTF8(s[:maxBody], "")
	}
	return s
}
