package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/costkey/costkey-otel/receiver/costkeyreceiver"
	"github.com/costkey/costkey-otel/storage/storagetest"
)

// The set-up of the receiver's row: requests of 50 calls, which is what an SDK sends at most, both ways.
const (
	batchCalls   = 50
	batchesInRun = 400
	receiverRuns = 10
)

// BenchmarkEventsAgainstOTLPJSON is batches of events as the JavaScript SDK sends them → the built collector with its
// shipped configuration → PostgreSQL, until every call is stored, against the same calls as OTLP/HTTP JSON in requests of the
// same number. "The same" is taken literally: the spans of the OTLP requests are those that the receiver makes of the
// events, but for the ids. The sender's own processor time is taken out. It needs bin/otelcol-costkey: `make bench` builds
// it.
func BenchmarkEventsAgainstOTLPJSON(b *testing.B) {
	s := startServer(b, benchDir(b), nil)
	target := s.writing(b, "empty")
	defer s.drop(b, target.database)
	collector, process := launchCollector(b, s.at(target.database))
	defer stopCollector(b, process)
	translate := newTranslation(b)
	var events, spans []float64
	for run := range receiverRuns * b.N {
		asEvents, asSpans := make([][]byte, batchesInRun), make([][]byte, batchesInRun)
		for i := range batchesInRun {
			number := run*batchesInRun + i
			asEvents[i] = sdkBatch("events", number, target.noon)
			asSpans[i] = translate(b, sdkBatch("spans", number, target.noon))
		}
		turns := []func(){
			func() { spans = append(spans, collector.post(b, "http://"+collector.http+"/v1/traces", asSpans)) },
			func() { events = append(events, collector.post(b, "http://"+collector.sdk+"/api/v1/events", asEvents)) },
		}
		for i := range turns {
			s.checkpoint(b)
			turns[(i+run)%len(turns)]()
		}
	}
	const calls = batchesInRun * batchCalls
	b.ReportMetric(0, "ns/op") // of no meaning
	b.ReportMetric(median(spans)/median(events), "ratio")
	b.ReportMetric(calls/median(events), "events/s")
	b.ReportMetric(calls/median(spans), "otlp-json-spans/s")
	requireSameRows(b, s.own(target.database), len(events)*calls)
}

// requireSameRows fails unless both ways stored as many calls, at the same cost, from the same places.
func requireSameRows(b *testing.B, dsn string, calls int) {
	b.Helper()
	const sums = `SELECT concat_ws('|', count(*), sum(cost_usd), sum(input_tokens), sum(output_tokens), count(DISTINCT (function_name, file_path, line_number)),
		count(DISTINCT tags), count(DISTINCT started_at), bool_and(cost_usd IS NOT NULL)) FROM costkey.calls WHERE project = `
	want := storagetest.Value(b, dsn, sums+"'spans'")
	require.Equal(b, want, storagetest.Value(b, dsn, sums+"'events'"))
	require.True(b, strings.HasPrefix(want, fmt.Sprintf("%d|", calls)), want)
	require.True(b, strings.HasSuffix(want, "|t"), want)
}

// post sends the bodies and returns the seconds until all their calls are stored, without the sender's processor time.
func (e endpoints) post(b *testing.B, url string, bodies [][]byte) float64 {
	b.Helper()
	want := e.written(b) + int64(len(bodies)*batchCalls)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: senders, DisableCompression: true}}
	defer client.CloseIdleConnections()
	runtime.GC()
	began, used := time.Now(), processorTime(b)
	var next atomic.Int32
	var wg sync.WaitGroup
	for range senders {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(bodies); i = int(next.Add(1)) - 1 {
				for !taken(client, url, bodies[i]) { // the queue is full: an SDK tries again too
					runtime.Gosched()
				}
			}
		})
	}
	wg.Wait()
	sent := processorTime(b) - used
	e.await(b, want)
	return time.Since(began).Seconds() - sent.Seconds()/float64(runtime.NumCPU())
}

// taken posts a body and reports whether it was taken.
func taken(client *http.Client, url string, body []byte) bool {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return false
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer any")
	resp, err := client.Do(req)
	if err != nil {
		return false
	}
	defer func() { _ = resp.Body.Close() }()
	_, err = io.Copy(io.Discard, resp.Body)
	return err == nil && resp.StatusCode == http.StatusOK
}

