package samecall_test

import (
	"testing"

	"github.com/costkey/costkey-otel/samecall"
	"github.com/costkey/costkey-otel/usage"
)

const ms = int64(1_000_000)

// fact makes the facts of an answered call that starts at the given millisecond and takes 100, with changes.
func fact(span byte, start int64, change ...func(*samecall.Facts)) samecall.Facts {
	f := samecall.Facts{
		TraceID: [16]byte{1}, SpanID: [8]byte{span}, ParentSpanID: [8]byte{9}, StartNanos: start * ms, EndNanos: (start + 100) * ms,
		Project: "default", Service: "shop", Scope: "scope-" + string('a'+rune(span)), RequestModel: "gpt-4o",
		ResponseModel: "gpt-4o-2024-08-06", ResponseID: "chatcmpl-1", Input: usage.Known(10), Output: usage.Known(5), Client: true,
	}
	for _, c := range change {
		c(&f)
	}
	return f
}

func blank(f *samecall.Facts)   { f.Input, f.Output, f.ResponseID = usage.Count(0), usage.Count(0), "" }
func noID(f *samecall.Facts)    { f.ResponseID = "" }
func otherID(f *samecall.Facts) { f.ResponseID = "chatcmpl-2" }
func failed(f *samecall.Facts)  { f.Failed = true }
func scope(s string) func(*samecall.Facts) {
	return func(f *samecall.Facts) { f.Scope = s }
}

func service(s string) func(*samecall.Facts) {
	return func(f *samecall.Facts) { f.Service = s }
}

func model(s string) func(*samecall.Facts) {
	return func(f *samecall.Facts) { f.RequestModel, f.ResponseModel = s, s }
}

func counts(input, output int64) func(*samecall.Facts) {
	return func(f *samecall.Facts) { f.Input, f.Output = usage.Known(input), usage.Known(output) }
}

// cached says that n of the input are cached.
func cached(n int64) func(*samecall.Facts) {
	return func(f *samecall.Facts) { f.Fresh = usage.Known(f.Input.Value() - n) }
}

func TestSame(t *testing.T) {
	t.Parallel()
	a := fact(1, 0)
	const nested, siblings, strangers = samecall.Nested, samecall.Siblings, samecall.Strangers
	for name, test := range map[string]struct {
		a, b samecall.Facts
		kin  samecall.Kinship
		want samecall.Rule
	}{
		"nested, one id":                     {a, fact(2, 10), nested, samecall.RuleNested},
		"nested, equal counts":               {a, fact(2, 10, noID), nested, samecall.RuleNested},
		"nested, the inner one blank":        {a, fact(2, 10, blank), nested, samecall.RuleNested},
		"nested, the outer one blank":        {fact(1, 0, blank), fact(2, 10), nested, samecall.RuleNested},
		"nested, another id":                 {a, fact(2, 10, otherID), nested, samecall.NoRule},
		"nested, a run's id is none":         {fact(1, 0, func(f *samecall.Facts) { f.ResponseID = "run-1" }), fact(2, 10), nested, samecall.RuleNested},
		"nested, other counts":               {a, fact(2, 10, noID, counts(1, 1)), nested, samecall.NoRule},
		"nested, without the cached input":   {fact(1, 0, noID, cached(4)), fact(2, 10, noID, counts(6, 5)), nested, samecall.RuleNested},
		"nested, the outer one without it":   {fact(1, 0, noID, counts(6, 5)), fact(2, 10, noID, cached(4)), nested, samecall.RuleNested},
		"nested, another cached input":       {fact(1, 0, noID, cached(4)), fact(2, 10, noID, counts(7, 5)), nested, samecall.NoRule},
		"one id, without the cached input":   {fact(1, 0, cached(4)), fact(2, 10, counts(6, 5)), strangers, samecall.RuleID},
		"nested, another model":              {a, fact(2, 10, noID, model("o3")), nested, samecall.NoRule},
		"nested, started after the end":      {a, fact(2, 106, noID), nested, samecall.NoRule},
		"nested, started at the end":         {a, fact(2, 105, noID), nested, samecall.RuleNested},
		"nested, over a service, at the end": {a, fact(2, 1100, noID, service("gateway")), nested, samecall.RuleRemote},
		"nested, a gateway with the usage":   {fact(1, 0, blank), fact(2, 10, service("gateway")), nested, samecall.RuleNested},
		"nested, a gateway that refused":     {a, fact(2, 10, blank, failed, service("gateway")), nested, samecall.RuleNested},
		"nested, of another project":         {a, fact(2, 10, func(f *samecall.Facts) { f.Project = "other" }), nested, samecall.NoRule},
		"nested, no call":                    {a, fact(2, 10, func(f *samecall.Facts) { f.Outer = true }), nested, samecall.NoRule},
		"one id, two scopes":                 {a, fact(2, 10), strangers, samecall.RuleID},
		"one id, one scope":                  {a, fact(2, 10, scope(a.Scope)), strangers, samecall.NoRule},
		"one id, one scope, two services":    {a, fact(2, 10, scope(a.Scope), service("gateway")), strangers, samecall.RuleID},
		"one id, disjoint":                   {a, fact(2, 1101), strangers, samecall.NoRule},
		"one id, other counts":               {a, fact(2, 10, counts(10, 6)), strangers, samecall.NoRule},
		"one id, another model":              {a, fact(2, 10, model("o3")), strangers, samecall.NoRule},
		"no id":                              {fact(1, 0, noID), fact(2, 0, noID), strangers, samecall.NoRule},
		"one request id": {
			fact(1, 0, noID, func(f *samecall.Facts) { f.RequestID = "req" }),
			fact(2, 0, noID, func(f *samecall.Facts) { f.RequestID = "req" }), strangers, samecall.RuleID,
		},
		"siblings, one blank":               {a, fact(2, 50, blank), siblings, samecall.RuleSiblings},
		"siblings, one blank, too late":     {a, fact(2, 51, blank), siblings, samecall.NoRule},
		"siblings, one blank, one scope":    {a, fact(2, 50, blank, scope(a.Scope)), siblings, samecall.NoRule},
		"siblings, one refused":             {a, fact(2, 50, blank, failed), siblings, samecall.NoRule},
		"siblings, both with counts":        {fact(1, 0, noID), fact(2, 0, noID), siblings, samecall.NoRule},
		"siblings of two traces":            {a, fact(2, 0, blank, func(f *samecall.Facts) { f.TraceID[0] = 7 }), siblings, samecall.NoRule},
		"siblings, Anthropic's own helper":  {fact(1, 0, scope("com.anthropic.sdk.go")), fact(2, 1, noID), siblings, samecall.RuleStreamHelper},
		"siblings, Anthropic's, little":     {fact(1, 0, scope("com.anthropic.sdk.go")), fact(2, 50, noID), siblings, samecall.NoRule},
		"siblings, a stream's log, Logfire": {fact(1, 0, blank, scope("logfire.openai")), fact(2, 100, noID, scope("logfire.openai"), func(f *samecall.Facts) { f.EndNanos = f.StartNanos }), siblings, samecall.RuleSiblings},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := samecall.Same(&test.a, &test.b, test.kin); got != test.want {
				t.Errorf("rule is %d, want %d", got, test.want)
			}
			if test.kin == nested {
				return
			}
			if got := samecall.Same(&test.b, &test.a, test.kin); got != test.want {
				t.Errorf("the other way round the rule is %d, want %d", got, test.want)
			}
		})
	}
}

