package costkeyexporter

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/klauspost/compress/s2"
	"go.opentelemetry.io/collector/exporter/exporterhelper/xexporterhelper"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/costkey/costkey-otel/genaispan"
)

// encoding is how a request stands in a persistent queue's file. The calls of one sender are two bytes that name the format,
// the number of calls as a varint, then a message in the wire format of Protocol Buffers, compressed: calls of one place are
// alike, and every byte is written and synced twice. The message is a dictionary of the texts that repeat from call to call,
// then the calls; their field numbers are in fields.go. Fields that a version does not know are skipped, so that a queue
// survives an upgrade and a downgrade. The calls of several senders are two bytes that name that format, then those of each
// sender behind their length as a varint.
//
// The queue calls Marshal and Unmarshal under its lock. There is little left to do: a sender has packed its calls before,
// and they are unpacked by the goroutine that writes them.
type encoding struct{}

const (
	formatMagic = 0xc5
	formatPart  = 3 // the calls of one sender
	formatParts = 4 // those of several
)

// The fields of a request's message.
const (
	fieldText protowire.Number = 1 // a text of the dictionary; the first has the index 1
	fieldCall protowire.Number = 2
)

const (
	// maxQueued bounds what a damaged file can make us allocate.
	maxQueued = 1 << 30
	// maxQueuedCalls bounds the calls of a request; each takes a byte and more.
	maxQueuedCalls = 1 << 24
)

var (
	errFormat  = errors.New("queued request is of an unknown format")
	errDamaged = errors.New("queued request is damaged")
)

// Marshal leaves the context out: it can hold a client's metadata and with it a key.
func (encoding) Marshal(_ context.Context, req xexporterhelper.Request) ([]byte, error) {
	r, ok := req.(*request)
	if !ok {
		return nil, fmt.Errorf("encode a request: unexpected type %T", req)
	}
	if len(r.parts) == 1 {
		return r.parts[0].pack(), nil
	}
	size := 2
	for i := range r.parts {
		size += binary.MaxVarintLen32 + len(r.parts[i].packed)
	}
	out := append(make([]byte, 0, size), formatMagic, formatParts)
	for i := range r.parts {
		out = protowire.AppendBytes(out, r.parts[i].pack())
	}
	return out, nil
}

// pack returns the calls of p as they stand in a file.
func (p *part) pack() []byte {
	if p.packed != nil {
		return p.packed
	}
	return pack(p.calls)
}

// Unmarshal reads no more than the numbers of calls.
func (encoding) Unmarshal(b []byte) (context.Context, xexporterhelper.Request, error) {
	r := new(request)
	if err := r.addQueued(b); err != nil {
		return context.Background(), nil, err
	}
	return context.Background(), r, nil
}

// addQueued adds what stands in a file.
func (r *request) addQueued(b []byte) error {
	if len(b) < 2 || b[0] != formatMagic || b[1] != formatParts {
		return r.addPacked(b)
	}
	for b = b[2:]; len(b) > 0; {
		packed, size := protowire.ConsumeBytes(b)
		if size < 0 {
			return errDamaged
		}
		if err := r.addPacked(packed); err != nil {
			return err
		}
		b = b[size:]
	}
	return nil
}

// addPacked adds the calls of one sender.
func (r *request) addPacked(b []byte) error {
	n, _, err := readHeader(b)
	if err != nil {
		return err
	}
	r.add(part{packed: b, n: n})
	return nil
}

// readHeader returns the number of calls in b and their compressed message.
func readHeader(b []byte) (n int, message []byte, err error) {
	if len(b) < 2 || b[0] != formatMagic || b[1] != formatPart {
		return 0, nil, errFormat
	}
	calls, size := protowire.ConsumeVarint(b[2:])
	if size < 0 || calls > maxQueuedCalls {
		return 0, nil, errFormat
	}
	message = b[2+size:]
	if length, err := s2.DecodedLen(message); err != nil || length > maxQueued {
		return 0, nil, errFormat
	}
	return int(calls), message, nil
}

