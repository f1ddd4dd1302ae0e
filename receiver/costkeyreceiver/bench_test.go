package costkeyreceiver

import (
	"fmt"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/costkey/costkey-otel/receiver/costkeyreceiver/internal/protocol"
	"github.com/costkey/costkey-otel/receiver/costkeyreceiver/internal/translate"
)

// eventBatch is 50 events as the JavaScript SDK sends them without bodies.
func eventBatch() []byte {
	events := make([]string, 50)
	for i := range events {
		events[i] = fmt.Sprintf(`{"id":"%032x","timestamp":"2026-03-01T10:00:01.250Z","projectId":"shop","provider":"openai","model":"gpt-4o-2024-08-06",`+
			`"url":"https://api.openai.com/v1/chat/completions","method":"POST","statusCode":200,"usage":{"inputTokens":1207,"outputTokens":143,"totalTokens":1350,`+
			`"reasoningTokens":null,"cacheReadTokens":null,"cacheCreationTokens":null},"costUsd":null,"durationMs":1250.25,"streaming":true,`+
			`"streamTiming":{"ttft":210.5,"tps":28.9,"streamDuration":690,"chunkCount":22},"callSite":{"raw":"Error\n    at ask (file:///app/src/ask.ts:12:9)",`+
			`"frames":[{"functionName":"ask","fileName":"file:///app/src/ask.ts","lineNumber":12,"columnNumber":9},`+
			`{"functionName":"summarise","fileName":"file:///app/src/jobs/summarise.ts","lineNumber":40,"columnNumber":3}]},`+
			`"context":{"task":"summarise","team":"core","traceId":"order-%d"}}`, i, i)
	}
	return []byte(`{"sdkVersion":"0.5.0","release":"web@1.4.2","events":[` + strings.Join(events, ",") + `]}`)
}

func readEvents(b *testing.B, body []byte) translate.Result {
	b.Helper()
	batch, err := protocol.Decode(body, protocol.Settings{MaxEvents: 1000})
	if err != nil || len(batch.Events) != 50 {
		b.Fatalf("read %d events: %v", len(batch.Events), err)
	}
	return translate.Traces(&batch, translate.Settings{})
}

// BenchmarkEvents is from the bytes of a batch of 50 events to its spans. BenchmarkOTLPJSON is the same for the same spans
// as OTLP JSON; the ratio of both is what an SDK's protocol costs.
func BenchmarkEvents(b *testing.B) {
	body := eventBatch()
	b.ReportAllocs()
	for b.Loop() {
		readEvents(b, body)
	}
}

func BenchmarkOTLPJSON(b *testing.B) {
	body, err := ptraceotlp.NewExportRequestFromTraces(readEvents(b, eventBatch()).Traces).MarshalJSON()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := ptraceotlp.NewExportRequest().UnmarshalJSON(body); err != nil {
			b.Fatal(err)
		}
	}
}
