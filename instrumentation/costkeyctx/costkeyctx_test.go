package costkeyctx_test

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/baggage"

	"github.com/costkey/costkey-otel/instrumentation/costkeyctx"
)

func tagsOf(ctx context.Context) string {
	v := costkeyctx.FromContext(ctx)
	if v == nil {
		return "none"
	}
	var out []string
	for _, kv := range v.Tags {
		out = append(out, fmt.Sprintf("%s=%v", kv.Key, kv.Value.AsInterface()))
	}
	return strings.Join(out, " ")
}

// The counter is the process's, so the tests that read it run one after the other.
func TestTags(t *testing.T) {
	for _, c := range []struct {
		name    string
		tags    []attribute.KeyValue
		want    string
		dropped int64
	}{
		{"no tags leave the context as it is", nil, "none", 0},
		{"tags are sorted", []attribute.KeyValue{attribute.String("b", "2"), attribute.String("a", "1")}, "a=1 b=2", 0},
		{"every scalar type is kept", []attribute.KeyValue{attribute.Bool("b", true), attribute.Int("i", 7), attribute.Float64("f", 0.5)}, "b=true f=0.5 i=7", 0},
		{"the later of two wins", []attribute.KeyValue{attribute.String("a", "1"), attribute.String("a", "2")}, "a=2", 0},
		{"keys may hold dots, dashes and underscores", []attribute.KeyValue{attribute.Bool("A-z_0.9", true)}, "A-z_0.9=true", 0},
		{"an empty key", []attribute.KeyValue{attribute.String("", "1"), attribute.String("a", "1")}, "a=1", 1},
		{"a key with a space", []attribute.KeyValue{attribute.String("a b", "1")}, "none", 1},
		{"a key with an umlaut", []attribute.KeyValue{attribute.String("ä", "1")}, "none", 1},
		{"a key of 64 bytes", []attribute.KeyValue{attribute.Bool(strings.Repeat("k", 64), true)}, strings.Repeat("k", 64) + "=true", 0},
		{"a key of 65 bytes", []attribute.KeyValue{attribute.Bool(strings.Repeat("k", 65), true)}, "none", 1},
		{"a string of 256 bytes", []attribute.KeyValue{attribute.String("a", strings.Repeat("x", 256))}, "a=" + strings.Repeat("x", 256), 0},
		{"a string of 257 bytes", []attribute.KeyValue{attribute.String("a", strings.Repeat("x", 257))}, "none", 1},
		{"invalid UTF-8", []attribute.KeyValue{attribute.String("a", "\xff")}, "none", 1},
		{"a NUL byte", []attribute.KeyValue{attribute.String("a", "x\x00")}, "none", 1},
		{"not a number", []attribute.KeyValue{attribute.Float64("a", math.NaN()), attribute.Float64("b", math.Inf(1))}, "none", 2},
		{"a slice", []attribute.KeyValue{attribute.StringSlice("a", []string{"x"})}, "none", 1},
		{"the zero value", []attribute.KeyValue{{}}, "none", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := costkeyctx.Dropped()
			if got := tagsOf(costkeyctx.WithTags(t.Context(), c.tags...)); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if n := costkeyctx.Dropped() - before; n != c.dropped {
				t.Errorf("%d dropped, want %d", n, c.dropped)
			}
		})
	}
}

func TestAContextHolds32TagsAndTheirValuesMayStillChange(t *testing.T) {
	ctx := t.Context()
	for i := range 40 {
		ctx = costkeyctx.WithTags(ctx, attribute.Int(fmt.Sprintf("k%02d", i), i))
	}
	ctx = costkeyctx.WithTags(ctx, attribute.Int("k00", 99))
	v := costkeyctx.FromContext(ctx)
	if len(v.Tags) != costkeyctx.MaxTags || v.Tags[0].Value.AsInt64() != 99 || v.Tags[31].Key != "k31" {
		t.Errorf("got %s", tagsOf(ctx))
	}
}

