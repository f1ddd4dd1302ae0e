package storage

import (
	"bytes"
	"strings"
	"time"
)

// How far apart clocks and hooks of one process, and clocks of two machines, put the same moment.
const (
	skewInProcess = 5 * time.Millisecond
	skewAcross    = time.Second
	siblingStart  = 50 * time.Millisecond
)

// sameCall reports whether a and b, two different spans of one project, are two views of one call to a provider. An
// equal response id makes a suspect, not a verdict: mocks, replays and caches repeat ids.
func sameCall(a, b *Call) bool {
	if !modelsAgree(a, b) {
		return false
	}
	if a.TraceID == b.TraceID {
		switch {
		case b.ParentSpanID == a.SpanID:
			return encloses(a, b)
		case a.ParentSpanID == b.SpanID:
			return encloses(b, a)
		case siblings(a, b):
			return true
		}
	}
	return sameAnswer(a, b)
}

// encloses reports whether outer, the parent of inner, is a wrapper's view of the same call.
func encloses(outer, inner *Call) bool {
	skew := skewInProcess
	if outer.ServiceName != inner.ServiceName {
		skew = skewAcross
	}
	if !startsWithin(inner, outer, skew) {
		return false
	}
	switch {
	case outer.ResponseID != "" && inner.ResponseID != "":
		return outer.ResponseID == inner.ResponseID
	case failed(inner):
		return failed(outer) // a failed try takes nothing of a call that went well in the end
	case bare(inner) || bare(outer):
		return true
	default:
		return equalCounts(outer, inner)
	}
}

// siblings reports whether two instrumentations side by side saw one call, one of them without its answer.
func siblings(a, b *Call) bool {
	return a.ParentSpanID == b.ParentSpanID && a.ParentSpanID != [8]byte{} && a.ScopeName != b.ScopeName &&
		(bare(a) || bare(b)) && !failed(a) && !failed(b) && near(a.StartMicros, b.StartMicros, siblingStart)
}

// sameAnswer reports whether two spans hold one answer: the same id at the same time, seen from two places.
func sameAnswer(a, b *Call) bool {
	return a.ResponseID != "" && a.ResponseID == b.ResponseID &&
		(a.ScopeName != b.ScopeName || a.ServiceName != b.ServiceName) &&
		(startsWithin(a, b, skewAcross) || startsWithin(b, a, skewAcross)) &&
		!contradict(a, b)
}

// richerThan reports whether r is the view to keep of the call that c is the other view of: the inner one; the client's;
// the one with usage; the one with the code location; else the smaller span id, so that order does not matter.
func (r *row) richerThan(c *row) bool {
	if r.TraceID == c.TraceID {
		if r.ParentSpanID == c.SpanID {
			return true
		}
		if c.ParentSpanID == r.SpanID {
			return false
		}
	}
	for _, has := range []func(*Call) bool{
		func(c *Call) bool { return c.Client },
		func(c *Call) bool { return !c.Usage.IsZero() },
		func(c *Call) bool { return c.FunctionName != "" },
	} {
		if has(r.Call) != has(c.Call) {
			return has(r.Call)
		}
	}
	return bytes.Compare(r.SpanID[:], c.SpanID[:]) < 0
}

// fillFrom fills what c lacks from o, another view of the same call, and reports whether anything changed. A failed try
// takes no usage.
func (c *Call) fillFrom(o *Call) bool {
	changed := fillText(&c.SessionID, o.SessionID)
	changed = fillText(&c.UserID, o.UserID) || changed
	if len(c.Tags) == 0 && len(o.Tags) > 0 {
		c.Tags, changed = o.Tags, true
	}
	if c.FunctionName == "" && c.FilePath == "" && o.FunctionName+o.FilePath != "" {
		c.FunctionName, c.FilePath, c.LineNumber, c.CallPath = o.FunctionName, o.FilePath, o.LineNumber, o.CallPath
		changed = true
	}
	if c.RequestBody == "" && c.ResponseBody == "" && o.RequestBody+o.ResponseBody != "" {
		c.RequestBody, c.ResponseBody, changed = o.RequestBody, o.ResponseBody, true
	}
	if failed(c) {
		return changed
	}
	changed = fillText(&c.ResponseID, o.ResponseID) || changed
	if c.FirstTokenMicros < 0 && o.FirstTokenMicros >= 0 && o.FirstTokenMicros <= c.DurationMicros {
		c.FirstTokenMicros, changed = o.FirstTokenMicros, true
	}
	if c.Usage.IsZero() && !o.Usage.IsZero() {
		c.Usage, c.UsageObject, c.Notes = o.Usage, o.UsageObject, o.Notes
		c.CostUSD, c.CostKnown, c.CostStatus, c.Catalogue = o.CostUSD, o.CostKnown, o.CostStatus, o.Catalogue
		c.PricedModel, c.ServiceTier, c.ResponseModel = o.PricedModel, o.ServiceTier, o.ResponseModel
		changed = true
	}
	return changed
}

func fillText(s *string, other string) bool {
	if *s != "" || other == "" {
		return false
	}
	*s = other
	return true
}

// bare spans have neither usage nor a response id.
func bare(c *Call) bool { return c.ResponseID == "" && c.Usage.IsZero() }

func failed(c *Call) bool { return c.HTTPStatus >= 400 || (c.ErrorType != "" && bare(c)) }

// equalCounts reports whether both say the same input and output, and at least one of the two is known.
func equalCounts(a, b *Call) bool {
	return a.Usage.Input == b.Usage.Input && a.Usage.Output == b.Usage.Output &&
		(a.Usage.Input.IsKnown() || a.Usage.Output.IsKnown())
}

// contradict reports whether both say a count and differ in it.
func contradict(a, b *Call) bool {
	differ := func(x, y interface {
		IsKnown() bool
		Value() int64
	}) bool {
		return x.IsKnown() && y.IsKnown() && x.Value() != y.Value()
	}
	return differ(a.Usage.Input, b.Usage.Input) || differ(a.Usage.Output, b.Usage.Output)
}

// startsWithin reports whether inner starts in outer's interval, give or take skew.
func startsWithin(inner, outer *Call, skew time.Duration) bool {
	from, until := outer.StartMicros, outer.StartMicros+max(outer.DurationMicros, 0)
	return inner.StartMicros >= from-skew.Microseconds() && inner.StartMicros <= until+skew.Microseconds()
}

func near(a, b int64, d time.Duration) bool { return max(a-b, b-a) <= d.Microseconds() }

// modelsAgree reports whether the answered or the requested models are the same, as far as both are known.
func modelsAgree(a, b *Call) bool {
	agree := func(x, y string) bool { return x == "" || y == "" || strings.EqualFold(x, y) }
	return agree(a.ResponseModel, b.ResponseModel) || agree(a.RequestModel, b.RequestModel)
}
