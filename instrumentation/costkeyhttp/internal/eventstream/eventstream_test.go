package eventstream_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	aws "github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"

	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/eventstream"
)

// log notes what a splitter finds.
type log struct {
	headers, payloads []string
	payload           []byte
}

func (l *log) Header(name, value []byte) {
	l.headers = append(l.headers, string(name)+"="+string(value))
}
func (l *log) Data(p []byte) { l.payload = append(l.payload, p...) }
func (l *log) EndEvent() {
	l.payloads = append(l.payloads, string(l.payload))
	l.payload = nil
}

// split hands data over in pieces of the sizes that cut returns.
func split(data []byte, cut func() int) *log {
	var (
		s eventstream.Splitter
		l log
	)
	for len(data) > 0 {
		n := min(len(data), max(1, cut()))
		s.Write(data[:n], &l)
		data = data[n:]
	}
	return &l
}

// message is encoded by AWS's own encoder.
func message(t testing.TB, payload string, headers ...aws.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := aws.NewEncoder().Encode(&b, aws.Message{Headers: headers, Payload: []byte(payload)}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func stream(t testing.TB) []byte {
	t.Helper()
	return slices.Concat(
		message(t, `{"p":"ab"}`,
			aws.Header{Name: ":event-type", Value: aws.StringValue("messageStart")},
			aws.Header{Name: "on", Value: aws.BoolValue(true)},
			aws.Header{Name: "small", Value: aws.Int8Value(3)},
			aws.Header{Name: "short", Value: aws.Int16Value(3)},
			aws.Header{Name: "int", Value: aws.Int32Value(3)},
			aws.Header{Name: "long", Value: aws.Int64Value(3)},
			aws.Header{Name: "bytes", Value: aws.BytesValue{1, 2, 3}},
			aws.Header{Name: "at", Value: aws.TimestampValue(time.UnixMilli(5))},
			aws.Header{Name: "id", Value: aws.UUIDValue{1, 2}},
			aws.Header{Name: "long-text", Value: aws.StringValue(strings.Repeat("x", 300))},
			aws.Header{Name: "empty", Value: aws.StringValue("")},
			aws.Header{Name: ":message-type", Value: aws.StringValue("event")}),
		message(t, ""),
		message(t, strings.Repeat("payload ", 9000), aws.Header{Name: ":event-type", Value: aws.StringValue("chunk")}),
	)
}

func TestEveryMessageOfAWSsEncoderIsFoundInWhateverPiecesItComes(t *testing.T) {
	t.Parallel()
	data := stream(t)
	random := rand.New(rand.NewPCG(3, 4))
	headers := []string{":event-type=messageStart", "empty=", ":message-type=event", ":event-type=chunk"}
	payloads := []string{`{"p":"ab"}`, "", strings.Repeat("payload ", 9000)}
	for name, cut := range map[string]func() int{
		"whole": func() int { return len(data) }, "byte by byte": func() int { return 1 },
		"random pieces": func() int { return random.IntN(50) },
	} {
		got := split(data, cut)
		if !slices.Equal(got.headers, headers) {
			t.Errorf("%s: the headers are %q, not %q", name, got.headers, headers)
		}
		if !slices.Equal(got.payloads, payloads) {
			t.Errorf("%s: %d payloads are not those that were sent", name, len(got.payloads))
		}
	}
}

func TestBytesThatAreNoEventStreamEndTheReading(t *testing.T) {
	t.Parallel()
	good := message(t, "late")
	prelude := func(total, headers uint32, rest ...byte) []byte {
		b := binary.BigEndian.AppendUint32(nil, total)
		b = binary.BigEndian.AppendUint32(b, headers)
		return append(append(b, 0, 0, 0, 0), rest...)
	}
	for name, bad := range map[string][]byte{
		"text":                             []byte(strings.Repeat("<html>", 20)),
		"a message shorter than its frame": prelude(15, 0),
		"headers beyond the message":       prelude(40, 30),
		"headers beyond what is allowed":   prelude(1<<20, 200<<10),
		"a length beyond what is allowed":  prelude(1<<31, 0),
		"a header without a name":          prelude(40, 10, 0),
		"a name beyond the headers":        prelude(40, 4, 9),
		"a type that is none":              prelude(40, 10, 1, 'a', 99),
		"a value beyond the headers":       prelude(40, 6, 1, 'a', 7, 0, 9),
	} {
		if got := split(append(slices.Clone(bad), good...), func() int { return 3 }); len(got.payloads) != 0 {
			t.Errorf("%s: %d messages were found behind it", name, len(got.payloads))
		}
	}
}

func TestReadingAllocatesNothing(t *testing.T) {
	data := stream(t)
	var (
		s    eventstream.Splitter
		sink quiet
	)
	if n := testing.AllocsPerRun(20, func() { s.Write(data, &sink) }); n != 0 {
		t.Errorf("a stream costs %v allocations", n)
	}
}

type quiet struct{}

func (*quiet) Header(_, _ []byte) {}
func (*quiet) Data([]byte)        {}
func (*quiet) EndEvent()          {}

func FuzzSplitter(f *testing.F) {
	f.Add(stream(f), uint64(1))
	f.Add(message(f, "x"), uint64(2))
	f.Add([]byte("no event stream"), uint64(3))
	f.Fuzz(func(t *testing.T, data []byte, seed uint64) {
		random := rand.New(rand.NewPCG(seed, 0))
		whole := split(data, func() int { return len(data) })
		cut := split(data, func() int { return random.IntN(9) })
		if !slices.Equal(whole.headers, cut.headers) || !slices.Equal(whole.payloads, cut.payloads) ||
			!bytes.Equal(whole.payload, cut.payload) {
			t.Error("the pieces give another result than the whole")
		}
		// Where AWS's decoder takes the whole, ours finds the same payloads.
		in := bytes.NewReader(data)
		for i := 0; ; i++ {
			m, err := aws.NewDecoder().Decode(in, nil)
			if err != nil {
				return
			}
			if i >= len(whole.payloads) || whole.payloads[i] != string(m.Payload) {
				t.Fatalf("message %d of AWS's decoder was not found", i)
			}
		}
	})
}
