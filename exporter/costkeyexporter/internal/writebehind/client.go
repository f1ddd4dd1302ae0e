// Package writebehind spares a persistent queue two of the three writes that each of its requests costs: one when it is put
// in, one when it is read and one when it is done with, each synced to disk.
//
// Only the first must be on disk before anybody goes on: it is what a sender is answered for. The other two keep account of
// what was read and what was done. They are written together with the next request that is put in, or a moment later where
// none comes. After a crash in between, the file is as it was some moments before: the queue hands out once more what was
// done with in them. That is right for an exporter whose writes may be repeated, and for no other.
package writebehind

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"
)

const (
	// flushDelay is how long an operation is put off where no request comes that must be written.
	flushDelay = 200 * time.Millisecond
	// maxUnread bounds the bytes of the requests that are kept in memory until they are read. Others are read from the file.
	maxUnread = 32 << 20
	// metadataKey is where exporterhelper's queue keeps account of its requests. Each other key is a request. A queue that
	// named it otherwise would have each operation written at once.
	metadataKey = "qmv0"
)

// Wrap returns ext with clients that write behind. They are for exporterhelper's persistent queue.
func Wrap(ext storage.Extension, logger *zap.Logger) storage.Extension {
	return extension{Extension: ext, logger: logger}
}

type extension struct {
	storage.Extension
	logger *zap.Logger
}

func (e extension) GetClient(ctx context.Context, kind component.Kind, id component.ID, name string) (storage.Client, error) {
	inner, err := e.Extension.GetClient(ctx, kind, id, name)
	if err != nil {
		return nil, err
	}
	return newClient(inner, e.logger), nil
}

// client puts operations on the keys of another client off, but for the first value of a request. What it answers is what
// that client would have answered had nothing been put off.
type client struct {
	inner  storage.Client
	logger *zap.Logger

	mu      sync.Mutex
	pending map[string]*storage.Operation // put off: the last operation on each key, Set or Delete
	unread  map[string][]byte             // requests that are in the file too
	bytes   int                           // of unread
	flusher *time.Timer                   // nil where nothing is due
	closed  bool
}

func newClient(inner storage.Client, logger *zap.Logger) *client {
	return &client{
		inner: inner, logger: logger,
		pending: make(map[string]*storage.Operation), unread: make(map[string][]byte),
	}
}

func (c *client) Get(ctx context.Context, key string) ([]byte, error) {
	op := storage.GetOperation(key)
	err := c.Batch(ctx, op)
	return op.Value, err
}

func (c *client) Set(ctx context.Context, key string, value []byte) error {
	return c.Batch(ctx, storage.SetOperation(key, value))
}

func (c *client) Delete(ctx context.Context, key string) error {
	return c.Batch(ctx, storage.DeleteOperation(key))
}

// Batch carries out ops in their order. If one of them is a request that is put in, or can't be answered from memory, all
// of them and what was put off before are in the file when it returns nil.
func (c *client) Batch(ctx context.Context, ops ...*storage.Operation) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, op := range ops {
		if !c.canWait(op) {
			return c.write(ctx, ops)
		}
	}
	for _, op := range ops {
		if op.Type == storage.Get {
			op.Value = c.answer(op.Key)
		} else {
			c.pending[op.Key] = op
		}
	}
	for _, op := range ops {
		c.forget(op.Key) // a request is read once
	}
	if c.flusher == nil && len(c.pending) > 0 && !c.closed {
		c.flusher = time.AfterFunc(flushDelay, c.flushLater)
	}
	return nil
}

func (c *client) canWait(op *storage.Operation) bool {
	switch op.Type {
	case storage.Delete:
		return true
	case storage.Set:
		return op.Key == metadataKey
	default:
		_, pending := c.pending[op.Key]
		_, unread := c.unread[op.Key]
		return pending || unread
	}
}

// answer returns the value of a key that is in memory, nil where it was deleted.
func (c *client) answer(key string) []byte {
	if op, ok := c.pending[key]; ok {
		return op.Value
	}
	return c.unread[key]
}

func (c *client) forget(key string) {
	c.bytes -= len(c.unread[key])
	delete(c.unread, key)
}

// write carries out what was put off and ops.
func (c *client) write(ctx context.Context, ops []*storage.Operation) error {
	err := c.inner.Batch(ctx, append(c.putOff(anyOperation), ops...)...)
	if err != nil && len(c.pending) > 0 && c.flush(ctx) == nil {
		// A full disk has room for a deletion, and may have room for what is new after it.
		err = c.inner.Batch(ctx, ops...)
	}
	if err != nil {
		return err
	}
	clear(c.pending)
	for _, op := range ops {
		if op.Type == storage.Get {
			continue
		}
		c.forget(op.Key)
		if op.Type == storage.Set && op.Key != metadataKey && c.bytes+len(op.Value) <= maxUnread {
			c.unread[op.Key] = op.Value
			c.bytes += len(op.Value)
		}
	}
	return nil
}

// flush carries out what was put off: at once or, on a disk that is full, what frees room before the rest. It is safe to
// delete a request before the account says so: the queue passes over one that isn't there.
func (c *client) flush(ctx context.Context) error {
	err := c.inner.Batch(ctx, c.putOff(anyOperation)...)
	if err != nil {
		if c.inner.Batch(ctx, c.putOff(isDelete)...) != nil || c.inner.Batch(ctx, c.putOff(isSet)...) != nil {
			return err
		}
	}
	clear(c.pending)
	return nil
}

func anyOperation(*storage.Operation) bool { return true }

func isDelete(op *storage.Operation) bool { return op.Type == storage.Delete }

func isSet(op *storage.Operation) bool { return op.Type == storage.Set }

// putOff returns the operations that were put off. They are on different keys, and their order doesn't matter.
func (c *client) putOff(which func(*storage.Operation) bool) []*storage.Operation {
	ops := make([]*storage.Operation, 0, len(c.pending)+2)
	for _, op := range c.pending {
		if which(op) {
			ops = append(ops, op)
		}
	}
	return ops
}

func (c *client) flushLater() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flusher = nil
	if c.closed || len(c.pending) == 0 {
		return
	}
	if err := c.flush(context.Background()); err != nil {
		c.logger.Warn("The account of the sending queue was not written; it is tried again.", zap.Error(err))
		c.flusher = time.AfterFunc(flushDelay, c.flushLater)
	}
}

// Close writes what was put off.
func (c *client) Close(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	c.closed = true
	if c.flusher != nil {
		c.flusher.Stop()
	}
	var err error
	if len(c.pending) > 0 {
		err = c.flush(ctx)
	}
	return errors.Join(err, c.inner.Close(ctx))
}