func TestAContextIsNotChangedByItsChildren(t *testing.T) {
	t.Parallel()
	parent := costkeyctx.WithTags(t.Context(), attribute.String("a", "1"), attribute.String("c", "3"))
	one := costkeyctx.WithTags(parent, attribute.String("b", "2"), attribute.String("a", "x"))
	two := costkeyctx.WithTask(parent, "sum")
	for ctx, want := range map[context.Context]string{parent: "a=1 c=3", one: "a=x b=2 c=3", two: "a=1 c=3 task=sum"} {
		if got := tagsOf(ctx); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestUserAndSession(t *testing.T) {
	t.Parallel()
	ctx := costkeyctx.WithSession(costkeyctx.WithUser(t.Context(), "u1"), "s1")
	if v := costkeyctx.FromContext(ctx); v.User != "u1" || v.Session != "s1" {
		t.Errorf("got %+v", v)
	}
	if v := costkeyctx.FromContext(costkeyctx.WithUser(ctx, "")); v.User != "" || v.Session != "s1" {
		t.Errorf("an empty user is not taken back: %+v", v)
	}
	if v := costkeyctx.FromContext(costkeyctx.WithUser(ctx, strings.Repeat("u", 257))); v.User != "u1" {
		t.Errorf("a user too long replaces the one before: %+v", v)
	}
	if costkeyctx.FromContext(t.Context()) != nil {
		t.Error("a plain context has values")
	}
}

func TestBaggageIsUntouchedUnlessAsked(t *testing.T) {
	t.Parallel()
	ctx := costkeyctx.WithUser(costkeyctx.WithTags(t.Context(), attribute.String("tenant", "acme")), "u1")
	if n := baggage.FromContext(ctx).Len(); n != 0 {
		t.Errorf("%d members", n)
	}
}

func TestBaggageCarriesEverythingToAnotherProcess(t *testing.T) {
	t.Parallel()
	ctx := costkeyctx.WithTags(t.Context(), attribute.String("tenant", "Ä cme, Inc."), attribute.Int("n", 7), attribute.Bool("b", true))
	ctx = costkeyctx.WithSession(costkeyctx.WithUser(ctx, "u1"), "s1")
	header := baggage.FromContext(costkeyctx.ToBaggage(ctx)).String()
	b, err := baggage.Parse(header)
	if err != nil {
		t.Fatal(err)
	}
	there := costkeyctx.FromBaggage(baggage.ContextWithBaggage(t.Context(), b))
	if got := tagsOf(there); got != "b=true n=7 tenant=Ä cme, Inc." {
		t.Errorf("got %s", got)
	}
	if v := costkeyctx.FromContext(there); v.User != "u1" || v.Session != "s1" {
		t.Errorf("got %+v", v)
	}
}

func TestBaggageDoesNotReplaceWhatTheProcessSet(t *testing.T) {
	t.Parallel()
	ctx := costkeyctx.ToBaggage(costkeyctx.WithUser(costkeyctx.WithTags(t.Context(), attribute.String("a", "theirs")), "them"))
	ctx = costkeyctx.WithUser(costkeyctx.WithTags(ctx, attribute.String("a", "ours")), "us")
	ctx = costkeyctx.FromBaggage(ctx)
	if v := costkeyctx.FromContext(ctx); v.User != "us" || tagsOf(ctx) != "a=ours" {
		t.Errorf("got %+v", v)
	}
}

func ExampleWithTags() {
	ctx := costkeyctx.WithTags(context.Background(), attribute.String("tenant", "acme"), attribute.Bool("trial", true))
	ctx = costkeyctx.WithUser(ctx, "user-17")
	v := costkeyctx.FromContext(ctx)
	fmt.Println(v.User, v.Tags[0].Key, v.Tags[1].Key)
	// Output: user-17 tenant trial
}

func BenchmarkFromContext(b *testing.B) {
	ctx := costkeyctx.WithUser(context.Background(), "u")
	b.ReportAllocs()
	for b.Loop() {
		if costkeyctx.FromContext(ctx).User != "u" {
			b.Fatal("lost")
		}
	}
}

func TestATraceHasAnIDAndAName(t *testing.T) {
	t.Parallel()
	ctx := costkeyctx.WithTrace(t.Context(), "order-4711", "checkout")
	if got := tagsOf(costkeyctx.WithTrace(ctx, "", "")); got != "traceId=order-4711 traceName=checkout" {
		t.Errorf("got %s", got)
	}
	v := costkeyctx.FromContext(ctx)
	if v.Text(costkeyctx.TraceNameKey) != "checkout" || v.Text("other") != "" || costkeyctx.FromContext(t.Context()).Text("x") != "" {
		t.Errorf("got %+v", v)
	}
}
