package costkeyexporter

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// TestAMillionSpansThatAreNoCallsLeaveNoMemoryBehind runs alone: what others allocate would count.
func TestAMillionSpansThatAreNoCallsLeaveNoMemoryBehind(t *testing.T) {
	e, _ := newTest(t, new(fakeStore), nil)
	before := heapInUse()
	td := ptrace.NewTraces()
	ss := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	ss.EnsureCapacity(1_000_000)
	for range 1_000_000 {
		ss.AppendEmpty()
	}
	var built runtime.MemStats
	runtime.ReadMemStats(&built)
	require.NoError(t, e.ConsumeTraces(t.Context(), td))
	var during runtime.MemStats
	runtime.ReadMemStats(&during)
	assert.Less(t, during.TotalAlloc-built.TotalAlloc, uint64(16<<20), "bytes allocated for what is no call")
	runtime.KeepAlive(td)
	td = ptrace.NewTraces()
	assert.Less(t, heapInUse(), before+16<<20)
	runtime.KeepAlive(td)
	runtime.KeepAlive(e)
}

// heapInUse is what the heap holds after two collections: what the first finds in a pool, the second takes.
func heapInUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
