package costkeyexporter

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	xstorage "go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/costkey/costkey-otel/genaispan"
	"github.com/costkey/costkey-otel/internal/seed"
	"github.com/costkey/costkey-otel/storage"
)

// gatedStore is a store that is away while its gate is closed.
type gatedStore struct {
	fakeStore
	gate sync.RWMutex
	away bool
}

var errAway = errors.New("connection refused")

func (s *gatedStore) setAway(away bool) {
	s.gate.Lock()
	defer s.gate.Unlock()
	s.away = away
}

func (s *gatedStore) WriteCalls(ctx context.Context, calls []storage.Call, links ...storage.Node) (storage.WriteResult, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if s.away {
		return storage.WriteResult{}, errAway
	}
	return s.fakeStore.WriteCalls(ctx, calls, links...)
}

// sendAtOnce has each of so many senders bring a batch of its own, all at the same time, and returns their errors.
func sendAtOnce(ctx context.Context, e *tracesExporter, senders, size int) []error {
	errs := make([]error, senders)
	var wg sync.WaitGroup
	for i := range senders {
		wg.Go(func() {
			now := time.Now()
			errs[i] = e.ConsumeTraces(ctx, seed.Traces(seed.Options{Calls: size, First: i * size, From: now.Add(-time.Minute), Until: now}))
		})
	}
	wg.Wait()
	return errs
}

func spanIDs(calls []storage.Call) map[[8]byte]int {
	ids := make(map[[8]byte]int)
	for i := range calls {
		ids[calls[i].SpanID]++
	}
	return ids
}

func TestWhatManySendersBringAtOnceIsWrittenOnce(t *testing.T) {
	t.Parallel()
	store := new(gatedStore)
	e, tel := newQueueOnDisk(t, store, t.TempDir(), func(c *Config) { c.Queue.Get().Batch.Get().FlushTimeout = time.Millisecond })
	const senders, size = 40, 9
	for _, err := range sendAtOnce(t.Context(), e, senders, size) {
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool { return len(store.written()) >= senders*size }, 10*time.Second, time.Millisecond)
	assert.Len(t, spanIDs(store.written()), senders*size)
	assert.Len(t, store.written(), senders*size)
	assert.EqualValues(t, senders*size, counter(t, tel, "costkey.exporter.accepted", ""))
}

func TestWhatASenderWasAnsweredForSurvivesACrash(t *testing.T) {
	t.Parallel()
	dir, store := t.TempDir(), new(gatedStore)
	store.setAway(true)
	e, _ := newQueueOnDisk(t, store, dir, nil)
	const senders, size = 40, 9
	for _, err := range sendAtOnce(t.Context(), e, senders, size) {
		require.NoError(t, err)
	}
	// A kill leaves the file as it is now.
	after := t.TempDir()
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, f := range files {
		content, err := os.ReadFile(filepath.Join(dir, f.Name()))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(after, f.Name()), content, 0o600))
	}
	restarted := new(fakeStore)
	newQueueOnDisk(t, restarted, after, nil)
	require.Eventually(t, func() bool { return len(spanIDs(restarted.written())) == senders*size }, 10*time.Second, time.Millisecond)
}

func TestWhatIsQueuedAtAShutdownIsWrittenAfterTheNextStart(t *testing.T) {
	t.Parallel()
	dir, store := t.TempDir(), new(gatedStore)
	store.setAway(true)
	t.Run("before", func(t *testing.T) {
		e, _ := newQueueOnDisk(t, store, dir, nil)
		for _, err := range sendAtOnce(t.Context(), e, 20, 9) {
			require.NoError(t, err)
		}
	})
	assert.Empty(t, store.written())
	restarted := new(fakeStore)
	newQueueOnDisk(t, restarted, dir, nil)
	require.Eventually(t, func() bool { return len(spanIDs(restarted.written())) == 20*9 }, 10*time.Second, time.Millisecond)
}

// countingStorage counts what is written to its file.
type countingStorage struct {
	xstorage.Extension
	writes atomic.Int64
}

func (s *countingStorage) GetClient(ctx context.Context, kind component.Kind, id component.ID, name string) (xstorage.Client, error) {
	client, err := s.Extension.GetClient(ctx, kind, id, name)
	return countingClient{Client: client, writes: &s.writes}, err
}

type countingClient struct {
	xstorage.Client
	writes *atomic.Int64
}

func (c countingClient) Batch(ctx context.Context, ops ...*xstorage.Operation) error {
	c.writes.Add(1)
	return c.Client.Batch(ctx, ops...)
}

