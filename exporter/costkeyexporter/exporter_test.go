package costkeyexporter

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"pgregory.net/rapid"

	"github.com/costkey/costkey-otel/genaispan"
	"github.com/costkey/costkey-otel/internal/seed"
	"github.com/costkey/costkey-otel/storage"
)

// fakeStore remembers what was written, and fails as often as it is told to.
type fakeStore struct {
	mu     sync.Mutex
	calls  []storage.Call
	links  []storage.Node
	fail   []error
	result storage.WriteResult
}

func (s *fakeStore) WriteCalls(_ context.Context, calls []storage.Call, links ...storage.Node) (storage.WriteResult, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.fail) > 0 {
		err := s.fail[0]
		s.fail = s.fail[1:]
		return storage.WriteResult{}, err
	}
	s.calls, s.links = append(s.calls, calls...), append(s.links, links...)
	res := s.result
	res.Written = len(calls)
	return res, nil
}

func (s *fakeStore) written() []storage.Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]storage.Call(nil), s.calls...)
}

// newTest starts an exporter on store, without a queue unless change adds one.
func newTest(t *testing.T, store callWriter, change func(*Config)) (*tracesExporter, *componenttest.Telemetry) {
	t.Helper()
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { _ = tel.Shutdown(context.Background()) })
	cfg := createDefaultConfig().(*Config)
	cfg.Queue = configoptional.None[exporterhelper.QueueBatchConfig]()
	cfg.Retry.InitialInterval = time.Millisecond
	if change != nil {
		change(cfg)
	}
	set := exportertest.NewNopSettings(componentType)
	set.TelemetrySettings = tel.NewTelemetrySettings()
	e, err := newTraces(t.Context(), set, cfg)
	require.NoError(t, err)
	e.findStore = has(store)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, e.Shutdown(context.Background())) })
	return e, tel
}

// has finds a test's store, with as many connections as the shipped configurations have.
func has(store callWriter) func(component.Host) (callWriter, int32, error) {
	return func(component.Host) (callWriter, int32, error) { return store, 8, nil }
}

func spans(n int) ptrace.Traces {
	now := time.Now()
	return seed.Traces(seed.Options{Calls: n, From: now.Add(-time.Minute), Until: now})
}

func counter(t *testing.T, tel *componenttest.Telemetry, name, attribute string) int64 {
	t.Helper()
	m, err := tel.GetMetric(name)
	if err != nil {
		return 0
	}
	var n int64
	for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
		for _, kv := range p.Attributes.ToSlice() {
			if kv.Value.AsString() == attribute {
				n += p.Value
			}
		}
		if attribute == "" {
			n += p.Value
		}
	}
	return n
}

func TestSpansThatAreNoCallsAreIgnoredAndCounted(t *testing.T) {
	t.Parallel()
	store := new(fakeStore)
	e, tel := newTest(t, store, nil)
	td := spans(3)
	other := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().AppendEmpty()
	other.SetName("GET /cart")
	other.Attributes().PutStr("http.request.method", "GET")
	agent := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().AppendEmpty()
	agent.Attributes().PutStr("gen_ai.operation.name", "invoke_agent")
	agent.Attributes().PutInt("gen_ai.usage.input_tokens", 10)
	require.NoError(t, e.ConsumeTraces(t.Context(), td))
	require.NoError(t, e.ConsumeTraces(t.Context(), ptrace.NewTraces()))
	assert.Len(t, store.written(), 3)
	assert.EqualValues(t, 3, counter(t, tel, "costkey.exporter.accepted", ""))
	assert.EqualValues(t, 1, counter(t, tel, "costkey.exporter.ignored", "not_genai"))
	assert.EqualValues(t, 1, counter(t, tel, "costkey.exporter.ignored", "outer"))
}

func TestTheProjectComesFromTheKeyElseTheDataElseDefault(t *testing.T) {
	t.Parallel()
	send := func(ctx context.Context, project string) []storage.Call {
		store := new(fakeStore)
		e, _ := newTest(t, store, nil)
		td := spans(1)
		for _, rs := range td.ResourceSpans().All() {
			if project != "" {
				rs.Resource().Attributes().PutStr("costkey.project", project)
			}
		}
		require.NoError(t, e.ConsumeTraces(ctx, td))
		return store.written()
	}
	keyed := client.NewContext(t.Context(), client.Info{Auth: auth{"costkey.project": "team-a"}})
	assert.Equal(t, "default", send(t.Context(), "")[0].Project)
	assert.Equal(t, "shop", send(t.Context(), "shop")[0].Project)
	assert.Equal(t, "team-a", send(keyed, "")[0].Project)
	assert.Equal(t, "team-a", send(keyed, "team-b")[0].Project, "a client can't choose another project")
}

type auth map[string]any

func (a auth) GetAttribute(name string) any { return a[name] }

func (a auth) GetAttributeNames() []string { return nil }