// newTranslation runs a receiver and returns what makes an OTLP request of a batch of events: the spans that it hands on.
func newTranslation(b *testing.B) func(*testing.B, []byte) []byte {
	b.Helper()
	f, sink := costkeyreceiver.NewFactory(), new(consumertest.TracesSink)
	cfg := f.CreateDefaultConfig().(*costkeyreceiver.Config)
	cfg.Server.NetAddr.Endpoint = freeAddresses(b, 1)[0]
	r, err := f.CreateTraces(b.Context(), receivertest.NewNopSettings(f.Type()), cfg, sink)
	require.NoError(b, err)
	require.NoError(b, r.Start(b.Context(), componenttest.NewNopHost()))
	client := &http.Client{Transport: &http.Transport{}}
	b.Cleanup(func() {
		client.CloseIdleConnections()
		require.NoError(b, r.Shutdown(context.Background()))
	})
	return func(b *testing.B, body []byte) []byte {
		sink.Reset()
		require.True(b, taken(client, "http://"+cfg.Server.NetAddr.Endpoint+"/api/v1/events", body))
		out, err := ptraceotlp.NewExportRequestFromTraces(sink.AllTraces()[0]).MarshalJSON()
		require.NoError(b, err)
		return out
	}
}

// sdkModels are what the calls of the load ask for.
var sdkModels = []struct{ provider, model, url string }{
	{"openai", "gpt-4o-2024-08-06", "https://api.openai.com/v1/chat/completions"},
	{"openai", "gpt-4o-mini-2024-07-18", "https://api.openai.com/v1/chat/completions"},
	{"anthropic", "claude-sonnet-4-20250514", "https://api.anthropic.com/v1/messages"},
	{"google", "gemini-2.5-flash", "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent"},
}

// sdkPlaces is how many places in the program's code make calls.
const sdkPlaces = 40

// sdkBatch is a batch as the JavaScript SDK 0.5.0 sends it, without bodies: the n-th of a project.
func sdkBatch(project string, n int, start time.Time) []byte {
	var out bytes.Buffer
	out.WriteString(`{"sdkVersion":"0.5.0","release":"shop@1.4.2","events":[`)
	for i := range batchCalls {
		if i > 0 {
			out.WriteByte(',')
		}
		sdkEvent(&out, project, n*batchCalls+i, start)
	}
	out.WriteString("]}")
	return out.Bytes()
}

func sdkEvent(out *bytes.Buffer, project string, n int, start time.Time) {
	const took = 500
	m := sdkModels[n%len(sdkModels)]
	at := start.Add(time.Duration(n+took) * time.Millisecond)
	fmt.Fprintf(out, `{"id":"%08x%024x","timestamp":"%s","projectId":"%s","provider":"%s","model":"%s","url":"%s","method":"POST","statusCode":200,`,
		len(project), n, at.Format("2006-01-02T15:04:05.000Z"), project, m.provider, m.model, m.url)
	fmt.Fprintf(out, `"usage":{"inputTokens":%d,"outputTokens":%d,"totalTokens":%d,"reasoningTokens":null,"cacheReadTokens":null,"cacheCreationTokens":null},`,
		200+n%6000, 20+n%900, 220+n%6000+n%900)
	fmt.Fprintf(out, `"costUsd":null,"durationMs":%d,"streaming":true,"streamTiming":{"ttft":210.5,"tps":28.9,"streamDuration":280,"chunkCount":22},`, took)
	out.WriteString(sdkStacks[n%sdkPlaces])
	fmt.Fprintf(out, `,"context":{"task":"answer","team":"core","userId":"user-%d","traceId":"tr_auto_%x_355"}}`, n%5000, n/3)
}

// sdkStacks are the call sites: the SDK's frames, those of a provider's client, and three of the program's own.
var sdkStacks = func() []string {
	out := make([]string, sdkPlaces)
	for i := range out {
		var frames, raw []string
		for _, f := range []struct {
			function, file string
			line           int
		}{
			{"__ck_fetch", "file:///app/node_modules/costkey/dist/index.js", 1200},
			{"OpenAI.fetchWithTimeout", "file:///app/node_modules/openai/client.mjs", 340},
			{"OpenAI.makeRequest", "file:///app/node_modules/openai/client.mjs", 260},
			{"process.processTicksAndRejections", "node:internal/process/task_queues", 105},
			{fmt.Sprintf("Step%d.run", i), fmt.Sprintf("file:///app/src/steps/step%d.ts", i/4), 20 + i},
			{"Agent.answer", "file:///app/src/agent.ts", 77},
			{"handle", "file:///app/src/server.ts", 31},
		} {
			frames = append(frames, fmt.Sprintf(`{"functionName":"%s","fileName":"%s","lineNumber":%d,"columnNumber":9}`, f.function, f.file, f.line))
			raw = append(raw, fmt.Sprintf(`    at async %s (%s:%d:9)`, f.function, f.file, f.line))
		}
		out[i] = `"callSite":{"raw":"Error\n` + strings.Join(raw, `\n`) + `","frames":[` + strings.Join(frames, ",") + `]}`
	}
	return out
}()
