package samecall

import (
	"strings"

	"github.com/costkey/costkey-otel/usage"
)

// Facts is what the question "are these two spans one call?" needs to know of a span. Strings that are not known are
// empty, times are nanoseconds of Unix time, and EndNanos is 0 where the span has no end.
type Facts struct {
	TraceID      [16]byte
	SpanID       [8]byte
	ParentSpanID [8]byte
	StartNanos   int64
	EndNanos     int64
	Project      string
	Service      string
	Scope        string

	RequestModel  string
	ResponseModel string
	ResponseID    string
	RequestID     string
	Input, Output usage.Count
	Fresh         usage.Count // of the input: see [usage.Usage.Fresh]

	// ReplacedBy is, of an outer span, the call that stands for it replaced it: see [Node.ReplacedBy].
	ReplacedBy [8]byte

	Outer     bool // no call
	Inner     bool // replaced Outer: an agent or a tool
	Enclosing bool // a call read from a span around it: it counts only where no other span has its response id
	Client    bool // span kind CLIENT
	Failed    bool // an error, or HTTP 400 and above
	Code      bool // has a place in the user's code
}

// Kinship says how two spans stand to each other in their trace.
type Kinship uint8

const (
	// Strangers have nothing to do with each other, or it is not known.
	Strangers Kinship = iota
	// Nested: the first is an ancestor of the second, at most MaxDepth spans up, with no agent or tool between.
	Nested
	// Siblings have the same parent.
	Siblings
)

// MaxDepth is how far up an ancestor may be.
const MaxDepth = 8

// Rule names the rule by which two spans are one call.
type Rule uint8

const (
	// NoRule: two calls, as far as can be told.
	NoRule Rule = iota
	// RuleNested: a call around the same call. The inner one is kept.
	RuleNested
	// RuleRemote: as RuleNested, but the outer one is the client of a gateway and has usage: it is kept.
	RuleRemote
	// RuleID: one answer, told twice by different scopes or services. The one that Prefer names is kept.
	RuleID
	// RuleSiblings: two instrumentations side by side, one of which saw no answer; or Logfire's two spans of a stream. The
	// one with usage is kept, with the earlier start.
	RuleSiblings
	// RuleStreamHelper: Anthropic's SDK replaced an instrumentation of its stream helper. The SDK's is kept.
	RuleStreamHelper
)

const (
	millisecond = int64(1_000_000)
	second      = 1000 * millisecond
)

// Same says by which rule a and b are one call, NoRule if they are two. For Nested a is the outer one. It looks at the
// two spans alone: that a call is joined with one other at most is the caller's business.
func Same(a, b *Facts, kin Kinship) Rule {
	if a.Outer || b.Outer || a.Project != b.Project {
		return NoRule
	}
	switch {
	case kin == Nested && sameNested(a, b):
		if a.Service != b.Service && a.hasUsage() && !b.Failed {
			return RuleRemote
		}
		return RuleNested
	case sameAnswer(a, b):
		return RuleID
	case kin != Siblings || a.TraceID != b.TraceID:
		return NoRule
	case sameStream(a, b):
		return RuleStreamHelper
	case sameSibling(a, b):
		return RuleSiblings
	default:
		return NoRule
	}
}

// sameNested is rule A: the inner one starts within the outer one, the models agree, and ids or counts say that it is one
// call, or one of the two says nothing of the answer.
func sameNested(outer, inner *Facts) bool {
	slack := 5 * millisecond
	if outer.Service != inner.Service {
		slack = second
	}
	if outer.TraceID != inner.TraceID || inner.StartNanos < outer.StartNanos-slack ||
		outer.EndNanos != 0 && inner.StartNanos > outer.EndNanos+slack {
		return false
	}
	if outer.ResponseID != "" && outer.ResponseID == inner.ResponseID {
		return true
	}
	if outer.contradictsID(inner) || !modelsAgree(outer, inner) {
		return false
	}
	return outer.isBlank() || inner.isBlank() || outer.sameCounts(inner)
}

// sameAnswer is rule B: one id of the answer or of the request, one model, one time, different observers. Two spans of one
// scope in one service with one id are a mock or a cache hit, and two calls.
func sameAnswer(a, b *Facts) bool {
	if a.ResponseID == "" || a.ResponseID != b.ResponseID {
		if a.RequestID == "" || a.RequestID != b.RequestID || a.contradictsID(b) {
			return false
		}
	}
	return (a.Scope != b.Scope || a.Service != b.Service) && answeredModelsAgree(a, b) && overlaps(a, b, second) &&
		!a.contradictsCounts(b)
}

// sameStream knows the two spans of Anthropic's stream helper under another instrumentation.
func sameStream(a, b *Facts) bool {
	if !isAnthropicSDK(a.Scope) {
		a, b = b, a
	}
	return isAnthropicSDK(a.Scope) && !isAnthropicSDK(b.Scope) && b.ResponseID == "" && a.hasUsage() && a.sameCounts(b) &&
		overlapShare(a, b) >= 0.9
}

func isAnthropicSDK(scope string) bool { return strings.HasPrefix(scope, "com.anthropic.sdk.") }

