package costkeyreceiver

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

var update = flag.Bool("update", false, "write testdata/wire/*.json anew")

// outcome is what a request comes to.
type outcome struct {
	Status int             `json:"status"`
	Answer json.RawMessage `json:"answer"`
	Spans  json.RawMessage `json:"spans,omitempty"`
}

// TestWire sends the requests of testdata/wire as they are, byte for byte.
func TestWire(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("testdata", "wire", "*.http"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			request, err := os.ReadFile(file)
			require.NoError(t, err)
			sink := new(consumertest.TracesSink)
			url := start(t, sink, nil, nil)
			got := outcomeOf(t, exchange(t, url, request), sink)
			golden := strings.TrimSuffix(file, ".http") + ".json"
			if *update {
				require.NoError(t, os.WriteFile(golden, got, 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			assert.Equal(t, string(want), string(got))
			for _, marker := range []string{"PROMPT", "ANSWER", "SECRET", "/home/ada"} {
				assert.NotContains(t, string(got), marker)
			}
		})
	}
}

// exchange writes a request as it is and reads one answer.
func exchange(t *testing.T, url string, request []byte) *http.Response {
	t.Helper()
	conn := dial(t, url)
	_, err := conn.Write(request)
	require.NoError(t, err)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	t.Cleanup(func() { _ = resp.Body.Close() }) // the connection is closed first
	return resp
}

// dial connects to a receiver until the test ends.
func dial(t *testing.T, url string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() }) // most tests have closed it
	require.NoError(t, conn.SetDeadline(time.Now().Add(30*time.Second)))
	return conn
}

func outcomeOf(t *testing.T, resp *http.Response, sink *consumertest.TracesSink) []byte {
	t.Helper()
	answer, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	o := outcome{Status: resp.StatusCode, Answer: answer}
	for _, td := range sink.AllTraces() {
		o.Spans, err = (&ptrace.JSONMarshaler{}).MarshalTraces(td)
		require.NoError(t, err)
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	require.NoError(t, encoder.Encode(o))
	return out.Bytes()
}
