package main

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

const (
	// marker stands for what nobody may store: it is in every place of a span where a prompt or an answer can be.
	marker = "xyzzy-prompt-that-nobody-may-keep"

	// callPrice is what a call of a load costs: 800 plain input tokens at 0.15, 200 cached ones at 0.075 and 500
	// output tokens at 0.60 USD per million (gpt-4o-mini).
	callPrice = "0.000435"
)

// load is a sequence of calls to a provider. The same load makes the same spans each time, so that sending it again is
// a retry.
type load struct {
	name    string
	started time.Time
	hours   int // over how many hours before started the calls are spread; 0: over none
}

func newLoad(name string) load {
	return load{name: name, started: time.Now().Add(-time.Minute).Truncate(time.Millisecond)}
}

// calls returns calls first to first+n-1 as one batch.
func (l load) calls(first, n int) ptrace.Traces {
	td := ptrace.NewTraces()
	spans := l.scope(td)
	for i := first; i < first+n; i++ {
		l.call(spans.AppendEmpty(), i)
	}
	return td
}

// scope adds a resource with one scope, and returns its spans.
func (l load) scope(td ptrace.Traces) ptrace.SpanSlice {
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "e2e")
	rs.Resource().Attributes().PutStr("service.version", "1.2.3")
	rs.Resource().Attributes().PutStr("deployment.environment.name", "test")
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName("e2e")
	return ss.Spans()
}

// call fills in the span of call i, in the current semantic conventions, bodies included.
func (l load) call(span ptrace.Span, i int) {
	l.identify(span, i)
	span.SetName("chat gpt-4o-mini")
	span.SetKind(ptrace.SpanKindClient)
	started := l.started.Add(-time.Duration(i%max(1, l.hours)) * time.Hour)
	span.SetStartTimestamp(pcommon.NewTimestampFromTime(started))
	span.SetEndTimestamp(pcommon.NewTimestampFromTime(started.Add(750 * time.Millisecond)))

	a := span.Attributes()
	a.PutStr("gen_ai.operation.name", "chat")
	a.PutStr("gen_ai.provider.name", "openai")
	a.PutStr("gen_ai.request.model", "gpt-4o-mini")
	a.PutStr("gen_ai.response.model", "gpt-4o-mini")
	a.PutStr("gen_ai.response.id", fmt.Sprintf("chatcmpl-%s-%d", l.name, i))
	a.PutInt("gen_ai.usage.input_tokens", 1000)
	a.PutInt("gen_ai.usage.cache_read.input_tokens", 200)
	a.PutInt("gen_ai.usage.output_tokens", 500)
	a.PutStr("server.address", "api.openai.com")
	a.PutInt("http.response.status_code", 200)
	a.PutStr("code.function.name", "example.com/shop.Describe")
	a.PutStr("code.file.path", "shop/describe.go")
	a.PutInt("code.line.number", 42)

	a.PutStr("gen_ai.input.messages", marker)
	a.PutStr("gen_ai.output.messages", marker)
	a.PutStr("gen_ai.prompt.0.content", marker)
	a.PutStr("llm.input_messages.0.message.content", marker)
	a.PutStr("some.framework's.own.key", marker)
	event := span.Events().AppendEmpty()
	event.SetName("gen_ai.content.prompt")
	event.Attributes().PutStr("gen_ai.prompt", marker)
	span.Links().AppendEmpty().Attributes().PutStr("note", marker)
	span.Status().SetMessage(marker)
}

// identify gives the span ids that depend on the load and i only.
func (l load) identify(span ptrace.Span, i int) {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(l.name), uint64(i)))
	span.SetTraceID(pcommon.TraceID(sum[:16]))
	span.SetSpanID(pcommon.SpanID(sum[16:24]))
}

// spanID is the id of call i as SQL shows it.
func (l load) spanID(i int) string {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(l.name), uint64(i)))
	return hex.EncodeToString(sum[16:24])
}

// page returns a span that has nothing to do with AI.
func (l load) page(i int) ptrace.Traces {
	td := ptrace.NewTraces()
	span := l.scope(td).AppendEmpty()
	l.identify(span, i)
	span.SetName("GET /checkout")
	span.SetKind(ptrace.SpanKindServer)
	span.SetStartTimestamp(pcommon.NewTimestampFromTime(l.started))
	span.SetEndTimestamp(pcommon.NewTimestampFromTime(l.started.Add(time.Second)))
	span.Attributes().PutStr("http.request.method", "GET")
	return td
}
