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
	// Site returns where a call of a project was made, nil where that is not known, and whether a value of its frames was
	// mended. It may be nil itself: then the frames alone tell.
	Site func(project string, e *protocol.Event) (site *Site, repaired bool)
}

// Result is what became of a batch.
type Result struct {
	Traces ptrace.Traces
	// ProjectIgnored counts the events that named another project than the key's, Repaired those of which a value was left
	// out or mended.
	ProjectIgnored, Repaired int
}

// Traces makes a span of each event of b, in one resource for each project.
func Traces(b *protocol.Batch, set Settings) Result {
	t := &translator{batch: b, set: set, targets: make(map[question]target), tagKeys: make(map[string]string)}
	t.traces, t.spans = ptrace.NewTraces(), make(map[string]ptrace.SpanSlice, 1)
	if set.Site == nil {
		t.set.Site = func(_ string, e *protocol.Event) (*Site, bool) {
			return SiteOf(StackOf(e, t.language()), func(f []stackframe.Frame) []stackframe.Frame { return f }, nil)
		}
	}
	res := Result{Traces: t.traces}
	for i := range b.Events {
		e := &b.Events[i]
		project := set.Project
		claimed := t.slug(e.ProjectID)
		if project == "" {
			project = claimed
		} else if claimed != "" && claimed != t.slug(project) {
			res.ProjectIgnored++
		}
		if t.add(project, e) {
			res.Repaired++
		}
	}
	return res
}

// translator translates one batch. What its events have in common, as those of one program do, it works out once.
type translator struct {
	batch   *protocol.Batch
	set     Settings
	traces  ptrace.Traces
	spans   map[string]ptrace.SpanSlice // by project
	targets map[question]target
	tagKeys map[string]string

	lastID, lastSlug string
}

func (t *translator) language() stackframe.Language { return stackframe.LanguageOf(t.batch.SDKVersion) }

func (t *translator) slug(project string) string {
	if project != t.lastID {
		t.lastID, t.lastSlug = project, Slug(project)
	}
	return t.lastSlug
}

// target is [targetOf], once for each target.
func (t *translator) target(e *protocol.Event) target {
	q := question{url: e.URL, provider: e.Provider, model: e.Model}
	found, ok := t.targets[q]
	if !ok {
		found = targetOf(q)
		t.targets[q] = found
	}
	return found
}

// add makes a span of e, and returns whether a value of e was left out or mended.
func (t *translator) add(project string, e *protocol.Event) (repaired bool) {
	spans, ok := t.spans[project]
	if !ok {
		spans = t.appendResource(project)
		if len(t.spans) == 0 {
			spans.EnsureCapacity(len(t.batch.Events)) // a batch is mostly of one project
		}
		t.spans[project] = spans
	}
	var site *Site
	if len(e.Stack) > 0 {
		site, repaired = t.set.Site(project, e)
	}
	t.fill(spans.AppendEmpty(), e, site)
	return repaired || e.Repaired
}

func (t *translator) appendResource(project string) ptrace.SpanSlice {
	rs := t.traces.ResourceSpans().AppendEmpty()
	rs.SetSchemaUrl(semconv.SchemaURL)
	attrs := attributes(rs.Resource().Attributes())
	attrs.text(string(semconv.ProjectKey), project)
	attrs.text(string(semconv.ServiceVersionKey), scrub.Text(t.batch.Release))
	attrs.text("telemetry.sdk.name", "costkey")
	attrs.text("telemetry.sdk.version", strings.TrimPrefix(t.batch.SDKVersion, "python-"))
	name := "nodejs"
	if t.language() == stackframe.Python {
		name = "python"
	}
	attrs.text("telemetry.sdk.language", name)
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName(semconv.ScopeReceiver)
	return ss.Spans()
}

// usualAttributes is how many a span has beside its tags.
const usualAttributes = 22

// fill makes span the call of e.
func (t *translator) fill(span ptrace.Span, e *protocol.Event, site *Site) {
	to := t.target(e)
	streaming := e.Streaming || to.streams
	span.SetTraceID(traceIDOf(e.TraceID, e.ID))
	span.SetSpanID(spanIDOf(e.ID))
	span.SetKind(ptrace.SpanKindClient)
	span.SetStartTimestamp(pcommon.NewTimestampFromTime(e.Timestamp.Add(-e.Duration)))
	span.SetEndTimestamp(pcommon.NewTimestampFromTime(e.Timestamp))
	span.SetName(to.name)
	span.Attributes().EnsureCapacity(usualAttributes + len(e.Context) + len(e.Unknown))
	a := attributes(span.Attributes())
	a.text(string(semconv.GenAIOperationNameKey), to.operation)
	a.text(string(semconv.GenAIProviderNameKey), to.provider)
	a.text(string(semconv.GenAIRequestModelKey), to.model)
	a.text(string(semconv.ServerAddressKey), to.host)
	a.number(string(semconv.ServerPortKey), protocol.Count(to.port), to.port > 0)
	a.answer(e)
	a.usage(e, to.habit, streaming)
	a.outcome(span, e)
	a.timing(e, streaming)
	a.site(site)
	t.tags(a, e, to.via)
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
func (a attributes) usage(e *protocol.Event, h habit, streaming bool) {
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
	a.text(string(semconv.ProviderUsageKey), e.Answer.UsageObject)
	a.text(string(semconv.ReportedCostKey), e.CostUSD)
	switch {
	case c.cacheUnknown:
		a.text(string(semconv.UsageMissingKey), semconv.UsageMissingCache)
	case c.said() || e.StatusCode == 0 || e.StatusCode >= 400:
	case streaming:
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

func (a attributes) timing(e *protocol.Event, streaming bool) {
	if streaming {
		pcommon.Map(a).PutBool(string(semconv.GenAIRequestStreamKey), true)
	}
	if e.TTFT > 0 {
		pcommon.Map(a).PutDouble(string(semconv.GenAIResponseTimeToFirstChunkKey), float64(e.TTFT)/float64(time.Second))
	}
}

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