func TestPrefer(t *testing.T) {
	t.Parallel()
	server := func(f *samecall.Facts) { f.Client = false }
	code := func(f *samecall.Facts) { f.Code = true }
	noCounts := func(f *samecall.Facts) { f.Input, f.Output = usage.Count(0), usage.Count(0) }
	for name, test := range map[string]struct {
		kept, other samecall.Facts
		rule        samecall.Rule
	}{
		"the client's":                          {fact(2, 0, noCounts), fact(1, 0, server, code), samecall.RuleID},
		"then the one with usage":               {fact(2, 0), fact(1, 0, noCounts, code), samecall.RuleID},
		"then the one with a place in the code": {fact(2, 0, code), fact(1, 0), samecall.RuleID},
		"then the smaller span id":              {fact(1, 0), fact(2, 0), samecall.RuleID},
		"of siblings the one with the answer":   {fact(2, 0, server), fact(1, 0, blank, code), samecall.RuleSiblings},
		"of a stream helper's the SDK's":        {fact(2, 0, server, scope("com.anthropic.sdk.go")), fact(1, 0, code), samecall.RuleStreamHelper},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !samecall.Prefer(&test.kept, &test.other, test.rule) || samecall.Prefer(&test.other, &test.kept, test.rule) {
				t.Error("the other one is kept")
			}
		})
	}
	outer, inner := fact(1, 0, code), fact(2, 10, server)
	if samecall.Prefer(&outer, &inner, samecall.RuleNested) || !samecall.Prefer(&outer, &inner, samecall.RuleRemote) {
		t.Error("of a nesting the inner one is kept, with a gateway inside the client's")
	}
}

func TestIsSum(t *testing.T) {
	t.Parallel()
	outer := fact(1, 0, counts(30, 12))
	a, b, refused := fact(2, 1, counts(10, 5)), fact(3, 2, counts(20, 7)), fact(4, 3, blank, failed)
	for name, test := range map[string]struct {
		inside []samecall.Facts
		want   bool
	}{
		"of two":                  {[]samecall.Facts{a, b}, true},
		"of two and a refused":    {[]samecall.Facts{a, b, refused}, true},
		"of one":                  {[]samecall.Facts{fact(2, 1, counts(30, 12))}, false},
		"of none":                 {nil, false},
		"where one is missing":    {[]samecall.Facts{a, a}, false},
		"where one is of another": {[]samecall.Facts{a, fact(3, 2, counts(20, 7), model("o3"))}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := samecall.IsSum(&outer, test.inside); got != test.want {
				t.Errorf("it is a sum: %v, want %v", got, test.want)
			}
		})
	}
}

func TestRivalsStandSideBySideAndNoneFailed(t *testing.T) {
	t.Parallel()
	a, later, refused, elsewhere := fact(1, 0), fact(2, 500, blank), fact(3, 200, blank, failed), fact(4, 0)
	elsewhere.ParentSpanID = [8]byte{8}
	root, otherRoot := fact(5, 0), fact(6, 0)
	root.ParentSpanID, otherRoot.ParentSpanID = [8]byte{}, [8]byte{}
	if !samecall.Rivals(&a, &later) {
		t.Error("two tries are none")
	}
	for name, pair := range map[string][2]*samecall.Facts{
		"one and itself": {&a, &a}, "a refused one": {&a, &refused}, "one elsewhere": {&a, &elsewhere}, "roots": {&root, &otherRoot},
	} {
		if samecall.Rivals(pair[0], pair[1]) {
			t.Errorf("%s: taken for rivals", name)
		}
	}
}
