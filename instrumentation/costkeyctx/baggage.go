package costkeyctx

import (
	"context"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/baggage"
)

// Names of the baggage members.
const (
	baggageUser    = "costkey.user"
	baggageSession = "costkey.session"
	baggageTag     = "costkey.tag."
)

// ToBaggage returns a context whose baggage holds the tags, user and session of ctx too, as text: "costkey.tag.tenant".
// A propagator then sends them to every server that it injects into. What the baggage has no room for is left out and
// counted by [Dropped].
func ToBaggage(ctx context.Context) context.Context {
	v := FromContext(ctx)
	if v == nil {
		return ctx
	}
	b := setMember(setMember(baggage.FromContext(ctx), baggageUser, v.User), baggageSession, v.Session)
	for _, kv := range v.Tags {
		b = setMember(b, baggageTag+string(kv.Key), kv.Value.String())
	}
	return baggage.ContextWithBaggage(ctx, b)
}

func setMember(b baggage.Baggage, key, value string) baggage.Baggage {
	if value == "" {
		return b
	}
	m, err := baggage.NewMemberRaw(key, value)
	if err != nil {
		dropped.Add(1)
		return b
	}
	with, err := b.SetMember(m)
	if err != nil {
		dropped.Add(1)
		return b
	}
	return with
}

// FromBaggage returns a context with the tags, user and session that another process put into the baggage with
// [ToBaggage], under the rules of [WithTags]. Tags arrive as strings; what ctx has already stays.
//
// Whoever sends the request decides what they are: use it behind a boundary that strips baggage from the outside.
func FromBaggage(ctx context.Context) context.Context {
	old := FromContext(ctx)
	var tags []attribute.KeyValue
	for _, m := range baggage.FromContext(ctx).Members() {
		key, isTag := strings.CutPrefix(m.Key(), baggageTag)
		switch {
		case isTag && !old.has(key):
			tags = append(tags, attribute.String(key, m.Value()))
		case m.Key() == baggageUser && (old == nil || old.User == ""):
			ctx = WithUser(ctx, m.Value())
		case m.Key() == baggageSession && (old == nil || old.Session == ""):
			ctx = WithSession(ctx, m.Value())
		}
	}
	if len(tags) == 0 {
		return ctx
	}
	return WithTags(ctx, tags...)
}

func (v *Values) has(key string) bool {
	if v == nil {
		return false
	}
	for _, kv := range v.Tags {
		if string(kv.Key) == key {
			return true
		}
	}
	return false
}
