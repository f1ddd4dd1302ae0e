package costkeyreceiver

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/costkey/costkey-otel/receiver/costkeyreceiver/internal/protocol"
	"github.com/costkey/costkey-otel/receiver/costkeyreceiver/internal/translate"
)

// eventBatch is 50 events as the JavaScript SDK sends them without bodies, from one place.
func eventBatch() []byte {
	var raw, frames []string
	for i, file := range []string{
		"/app/dist/vendor.js", "/app/node_modules/openai/client.mjs", "/app/node_modules/openai/client.mjs", "node:internal/process/task_queues",
		"file:///app/src/ask.ts", "file:///app/src/jobs/summarise.ts", "file:///app/src/server.ts",
	} {
		function := []string{"Object.__ck_patched_fetch__ [as fetch]", "OpenAI.fetchWithTimeout", "OpenAI.makeRequest", "process.run", "ask", "summarise", "handle"}[i]
		raw = append(raw, fmt.Sprintf(`    at async %s (%s:%d:9)`, function, file, 12+i))
		frames = append(frames, fmt.Sprintf(`{"functionName":"%s","fileName":"%s","lineNumber":%d,"columnNumber":9}`, function, file, 12+i))
	}
	events := make([]string, 50)
	for i := range events {
		events[i] = fmt.Sprintf(`{"id":"%032x","timestamp":"2026-03-01T10:00:01.250Z","projectId":"shop","provider":"openai","model":"gpt-4o-2024-08-06",`+
			`"url":"https://api.openai.com/v1/chat/completions","method":"POST","statusCode":200,"usage":{"inputTokens":1207,"outputTokens":143,"totalTokens":1350,`+
			`"reasoningTokens":null,"cacheReadTokens":null,"cacheCreationTokens":null},"costUsd":null,"durationMs":1250.25,"streaming":true,`+
			`"streamTiming":{"ttft":210.5,"tps":28.9,"streamDuration":690,"chunkCount":22},"callSite":{"raw":"Error\n%s","frames":[%s]},`+
			`"context":{"task":"summarise","team":"core","traceId":"order-%d"}}`, i, strings.Join(raw, `\n`), strings.Join(frames, ","), i)
	}
	return []byte(`{"sdkVersion":"0.5.0","release":"web@1.4.2","events":[` + strings.Join(events, ",") + `]}`)
}

func readEvents(b *testing.B, body []byte, s *sites) translate.Result {
	b.Helper()
	batch, err := protocol.Decode(body, protocol.Settings{MaxEvents: 1000})
	if err != nil || len(batch.Events) != 50 {
		b.Fatalf("read %d events: %v", len(batch.Events), err)
	}
	return translate.Traces(&batch, translate.Settings{Site: s.of(b.Context(), &batch)})
}

// BenchmarkEvents is from the bytes of a batch of 50 events to its spans. BenchmarkOTLPJSON is the same for the same spans
// as OTLP JSON; the ratio of both is what an SDK's protocol costs.
func BenchmarkEvents(b *testing.B) {
	body, s := eventBatch(), newSites(nil, newGraphs(time.Now), time.Now)
	b.ReportAllocs()
	for b.Loop() {
		readEvents(b, body, s)
	}
}

func BenchmarkOTLPJSON(b *testing.B) {
	body, err := ptraceotlp.NewExportRequestFromTraces(readEvents(b, eventBatch(), newSites(nil, newGraphs(time.Now), time.Now)).Traces).MarshalJSON()
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
