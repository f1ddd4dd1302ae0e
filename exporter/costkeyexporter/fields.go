package costkeyexporter

import (
	"encoding/binary"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/costkey/costkey-otel/genaispan"
)

// The fields of a call in a queue's file. They are an on-disk format: a number is never given to another field, and a
// field keeps its type.

// sharedTexts are texts of few values, by field number: written as an index into the dictionary.
var sharedTexts = [...]func(*genaispan.Call) *string{
	1:  func(c *genaispan.Call) *string { return &c.Project },
	2:  func(c *genaispan.Call) *string { return &c.ServiceName },
	3:  func(c *genaispan.Call) *string { return &c.ServiceVersion },
	4:  func(c *genaispan.Call) *string { return &c.Environment },
	5:  func(c *genaispan.Call) *string { return &c.ScopeName },
	6:  func(c *genaispan.Call) *string { return &c.Provider },
	7:  func(c *genaispan.Call) *string { return &c.Operation },
	8:  func(c *genaispan.Call) *string { return &c.RequestModel },
	9:  func(c *genaispan.Call) *string { return &c.ResponseModel },
	10: func(c *genaispan.Call) *string { return &c.ServiceTier },
	11: func(c *genaispan.Call) *string { return &c.Host },
	12: func(c *genaispan.Call) *string { return &c.FinishReason },
	13: func(c *genaispan.Call) *string { return &c.ErrorType },
	14: func(c *genaispan.Call) *string { return &c.FunctionName },
	15: func(c *genaispan.Call) *string { return &c.FilePath },
	16: func(c *genaispan.Call) *string { return &c.SessionID },
	17: func(c *genaispan.Call) *string { return &c.UserID },
}

// ownTexts are texts that are another one for each call, by field number.
var ownTexts = [...]func(*genaispan.Call) *string{
	20: func(c *genaispan.Call) *string { return &c.ResponseID },
	21: func(c *genaispan.Call) *string { return &c.RequestID },
	22: func(c *genaispan.Call) *string { return &c.ProviderUsage },
	23: func(c *genaispan.Call) *string { return &c.ReportedCost },
	24: func(c *genaispan.Call) *string { return &c.RequestBody },
	25: func(c *genaispan.Call) *string { return &c.ResponseBody },
}

// Lists are repeated fields of indexes; those of one list follow each other. The values of tags stand in the order of
// their keys.
const (
	numCallPath  protowire.Number = 30
	numNotes     protowire.Number = 31
	numTagKeys   protowire.Number = 32
	numTagValues protowire.Number = 33
)

// numFirstID is the trace id, then come the span's and the parent span's.
const numFirstID protowire.Number = 40

func idsOf(c *genaispan.Call) [3][]byte {
	return [...][]byte{c.TraceID[:], c.SpanID[:], c.ParentSpanID[:]}
}

// numFirstNumber is the number of the first of numbersOf.
const numFirstNumber protowire.Number = 48

func numbersOf(c *genaispan.Call) [12]uint64 {
	return [...]uint64{
		uint64(c.StartNanos), uint64(c.EndNanos), uint64(c.TTFTNanos), uint64(c.HTTPStatus), uint64(c.LineNumber),
		bit(c.Outer), bit(c.Client), bit(c.Streaming), bit(c.NoConnection), bit(c.Inner), bit(c.Enclosing),
		binary.BigEndian.Uint64(c.ReplacedBy[:]),
	}
}

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// setNumber is the inverse of numbersOf for its element i. An i that it does not have is ignored.
func setNumber(c *genaispan.Call, i int, n uint64) {
	switch i {
	case 0:
		c.StartNanos = int64(n)
	case 1:
		c.EndNanos = int64(n)
	case 2:
		c.TTFTNanos = int64(n)
	case 3:
		c.HTTPStatus = int(n)
	case 4:
		c.LineNumber = int(n)
	case 5:
		c.Outer = n != 0
	case 6:
		c.Client = n != 0
	case 7:
		c.Streaming = n != 0
	case 8:
		c.NoConnection = n != 0
	case 9:
		c.Inner = n != 0
	case 10:
		c.Enclosing = n != 0
	case 11:
		binary.BigEndian.PutUint64(c.ReplacedBy[:], n)
	}
}

// numFirstCount is the number of the first of [usage.Usage.Counts]. It is the last number, so that counts can be added.
const numFirstCount protowire.Number = 64