// sameSibling is rule C.
func sameSibling(a, b *Facts) bool {
	if a.RequestModel == "" || !sameModel(a.RequestModel, b.RequestModel) || a.Failed != b.Failed ||
		!a.isBlank() && !b.isBlank() {
		return false
	}
	if a.isLogfire() && b.isLogfire() {
		if a.StartNanos > b.StartNanos {
			a, b = b, a
		}
		return b.isLog() && !a.isLog() && b.StartNanos >= a.EndNanos
	}
	gap := a.StartNanos - b.StartNanos
	return a.Scope != b.Scope && max(gap, -gap) <= 50*millisecond
}

func (f *Facts) isLogfire() bool { return strings.HasPrefix(f.Scope, "logfire") }

// isLog knows Logfire's log-spans, which have no length.
func (f *Facts) isLog() bool { return f.StartNanos == f.EndNanos }

func (f *Facts) hasUsage() bool { return f.Input.IsKnown() || f.Output.IsKnown() }

// isBlank reports whether the span says nothing of the answer.
func (f *Facts) isBlank() bool { return !f.hasUsage() && f.realID() == "" }

// realID returns the response id, unless the library made it up.
func (f *Facts) realID() string {
	if !NamesAnswer(f.ResponseID) {
		return ""
	}
	return f.ResponseID
}

// NamesAnswer reports whether id is one that a provider gave to an answer: neither empty nor made up by a library. Spans
// of one call that both have such an id have the same; where one has none, only its place in the trace can tell.
func NamesAnswer(id string) bool {
	return id != "" && !strings.HasPrefix(id, "aitxt-") && !strings.HasPrefix(id, "aiobj-") &&
		!strings.HasPrefix(id, "run-") && !strings.HasPrefix(id, "lc_") && !isUUID(id)
}

// isUUID reports whether s has the form of a UUID, by which frameworks name their own runs.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		c := s[i] | 0x20
		hex := c >= '0' && c <= '9' || c >= 'a' && c <= 'f'
		if dash != (s[i] == '-') || !dash && !hex {
			return false
		}
	}
	return true
}

func (f *Facts) contradictsID(g *Facts) bool {
	a, b := f.realID(), g.realID()
	return a != "" && b != "" && a != b
}

func (f *Facts) sameCounts(g *Facts) bool {
	return f.hasUsage() && f.Output == g.Output && f.sameInput(g)
}

// sameInput compares the inputs, of which one may lack the cached parts.
func (f *Facts) sameInput(g *Facts) bool {
	return f.Input == g.Input || usage.IsFreshOf(f.Input, f.Fresh, g.Input, g.Fresh) ||
		usage.IsFreshOf(g.Input, g.Fresh, f.Input, f.Fresh)
}

func (f *Facts) contradictsCounts(g *Facts) bool {
	differ := func(a, b usage.Count) bool { return a.IsKnown() && b.IsKnown() && a != b }
	return differ(f.Output, g.Output) || differ(f.Input, g.Input) && !f.sameInput(g)
}

func (f *Facts) end() int64 { return max(f.EndNanos, f.StartNanos) }

func overlaps(a, b *Facts, slack int64) bool {
	return a.StartNanos <= b.end()+slack && b.StartNanos <= a.end()+slack
}

// overlapShare returns which part of the shorter span lies within the longer one.
func overlapShare(a, b *Facts) float64 {
	both := min(a.end(), b.end()) - max(a.StartNanos, b.StartNanos)
	shorter := min(a.end()-a.StartNanos, b.end()-b.StartNanos)
	if shorter <= 0 {
		return 0
	}
	return float64(both) / float64(shorter)
}

// Prefer reports whether, of two spans that Same joined by rule, a is to be kept rather than b. For a nesting a is the
// outer one. Of two spans of one answer it is the client's, then the one with usage, then the one with a place in the
// code, then the one with the smaller span id.
func Prefer(a, b *Facts, rule Rule) bool {
	switch {
	case rule == RuleNested:
		return false
	case rule == RuleRemote:
		return true
	case rule == RuleStreamHelper:
		return isAnthropicSDK(a.Scope)
	case rule == RuleSiblings && a.isBlank() != b.isBlank():
		return !a.isBlank()
	case a.Client != b.Client:
		return a.Client
	case a.hasUsage() != b.hasUsage():
		return a.hasUsage()
	case a.Code != b.Code:
		return a.Code
	default:
		return string(a.SpanID[:]) < string(b.SpanID[:])
	}
}

// IsSum reports whether outer's counts are the sum of those of at least two calls inside it, all of its model (rule A2):
// then it is no call. Calls that failed add nothing.
func IsSum(outer *Facts, inside []Facts) bool {
	var input, output int64
	n := 0
	for i := range inside {
		f := &inside[i]
		if f.Failed && !f.hasUsage() {
			continue
		}
		if !modelsAgree(outer, f) {
			return false
		}
		input += f.Input.Value()
		output += f.Output.Value()
		n++
	}
	return n >= 2 && outer.hasUsage() && outer.Input.Value() == input && outer.Output.Value() == output
}

// Rivals reports whether a and b may be two tries inside one outer span, at most one of which has its answer: neither
// failed, and they stand side by side.
func Rivals(a, b *Facts) bool {
	return a.Project == b.Project && a.TraceID == b.TraceID && a.SpanID != b.SpanID &&
		a.ParentSpanID == b.ParentSpanID && a.ParentSpanID != [8]byte{} && !a.Failed && !b.Failed && modelsAgree(a, b)
}
