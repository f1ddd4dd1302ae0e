package costkeyhttp_test

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"

	"github.com/costkey/costkey-otel/semconv"
)

// An image in base64, with the usage behind it.
const (
	imageHead = `{"created":1786000000,"data":[{"b64_json":"`
	imageTail = `"}],"usage":{"input_tokens":50,"output_tokens":4160,"total_tokens":4210}}`
)

// TestALargeAnswerIsReadInConstantMemory is not parallel: it counts what the process allocates.
func TestALargeAnswerIsReadInConstantMemory(t *testing.T) {
	const (
		size  = 64 << 20
		bound = 256 << 10
	)
	// A gzip stream may have several members.
	packed := slices.Concat(zipped(imageHead),
		bytes.Repeat(zipped(strings.Repeat(string(base64Block), 32)), size/32/len(base64Block)), zipped(imageTail))
	for _, tc := range []struct {
		name   string
		header http.Header
		body   func() io.Reader
	}{
		{"identity", nil, func() io.Reader {
			return io.MultiReader(strings.NewReader(imageHead), io.LimitReader(endless{}, size), strings.NewReader(imageTail))
		}},
		{"gzip", http.Header{"Content-Encoding": {"gzip"}}, func() io.Reader { return bytes.NewReader(packed) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, buffer := newSpans(t), make([]byte, 32<<10)
			exchange := func(rt http.RoundTripper) {
				resp, err := rt.RoundTrip(post(t, openAIURL+"/images/generations", `{"model":"gpt-image-1"}`))
				if err != nil {
					t.Fatal(err)
				}
				for err == nil {
					_, err = resp.Body.Read(buffer)
				}
				if err := resp.Body.Close(); err != nil {
					t.Fatal(err)
				}
			}
			from := base(func(r *http.Request) (*http.Response, error) {
				return withHeader(tc.header, answering(200, jsonTyp, tc.body()))(r)
			})
			rt := transport(s, from)
			exchange(from) // what is made once
			exchange(rt)
			s.Reset()
			bare := allocated(func() { exchange(from) })
			with := allocated(func() { exchange(rt) })
			if extra := with - bare; extra > bound {
				t.Errorf("an answer of 64 MiB costs %d bytes, more than %d", extra, bound)
			}
			wantAttrs(t, s.one(t), map[attribute.Key]any{
				semconv.GenAIUsageInputTokensKey: int64(50), semconv.GenAIUsageOutputTokensKey: int64(4160), semconv.UsageMissingKey: nil,
			})
		})
	}
}
