// Package seed makes GenAI spans as a busy team's services emit them: for `costkey dev seed`, for benchmarks and for load
// tests. The same options make the same spans.
package seed

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/costkey/costkey-otel/semconv"
)

// Options say what to make.
type Options struct {
	// Calls is the number of calls.
	Calls int
	// First is the number of the first call: calls of disjoint ranges share no id.
	First int
	// From and Until bound the starts; calls are spread evenly over them, in order.
	From, Until time.Time
	// Doubles is the share of calls, from 0 to 1, that an SDK's own span encloses: two spans, one call. The enclosing
	// spans have the scope [ScopeSDK].
	Doubles float64
	// Functions is the number of places in the code that make calls; 0 means 40.
	Functions int
	// Project is the resource attribute costkey.project; "" leaves it out.
	Project string
}

// ScopeSDK is the instrumentation scope of the spans that enclose a call.
const ScopeSDK = "com.anthropic.sdk.go"

// callsPerTrace is how many calls one request of a user causes.
const callsPerTrace = 3

// Traces makes the spans, in the conventions of CostKey's own instrumentation.
func Traces(o Options) ptrace.Traces {
	td := ptrace.NewTraces()
	spans := make([]ptrace.SpanSlice, len(services))
	sdks := make([]ptrace.SpanSlice, len(services))
	for i, s := range services {
		rs := td.ResourceSpans().AppendEmpty()
		res := rs.Resource().Attributes()
		res.PutStr(string(semconv.ServiceNameKey), s.name)
		res.PutStr(string(semconv.ServiceVersionKey), s.version)
		res.PutStr(string(semconv.DeploymentEnvironmentKey), "production")
		if o.Project != "" {
			res.PutStr(string(semconv.ProjectKey), o.Project)
		}
		ss := rs.ScopeSpans().AppendEmpty()
		ss.SetSchemaUrl(semconv.SchemaURL)
		ss.Scope().SetName(semconv.ScopeInstrumentation)
		spans[i] = ss.Spans()
		if o.Doubles > 0 {
			sdk := rs.ScopeSpans().AppendEmpty()
			sdk.Scope().SetName(ScopeSDK)
			sdks[i] = sdk.Spans()
		}
	}
	places := functions(o.Functions)
	for n := range o.Calls {
		c := newCall(o, n, places)
		c.span(spans[c.service].AppendEmpty())
		if c.random.Float64() < o.Doubles {
			c.outer(sdks[c.service].AppendEmpty())
		}
	}
	return td
}

type service struct{ name, version string }

var services = []service{{"storefront", "2.14.0"}, {"support-bot", "1.3.1"}, {"catalogue-jobs", "2026.11.3"}}

// function is a place in a service's code that makes calls.
type function struct {
	name, file string
	line       int
	path       []string
}

// defaultFunctions is how many places make calls: a real service has some dozens.
const defaultFunctions = 40

// functionTables keeps the tables that functions made, by their length.
var functionTables sync.Map

// functions returns a table of n places. A shorter table is the beginning of a longer one.
func functions(n int) []function {
	if n == 0 {
		n = defaultFunctions
	}
	if made, ok := functionTables.Load(n); ok {
		return made.([]function)
	}
	out := make([]function, n)
	for i := range out {
		pkg := []string{"search", "cart", "support", "catalogue"}[i%4]
		f := &out[i]
		f.name = fmt.Sprintf("github.com/acme/shop/internal/%s.(*Service).Step%d", pkg, i)
		f.file = fmt.Sprintf("internal/%s/step%d.go", pkg, i/4)
		f.line = 20 + 7*i
		f.path = []string{
			"main.main (cmd/shop/main.go:31)",
			fmt.Sprintf("github.com/acme/shop/internal/http.(*Server).handle%d (internal/http/server.go:%d)", i%8, 50+i%8),
			fmt.Sprintf("%s (%s:%d)", f.name, f.file, f.line),
		}
	}
	functionTables.Store(n, out)
	return out
}

