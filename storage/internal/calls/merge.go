package calls

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/costkey/costkey-otel/samecall"
	"github.com/costkey/costkey-otel/usage"
)

// Notes of package genaispan that mean something to the store.
const (
	noteFromOuter    = "usage_from_outer"
	noteEnclosing    = "enclosing_span"
	noteCacheUnknown = "cache_unknown"
)

// Cost statuses that mean something to the store.
const (
	StatusNoUsage  = "no_usage"
	StatusReported = "reported"
)

// maxTags is how many tags a call keeps.
const maxTags = 32

// Merge gives c what it lacks and o, another span of the same call, has; samecall decides what is given when. A cost hangs
// on the counts: those and all that priced them go over as one, or not at all.
func (c *Call) Merge(o *Call, fields samecall.MergeFields) {
	takesReported := c.CostStatus == StatusReported || o.CostStatus == StatusReported
	fillText(&c.SessionID, o.SessionID)
	fillText(&c.UserID, o.UserID)
	fillText(&c.Host, o.Host)
	fillText(&c.RequestModel, o.RequestModel)
	fillText(&c.Provider, o.Provider)
	if c.FunctionName == "" && c.FilePath == "" {
		c.FunctionName, c.FilePath, c.LineNumber = o.FunctionName, o.FilePath, o.LineNumber
	}
	if len(c.CallPath) == 0 {
		c.CallPath = o.CallPath
	}
	c.fillTags(o.Tags)
	if fields&samecall.MergeUsage != 0 {
		c.fillUsage(o)
	}
	if fields&samecall.MergeAnswer != 0 {
		c.fillAnswer(o)
	}
	if fields&samecall.MergeInherited != 0 {
		c.note(noteFromOuter)
	}
	if takesReported && c.HasReported && !c.CostKnown {
		c.CostUSD, c.CostKnown, c.CostStatus = c.ReportedUSD, true, StatusReported
	}
	if moved := c.StartMicros - o.StartMicros; fields&samecall.MergeStart != 0 && moved > 0 {
		c.StartMicros = o.StartMicros
		if c.DurationMicros >= 0 {
			c.DurationMicros += moved
		}
	}
	if fields&samecall.MergeVia != 0 && o.ServiceName != "" {
		c.fillTags([]Tag{{Key: "via", Value: strconv.Quote(o.ServiceName)}})
	}
}

func fillText(s *string, other string) {
	if *s == "" {
		*s = other
	}
}

// fillTags adds the tags whose keys c lacks.
func (c *Call) fillTags(tags []Tag) {
	own := c.Tags
	for _, t := range tags {
		if len(c.Tags) < maxTags && !slices.ContainsFunc(own, func(o Tag) bool { return o.Key == t.Key }) {
			c.Tags = append(slices.Clip(c.Tags), t)
		}
	}
	if len(c.Tags) > len(own) {
		slices.SortFunc(c.Tags, func(a, b Tag) int { return cmp.Compare(a.Key, b.Key) })
	}
}

// fillUsage gives c the counts of o, with their cost, if it has none, or if o has the same totals and tells more of them.
func (c *Call) fillUsage(o *Call) {
	switch {
	case c.Usage.IsZero() && !o.Usage.IsZero():
		for _, n := range o.Notes {
			c.note(n)
		}
	case !tellsMore(o, c):
		return
	case c.Usage.LacksCacheOf(&o.Usage):
		c.Notes = slices.DeleteFunc(slices.Clone(c.Notes), func(n string) bool { return n == noteCacheUnknown })
		for _, n := range o.Notes {
			c.note(n)
		}
	}
	c.Usage, c.ServiceTier, c.PricedModel, c.Catalogue = o.Usage, o.ServiceTier, o.PricedModel, o.Catalogue
	c.CostUSD, c.CostKnown, c.CostStatus = o.CostUSD, o.CostKnown, o.CostStatus
	if o.ResponseModel != "" {
		c.ResponseModel = o.ResponseModel
	}
	if o.UsageObject != "" {
		c.UsageObject = o.UsageObject
	}
}

// costRank says how much a cost is worth: one by the price list more than one that a span said, that more than none.
func (c *Call) costRank() int {
	switch {
	case !c.CostKnown:
		return 0
	case c.CostStatus == StatusReported:
		return 1
	default:
		return 2
	}
}

// tellsMore reports whether a knows every count that b knows, the totals the same but for a cache that b does not know, and
// has a part or a better cost that b lacks, and none that is worse.
func tellsMore(a, b *Call) bool {
	x, y := &a.Usage, &b.Usage
	lacks := y.LacksCacheOf(x)
	if y.IsZero() || x.Input != y.Input && !lacks || x.Output != y.Output || a.costRank() < b.costRank() {
		return false
	}
	more := lacks || a.costRank() > b.costRank()
	parts := func(of func(*usage.Usage) *usage.Count) bool {
		own, other := *of(x), *of(y)
		more = more || own.IsKnown() && !other.IsKnown()
		return own.IsKnown() || !other.IsKnown()
	}
	for _, of := range [...]func(*usage.Usage) *usage.Count{
		func(u *usage.Usage) *usage.Count { return &u.CacheRead },
		func(u *usage.Usage) *usage.Count { return &u.CacheWrite },
		func(u *usage.Usage) *usage.Count { return &u.Reasoning },
	} {
		if !parts(of) {
			return false
		}
	}
	for i := range DetailCounts {
		if !parts(DetailCounts[i].of) {
			return false
		}
	}
	return more
}

// fillAnswer gives c what it lacks of the answer.
func (c *Call) fillAnswer(o *Call) {
	fillText(&c.ResponseID, o.ResponseID)
	fillText(&c.UsageObject, o.UsageObject)
	fillText(&c.RequestBody, o.RequestBody)
	fillText(&c.ResponseBody, o.ResponseBody)
	if c.Usage.IsZero() { // else they belong to what priced the counts
		fillText(&c.ResponseModel, o.ResponseModel)
		fillText(&c.ServiceTier, o.ServiceTier)
	}
	if !c.HasReported {
		c.ReportedUSD, c.HasReported = o.ReportedUSD, o.HasReported
	}
	if c.FirstTokenMicros < 0 && o.FirstTokenMicros <= c.DurationMicros {
		c.FirstTokenMicros = o.FirstTokenMicros
	}
	c.Streaming = c.Streaming || o.Streaming
}

// UsageInherited reports whether the counts of c were told by the span around it alone.
func (c *Call) UsageInherited() bool { return slices.Contains(c.Notes, noteFromOuter) }

// RevokeInherited leaves c without what the span around it told of the answer, which was that of another call with this id.
func (c *Call) RevokeInherited(id string) {
	if c.ResponseID == id {
		c.ResponseID = ""
	}
	var none Call
	c.Usage, c.UsageObject, c.ServiceTier, c.FirstTokenMicros = none.Usage, "", "", Unknown
	c.PricedModel, c.Catalogue, c.CostStatus = "", "", StatusNoUsage
	c.CostUSD, c.CostKnown = none.CostUSD, false
	c.ReportedUSD, c.HasReported = none.ReportedUSD, false
	c.Notes = slices.DeleteFunc(slices.Clone(c.Notes), func(n string) bool { return n == noteFromOuter })
}

// note adds n to the call's notes, once.
func (c *Call) note(n string) {
	if !slices.Contains(c.Notes, n) {
		c.Notes = append(slices.Clip(c.Notes), n)
	}
}
