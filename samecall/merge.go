package samecall

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/costkey/costkey-otel/semconv"
)

// maxTags is how many tags a call keeps.
const maxTags = 32

// Shared points to the values of a call that another span of the same call may tell, wherever a room keeps them. A value
// that the room does not have is nil. What the counts decide is not among them: a cost may hang on those.
type Shared struct {
	Session, User, Host, RequestModel, RequestID, Provider *string
	Service                                                *string

	Function, File *string
	Line           *int
	Path           *[]string
	Tags           *[]semconv.Tag // sorted by key

	ResponseID, ResponseModel, ServiceTier, FinishReason *string
	UsageObject, RequestBody, ResponseBody               *string
	Streaming                                            *bool
}

// Merge gives the call of to what it lacks and that of from has, as far as fields says: who asked, from where, and what was
// asked always. The slices of from may be in both afterwards.
func Merge(to, from Shared, fields MergeFields) {
	mergeTexts([]textPair{
		{to.Session, from.Session},
		{to.User, from.User},
		{to.Host, from.Host},
		{to.RequestModel, from.RequestModel},
		{to.RequestID, from.RequestID},
		{to.Provider, from.Provider},
	})
	if *to.Function == "" && *to.File == "" {
		*to.Function, *to.File, *to.Line = *from.Function, *from.File, *from.Line
	}
	if len(*to.Path) == 0 {
		*to.Path = *from.Path
	}
	mergeTags(to.Tags, *from.Tags)
	if fields&MergeAnswer != 0 {
		mergeTexts([]textPair{
			{to.ResponseID, from.ResponseID},
			{to.ResponseModel, from.ResponseModel},
			{to.ServiceTier, from.ServiceTier},
			{to.FinishReason, from.FinishReason},
			{to.UsageObject, from.UsageObject},
			{to.RequestBody, from.RequestBody},
			{to.ResponseBody, from.ResponseBody},
		})
		*to.Streaming = *to.Streaming || *from.Streaming
	}
	if fields&MergeVia != 0 && *from.Service != "" {
		mergeTags(to.Tags, []semconv.Tag{{Key: "via", Value: strconv.Quote(*from.Service)}})
	}
}

type textPair struct{ to, from *string }

func mergeTexts(pairs []textPair) {
	for _, p := range pairs {
		if p.to != nil && p.from != nil && *p.to == "" {
			*p.to = *p.from
		}
	}
}

// mergeTags adds the tags whose keys to lacks.
func mergeTags(to *[]semconv.Tag, from []semconv.Tag) {
	own := *to
	for _, t := range from {
		if len(*to) < maxTags && !slices.ContainsFunc(own, func(o semconv.Tag) bool { return o.Key == t.Key }) {
			*to = append(slices.Clip(*to), t)
		}
	}
	if len(*to) > len(own) {
		slices.SortFunc(*to, func(a, b semconv.Tag) int { return cmp.Compare(a.Key, b.Key) })
	}
}
