package genaispan

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

func TestDump(t *testing.T) {
	fs, _ := filepath.Glob("testdata/captures/*.json")
	for _, f := range fs {
		b, _ := os.ReadFile(f)
		td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(b)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println("##", filepath.Base(f))
		r := NewReader(Settings{})
		r.Each(td, func(v Verdict, c *Call) {
			if v == NotGenAI {
				return
			}
			fmt.Printf("  v%d inner=%v %x %s %s req=%s resp=%s id=%s I%d R%d W%d/%d O%d T%d st=%d err=%s tier=%s strm=%v ttft=%d host=%s fin=%s notes=%v sc=%s u=%s s=%s cost=%s\n", v, c.Inner, c.SpanID[:2], c.Provider, c.Operation, c.RequestModel, c.ResponseModel, c.ResponseID,
				c.Usage.Input.Value(), c.Usage.CacheRead.Value(), c.Usage.CacheWrite.Value(), c.Usage.CacheWrite1h.Value(), c.Usage.Output.Value(), c.Usage.Reasoning.Value(), c.HTTPStatus, c.ErrorType, c.ServiceTier, c.Streaming, c.TTFTNanos, c.Host, c.FinishReason, c.Notes, c.ScopeName, c.UserID, c.SessionID, c.ReportedCost)
		})
	}
}
