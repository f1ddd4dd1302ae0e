package genaispan

import (
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Settings are the choices of the user that reading a span depends on.
type Settings struct {
	// CaptureBody fills Call.RequestBody and Call.ResponseBody. Off: no text of a prompt or an answer is read.
	CaptureBody bool
	// Tags names attribute keys, beside costkey.tag.*, whose scalar values become tags.
	Tags []string
}

// Reader reads spans. It holds no state of any span and is safe for concurrent use.
type Reader struct {
	settings Settings
	tags     map[string]bool
}

// NewReader returns a reader with the given settings.
func NewReader(s Settings) *Reader {
	r := &Reader{settings: s}
	if len(s.Tags) > 0 {
		r.tags = make(map[string]bool, len(s.Tags))
		for _, k := range s.Tags {
			r.tags[k] = true
		}
	}
	return r
}

// Resource is what a resource tells, read once for all its spans.
type Resource struct {
	Project        string // costkey.project as the data says it
	ServiceName    string
	ServiceVersion string
	Environment    string
	SessionID      string
	UserID         string
}

// ReadResource reads a resource. Values that fail their checks are left out.
func (r *Reader) ReadResource(res pcommon.Resource) Resource {
	var out Resource
	for k, v := range res.Attributes().All() {
		if v.Type() != pcommon.ValueTypeStr {
			continue
		}
		switch s := strings.TrimSpace(v.Str()); k {
		case "costkey.project":
			setIf(&out.Project, s, isName(s))
		case "service.name":
			setIf(&out.ServiceName, s, isTitle(s))
		case "service.version":
			setIf(&out.ServiceVersion, s, isTitle(s))
		case "deployment.environment.name":
			setIf(&out.Environment, s, isTitle(s))
		case "deployment.environment":
			setIf(&out.Environment, s, isTitle(s) && out.Environment == "")
		case "session.id":
			setIf(&out.SessionID, s, isName(s))
		case "user.id":
			setIf(&out.UserID, s, isName(s))
		}
	}
	return out
}

func setIf(dst *string, s string, ok bool) {
	if ok {
		*dst = s
	}
}

// Read reads span into dst, which it overwrites, and says what the span is. For NotGenAI dst has
// the ids of the span and nothing else. Strings in dst are the span's own: they live as long as dst is referenced, and no text outside the allow-list
// is among them. The slices of dst are used again, so a caller that keeps a call while it reads the next one into the
// same dst clones it.
func (r *Reader) Read(res *Resource, scope pcommon.InstrumentationScope, schemaURL string, span ptrace.Span, dst *Call) Verdict {
	attrs := span.Attributes()
	dst.reset()
	dst.TraceID, dst.SpanID, dst.ParentSpanID = span.TraceID(), span.SpanID(), span.ParentSpanID()
	if !isCandidate(attrs) && !strings.HasPrefix(span.Name(), claudeCodePrefix) && !isCodexTurn(span.Name()) {
		return NotGenAI
	}
	var f found
	r.collect(attrs, &f, dst)
	d := f.recognise(scope.Name(), schemaURL, span.Name())
	f.readJSON()
	j := f.judge(&d, span)

	dst.readIdentity(res, scope, span)
	f.names(&d, res, dst)
	f.code(dst)
	if j.verdict == OuterSpan {
		dst.Outer, dst.Inner = true, j.inner
		return OuterSpan
	}
	dst.Operation = j.operation
	dst.Enclosing = j.enclosing
	f.timing(&d, span, dst)
	f.account(d, dst)
	f.failure(span, dst)
	f.reportedCost(dst)
	f.takeObject(&d, dst)
	f.notes(&d, &j, dst)
	if r.settings.CaptureBody {
		readBodies(span, dst)
	}
	return ProviderCall
}

// reset empties c and keeps its slices' memory.
func (c *Call) reset() {
	*c = Call{CallPath: c.CallPath[:0], Tags: c.Tags[:0], Notes: c.Notes[:0]}
}

func (c *Call) readIdentity(res *Resource, scope pcommon.InstrumentationScope, span ptrace.Span) {
	c.StartNanos, c.EndNanos = int64(span.StartTimestamp()), int64(span.EndTimestamp())
	c.Client = span.Kind() == ptrace.SpanKindClient
	c.ServiceName, c.ServiceVersion, c.Environment = res.ServiceName, res.ServiceVersion, res.Environment
	setIf(&c.ScopeName, scope.Name(), isName(scope.Name()))
}

// names fills who was asked, by whom and with which model.
func (f *found) names(d *dialect, res *Resource, dst *Call) {
	dst.RequestModel, dst.ResponseModel = f.text[tRequestModel], f.text[tResponseModel]
	if m := f.text[tModelName]; m != "" {
		if dst.RequestModel == "" {
			dst.RequestModel = m
		}
		if dst.ResponseModel == "" && f.hasUsage() {
			dst.ResponseModel = m // OpenInference puts the answered model here
		}
	}
	dst.ResponseID, dst.RequestID = f.text[tResponseID], f.text[tRequestID]
	dst.FinishReason = f.text[tFinish]
	dst.Host = f.text[tHost]
	dst.Provider = f.provider(d, dst)
	dst.ServiceTier = f.text[tTier]
	if t := f.text[tRequestTier]; dst.ServiceTier == "" && t != "auto" {
		dst.ServiceTier = t
	}
	dst.SessionID, dst.UserID = f.text[tSession], f.text[tUser]
	if dst.SessionID == "" {
		dst.SessionID = res.SessionID
	}
	if dst.UserID == "" {
		dst.UserID = res.UserID
	}
	sortTags(dst.Tags)
}

// code fills the place in the user's code.
func (f *found) code(dst *Call) {
	dst.FunctionName, dst.FilePath = f.text[tFunction], f.text[tFile]
	if dst.FunctionName == "" {
		dst.FunctionName = f.text[tOldFunction]
		if ns := f.text[tNamespace]; ns != "" && dst.FunctionName != "" && !strings.Contains(dst.FunctionName, ".") {
			dst.FunctionName = ns + "." + dst.FunctionName
		}
	}
	dst.LineNumber = int(f.value(cLine))
	if !f.paths {
		return
	}
	frames := min(f.path.Len(), maxCallPath)
	dst.CallPath = slices.Grow(dst.CallPath, frames)
	for i := range frames {
		if s := f.path.At(i); s.Type() == pcommon.ValueTypeStr && isFrame(s.Str()) {
			dst.CallPath = append(dst.CallPath, s.Str())
		} else {
			f.badOther = true
		}
	}
}

// maxCallPath bounds the frames of a call path that are read.
const maxCallPath = 64

// isFrame reports whether s looks like "function (file:line)".
func isFrame(s string) bool {
	space, last := strings.IndexByte(s, ' '), len(s)-1
	if space < 0 || len(s) > maxCode || s[last] != ')' || space == last || s[space+1] != '(' {
		return false
	}
	return isWord(s[:space]) && isFile(s[space+2:last])
}

// timing fills whether the answer was streamed and when its first token came.
func (f *found) timing(d *dialect, span ptrace.Span, dst *Call) {
	dst.TTFTNanos = f.firstToken(d, dst)
	switch {
	case f.flag[bStream] != 0:
		dst.Streaming = f.flag[bStream] > 0
	case strings.HasSuffix(f.text[tVercelOperation], ".dostream"):
		dst.Streaming = true
	default:
		dst.Streaming = dst.TTFTNanos > 0
	}
}

// firstToken returns the time to the first token, 0 where it is unknown, negative or longer than the call.
func (f *found) firstToken(d *dialect, dst *Call) int64 {
	var nanos int64
	switch f.ttftAs {
	case asMillis:
		nanos = toNanos(f.ttft, time.Millisecond)
	case asMoment:
		t, err := time.Parse(time.RFC3339Nano, strings.Trim(f.moment, `"`))
		if err != nil {
			return 0
		}
		nanos = t.UnixNano() - dst.StartNanos
	case asSeconds:
		unit := time.Second
		if d.id == dialectStrands {
			unit = time.Millisecond // under a name that means seconds elsewhere
		}
		nanos = toNanos(f.ttft, unit)
	}
	if nanos < 0 || dst.EndNanos > dst.StartNanos && nanos > dst.EndNanos-dst.StartNanos {
		return 0
	}
	return nanos
}

// toNanos converts x units; beyond a year it is nothing.
func toNanos(x float64, unit time.Duration) int64 {
	n := x * float64(unit)
	if n > float64(365*24*time.Hour) {
		return 0
	}
	return int64(n)
}

// notes adds the notes that concern no token count.
func (f *found) notes(d *dialect, j *judgement, dst *Call) {
	if f.ambiguous {
		dst.note(NoteAmbiguousCache)
	}
	if f.someBad && f.hasBadCount() {
		dst.note(NoteBadCount)
	}
	if f.badOther || f.someBad && f.hasBadText() {
		dst.note(NoteBadValue)
	}
	if j.unknown {
		dst.note(NoteUnknownOperation)
	}
	if j.enclosing {
		dst.note(NoteEnclosing)
	}
	if f.text[tMastraType] == "model_generation" && f.hasUsage() {
		dst.note(NoteCallsMerged)
	}
	if dst.Host != "" && !f.hostKnown && dst.Provider != providerOllama && isLocalHost(dst.Host) {
		dst.note(NoteHostUnknown)
	}
	if m := f.text[tMissing]; m != "" {
		dst.note(m)
	}
}

// Each reads every span of td and yields what it is, with the call for ProviderCall and OuterSpan; for NotGenAI the
// call has the ids of the span alone. The call is used again for the next span: a callee that keeps it copies it with Clone.
func (r *Reader) Each(td ptrace.Traces, yield func(Verdict, *Call)) {
	var c Call
	for _, rs := range td.ResourceSpans().All() {
		res := r.ReadResource(rs.Resource())
		for _, ss := range rs.ScopeSpans().All() {
			schema := ss.SchemaUrl()
			if schema == "" {
				schema = rs.SchemaUrl()
			}
			for _, span := range ss.Spans().All() {
				yield(r.Read(&res, ss.Scope(), schema, span, &c), &c)
			}
		}
	}
}
