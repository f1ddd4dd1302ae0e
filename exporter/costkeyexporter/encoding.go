package costkeyexporter

import (
	"context"
	"errors"
	"fmt"

	"github.com/klauspost/compress/s2"
	"go.opentelemetry.io/collector/exporter/exporterhelper/xexporterhelper"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/costkey/costkey-otel/genaispan"
)

// encoding is how a request stands in a persistent queue's file: two bytes that name the format, then a message in the
// wire format of Protocol Buffers, compressed: calls of one place are alike, and every byte is written and synced
// twice. The message is a dictionary of the texts that repeat from call to call, then the calls; their field numbers
// are in fields.go. Fields that a version does not know are skipped, so that a queue survives an upgrade and a downgrade.
type encoding struct{}

const (
	formatMagic   = 0xc5
	formatVersion = 2
)

// The fields of a request's message.
const (
	fieldText protowire.Number = 1 // a text of the dictionary; the first has the index 1
	fieldCall protowire.Number = 2
)

// maxQueued bounds what a damaged file can make us allocate.
const maxQueued = 1 << 30

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
	w := requestWriter{indexes: make(map[string]uint64, len(r.calls))}
	calls := make([]byte, 0, len(r.calls)*approximateCallBytes)
	for i := range r.calls {
		w.call = w.call[:0]
		w.append(&r.calls[i])
		calls = protowire.AppendTag(calls, fieldCall, protowire.BytesType)
		calls = protowire.AppendBytes(calls, w.call)
	}
	body := append(w.texts, calls...)
	out := make([]byte, 2, 2+s2.MaxEncodedLen(len(body)))
	out[0], out[1] = formatMagic, formatVersion
	return out[:2+len(s2.Encode(out[2:cap(out)], body))], nil
}

// approximateCallBytes is about what a call takes before compression.
const approximateCallBytes = 320

func (encoding) Unmarshal(b []byte) (context.Context, xexporterhelper.Request, error) {
	ctx := context.Background()
	if len(b) < 2 || b[0] != formatMagic || b[1] != formatVersion {
		return ctx, nil, errFormat
	}
	if n, err := s2.DecodedLen(b[2:]); err != nil || n > maxQueued {
		return ctx, nil, errFormat
	}
	body, err := s2.Decode(nil, b[2:])
	if err != nil {
		return ctx, nil, fmt.Errorf("decompress queued calls: %w", err)
	}
	calls, err := readCalls(body)
	if err != nil {
		return ctx, nil, err
	}
	return ctx, &request{calls: calls}, nil
}

// requestWriter encodes calls one after the other.
type requestWriter struct {
	call    []byte            // the call at hand
	texts   []byte            // the dictionary's part of the message
	indexes map[string]uint64 // of the dictionary
}

func (w *requestWriter) append(c *genaispan.Call) {
	for num, field := range sharedTexts {
		if field != nil {
			w.number(protowire.Number(num), w.index(*field(c)))
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
	for i, count := range countsOf(&c.Usage) {
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
