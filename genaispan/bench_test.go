package genaispan_test

import (
	"encoding/binary"
	"strconv"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/costkey/costkey-otel/genaispan"
	"github.com/costkey/costkey-otel/usage"
)

// currentSpan is a span of 25 attributes as costkeyhttp makes it.
func currentSpan() ptrace.Span {
	s := ptrace.NewSpan()
	s.SetName("chat gpt-4o")
	s.SetKind(ptrace.SpanKindClient)
	s.SetTraceID([16]byte{1})
	s.SetSpanID([8]byte{2})
	s.SetStartTimestamp(1_795_466_607_000_000_000)
	s.SetEndTimestamp(1_795_466_608_000_000_000)
	a := s.Attributes()
	a.PutStr("gen_ai.operation.name", "chat")
	a.PutStr("gen_ai.provider.name", "openai")
	a.PutStr("gen_ai.request.model", "gpt-4o")
	a.PutStr("gen_ai.response.model", "gpt-4o-2024-08-06")
	a.PutStr("gen_ai.response.id", "chatcmpl-BnP1WkcbQ2XeTqkGhZ0aYwJx")
	a.PutEmptySlice("gen_ai.response.finish_reasons").AppendEmpty().SetStr("stop")
	a.PutBool("gen_ai.request.stream", true)
	a.PutDouble("gen_ai.response.time_to_first_chunk", 0.412)
	a.PutInt("gen_ai.usage.input_tokens", 1207)
	a.PutInt("gen_ai.usage.cache_read.input_tokens", 1024)
	a.PutInt("gen_ai.usage.output_tokens", 143)
	a.PutInt("gen_ai.usage.reasoning.output_tokens", 64)
	a.PutInt("gen_ai.request.max_tokens", 300)
	a.PutDouble("gen_ai.request.temperature", 0.2)
	a.PutStr("openai.api.type", "chat_completions")
	a.PutStr("openai.response.service_tier", "default")
	a.PutStr("server.address", "api.openai.com")
	a.PutInt("server.port", 443)
	a.PutInt("http.response.status_code", 200)
	a.PutStr("code.function.name", "github.com/acme/shop/summary.(*Writer).Write")
	a.PutStr("code.file.path", "summary/writer.go")
	a.PutInt("code.line.number", 42)
	p := a.PutEmptySlice("costkey.call_path")
	p.AppendEmpty().SetStr("main.main (main.go:12)")
	p.AppendEmpty().SetStr("github.com/acme/shop/summary.(*Writer).Write (summary/writer.go:42)")
	a.PutStr("session.id", "sess-9")
	a.PutStr("costkey.provider.usage", `{"prompt_tokens":1207,"completion_tokens":143,"total_tokens":1350,"prompt_tokens_details":{"cached_tokens":1024,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":64,"audio_tokens":0}}`)
	if a.Len() != 25 {
		panic(a.Len())
	}
	return s
}

func BenchmarkRead(b *testing.B) {
	b.Run("current semconv, 25 attributes", func(b *testing.B) {
		benchmarkRead(b, "github.com/costkey/costkey-otel/instrumentation/costkeyhttp", currentSpan(), 1207, 1024)
	})
	b.Run("Vercel 5 with providerMetadata", func(b *testing.B) {
		benchmarkRead(b, "ai", capturedSpan(b, "vercel-ai5-anthropic-stream.json", "doStream"), 5353, 4409)
	})
	b.Run("not GenAI, 20 attributes", benchmarkOther)
}

func benchmarkRead(b *testing.B, scopeName string, span ptrace.Span, input, cacheRead int64) {
	r := genaispan.NewReader(genaispan.Settings{})
	scope := pcommon.NewInstrumentationScope()
	scope.SetName(scopeName)
	res := genaispan.Resource{ServiceName: "shop"}
	var c genaispan.Call
	b.ReportAllocs()
	for b.Loop() {
		v := r.Read(&res, scope, "", span, &c)
		if v != genaispan.ProviderCall || c.Usage.Input != usage.Known(input) || c.Usage.CacheRead != usage.Known(cacheRead) {
			b.Fatalf("read verdict %d, usage %+v", v, c.Usage)
		}
	}
}

func benchmarkOther(b *testing.B) {
	span := ptrace.NewSpan()
	for _, k := range []string{
		"http.request.method", "url.full", "url.path", "url.scheme", "server.address", "server.port", "client.address",
		"network.peer.address", "network.peer.port", "network.protocol.version", "user_agent.original", "http.route",
		"http.response.status_code", "error.type", "messaging.system", "rpc.system", "db.system", "a", "lock", "thread.id",
	} {
		span.Attributes().PutStr(k, "x")
	}
	r := genaispan.NewReader(genaispan.Settings{})
	res := genaispan.Resource{}
	scope := pcommon.NewInstrumentationScope()
	var c genaispan.Call
	b.ReportAllocs()
	for b.Loop() {
		if v := r.Read(&res, scope, "", span, &c); v != genaispan.NotGenAI {
			b.Fatalf("read verdict %d", v)
		}
	}
}

// BenchmarkResolve is a batch of which no two spans are one call.
func BenchmarkResolve(b *testing.B) {
	const size = 20_000
	calls := make([]genaispan.Call, size)
	for i := range calls {
		c := &calls[i]
		*c = genaispan.Call{
			Project: "shop", ServiceName: "shop", ScopeName: "costkeyhttp", RequestModel: "gpt-4o", ResponseModel: "gpt-4o-2024-08-06",
			ResponseID: "chatcmpl-" + strconv.Itoa(i), StartNanos: int64(i) * 1e6, EndNanos: int64(i)*1e6 + 1e9, FunctionName: "main.main",
		}
		binary.BigEndian.PutUint64(c.TraceID[8:], uint64(i/3+1)*0x9e3779b97f4a7c15)
		binary.BigEndian.PutUint64(c.SpanID[:], uint64(i+1)*0xbf58476d1ce4e5b9)
		binary.BigEndian.PutUint64(c.ParentSpanID[:], uint64(i+1)*0x94d049bb133111eb)
		c.Usage.Input, c.Usage.Output = usage.Known(int64(i)), usage.Known(7)
	}
	b.ReportAllocs()
	for b.Loop() {
		if kept := genaispan.Resolve(calls); genaispan.Leaves(kept) != size {
			b.Fatal("calls were joined that are two")
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/size, "ns/call")
}
