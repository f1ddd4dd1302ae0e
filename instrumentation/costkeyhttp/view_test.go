package costkeyhttp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp"
)

// scripted is a body that answers each Read by a script, and notes how it was used.
type scripted struct {
	reads []string
	errAt map[int]error
	log   []string
	n     int
}

func (s *scripted) Read(p []byte) (int, error) {
	defer func() { s.n++ }()
	s.log = append(s.log, fmt.Sprintf("read %d", len(p)))
	var n int
	if s.n < len(s.reads) {
		n = copy(p, s.reads[s.n])
	}
	if err := s.errAt[s.n]; err != nil {
		return n, err
	}
	if s.n >= len(s.reads) {
		return 0, io.EOF
	}
	return n, nil
}

func (s *scripted) Close() error {
	s.log = append(s.log, "close")
	return errReset
}

// TestTheCallersViewIsTheSame uses each scenario with and without us, and compares what each Read returned, and what the
// base's body saw.
func TestTheCallersViewIsTheSame(t *testing.T) {
	t.Parallel()
	stream := string(read(t, "openai-chat-stream/answer.sse"))
	for _, tc := range []struct {
		name   string
		script scripted
		use    func(io.ReadCloser) []string
	}{
		{"read to the end", scripted{reads: []string{stream[:10], "", stream[10:400], stream[400:]}}, readFully},
		{"bytes together with the EOF", scripted{reads: []string{stream}, errAt: map[int]error{0: io.EOF}}, readFully},
		{"bytes together with an error", scripted{reads: []string{stream[:40]}, errAt: map[int]error{0: errReset}}, readFully},
		{"an error, then more bytes", scripted{reads: []string{"", stream}, errAt: map[int]error{0: errReset}}, readFully},
		{"closed early, read after, closed again", scripted{reads: []string{stream[:40], stream[40:]}}, func(b io.ReadCloser) []string {
			return []string{readOnce(b, 16), closeOnce(b), readOnce(b, 5000), closeOnce(b)}
		}},
		{"an empty buffer", scripted{reads: []string{stream}}, func(b io.ReadCloser) []string { return []string{readOnce(b, 0)} }},
		{"never read", scripted{reads: []string{stream}}, func(b io.ReadCloser) []string { return []string{closeOnce(b)} }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			run := func(wrap func(http.RoundTripper) http.RoundTripper) (seen, used []string) {
				body := tc.script
				resp, err := wrap(answering(200, eventTyp, &body)).RoundTrip(post(t, chatURL, chatBody))
				if err != nil {
					t.Fatal(err)
				}
				return tc.use(resp.Body), body.log
			}
			s := newSpans(t)
			bareSeen, bareUsed := run(func(b http.RoundTripper) http.RoundTripper { return b })
			seen, used := run(func(b http.RoundTripper) http.RoundTripper { return transport(s, b) })
			if !slices.Equal(seen, bareSeen) {
				t.Errorf("the caller saw %q, without us %q", seen, bareSeen)
			}
			if !slices.Equal(used, bareUsed) {
				t.Errorf("the base's body saw %q, without us %q", used, bareUsed)
			}
		})
	}
}

func readOnce(b io.ReadCloser, size int) string {
	p := make([]byte, size)
	n, err := b.Read(p)
	return fmt.Sprintf("%q %v", p[:n], err)
}

func closeOnce(b io.ReadCloser) string { return fmt.Sprint("close ", b.Close()) }

func readFully(b io.ReadCloser) []string {
	var seen []string
	for range 8 {
		seen = append(seen, readOnce(b, 4096))
	}
	return append(seen, closeOnce(b))
}

// TestRealAnswersAreTheSameOverBothVersionsOfHTTP compares whole exchanges with a real server.
func TestRealAnswersAreTheSameOverBothVersionsOfHTTP(t *testing.T) {
	t.Parallel()
	for _, h2 := range []bool{false, true} {
		srv := httptest.NewUnstartedServer(http.HandlerFunc(view))
		srv.EnableHTTP2 = h2
		if h2 {
			srv.StartTLS()
		} else {
			srv.Start()
		}
		t.Cleanup(srv.Close)
		host := srv.Listener.Addr().String()
		for _, mode := range []string{"plain", "gzip", "empty", "reset", "unauthorized"} {
			s := newSpans(t)
			fetch := func(rt http.RoundTripper) string {
				client := &http.Client{Transport: rt}
				defer client.CloseIdleConnections()
				r := post(t, srv.URL+"/"+mode+"/v1/chat/completions", chatBody)
				resp, err := client.Do(r)
				if err != nil {
					return "error " + strings.ReplaceAll(err.Error(), host, "host")
				}
				defer resp.Body.Close()
				body, err := io.ReadAll(resp.Body)
				if resp.Request != r && !h2 { // HTTP/2 itself answers with a copy at times
					t.Errorf("%s: the answer's request is another", mode)
				}
				return streamID.ReplaceAllString(fmt.Sprint(resp.Status, resp.Proto, resp.ContentLength, resp.Uncompressed,
					resp.TransferEncoding, resp.Trailer, resp.Header.Get("Content-Type"), len(body), err), "")
			}
			bare := fetch(srv.Client().Transport)
			if got := fetch(transport(s, srv.Client().Transport, costkeyhttp.WithProvider(host, "openai"))); got != bare {
				t.Errorf("%s, HTTP/2 %v: got %s, without us %s", mode, h2, got, bare)
			}
			s.one(t)
		}
	}
}

var streamID = regexp.MustCompile(`stream ID \d+`)

func view(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", jsonTyp)
	switch {
	case strings.HasPrefix(r.URL.Path, "/plain"):
		w.Header().Set("Trailer", "X-Trailer")
		_, _ = io.WriteString(w, `{"usage":{"prompt_tokens":1,"completion_tokens":2}}`)
		w.Header().Set("X-Trailer", "1")
	case strings.HasPrefix(r.URL.Path, "/empty"):
		w.WriteHeader(http.StatusNoContent)
	case strings.HasPrefix(r.URL.Path, "/gzip"):
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(zipped(`{"usage":{"prompt_tokens":1,"completion_tokens":2}}`))
	case strings.HasPrefix(r.URL.Path, "/reset"):
		_, _ = io.WriteString(w, `{"usage":`)
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	default:
		w.WriteHeader(http.StatusUnauthorized)
	}
}

// TestManyStreamsAtOnce has readers, cancellations and closes race each other.
func TestManyStreamsAtOnce(t *testing.T) {
	t.Parallel()
	s := newSpans(t)
	stream := read(t, "openai-chat-stream/answer.sse")
	const n = 1000
	finished := make(chan error, n)
	for i := range n {
		go func() {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			rt := transport(s, answering(200, eventTyp, &pieces{rest: stream, next: func() int { return 64 }}))
			resp, err := rt.RoundTrip(post(t, chatURL, chatBody).WithContext(ctx))
			if err != nil {
				finished <- err
				return
			}
			switch i % 3 {
			case 0:
				go cancel()
			case 1:
				go resp.Body.Close()
			}
			_, err = io.Copy(io.Discard, resp.Body)
			finished <- errors.Join(err, resp.Body.Close())
		}()
	}
	for range n {
		if err := <-finished; err != nil {
			t.Error(err)
		}
	}
	s.await(t, n)
}