// model is one of the models the services use.
type model struct {
	provider, request, response, operation, host, idPrefix string
}

var models = []model{
	{"openai", "gpt-4o", "gpt-4o-2024-08-06", "chat", "api.openai.com", "chatcmpl-"},
	{"openai", "gpt-4o-mini", "gpt-4o-mini-2024-07-18", "chat", "api.openai.com", "chatcmpl-"},
	{"openai", "text-embedding-3-small", "text-embedding-3-small", "embeddings", "api.openai.com", ""},
	{"anthropic", "claude-sonnet-4-20250514", "claude-sonnet-4-20250514", "chat", "api.anthropic.com", "msg_01"},
	{"gcp.gemini", "gemini-2.5-flash", "gemini-2.5-flash", "generate_content", "generativelanguage.googleapis.com", ""},
}

type call struct {
	random   *rand.Rand
	number   int
	service  int
	model    model
	function function
	start    time.Time
	duration time.Duration
	id       string
	input    int64
	output   int64
	cached   int64
}

func newCall(o Options, n int, places []function) *call {
	number := o.First + n
	// All calls of a trace come from one service and one user.
	trace := uint64(number / callsPerTrace)
	c := &call{random: rand.New(rand.NewPCG(uint64(number), 0xC057)), number: number, service: int(trace % uint64(len(services)))}
	c.model = models[[]int{0, 0, 0, 1, 1, 1, 2, 3, 3, 4}[c.random.IntN(10)]]
	c.function = places[c.random.IntN(len(places))]
	span := o.Until.Sub(o.From)
	c.start = o.From.Add(span / time.Duration(max(o.Calls, 1)) * time.Duration(n))
	c.duration = time.Duration(300+c.random.IntN(4000)) * time.Millisecond
	c.input, c.output = int64(200+c.random.IntN(6000)), int64(20+c.random.IntN(900))
	if c.random.IntN(2) == 0 {
		c.cached = c.input / 2
	}
	// Four of five answers bear an id.
	if c.random.IntN(5) > 0 {
		prefix := c.model.idPrefix
		if prefix == "" {
			prefix = "resp-"
		}
		c.id = prefix + c.token(24)
	}
	return c
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

func (c *call) token(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[c.random.IntN(len(alphabet))]
	}
	return string(b)
}

// ids are spread like random ones, but follow from the call's number.
func (c *call) ids(span ptrace.Span, salt uint64) {
	var trace pcommon.TraceID
	binary.BigEndian.PutUint64(trace[:8], mix(uint64(c.number/callsPerTrace)))
	binary.BigEndian.PutUint64(trace[8:], mix(uint64(c.number/callsPerTrace)+1<<40))
	span.SetTraceID(trace)
	span.SetSpanID(spanID(c.number, salt))
	span.SetKind(ptrace.SpanKindClient)
	span.SetStartTimestamp(pcommon.NewTimestampFromTime(c.start))
	span.SetEndTimestamp(pcommon.NewTimestampFromTime(c.start.Add(c.duration)))
}

func spanID(number int, salt uint64) pcommon.SpanID {
	var id pcommon.SpanID
	binary.BigEndian.PutUint64(id[:], mix(uint64(number)<<2|salt))
	return id
}

// mix is the finaliser of SplitMix64, a bijection: different numbers give different ids.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Kinds of spans in the ids.
const (
	saltCall   = 1
	saltOuter  = 2
	saltCaller = 3
)

