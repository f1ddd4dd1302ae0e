package costkeyhttp

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/provider"
)

// maxAsking bounds the requests that [WithStreamUsage] changes: a larger one is sent as it is.
const maxAsking = 4 << 20

const (
	streamOptions = "stream_options"
	askUsage      = `{"` + streamOptions + `":{"include_usage":true},`
)

// askForUsage adds stream_options.include_usage to out, where the caller wanted that and it can be done: in a request
// for a stream that says nothing of it, in plain JSON that nobody signed, to a host known to take it. The body is read
// from a copy; out is still the caller's request in everything else.
func (c *call) askForUsage(out *http.Request) {
	if !c.transport.streamUsage || !c.Format.StreamUsage || !provider.TakesStreamUsage(c.host) || !isPlainJSON(out) {
		return
	}
	body, err := out.GetBody()
	if err != nil || body == nil {
		return
	}
	text, err := io.ReadAll(io.LimitReader(body, maxAsking+1))
	_ = body.Close()
	if err != nil || int64(len(text)) != out.ContentLength || !asksForStream(text) {
		return
	}
	at := bytes.IndexByte(text, '{')
	text = append([]byte(askUsage), text[at+1:]...)
	out.Body = sentInstead{bytes.NewReader(text), out.Body}
	out.ContentLength = int64(len(text))
	out.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil }
}

// sentInstead is a changed body, whose Close closes the caller's.
type sentInstead struct {
	io.Reader
	io.Closer
}

// isPlainJSON reports whether the body of r may be changed: it can be had again, is JSON of a known size, and neither
// compressed nor covered by a signature.
func isPlainJSON(r *http.Request) bool {
	if r.GetBody == nil || r.ContentLength <= 0 || r.ContentLength > maxAsking {
		return false
	}
	for _, name := range [...]string{"Content-Encoding", "Content-Md5", "Digest", "Content-Digest", "Signature"} {
		if r.Header.Get(name) != "" {
			return false
		}
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "application/json" && !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-")
}

// asksForStream reports whether text asks for a stream and says nothing of its options.
func asksForStream(text []byte) bool {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return false
	}
	_, said := members[streamOptions]
	return !said && string(members["stream"]) == "true"
}
