package provider_test

import (
	"bytes"
	"mime/multipart"
	"strings"
	"testing"

	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/provider"
)

// form returns a request as the standard library writes it.
func form(t *testing.T, fields ...[2]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	file, err := w.CreateFormFile("file", "a.wav")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = file.Write(bytes.Repeat([]byte("\x00; name=\"mod"), 500))
	for _, f := range fields {
		if err := w.WriteField(f[0], f[1]); err != nil {
			t.Fatal(err)
		}
	}
	_ = w.Close()
	return b.Bytes()
}

func TestTheModelOfAFormIsReadInWhateverPiecesItComes(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, want string
		body       []byte
	}{
		{"a model behind the sound", "whisper-1", form(t, [2]string{"language", "de"}, [2]string{"model", "whisper-1"})},
		{"the first of two", "a", form(t, [2]string{"model", "a"}, [2]string{"model", "b"})},
		{"no model", "", form(t, [2]string{"prompt", "model"})},
		{"a text where a model should be", "", form(t, [2]string{"model", "a text with spaces"})},
		{"a model that is too long", "", form(t, [2]string{"model", strings.Repeat("m", 300)})},
		{"a model that never ends", "", []byte("--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhis")},
	} {
		for piece := 1; piece < len(tc.body); piece += 1 + piece/3 {
			var r provider.RequestReader
			target, _ := provider.Lookup("", "/v1/audio/transcriptions")
			r.Init(target.Format)
			for rest := tc.body; len(rest) > 0; rest = rest[min(piece, len(rest)):] {
				r.Write(rest[:min(piece, len(rest))])
			}
			if got := r.Request().Model; got != tc.want {
				t.Errorf("%s in pieces of %d is %q, not %q", tc.name, piece, got, tc.want)
			}
		}
	}
}
