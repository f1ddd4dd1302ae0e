package costkeyexporter

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"

	"github.com/costkey/costkey-otel/genaispan"
)

func numbered(from, until int) []genaispan.Call {
	var out []genaispan.Call
	for i := from; i < until; i++ {
		out = append(out, genaispan.Call{Project: "default", TraceID: [16]byte{1}, SpanID: [8]byte{byte(i)}, LineNumber: i})
	}
	return out
}

func TestAQueueOnDiskGetsCallsThatArePackedAlready(t *testing.T) {
	t.Parallel()
	cfg := createDefaultConfig().(*Config)
	assert.Equal(t, queueInMemory, cfg.queueKind())
	id := component.MustNewID("file_storage")
	cfg.Queue.Get().StorageID = &id
	assert.Equal(t, queueOnDisk, cfg.queueKind())
	calls := numbered(1, 4)
	r := new(request)
	r.add(part{packed: pack(calls), n: 3})
	b, err := encoding{}.Marshal(t.Context(), r)
	require.NoError(t, err)
	assert.Equal(t, r.parts[0].packed, b)
}

func TestADamagedPartOfAQueuesFileIsCountedAndTheRestIsWritten(t *testing.T) {
	t.Parallel()
	store := new(fakeStore)
	e, tel := newTest(t, store, nil)
	broken := pack(numbered(1, 4))
	broken = broken[:len(broken)-3]
	lying := pack(numbered(1, 4))
	lying[2] = 2 // calls, of which there are three
	r := newRequest(numbered(10, 12))
	r.add(part{packed: broken, n: 3}, part{packed: pack(numbered(20, 25)), n: 5}, part{packed: lying, n: 2})
	for range 2 { // a write that is tried again finds the same
		require.NoError(t, e.push(t.Context(), r))
	}
	var lines []int
	for _, c := range store.written() {
		lines = append(lines, c.LineNumber)
	}
	assert.Equal(t, []int{10, 11, 20, 21, 22, 23, 24, 10, 11, 20, 21, 22, 23, 24}, lines)
	assert.EqualValues(t, 10, counter(t, tel, "costkey.exporter.dropped", "damaged"))
}
