package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// damages are ways in which a span can be bad. Each is done to a good call.
func damages() map[string]func(ptrace.Span) {
	return map[string]func(ptrace.Span){
		"no end":           func(s ptrace.Span) { s.SetEndTimestamp(0) },
		"no start":         func(s ptrace.Span) { s.SetStartTimestamp(0) },
		"no times":         func(s ptrace.Span) { s.SetStartTimestamp(0); s.SetEndTimestamp(0) },
		"end before start": func(s ptrace.Span) { s.SetEndTimestamp(s.StartTimestamp() - 1e9) },
		"far future":       func(s ptrace.Span) { s.SetStartTimestamp(math.MaxUint64); s.SetEndTimestamp(math.MaxUint64) },
		"long ago":         func(s ptrace.Span) { s.SetStartTimestamp(pcommon.Timestamp(time.Hour)) },
		"no trace id":      func(s ptrace.Span) { s.SetTraceID(pcommon.TraceID{}) },
		"no span id":       func(s ptrace.Span) { s.SetSpanID(pcommon.SpanID{}) },
		"NUL byte":         func(s ptrace.Span) { s.Attributes().PutStr("gen_ai.response.model", "gpt\x00-4o-mini") },
		"no UTF-8":         func(s ptrace.Span) { s.Attributes().PutStr("gen_ai.request.model", "gpt-\xff\xfe") },
		"absurd count":     func(s ptrace.Span) { s.Attributes().PutInt("gen_ai.usage.input_tokens", math.MaxInt64) },
		"negative count":   func(s ptrace.Span) { s.Attributes().PutInt("gen_ai.usage.output_tokens", -5) },
		"count as NaN":     func(s ptrace.Span) { s.Attributes().PutDouble("gen_ai.usage.output_tokens", math.NaN()) },
		"absurd line":      func(s ptrace.Span) { s.Attributes().PutInt("code.line.number", math.MaxInt64) },
		"a long value": func(s ptrace.Span) {
			s.Attributes().PutStr("gen_ai.response.id", strings.Repeat("x", 1<<20))
			s.Attributes().PutStr("code.function.name", strings.Repeat("f", 1<<20))
		},
		"1,000 attributes": func(s ptrace.Span) {
			for i := range 1000 {
				s.Attributes().PutStr(fmt.Sprintf("costkey.tag.t%d", i), "v")
			}
		},
	}
}

// badSpans sends every damaged span amid good ones, and wants the good ones stored.
func badSpans(ctx context.Context, s *stage) error {
	c, err := s.collector("collector", "")
	if err != nil {
		return err
	}
	if err := c.start(ctx); err != nil {
		return err
	}
	good, bad := newLoad("good"), newLoad("bad")
	td := good.calls(0, 1)
	next := 1
	for _, damage := range damages() {
		spans := bad.scope(td)
		span := spans.AppendEmpty()
		bad.call(span, next)
		damage(span)
		good.call(spans.AppendEmpty(), next)
		next++
	}
	huge := good.calls(next, 1)
	huge.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Attributes().
		PutStr("gen_ai.input.messages", strings.Repeat("long ", 10<<20/5))
	next++
	if err := errors.Join(c.send(ctx, ptrace.NewTraces()), c.send(ctx, td), c.sendJSON(ctx, huge)); err != nil {
		return err
	}

	const stored = `select count(*), count(*) filter (where cost_usd = ` + callPrice + `) from costkey.calls
		where response_id like 'chatcmpl-good-%'`
	err = eventually(ctx, visible, func(ctx context.Context) error {
		return c.expect(ctx, stored, fmt.Sprintf("%d|%d", next, next))
	})
	if err != nil {
		return err
	}
	return errors.Join(c.keepsNoBody(ctx), c.stop(), noMarkerUnder(s.dir))
}
