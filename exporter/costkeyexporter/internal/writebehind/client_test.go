package writebehind

import (
	"context"
	"errors"
	"maps"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// file is a storage that carries a batch out whole or not at all.
type file struct {
	mu     sync.Mutex
	values map[string]string
	writes int
	refuse func([]*storage.Operation) bool // nil refuses nothing
	closed bool
}

func newFile() *file { return &file{values: make(map[string]string)} }

var errFull = errors.New("no space left on device")

func (f *file) Batch(_ context.Context, ops ...*storage.Operation) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.writes++
	if f.refuse != nil && f.refuse(ops) {
		return errFull
	}
	for _, op := range ops {
		switch op.Type {
		case storage.Set:
			f.values[op.Key] = string(op.Value)
		case storage.Delete:
			delete(f.values, op.Key)
		case storage.Get:
			op.Value = nil
			if v, ok := f.values[op.Key]; ok {
				op.Value = []byte(v)
			}
		}
	}
	return nil
}

// now is what is in the file.
func (f *file) now() map[string]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.values)
}

// written is how many batches were written, those that failed among them.
func (f *file) written() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.writes
}

func (f *file) refuseIf(refuse func([]*storage.Operation) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refuse = refuse
}

func (f *file) Get(ctx context.Context, key string) ([]byte, error) {
	op := storage.GetOperation(key)
	err := f.Batch(ctx, op)
	return op.Value, err
}

func (f *file) Set(ctx context.Context, key string, value []byte) error {
	return f.Batch(ctx, storage.SetOperation(key, value))
}

func (f *file) Delete(ctx context.Context, key string) error {
	return f.Batch(ctx, storage.DeleteOperation(key))
}

func (f *file) Close(context.Context) error {
	f.closed = true
	return nil
}

// put, read and done are what a queue does for each request.
func put(c storage.Client, n int, account string) error {
	return c.Batch(context.Background(), storage.SetOperation(metadataKey, []byte(account)), storage.SetOperation(strconv.Itoa(n), []byte("request "+strconv.Itoa(n))))
}

func read(c storage.Client, n int, account string) (string, error) {
	get := storage.GetOperation(strconv.Itoa(n))
	err := c.Batch(context.Background(), storage.SetOperation(metadataKey, []byte(account)), get)
	return string(get.Value), err
}

func done(c storage.Client, n int, account string) error {
	return c.Batch(context.Background(), storage.SetOperation(metadataKey, []byte(account)), storage.DeleteOperation(strconv.Itoa(n)))
}

func TestARequestIsWrittenOnceAndItsAccountWithTheNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFile()
		c := newClient(f, zap.NewNop())
		for n := range 10 {
			require.NoError(t, put(c, n, "put"))
			assert.Equal(t, "request "+strconv.Itoa(n), f.now()[strconv.Itoa(n)], "it is safe when put returns")
			got, err := read(c, n, "read")
			require.NoError(t, err)
			assert.Equal(t, "request "+strconv.Itoa(n), got)
			require.NoError(t, done(c, n, "done"))
		}
		assert.Equal(t, 10, f.written())
		assert.Equal(t, map[string]string{metadataKey: "put", "9": "request 9"}, f.now())
		<-time.After(flushDelay) // of the test's clock
		synctest.Wait()
		assert.Equal(t, map[string]string{metadataKey: "done"}, f.now(), "where no request comes, the account is written a moment later")
		assert.Equal(t, 11, f.written())
		require.NoError(t, c.Close(t.Context()))
		assert.Equal(t, 11, f.written(), "nothing was left to write")
		assert.True(t, f.closed)
	})
}

func TestClosingWritesWhatWasPutOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFile()
		c := newClient(f, zap.NewNop())
		require.NoError(t, put(c, 1, "put"))
		require.NoError(t, done(c, 1, "done"))
		require.NoError(t, c.Close(t.Context()))
		require.NoError(t, c.Close(t.Context()))
		assert.Equal(t, map[string]string{metadataKey: "done"}, f.now())
	})
}

func TestRequestsBeyondTheMemoryAreReadFromTheFile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, testRequestsBeyondTheMemory)
}

func testRequestsBeyondTheMemory(t *testing.T) {
	f := newFile()
	c := newClient(f, zap.NewNop())
	large := make([]byte, maxUnread/2+1)
	require.NoError(t, c.Set(t.Context(), "1", large))
	require.NoError(t, c.Set(t.Context(), "2", large))
	assert.Len(t, c.unread, 1)
	for _, key := range []string{"1", "2", "1"} {
		got, err := c.Get(t.Context(), key)
		require.NoError(t, err)
		assert.Len(t, got, len(large))
	}
	assert.Zero(t, c.bytes, "what was read is not kept")
	require.NoError(t, c.Delete(t.Context(), "1"))
	got, err := c.Get(t.Context(), "1")
	require.NoError(t, err)
	assert.Nil(t, got)
	require.NoError(t, c.Close(t.Context()))
}

