// Package costkeyctx carries tags, the user and the session of a request through a context, to the spans of the calls
// made for it.
//
// The values stay inside the process: they live under a context key of this package, not in OpenTelemetry's baggage,
// which a propagator may send to whoever is called next. [ToBaggage] and [FromBaggage] copy them for a program that wants
// just that.
package costkeyctx

import (
	"context"
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"
)

// Limits. What is beyond them is left out and counted by [Dropped].
const (
	MaxTags       = 32  // tags of one context
	MaxKeyLen     = 64  // bytes of a tag's key
	MaxValueBytes = 256 // bytes of a tag's string, of a user and of a session
)

// Tags that this package sets itself, by the names that CostKey's SDKs for JavaScript and Python use.
const (
	TaskKey      = "task"      // of [WithTask]
	TraceIDKey   = "traceId"   // of [WithTrace]: the text that the trace was begun with
	TraceNameKey = "traceName" // of [WithTrace]
)

// Values are what a context carries. They are shared: nobody may change them.
type Values struct {
	// User and Session are empty where not set.
	User, Session string
	// Tags are sorted by key, each key once, without a prefix: "tenant". Values are strings, booleans, int64 or float64.
	Tags []attribute.KeyValue
}

type valuesKey struct{}

var dropped atomic.Int64

// Dropped counts the tags, users and sessions left out since the process began, by all contexts: a bad key, a value of
// another type, too long, not finite, or a tag too many.
func Dropped() int64 { return dropped.Load() }

// FromContext returns the values of ctx, or nil where there are none.
func FromContext(ctx context.Context) *Values {
	if ctx == nil {
		return nil
	}
	v, _ := ctx.Value(valuesKey{}).(*Values)
	return v
}

// WithTags adds tags. A key is 1 to 64 of A-Z a-z 0-9 _ . and -; a value is a string of at most 256 bytes of valid
// UTF-8, a boolean or a finite number. Of two tags with one key the later wins; a context holds at most 32. What breaks
// these rules is left out and counted, and the rest is set.
func WithTags(ctx context.Context, tags ...attribute.KeyValue) context.Context {
	old := FromContext(ctx)
	next := copyOf(old)
	for _, kv := range tags {
		if !validTag(kv) || !next.set(kv) {
			dropped.Add(1)
		}
	}
	if old == nil && len(next.Tags) == 0 {
		return ctx
	}
	return context.WithValue(ctx, valuesKey{}, next)
}

// WithUser sets the user that the calls are made for: an id, not a name or an address. An empty one takes it back.
func WithUser(ctx context.Context, id string) context.Context {
	return with(ctx, id, func(v *Values) { v.User = id })
}

// WithSession sets the session that the calls belong to. An empty one takes it back.
func WithSession(ctx context.Context, id string) context.Context {
	return with(ctx, id, func(v *Values) { v.Session = id })
}

// WithTask sets the tag "task": what the calls are made for, as the user thinks of it ("summarize-invoice").
func WithTask(ctx context.Context, task string) context.Context {
	return WithTags(ctx, attribute.String(TaskKey, task))
}

// WithTrace sets the tags "traceId" and "traceName": the text that a CostKey SDK began a trace with ("order-4711") and
// what it calls the trace. They are names only: they start no span. Empty ones are not set.
func WithTrace(ctx context.Context, id, name string) context.Context {
	tags := make([]attribute.KeyValue, 0, 2)
	if id != "" {
		tags = append(tags, attribute.String(TraceIDKey, id))
	}
	if name != "" {
		tags = append(tags, attribute.String(TraceNameKey, name))
	}
	return WithTags(ctx, tags...)
}

// Text returns the tag key, or "" where it is not set or no string.
func (v *Values) Text(key attribute.Key) string {
	if v != nil {
		for _, kv := range v.Tags {
			if kv.Key == key {
				return kv.Value.AsString()
			}
		}
	}
	return ""
}

func with(ctx context.Context, value string, set func(*Values)) context.Context {
	if !validText(value) {
		dropped.Add(1)
		return ctx
	}
	next := copyOf(FromContext(ctx))
	set(next)
	return context.WithValue(ctx, valuesKey{}, next)
}

func copyOf(v *Values) *Values {
	if v == nil {
		return &Values{}
	}
	return &Values{User: v.User, Session: v.Session, Tags: slices.Clone(v.Tags)}
}

// set puts kv in its place and reports whether there was room.
func (v *Values) set(kv attribute.KeyValue) bool {
	i, found := slices.BinarySearchFunc(v.Tags, kv.Key, func(t attribute.KeyValue, key attribute.Key) int {
		return strings.Compare(string(t.Key), string(key))
	})
	if found {
		v.Tags[i] = kv
		return true
	}
	if len(v.Tags) >= MaxTags {
		return false
	}
	v.Tags = slices.Insert(v.Tags, i, kv)
	return true
}

func validTag(kv attribute.KeyValue) bool {
	return validKey(string(kv.Key)) && validValue(kv.Value)
}

func validKey(key string) bool {
	if key == "" || len(key) > MaxKeyLen {
		return false
	}
	for i := range len(key) {
		c := key[i]
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') && c != '_' && c != '.' && c != '-' {
			return false
		}
	}
	return true
}

func validValue(v attribute.Value) bool {
	switch v.Type() {
	case attribute.STRING:
		return validText(v.AsString())
	case attribute.BOOL, attribute.INT64:
		return true
	case attribute.FLOAT64:
		return !math.IsNaN(v.AsFloat64()) && !math.IsInf(v.AsFloat64(), 0)
	default:
		return false
	}
}

// validText accepts what fits a span and a database: bounded, UTF-8, no NUL.
func validText(s string) bool {
	return len(s) <= MaxValueBytes && utf8.ValidString(s) && strings.IndexByte(s, 0) < 0
}
