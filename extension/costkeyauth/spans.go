package costkeyauth

import (
	"mime"
	"reflect"

	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/protobuf/encoding/protowire"
)

// spansInBody counts the spans of an OTLP request over HTTP; 1 for what is none, and for a request without spans.
func spansInBody(contentType string, body []byte) int {
	kind, _, err := mime.ParseMediaType(contentType)
	switch {
	case err != nil || len(body) == 0:
	case kind == "application/x-protobuf":
		return max(1, messages(body, 1, 2, 2)) // resource_spans, scope_spans, spans
	case kind == "application/json":
		request := ptraceotlp.NewExportRequest()
		if request.UnmarshalJSON(body) == nil {
			return max(1, request.Traces().SpanCount())
		}
	}
	return 1
}

// messages counts the messages in the last of the fields, by number, within those of the fields before. Nothing of them is
// decoded.
func messages(message []byte, fields ...protowire.Number) (n int) {
	for len(message) > 0 {
		number, kind, tag := protowire.ConsumeTag(message)
		if tag < 0 {
			return n
		}
		size := protowire.ConsumeFieldValue(number, kind, message[tag:])
		if size < 0 {
			return n
		}
		if number == fields[0] && kind == protowire.BytesType {
			if len(fields) == 1 {
				n++
			} else if inner, ok := protowire.ConsumeBytes(message[tag:]); ok > 0 {
				n += messages(inner, fields[1:]...)
			}
		}
		message = message[tag+size:]
	}
	return n
}

// spansIn counts the spans of an OTLP request, for each stands for a call; 1 for any other message, and for a request
// without spans. The type of what OTLP's server decodes into can't be named outside of pdata, only looked at.
func spansIn(req any) int {
	return max(1, entries(reflect.ValueOf(req), "ResourceSpans", "ScopeSpans", "Spans"))
}

// entries counts what is in the lists that the last of the fields names, below those of the fields before.
func entries(v reflect.Value, fields ...string) (n int) {
	v = reflect.Indirect(v)
	if v.Kind() != reflect.Struct {
		return 0
	}
	list := v.FieldByName(fields[0])
	if list.Kind() != reflect.Slice {
		return 0
	}
	if len(fields) == 1 {
		return list.Len()
	}
	for i := range list.Len() {
		n += entries(list.Index(i), fields[1:]...)
	}
	return n
}