func TestABadProjectNameIsRefusedAloud(t *testing.T) {
	t.Parallel()
	store := new(fakeStore)
	e, tel := newTest(t, store, nil)
	td := spans(3)
	for i, rs := range td.ResourceSpans().All() {
		if i != 1 {
			rs.Resource().Attributes().PutStr("costkey.project", "Not_A/Slug")
		}
	}
	err := e.ConsumeTraces(t.Context(), td)
	if err == nil {
		assert.NotEmpty(t, store.written(), "a good resource beside it is taken")
	} else {
		assert.True(t, consumererror.IsPermanent(err))
		assert.ErrorContains(t, err, "costkey.project")
	}
	assert.Positive(t, counter(t, tel, "costkey.exporter.dropped", "bad_project"))
}

func TestAFailureThatMayPassIsTriedAgainAndNoOther(t *testing.T) {
	t.Parallel()
	store := &fakeStore{fail: []error{
		errors.New("the database system is starting up"), errors.New("connection refused"), context.DeadlineExceeded,
	}}
	e, _ := newTest(t, store, nil)
	require.NoError(t, e.ConsumeTraces(t.Context(), spans(30)))
	assert.Len(t, store.written(), 30)

	store = &fakeStore{fail: []error{storage.ErrNewerSchema}}
	e, tel := newTest(t, store, nil)
	err := e.ConsumeTraces(t.Context(), spans(30))
	require.Error(t, err)
	assert.True(t, consumererror.IsPermanent(err))
	assert.EqualValues(t, 30, counter(t, tel, "costkey.exporter.dropped", "refused"))
}

func TestTheQueueBatchesWhatSeveralSendersBring(t *testing.T) {
	t.Parallel()
	store := new(fakeStore)
	e, tel := newTest(t, store, func(c *Config) { c.Queue = createDefaultConfig().(*Config).Queue })
	for n := range 5 {
		now := time.Now()
		require.NoError(t, e.ConsumeTraces(t.Context(), seed.Traces(seed.Options{Calls: 100, First: n * 100, From: now.Add(-time.Minute), Until: now})))
	}
	require.Eventually(t, func() bool { return len(store.written()) == 500 }, 5*time.Second, 5*time.Millisecond)
	assert.EqualValues(t, 500, counter(t, tel, "costkey.exporter.accepted", ""))
}

func TestNoPromptReachesTheQueueOrTheStoreUnlessCaptured(t *testing.T) {
	t.Parallel()
	const secret = "please summarise my medical record"
	td := spans(1)
	for _, rs := range td.ResourceSpans().All() {
		rs.Resource().Attributes().PutStr("process.command_line", secret)
		for _, span := range rs.ScopeSpans().At(0).Spans().All() {
			span.SetName(secret)
			span.Status().SetMessage(secret)
			span.TraceState().FromRaw("x=" + secret)
			for _, key := range []string{"gen_ai.input.messages", "gen_ai.prompt", "llm.input_messages.0.message.content", "unheard.of", "error.message"} {
				span.Attributes().PutStr(key, `[{"role":"user","parts":[{"type":"text","content":"`+secret+`"}]}]`)
			}
			event := span.Events().AppendEmpty()
			event.SetName("exception")
			event.Attributes().PutStr("exception.message", secret)
			span.Links().AppendEmpty().Attributes().PutStr("note", secret)
		}
	}
	for _, capture := range []bool{false, true} {
		store := new(fakeStore)
		e, _ := newTest(t, store, func(c *Config) { c.CaptureBody = capture })
		r, err := e.read(t.Context(), td)
		require.NoError(t, err)
		queued := fmt.Sprintf("%+v", r.calls) // all that the queue gets
		assert.Equal(t, capture, strings.Contains(queued, secret))
		require.NoError(t, e.ConsumeTraces(t.Context(), td))
		assert.Equal(t, capture, strings.Contains(store.written()[0].RequestBody, secret))
	}
}

func TestMetadataDoesNotReachTheQueue(t *testing.T) {
	t.Parallel()
	ctx := client.NewContext(t.Context(), client.Info{
		Metadata: client.NewMetadata(map[string][]string{"authorization": {"Bearer ck_secret"}}), Auth: auth{"x": "y"},
	})
	info := client.FromContext(withoutMetadata(ctx))
	assert.Empty(t, info.Metadata.Get("authorization"))
	assert.Nil(t, info.Auth)
}

func TestARequestSurvivesTheQueuesFile(t *testing.T) {
	t.Parallel()
	e, _ := newTest(t, new(fakeStore), nil)
	r, err := e.read(t.Context(), spans(50))
	require.NoError(t, err)
	req := newRequest(r.calls)
	b, err := encoding{}.Marshal(t.Context(), req)
	require.NoError(t, err)
	_, back, err := encoding{}.Unmarshal(b)
	require.NoError(t, err)
	require.Equal(t, 50, back.ItemsCount())
	before, after := callsOf(t, req), callsOf(t, back)
	require.Len(t, after, 50)
	for i := range before {
		var a, b storage.Call
		stored(e.prices.current(), &before[i], &a)
		stored(e.prices.current(), &after[i], &b)
		assert.Equal(t, a, b)
	}
	for _, bad := range [][]byte{nil, {0xc5}, {0xc5, 9, 0x80}, {0xc5, 3, 1, 0xff, 0xff}, {0xc5, 3, 0xff, 0xff, 0xff, 0xff, 0x7f, 0}, []byte("not ours")} {
		_, _, err := encoding{}.Unmarshal(bad)
		assert.Error(t, err)
	}
}