func TestAFullDiskTakesDeletionsAndThenWhatIsNew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFile()
		c := newClient(f, zap.NewNop())
		require.NoError(t, put(c, 1, "put 1"))
		require.NoError(t, done(c, 1, "done 1"))
		f.refuseIf(func(ops []*storage.Operation) bool { // a value needs the room of one that was deleted before
			for _, op := range ops {
				if op.Type == storage.Set && len(f.values) == 2 {
					return true
				}
			}
			return false
		})
		require.NoError(t, put(c, 2, "put 2"))
		assert.Equal(t, map[string]string{metadataKey: "put 2", "2": "request 2"}, f.now())

		f.refuseIf(func([]*storage.Operation) bool { return true })
		require.ErrorIs(t, put(c, 3, "put 3"), errFull)
		require.NoError(t, done(c, 2, "done 2"))
		<-time.After(3 * flushDelay) // of the test's clock: tries that fail
		f.refuseIf(nil)
		<-time.After(2 * flushDelay)
		synctest.Wait()
		assert.Equal(t, map[string]string{metadataKey: "done 2"}, f.now(), "it is tried until it works")
		require.NoError(t, c.Close(t.Context()))
	})
}

// TestTheFileIsAlwaysAsTheQueueWasSinceItsLastRequest makes any operations and holds, after each, what the client answers
// against a map, and the file, which is what a crash would leave, against what the map was at some moment since the last
// request was put in.
func TestTheFileIsAlwaysAsTheQueueWasSinceItsLastRequest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, checkAnyOperations)
}

func checkAnyOperations(t *rapid.T) {
	f := newFile()
	c := newClient(f, zap.NewNop())
	model := make(map[string]string)
	since := []map[string]string{{}}
	for step := range rapid.IntRange(1, 60).Draw(t, "steps") {
		var ops []*storage.Operation
		var want []string
		putIn := false
		for range rapid.IntRange(1, 3).Draw(t, "operations") {
			key := rapid.SampledFrom([]string{metadataKey, metadataKey, "1", "2", "3"}).Draw(t, "key")
			switch rapid.IntRange(0, 2).Draw(t, "kind") {
			case 0:
				ops = append(ops, storage.GetOperation(key))
				want = append(want, model[key])
			case 1:
				value := strconv.Itoa(step)
				ops = append(ops, storage.SetOperation(key, []byte(value)))
				want = append(want, value)
				model[key] = value
				putIn = putIn || key != metadataKey
			case 2:
				ops = append(ops, storage.DeleteOperation(key))
				want = append(want, "")
				delete(model, key)
			}
		}
		if err := c.Batch(context.Background(), ops...); err != nil {
			t.Fatal(err)
		}
		for i, op := range ops {
			if string(op.Value) != want[i] {
				t.Fatalf("step %d: %s is %q, want %q", step, op.Key, op.Value, want[i])
			}
		}
		if putIn {
			since = nil
		}
		since = append(since, maps.Clone(model))
		if !contains(since, f.now()) {
			t.Fatalf("step %d: the file is %v, which the queue was at no moment of %v", step, f.now(), since)
		}
	}
	if err := c.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(f.now(), model) {
		t.Fatalf("at the end the file is %v, want %v", f.now(), model)
	}
}

func contains(all []map[string]string, one map[string]string) bool {
	for _, m := range all {
		if maps.Equal(m, one) {
			return true
		}
	}
	return false
}

// fileExtension hands out one file.
type fileExtension struct {
	component.StartFunc
	component.ShutdownFunc
	file *file
	err  error
}

func (e fileExtension) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	return e.file, e.err
}

func TestWrapHandsOutClientsThatWriteBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, testWrap)
}

func testWrap(t *testing.T) {
	f := newFile()
	id := component.MustNewID("costkey")
	c, err := Wrap(fileExtension{file: f}, zap.NewNop()).GetClient(t.Context(), component.KindExporter, id, "traces")
	require.NoError(t, err)
	require.NoError(t, c.Set(t.Context(), metadataKey, []byte("account")))
	assert.Zero(t, f.written())
	require.NoError(t, c.Close(t.Context()))
	assert.Equal(t, 1, f.written())
	_, err = Wrap(fileExtension{err: errFull}, zap.NewNop()).GetClient(t.Context(), component.KindExporter, id, "traces")
	require.ErrorIs(t, err, errFull)
}
