package translate

import (
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/costkey/costkey-otel/internal/scrub"
	"github.com/costkey/costkey-otel/receiver/costkeyreceiver/internal/protocol"
	"github.com/costkey/costkey-otel/receiver/costkeyreceiver/internal/stackframe"
	"github.com/costkey/costkey-otel/semconv"
)

// Settings are what translating depends on beside the batch.
type Settings struct {
	// Project is the key's. Empty: each event names its own.
	Project string
	// Graph returns the call graph of a project, nil where there is none. It may be nil itself.
	Graph func(project string) *stackframe.Graph
}

// Result is what became of a batch.
type Result struct {
	Traces ptrace.Traces
	// ProjectIgnored counts the events that named another project than the key's.
	ProjectIgnored int
}

// Traces makes a span of each event of b, in one resource for each project.
func Traces(b *protocol.Batch, set Settings) Result {
	res := Result{Traces: ptrace.NewTraces()}
	byProject := make(map[string]ptrace.SpanSlice, 1)
	lang := stackframe.LanguageOf(b.SDKVersion)
	for i := range b.Events {
		e := &b.Events[i]
		claimed := Slug(e.ProjectID)
		project := set.Project
		if project == "" {
			project = claimed
		} else if claimed != "" && claimed != Slug(project) {
			res.ProjectIgnored++
		}
		spans, ok := byProject[project]
		if !ok {
			spans = appendResource(res.Traces, b, project, lang)
			byProject[project] = spans
		}
		var graph *stackframe.Graph
		if set.Graph != nil {
			graph = set.Graph(project)
		}
		fillSpan(spans.AppendEmpty(), e, lang, graph)
	}
	return res
}

func appendResource(td ptrace.Traces, b *protocol.Batch, project string, lang stackframe.Language) ptrace.SpanSlice {
	rs := td.ResourceSpans().AppendEmpty()
	rs.SetSchemaUrl(semconv.SchemaURL)
	attrs := attributes(rs.Resource().Attributes())
	attrs.text(string(semconv.ProjectKey), project)
	attrs.text(string(semconv.ServiceVersionKey), b.Release)
	attrs.text("telemetry.sdk.name", "costkey")
	attrs.text("telemetry.sdk.version", strings.TrimPrefix(b.SDKVersion, "python-"))
	name := "nodejs"
	if lang == stackframe.Python {
		name = "python"
	}
	attrs.text("telemetry.sdk.language", name)
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName(semconv.ScopeReceiver)
	return ss.Spans()
}

// fillSpan makes span the call of e.
func fillSpan(span ptrace.Span, e *protocol.Event, lang stackframe.Language, graph *stackframe.Graph) {
	t := targetOf(e.URL, e.Provider)
	span.SetTraceID(traceIDOf(e.TraceID, e.ID))
	span.SetSpanID(spanIDOf(e.ID))
	span.SetKind(ptrace.SpanKindClient)
	span.SetStartTimestamp(pcommon.NewTimestampFromTime(e.Timestamp.Add(-e.Duration)))
	span.SetEndTimestamp(pcommon.NewTimestampFromTime(e.Timestamp))

	span.Attributes().EnsureCapacity(24 + len(e.Context) + len(e.Unknown))
	a := attributes(span.Attributes())
	model := firstOf(e.Model, t.model)
	name := t.operation
	if model != "" {
		name += " " + model
	}
	span.SetName(name)
	a.text(string(semconv.GenAIOperationNameKey), t.operation)
	a.text(string(semconv.GenAIProviderNameKey), t.provider)
	a.text(string(semconv.GenAIRequestModelKey), model)
	a.text(string(semconv.ServerAddressKey), t.host)
	a.number(string(semconv.ServerPortKey), protocol.Count(t.port), t.port > 0)
	a.answer(e)
	a.usage(e, t.habit)
	a.outcome(span, e)
	a.timing(e)
	a.site(e, lang, graph)
	a.tags(e, t.via)
	a.bodies(e)
}

// attributes puts what is known into a map.
type attributes pcommon.Map

// text puts a text that is not empty.
func (a attributes) text(key, s string) {
	if s != "" {
		pcommon.Map(a).PutStr(key, s)
	}
}

func (a attributes) number(key string, n protocol.Count, ok bool) {
	if ok {
		pcommon.Map(a).PutInt(key, int64(n))
	}
}

func (a attributes) count(key string, n protocol.Count) { a.number(key, n, n.Known()) }