func TestARequestCostsOneWriteOfTheQueuesFileAndNotThree(t *testing.T) {
	t.Parallel()
	store, file := new(fakeStore), &countingStorage{Extension: fileStorage(t, t.TempDir()).(xstorage.Extension)}
	e, _ := newQueueIn(t, store, file, nil)
	const requests = 30
	before := file.writes.Load()
	for i := range requests {
		now := time.Now()
		require.NoError(t, e.ConsumeTraces(t.Context(), seed.Traces(seed.Options{Calls: 3, First: 3 * i, From: now.Add(-time.Minute), Until: now})))
	}
	require.Eventually(t, func() bool { return len(store.written()) == 3*requests }, 10*time.Second, time.Millisecond)
	assert.Less(t, file.writes.Load()-before, int64(2*requests), "the account is written along, and some times a second")
}

func TestASenderIsRefusedWhereTheQueueHasNoRoomForItAndNoOther(t *testing.T) {
	t.Parallel()
	store := new(gatedStore)
	store.setAway(true)
	e, tel := newQueueOnDisk(t, store, t.TempDir(), func(c *Config) {
		c.Queue.Get().QueueSize, c.Queue.Get().Batch.Get().MinSize = 100, 100
	})
	refused := 0
	for _, err := range sendAtOnce(t.Context(), e, 16, 9) {
		if err != nil {
			refused++
			require.ErrorIs(t, err, exporterhelper.ErrQueueIsFull)
			assert.False(t, consumererror.IsPermanent(err), "the sender shall try again")
		}
	}
	assert.Equal(t, 5, refused, "there is room for eleven")
	assert.EqualValues(t, 99, counter(t, tel, "costkey.exporter.accepted", ""))
	store.setAway(false)
	require.Eventually(t, func() bool { return len(store.written()) == 99 }, 10*time.Second, time.Millisecond)
}

func TestASenderThatWaitsForRoomMayGiveUp(t *testing.T) {
	t.Parallel()
	store := new(gatedStore)
	store.setAway(true)
	e, tel := newQueueOnDisk(t, store, t.TempDir(), func(c *Config) {
		c.Queue.Get().BlockOnOverflow = true
		c.Queue.Get().QueueSize, c.Queue.Get().Batch.Get().MinSize = 10, 10
	})
	require.NoError(t, e.ConsumeTraces(t.Context(), spans(9)))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	for _, err := range sendAtOnce(ctx, e, 4, 9) {
		require.ErrorIs(t, err, context.DeadlineExceeded)
	}
	assert.EqualValues(t, 9, counter(t, tel, "costkey.exporter.accepted", ""))
}

func TestWithoutAQueueTheSendersDeadlineCounts(t *testing.T) {
	t.Parallel()
	store := new(gatedStore)
	store.setAway(true)
	e, tel := newTest(t, store, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	err := e.ConsumeTraces(ctx, spans(3))
	require.ErrorIs(t, err, errAway)
	assert.False(t, consumererror.IsPermanent(err), "the sender has its spans, and shall try again")
	assert.Zero(t, counter(t, tel, "costkey.exporter.accepted", ""))
	assert.Zero(t, e.progress.age(), "nothing of it is waiting here")
}

func TestPartsOfSeveralSendersStayApartInTheQueuesFile(t *testing.T) {
	t.Parallel()
	r := new(request)
	r.add(part{packed: pack(numbered(1, 4)), n: 3}, part{calls: numbered(10, 12), n: 2}, part{packed: pack(numbered(20, 21)), n: 1})
	b, err := encoding{}.Marshal(t.Context(), r)
	require.NoError(t, err)
	_, back, err := encoding{}.Unmarshal(b)
	require.NoError(t, err)
	assert.Equal(t, 6, back.ItemsCount())
	assert.Len(t, back.(*request).parts, 3)
	assert.Equal(t, append(numbered(1, 4), append(numbered(10, 12), numbered(20, 21)...)...), callsOf(t, back))
	for cut := range b {
		_, _, err := encoding{}.Unmarshal(b[:cut])
		if cut > 2 && err == nil { // cut behind a part
			continue
		}
		if cut != 2 {
			require.Error(t, err)
		}
	}
}

func TestABufferThatGrewLargeIsNotKept(t *testing.T) {
	t.Parallel()
	var b buffers[genaispan.Call]
	b.release(make([]genaispan.Call, keptLength+1), 0)
	assert.Nil(t, b.take())
	b.release(make([]genaispan.Call, keptLength), 0)
	assert.Equal(t, keptLength, cap(b.take()))
}
