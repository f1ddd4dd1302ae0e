package genaispan_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/genaispan"
	"github.com/costkey/costkey-otel/usage"
)

// joined is what Resolve makes of a call of an SDK within that of a framework.
func joined(t *testing.T, inner, outer usage.Usage) usage.Usage {
	t.Helper()
	call := func(id byte, scope string, u usage.Usage) genaispan.Call {
		return genaispan.Call{
			TraceID: [16]byte{1}, SpanID: [8]byte{id}, ScopeName: scope, ServiceName: "shop", Provider: "openai", RequestModel: "gpt-4o",
			Operation: "chat", StartNanos: int64(id) * 1e6, EndNanos: 2e9 - int64(id)*1e6, Usage: u,
		}
	}
	a, b := call(1, "framework", outer), call(2, "sdk", inner)
	b.ParentSpanID = a.SpanID
	for _, c := range genaispan.Resolve([]genaispan.Call{a, b}) {
		if !c.Outer {
			require.Equal(t, byte(2), c.SpanID[0])
			return c.Usage
		}
	}
	t.Fatal("no call is left")
	return usage.Usage{}
}

func TestNoCountIsForgottenWhereTwoSpansAreOneCall(t *testing.T) {
	t.Parallel()
	var all usage.Usage
	for i, c := range all.Counts() {
		*c = usage.Known(int64(i + 1))
	}
	inner := usage.Usage{Input: all.Input, Output: all.Output}
	assert.Equal(t, all, joined(t, inner, all))
}

func TestCachedPartsOfTwoHandsAreNotMixed(t *testing.T) {
	t.Parallel()
	k := usage.Known
	inner := usage.Usage{Input: k(100), Output: k(9), CacheRead: k(80)}
	outer := usage.Usage{Input: k(100), Output: k(9), CacheRead: k(10), CacheWrite: k(70), Reasoning: k(4)}
	assert.Equal(t, usage.Usage{Input: k(100), Output: k(9), CacheRead: k(80), Reasoning: k(4)}, joined(t, inner, outer))

	outer = usage.Usage{Input: k(100), Output: k(9), CacheRead: k(80), CacheWrite: k(15), CacheWrite1h: k(15)}
	assert.Equal(t, outer, joined(t, inner, outer), "where they agree, what one lacks is the other's")
}
