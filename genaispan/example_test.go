package genaispan_test

import (
	"fmt"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/costkey/costkey-otel/genaispan"
)

// Example reads a batch, and resolves which of its spans are one call.
func Example() {
	td := ptrace.NewTraces()
	span := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.SetSpanID([8]byte{1})
	span.Attributes().PutStr("gen_ai.operation.name", "chat")
	span.Attributes().PutStr("gen_ai.system", "openai")
	span.Attributes().PutStr("gen_ai.request.model", "gpt-4o")
	span.Attributes().PutInt("gen_ai.usage.input_tokens", 1207)
	span.Attributes().PutInt("gen_ai.usage.output_tokens", 143)

	reader := genaispan.NewReader(genaispan.Settings{})
	var calls []genaispan.Call
	reader.Each(td, func(v genaispan.Verdict, c *genaispan.Call) {
		if v != genaispan.NotGenAI {
			calls = append(calls, c.Clone())
		}
	})
	for _, c := range genaispan.Resolve(calls) {
		fmt.Println(c.Provider, c.RequestModel, c.Usage.Input.Value(), c.Usage.Output.Value())
	}
	// Output: openai gpt-4o 1207 143
}