func TestMergingAndSplittingKeepsEveryCallInItsOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		number := 0
		make := func(n int) *request {
			var calls []genaispan.Call
			for range n {
				number++
				calls = append(calls, genaispan.Call{LineNumber: number})
			}
			if rapid.Bool().Draw(t, "packed") {
				r := new(request)
				r.add(part{packed: pack(calls), n: n})
				return r
			}
			return newRequest(calls)
		}
		a, b := make(rapid.IntRange(1, 50).Draw(t, "a")), make(rapid.IntRange(1, 50).Draw(t, "b"))
		limit := rapid.IntRange(0, 30).Draw(t, "limit")
		parts, err := a.MergeSplit(context.Background(), limit, exporterhelper.RequestSizerTypeItems, b)
		if err != nil {
			t.Fatal(err)
		}
		next := 1
		for i, p := range parts {
			if limit > 0 && p.ItemsCount() > limit {
				t.Fatalf("part %d has %d calls, more than %d", i, p.ItemsCount(), limit)
			}
			calls := callsOf(t, p)
			if len(calls) != p.ItemsCount() {
				t.Fatalf("part %d says that it has %d calls, not %d", i, p.ItemsCount(), len(calls))
			}
			for _, c := range calls {
				if c.LineNumber != next {
					t.Fatalf("call %d where %d is due", c.LineNumber, next)
				}
				next++
			}
		}
		if next != number+1 {
			t.Fatalf("%d calls of %d came out", next-1, number)
		}
	})
}

func TestAnSDKsOwnSpanAroundACallIsJoinedWithIt(t *testing.T) {
	t.Parallel()
	store := new(fakeStore)
	e, tel := newTest(t, store, nil)
	now := time.Now()
	require.NoError(t, e.ConsumeTraces(t.Context(), seed.Traces(seed.Options{Calls: 100, From: now.Add(-time.Minute), Until: now, Doubles: 1})))
	got := store.written()
	require.Len(t, got, 100)
	for i := range got {
		assert.NotEmpty(t, got[i].FunctionName)
	}
	assert.EqualValues(t, 100, counter(t, tel, "costkey.exporter.joined", ""))
}

var _ exporter.Traces = (*tracesExporter)(nil)

func BenchmarkSpanToRow(b *testing.B) {
	e := &tracesExporter{reader: genaispan.NewReader(genaispan.Settings{}), prices: newPrices("", "", zap.NewNop())}
	td := spans(1)
	var span ptrace.Span
	var res pcommon.Resource
	var scope ptrace.ScopeSpans
	for _, rs := range td.ResourceSpans().All() {
		if ss := rs.ScopeSpans().At(0); ss.Spans().Len() > 0 {
			res, scope, span = rs.Resource(), ss, ss.Spans().At(0)
		}
	}
	// With what instrumentations say of a request, these are 25 attributes.
	span.Attributes().PutInt("gen_ai.request.max_tokens", 300)
	span.Attributes().PutDouble("gen_ai.request.temperature", 0.2)
	if n := span.Attributes().Len(); n != 25 {
		b.Fatalf("the span has %d attributes", n)
	}
	resource := e.reader.ReadResource(res)
	var call genaispan.Call
	b.ReportAllocs()
	for b.Loop() {
		var row storage.Call
		if e.reader.Read(&resource, scope.Scope(), scope.SchemaUrl(), span, &call) != genaispan.ProviderCall {
			b.Fatal("not a call")
		}
		stored(e.prices.current(), &call, &row)
		if !row.CostKnown || row.FunctionName == "" {
			b.Fatal("not priced")
		}
	}
}

// BenchmarkQueueEncoding is what a queue on disk adds: each request is written once and read once.
func BenchmarkQueueEncoding(b *testing.B) {
	e := &tracesExporter{cfg: createDefaultConfig().(*Config), reader: genaispan.NewReader(genaispan.Settings{}), prices: newPrices("", "", zap.NewNop())}
	e.telemetry, _ = newTelemetry(componenttest.NewNopTelemetrySettings())
	const calls = 1000
	r, err := e.read(b.Context(), spans(calls))
	if err != nil {
		b.Fatal(err)
	}
	req := newRequest(r.calls)
	var body []byte
	b.Run("marshal", func(b *testing.B) {
		for b.Loop() {
			if body, err = (encoding{}).Marshal(b.Context(), req); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/calls, "ns/call")
		b.ReportMetric(float64(len(body))/calls, "bytes/call")
	})
	b.Run("unmarshal", func(b *testing.B) {
		var buffer []genaispan.Call
		for b.Loop() {
			_, back, err := (encoding{}).Unmarshal(body)
			if err != nil {
				b.Fatal(err)
			}
			if buffer, _, err = back.(*request).unpackAll(buffer[:0]); err != nil || len(buffer) != calls {
				b.Fatal("not what was written", err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/calls, "ns/call")
	})
}
