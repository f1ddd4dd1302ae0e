package genaispan

import (
	"slices"

	"github.com/costkey/costkey-otel/samecall"
)

// shared points to what another span of the same call may tell. What is reported as its cost is this package's own.
func (c *Call) shared() samecall.Shared {
	return samecall.Shared{
		Session: &c.SessionID, User: &c.UserID, Host: &c.Host, RequestModel: &c.RequestModel, RequestID: &c.RequestID,
		Provider: &c.Provider, Service: &c.ServiceName, Function: &c.FunctionName, File: &c.FilePath, Line: &c.LineNumber,
		Path: &c.CallPath, Tags: &c.Tags, ResponseID: &c.ResponseID, ResponseModel: &c.ResponseModel,
		ServiceTier: &c.ServiceTier, FinishReason: &c.FinishReason, UsageObject: &c.ProviderUsage,
		RequestBody: &c.RequestBody, ResponseBody: &c.ResponseBody, Streaming: &c.Streaming,
	}
}

// merge gives c what it lacks and other, a span of the same call, has, as far as fields says. Nothing is priced yet, so that
// counts may be put together part by part.
func (c *Call) merge(other *Call, fields samecall.MergeFields) {
	samecall.Merge(c.shared(), other.shared(), fields)
	if fields&samecall.MergeUsage != 0 {
		c.mergeUsage(other)
	}
	if fields&samecall.MergeAnswer != 0 {
		if c.ReportedCost == "" {
			c.ReportedCost = other.ReportedCost
		}
		if c.TTFTNanos == 0 {
			c.TTFTNanos = other.TTFTNanos
		}
	}
	if fields&samecall.MergeInherited != 0 {
		c.note(NoteUsageFromOuter)
	}
	if fields&samecall.MergeStart != 0 {
		c.StartNanos = min(c.StartNanos, other.StartNanos)
	}
}

// mergeUsage gives c the counts of other if it has none, and the parts that it lacks if the totals are the same.
func (c *Call) mergeUsage(other *Call) {
	u, o := &c.Usage, &other.Usage
	if u.IsZero() {
		*u = *o
		for _, n := range other.Notes {
			c.note(n)
		}
		return
	}
	if u.LacksCacheOf(o) {
		u.Input = o.Input
		c.Notes = slices.DeleteFunc(c.Notes, func(n string) bool { return n == NoteCacheUnknown })
		for _, n := range other.Notes {
			c.note(n)
		}
	}
	if u.Input != o.Input || u.Output != o.Output {
		return
	}
	own := *u
	*u = own.Over(*o)
	if own.CacheRead.IsKnown() && own.CacheRead != o.CacheRead || own.CacheWrite.IsKnown() && own.CacheWrite != o.CacheWrite {
		// The cached parts of two hands may be more than the input.
		u.CacheRead, u.CacheWrite, u.CacheWrite1h = own.CacheRead, own.CacheWrite, own.CacheWrite1h
		u.CachedAudioInput, u.CachedImageInput = own.CachedAudioInput, own.CachedImageInput
	}
}
