package provider_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/provider"
)

// BenchmarkReader reads recorded answers whole.
func BenchmarkReader(b *testing.B) {
	for _, bc := range []struct {
		name, path, file string
		framing          provider.Framing
	}{
		{"openai plain", "/v1/chat/completions", "openai-chat/answer.json", provider.Plain},
		{"openai stream", "/v1/chat/completions", "openai-chat-stream/answer.sse", provider.EventStream},
		{"responses stream", "/v1/responses", "openai-responses-stream/answer.sse", provider.EventStream},
		{"anthropic stream", "/v1/messages", "anthropic-messages-stream/answer.sse", provider.EventStream},
		{"gemini stream", "/models/g:streamGenerateContent", "gemini-stream/answer.sse", provider.EventStream},
	} {
		body, err := os.ReadFile("../../testdata/" + bc.file)
		if err != nil {
			b.Fatal(err)
		}
		target, ok := provider.Lookup("", bc.path)
		if !ok {
			b.Fatal(bc.path)
		}
		b.Run(bc.name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			var r provider.Reader
			for b.Loop() {
				r.Init(target.Format, bc.framing)
				r.Write(body)
				if !r.Settle("").Usage.Input.IsKnown() {
					b.Fatal("the usage was not found")
				}
			}
		})
	}
}

// BenchmarkRequest reads a request of 2 KiB whose text has an escape in every word.
func BenchmarkRequest(b *testing.B) {
	body := bytes.Repeat([]byte(`word \"quoted\" \n`), 110)
	body = []byte(`{"messages":[{"role":"user","content":"` + string(body) + `"}],"model":"gpt-4o"}`)
	target, _ := provider.Lookup("", "/v1/chat/completions")
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	var r provider.RequestReader
	for b.Loop() {
		r.Init(target.Format)
		r.Write(body)
		if r.Request().Model != "gpt-4o" {
			b.Fatal("the model was not found")
		}
	}
}

// BenchmarkEvent reads chunks as OpenAI's, of 350 bytes, once the first content has passed.
func BenchmarkEvent(b *testing.B) {
	head := `data: {"id":"chatcmpl-BnP1aQ7xT5mJ0vLk2","object":"chat.completion.chunk","created":1786000000,"model":"gpt-4o-2024-08-06","service_tier":"default","system_fingerprint":"fp_44709d6fcb","choices":[{"index":0,"delta":{"content":" word"},"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"`
	event := []byte(head + strings.Repeat("x", 350-len(head)-4) + `"}` + "\n\n")
	target, _ := provider.Lookup("", "/v1/chat/completions")
	var r provider.Reader
	r.Init(target.Format, provider.EventStream)
	b.ReportAllocs()
	for b.Loop() {
		r.Write(event)
	}
}