// common are the attributes that both views of a call have.
func (c *call) common(a pcommon.Map) {
	a.PutStr(string(semconv.GenAIOperationNameKey), c.model.operation)
	a.PutStr(string(semconv.GenAIProviderNameKey), c.model.provider)
	a.PutStr(string(semconv.GenAIRequestModelKey), c.model.request)
	a.PutStr(string(semconv.GenAIResponseModelKey), c.model.response)
	if c.id != "" {
		a.PutStr(string(semconv.GenAIResponseIDKey), c.id)
	}
	a.PutInt(string(semconv.GenAIUsageInputTokensKey), c.input)
	if c.model.operation != "embeddings" {
		a.PutInt(string(semconv.GenAIUsageOutputTokensKey), c.output)
	}
	if c.cached > 0 {
		a.PutInt(string(semconv.GenAIUsageCacheReadInputTokensKey), c.cached)
	}
	a.PutStr(string(semconv.ServerAddressKey), c.model.host)
	a.PutInt(string(semconv.HTTPResponseStatusCodeKey), 200)
}

// span writes the call as CostKey's instrumentation emits it: 25 attributes or so.
func (c *call) span(span ptrace.Span) {
	c.ids(span, saltCall)
	span.SetParentSpanID(spanID(c.number, saltCaller))
	span.SetName(c.model.operation + " " + c.model.request)
	a := span.Attributes()
	a.EnsureCapacity(26)
	c.common(a)
	a.PutInt(string(semconv.ServerPortKey), 443)
	a.PutStr(string(semconv.CodeFunctionNameKey), c.function.name)
	a.PutStr(string(semconv.CodeFilePathKey), c.function.file)
	a.PutInt(string(semconv.CodeLineNumberKey), int64(c.function.line))
	path := a.PutEmptySlice(string(semconv.CallPathKey))
	for _, frame := range c.function.path {
		path.AppendEmpty().SetStr(frame)
	}
	reasons := a.PutEmptySlice(string(semconv.GenAIResponseFinishReasonsKey))
	reasons.AppendEmpty().SetStr("stop")
	if c.model.operation == "chat" && c.number%2 == 0 {
		a.PutBool(string(semconv.GenAIRequestStreamKey), true)
		a.PutDouble(string(semconv.GenAIResponseTimeToFirstChunkKey), c.duration.Seconds()/5)
	}
	trace := uint64(c.number / callsPerTrace)
	a.PutStr(string(semconv.SessionIDKey), fmt.Sprintf("session-%d", trace/4))
	a.PutStr(string(semconv.UserIDKey), fmt.Sprintf("user-%d", trace/4%5000))
	a.PutStr(semconv.TagPrefix+"tenant", fmt.Sprintf("tenant-%d", trace/4%40))
	a.PutStr(semconv.TagPrefix+"feature", c.function.file)
	a.PutStr(string(semconv.RequestIDKey), "req_"+c.token(20))
	a.PutStr(string(semconv.ProviderUsageKey), c.usageObject())
}

func (c *call) usageObject() string {
	if c.model.operation == "embeddings" {
		return fmt.Sprintf(`{"prompt_tokens":%d,"total_tokens":%d}`, c.input, c.input)
	}
	switch c.model.provider {
	case "anthropic":
		return fmt.Sprintf(`{"input_tokens":%d,"cache_creation_input_tokens":0,"cache_read_input_tokens":%d,"output_tokens":%d,"service_tier":"standard"}`,
			c.input-c.cached, c.cached, c.output)
	case "gcp.gemini":
		return fmt.Sprintf(`{"promptTokenCount":%d,"cachedContentTokenCount":%d,"candidatesTokenCount":%d,"totalTokenCount":%d}`,
			c.input, c.cached, c.output, c.input+c.output)
	default:
		return fmt.Sprintf(`{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d,"prompt_tokens_details":{"cached_tokens":%d,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}`,
			c.input, c.output, c.input+c.output, c.cached)
	}
}

// outer writes the span that an SDK of its own puts around the call.
func (c *call) outer(span ptrace.Span) {
	c.ids(span, saltOuter)
	span.SetSpanID(spanID(c.number, saltCaller))
	span.SetName("anthropic.messages.create")
	c.common(span.Attributes())
}