// writers are reused: a batch's worth of buffers would be made for each request.
var writers = sync.Pool{New: func() any { return &requestWriter{indexes: make(map[string]uint64)} }}

// pack encodes calls. The texts that it returns are not shared with them.
func pack(calls []genaispan.Call) []byte {
	w := writers.Get().(*requestWriter)
	defer w.release()
	for i := range calls {
		w.call = w.call[:0]
		w.append(&calls[i])
		w.calls = protowire.AppendTag(w.calls, fieldCall, protowire.BytesType)
		w.calls = protowire.AppendBytes(w.calls, w.call)
	}
	w.texts = append(w.texts, w.calls...) // the whole message
	w.packed = slices.Grow(w.packed, s2.MaxEncodedLen(len(w.texts)))
	compressed := s2.Encode(w.packed[:cap(w.packed)], w.texts)
	out := make([]byte, 2, 2+binary.MaxVarintLen32+len(compressed))
	out[0], out[1] = formatMagic, formatPart
	out = protowire.AppendVarint(out, uint64(len(calls)))
	return append(out, compressed...)
}

// requestWriter encodes calls one after the other.
type requestWriter struct {
	call, calls []byte            // the call at hand, and those before it
	texts       []byte            // the dictionary's part of the message
	indexes     map[string]uint64 // of the dictionary
	last        [len(sharedTexts)]indexedText
	packed      []byte
}

func (w *requestWriter) release() {
	clear(w.indexes) // its texts are the caller's
	clear(w.last[:])
	w.texts, w.calls = w.texts[:0], w.calls[:0]
	writers.Put(w)
}

func (w *requestWriter) append(c *genaispan.Call) {
	for num, field := range sharedTexts {
		if field != nil {
			w.number(protowire.Number(num), w.again(num, *field(c)))
		}
	}
	for num, field := range ownTexts {
		if field == nil {
			continue
		}
		if s := *field(c); s != "" {
			w.call = protowire.AppendTag(w.call, protowire.Number(num), protowire.BytesType)
			w.call = protowire.AppendString(w.call, s)
		}
	}
	for _, s := range c.CallPath {
		w.listed(numCallPath, s)
	}
	for _, s := range c.Notes {
		w.listed(numNotes, s)
	}
	for _, t := range c.Tags {
		w.listed(numTagKeys, t.Key)
	}
	for _, t := range c.Tags {
		w.listed(numTagValues, t.Value)
	}
	for i, n := range numbersOf(c) {
		w.number(numFirstNumber+protowire.Number(i), n)
	}
	for i, count := range c.Usage.Counts() {
		w.number(numFirstCount+protowire.Number(i), uint64(*count))
	}
	for i, id := range idsOf(c) {
		w.call = protowire.AppendTag(w.call, numFirstID+protowire.Number(i), protowire.BytesType)
		w.call = protowire.AppendBytes(w.call, id)
	}
}

func (w *requestWriter) number(num protowire.Number, n uint64) {
	if n != 0 {
		w.call = protowire.AppendTag(w.call, num, protowire.VarintType)
		w.call = protowire.AppendVarint(w.call, n)
	}
}

// listed writes one element of a list.
func (w *requestWriter) listed(num protowire.Number, s string) {
	w.call = protowire.AppendTag(w.call, num, protowire.VarintType)
	w.call = protowire.AppendVarint(w.call, w.index(s))
}

// indexedText is a text with its index.
type indexedText struct {
	text  string
	index uint64
}

// again is index for the shared text num, which is most often that of the call before.
func (w *requestWriter) again(num int, s string) uint64 {
	last := &w.last[num]
	if last.text != s {
		*last = indexedText{s, w.index(s)}
	}
	return last.index
}

// index is 0 for the empty text.
func (w *requestWriter) index(s string) uint64 {
	if s == "" {
		return 0
	}
	if i, ok := w.indexes[s]; ok {
		return i
	}
	i := uint64(len(w.indexes)) + 1
	w.indexes[s] = i
	w.texts = protowire.AppendTag(w.texts, fieldText, protowire.BytesType)
	w.texts = protowire.AppendString(w.texts, s)
	return i
}
