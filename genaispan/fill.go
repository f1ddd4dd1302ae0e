package genaispan

import (
	"slices"
	"strconv"

	"github.com/costkey/costkey-otel/usage"
)

// fill gives c what it lacks and other, a span of the same call, has: who asked, from where, and how the call went.
func (c *Call) fill(other *Call) {
	setEmpty(&c.SessionID, other.SessionID)
	setEmpty(&c.UserID, other.UserID)
	setEmpty(&c.Host, other.Host)
	setEmpty(&c.RequestModel, other.RequestModel)
	setEmpty(&c.RequestID, other.RequestID)
	setEmpty(&c.Provider, other.Provider)
	if c.FunctionName == "" && c.FilePath == "" {
		c.FunctionName, c.FilePath, c.LineNumber = other.FunctionName, other.FilePath, other.LineNumber
	}
	if len(c.CallPath) == 0 {
		c.CallPath = other.CallPath
	}
	for _, t := range other.Tags {
		if len(c.Tags) < maxTags && !hasTag(c.Tags, t.Key) {
			c.Tags = append(c.Tags, t)
		}
	}
	sortTags(c.Tags)
}

func setEmpty(dst *string, s string) {
	if *dst == "" {
		*dst = s
	}
}

// fillAnswer gives c what it lacks of the answer.
func (c *Call) fillAnswer(other *Call) {
	setEmpty(&c.ResponseID, other.ResponseID)
	setEmpty(&c.ResponseModel, other.ResponseModel)
	setEmpty(&c.FinishReason, other.FinishReason)
	setEmpty(&c.ServiceTier, other.ServiceTier)
	setEmpty(&c.ReportedCost, other.ReportedCost)
	setEmpty(&c.ProviderUsage, other.ProviderUsage)
	setEmpty(&c.RequestBody, other.RequestBody)
	setEmpty(&c.ResponseBody, other.ResponseBody)
	if c.TTFTNanos == 0 {
		c.TTFTNanos = other.TTFTNanos
	}
	c.Streaming = c.Streaming || other.Streaming
}

// fillUsage gives c the counts of other if it has none, and the parts that it lacks if the totals are the same.
func (c *Call) fillUsage(other *Call) {
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
	if !u.CacheRead.IsKnown() && !u.CacheWrite.IsKnown() {
		u.CacheRead, u.CacheWrite, u.CacheWrite1h = o.CacheRead, o.CacheWrite, o.CacheWrite1h
		u.CachedAudioInput, u.CachedImageInput = o.CachedAudioInput, o.CachedImageInput
	}
	for _, p := range []struct {
		dst *usage.Count
		src usage.Count
	}{
		{&u.Reasoning, o.Reasoning},
		{&u.AudioInput, o.AudioInput},
		{&u.ImageInput, o.ImageInput},
		{&u.VideoInput, o.VideoInput},
		{&u.AudioOutput, o.AudioOutput},
		{&u.ImageOutput, o.ImageOutput},
		{&u.WebSearches, o.WebSearches},
	} {
		*p.dst = p.dst.Or(p.src)
	}
}

// via tags c with the service through which the call went.
func (c *Call) via(service string) {
	if service == "" || hasTag(c.Tags, "via") || len(c.Tags) >= maxTags {
		return
	}
	c.Tags = append(c.Tags, Tag{Key: "via", Value: strconv.Quote(service)})
	sortTags(c.Tags)
}
