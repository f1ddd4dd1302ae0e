package protocol_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/costkey/costkey-otel/receiver/costkeyreceiver/internal/protocol"
)

// FuzzDecode feeds whatever a client can send. What comes out is bounded and clean.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		one(`,"usage":{"inputTokens":"12","outputTokens":1e3}`), one(`,"callSite":{"frames":[{"fileName":"a"},null,7]}`),
		one(`,"context":{"traceId":"a\u0000","x":[1]},"costUsd":"1e-5"`), one(",\"model\":\"\xff\\ud800\""),
		one(`,"responseBody":{"usage":{"cache_creation":{"ephemeral_5m_input_tokens":5}}},"metadata":[]`),
		`{"events":[null,{},[]]}`, one(`,"context":{"a":{"b":[1,{"c":"d"}]}}`), one(`,"x":` + strings.Repeat("[", 300) + strings.Repeat("]", 300)), `{"events":null}`, `[`, `{"events":[{"id":"a","timestamp":1772359200000}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		b, err := protocol.Decode(body, protocol.Settings{MaxEvents: 10, Bodies: true})
		if errors.Is(err, protocol.ErrMalformed) && json.Valid(body) {
			t.Errorf("%q is JSON", body)
		}
		if err != nil {
			return
		}
		if len(b.Events)+len(b.Rejected) > 10 {
			t.Errorf("%d events of at most 10", len(b.Events)+len(b.Rejected))
		}
		for i := range b.Events {
			e := &b.Events[i]
			for _, s := range []string{e.ID, e.Model, e.URL, e.TraceID, e.CostUSD, e.Bodies.Request, e.Bodies.Response} {
				if !utf8.ValidString(s) || strings.ContainsRune(s, 0) || len(s) > protocol.MaxBody {
					t.Errorf("%q is not clean", s)
				}
			}
			if frames, _ := protocol.Frames(e.Stack); len(frames) > protocol.MaxFrames {
				t.Errorf("%d frames", len(frames))
			}
			if e.ID == "" || e.Timestamp.IsZero() || e.Duration < 0 || e.TTFT < 0 || len(e.Unknown) > protocol.MaxFields {
				t.Errorf("%+v is out of bounds", e)
			}
		}
	})
}