// answer puts what the provider's answer says of itself.
func (a attributes) answer(e *protocol.Event) {
	model := e.Answer.Model
	if model == "" && e.Usage.Said() && e.StatusCode < 400 {
		model = e.Model // the SDK's model is the answer's, where it read the answer
	}
	a.text(string(semconv.GenAIResponseModelKey), model)
	a.text(string(semconv.GenAIResponseIDKey), e.Answer.ID)
	a.text(string(semconv.ServiceTierKey), e.Answer.ServiceTier)
}

// usage puts the token counts in the terms of the semantic conventions, or why there are none.
func (a attributes) usage(e *protocol.Event, h habit) {
	c := countsOf(e, h)
	a.count(string(semconv.GenAIUsageInputTokensKey), c.input)
	a.count(string(semconv.GenAIUsageOutputTokensKey), c.output)
	a.count(string(semconv.GenAIUsageReasoningOutputTokensKey), c.reasoning)
	a.count(string(semconv.GenAIUsageCacheReadInputTokensKey), c.cacheRead)
	a.count(string(semconv.GenAIUsageCacheCreationInputTokensKey), c.cacheWrite)
	if c.cacheWrite.Known() {
		a.count(string(semconv.UsageCacheWrite5mKey), e.Answer.CacheWrite5m)
		a.count(string(semconv.UsageCacheWrite1hKey), e.Answer.CacheWrite1h)
	}
	a.count(string(semconv.UsageWebSearchesKey), e.Answer.Search)
	a.text(string(semconv.ReportedCostKey), e.CostUSD)
	switch {
	case c.cacheUnknown:
		a.text(string(semconv.UsageMissingKey), semconv.UsageMissingCache)
	case e.Usage.Said() || e.StatusCode == 0 || e.StatusCode >= 400:
	case e.Streaming:
		a.text(string(semconv.UsageMissingKey), semconv.UsageMissingStream)
	default:
		a.text(string(semconv.UsageMissingKey), semconv.UsageMissingNotReported)
	}
}

// outcome puts how the call went. Whether a request that failed on the network reached the provider is not known.
func (a attributes) outcome(span ptrace.Span, e *protocol.Event) {
	a.number(string(semconv.HTTPResponseStatusCodeKey), protocol.Count(e.StatusCode), e.StatusCode > 0)
	switch {
	case e.StatusCode >= 400:
		a.text(string(semconv.ErrorTypeKey), strconv.Itoa(e.StatusCode))
	case e.StatusCode == 0 && !e.Usage.Said():
		a.text(string(semconv.ErrorTypeKey), semconv.ErrorTypeOther)
	default:
		return
	}
	span.Status().SetCode(ptrace.StatusCodeError)
}

func (a attributes) timing(e *protocol.Event) {
	if e.Streaming {
		pcommon.Map(a).PutBool(string(semconv.GenAIRequestStreamKey), true)
	}
	if e.TTFT > 0 {
		pcommon.Map(a).PutDouble(string(semconv.GenAIResponseTimeToFirstChunkKey), float64(e.TTFT)/float64(time.Second))
	}
}

// site puts where in the user's code the call was made.
func (a attributes) site(e *protocol.Event, lang stackframe.Language, graph *stackframe.Graph) {
	if len(e.Frames) == 0 {
		return
	}
	frames := make([]stackframe.Frame, len(e.Frames))
	for i, f := range e.Frames {
		frames[i] = stackframe.Frame{Function: f.Function, File: f.File, Line: f.Line, Column: f.Column}
	}
	site := stackframe.Attribute(frames, lang, graph)
	a.text(string(semconv.CodeFunctionNameKey), oneWord(site.Function))
	a.text(string(semconv.CodeFilePathKey), site.File)
	a.number(string(semconv.CodeLineNumberKey), protocol.Count(site.Line), site.Line > 0)
	if len(site.Path) == 0 {
		return
	}
	path := pcommon.Map(a).PutEmptySlice(string(semconv.CallPathKey))
	path.EnsureCapacity(len(site.Path))
	for _, step := range site.Path {
		i := strings.LastIndex(step, " (")
		path.AppendEmpty().SetStr(oneWord(step[:max(i, 0)]) + step[max(i, 0):])
	}
}

// oneWord makes a name of "new Cart" and "get total", as functions' names are words.
func oneWord(function string) string { return strings.ReplaceAll(function, " ", ".") }

// bodies puts the texts of the call, where they were read, without secrets.
func (a attributes) bodies(e *protocol.Event) {
	b := &e.Bodies
	a.text(string(semconv.GenAIInputMessagesKey), scrub.Text(firstOf(b.Request, b.Metadata)))
	a.text(string(semconv.GenAIOutputMessagesKey), scrub.Text(b.Response))
	a.text(string(semconv.GenAISystemInstructionsKey), scrub.Text(b.System))
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
