package costkeyexporter

import (
	"reflect"
	"testing"

	"github.com/klauspost/compress/s2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/exporter/exporterhelper/xexporterhelper"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/costkey/costkey-otel/genaispan"
)

// filled sets everything in v to values that are not zero, each another one, so that a field that the encoding has
// forgotten comes back different.
func filled(v reflect.Value, next *int) {
	*next++
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			filled(v.Field(i), next)
		}
	case reflect.Array:
		for i := range v.Len() {
			filled(v.Index(i), next)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 3, 3))
		for i := range v.Len() {
			filled(v.Index(i), next)
		}
		filled(v.Index(2), next)
	case reflect.String:
		v.SetString("text " + string(rune('a'+*next%20)) + string(rune('a'+*next/20)))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*next))
	case reflect.Uint8, reflect.Uint32:
		v.SetUint(uint64(*next%200 + 1))
	default:
		panic("a kind of field that the test does not fill: " + v.Kind().String())
	}
}

func TestEveryFieldOfACallSurvivesTheQueuesFile(t *testing.T) {
	t.Parallel()
	calls := make([]genaispan.Call, 3)
	next := 0
	filled(reflect.ValueOf(&calls[0]).Elem(), &next)
	filled(reflect.ValueOf(&calls[2]).Elem(), &next)
	calls[2].StartNanos, calls[2].LineNumber = -5, -1
	calls[2].Tags[1] = genaispan.Tag{}
	b, err := encoding{}.Marshal(t.Context(), newRequest(calls))
	require.NoError(t, err)
	_, back, err := encoding{}.Unmarshal(b)
	require.NoError(t, err)
	assert.Equal(t, calls, callsOf(t, back))
}

func TestFieldsOfALaterVersionAreSkipped(t *testing.T) {
	t.Parallel()
	var call []byte
	call = protowire.AppendTag(call, 29, protowire.BytesType)
	call = protowire.AppendString(call, "a text of its own")
	call = protowire.AppendTag(call, 18, protowire.VarintType)
	call = protowire.AppendVarint(call, 1)
	call = protowire.AppendTag(call, 500, protowire.Fixed64Type)
	call = protowire.AppendFixed64(call, 7)
	call = protowire.AppendTag(call, numFirstNumber+4, protowire.VarintType)
	call = protowire.AppendVarint(call, 77)
	var body []byte
	body = protowire.AppendTag(body, fieldText, protowire.BytesType)
	body = protowire.AppendString(body, "shared")
	body = protowire.AppendTag(body, 9, protowire.VarintType)
	body = protowire.AppendVarint(body, 3)
	body = protowire.AppendTag(body, fieldCall, protowire.BytesType)
	body = protowire.AppendBytes(body, call)
	_, back, err := encoding{}.Unmarshal(append([]byte{formatMagic, formatPart, 1}, s2.Encode(nil, body)...))
	require.NoError(t, err)
	assert.Equal(t, []genaispan.Call{{LineNumber: 77}}, callsOf(t, back))
}

// callsOf unpacks what came out of the queue.
func callsOf(t require.TestingT, req xexporterhelper.Request) []genaispan.Call {
	calls, _, err := req.(*request).unpackAll(nil)
	require.NoError(t, err)
	return calls
}

func FuzzADamagedQueueFileIsRefusedNotFatal(f *testing.F) {
	calls := make([]genaispan.Call, 2)
	next := 0
	filled(reflect.ValueOf(&calls[0]).Elem(), &next)
	_, compressed, err := readHeader(pack(calls))
	require.NoError(f, err)
	body, err := s2.Decode(nil, compressed)
	require.NoError(f, err)
	f.Add(body)
	f.Add(body[:len(body)/2])
	f.Fuzz(func(t *testing.T, body []byte) {
		before := []genaispan.Call{{LineNumber: 1}}
		r := requestReader{calls: before}
		packed := append([]byte{formatMagic, formatPart, 1}, s2.Encode(nil, body)...)
		if r.unpack(packed) != nil {
			assert.Equal(t, before, r.calls)
		} else {
			assert.Len(t, r.calls, 2)
		}
	})
}
