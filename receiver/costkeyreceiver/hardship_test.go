package costkeyreceiver

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

func TestABodyThatStopsMidwayHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	sink := new(consumertest.TracesSink)
	url := start(t, sink, nil, func(c *Config) { c.Server.ReadTimeout = 100 * time.Millisecond })
	conn := dial(t, url)
	_, err := fmt.Fprintf(conn, "POST /api/v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{\"events\":[")
	require.NoError(t, err)
	answer, err := io.ReadAll(conn)
	require.NoError(t, err, "the receiver answers and closes")
	assert.Contains(t, string(answer), "503", "so that the SDK sends it again")
	assert.Zero(t, sink.SpanCount())
}

func TestHalfABodyIsNothing(t *testing.T) {
	t.Parallel()
	sink := new(consumertest.TracesSink)
	conn := dial(t, start(t, sink, nil, nil))
	_, err := fmt.Fprintf(conn, "POST /api/v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(jsBatch), jsBatch[:len(jsBatch)/2])
	require.NoError(t, err)
	require.NoError(t, conn.(*net.TCPConn).CloseWrite())
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Equal(t, http.StatusServiceUnavailable, resp.StatusCode, "the SDK that is cut off sends it again")
	assert.Zero(t, sink.SpanCount())
}

func TestASlowBodyIsTaken(t *testing.T) {
	t.Parallel()
	sink := new(consumertest.TracesSink)
	conn := dial(t, start(t, sink, nil, nil))
	_, err := fmt.Fprintf(conn, "POST /api/v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", len(jsBatch))
	require.NoError(t, err)
	for chunk := []byte(jsBatch); len(chunk) > 0; { // a packet for each few bytes
		n := min(16, len(chunk))
		_, err := conn.Write(chunk[:n])
		require.NoError(t, err)
		chunk = chunk[n:]
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	assert.Equal(t, 1, sink.SpanCount())
}

// idleConnections is what the receiver is held against. A machine that allows fewer open files gets as many as it allows.
const idleConnections = 10_000

// openFiles raises the limit of open files to want, or as far as it goes, and returns it.
func openFiles(t *testing.T, want uint64) int {
	t.Helper()
	var limit syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	if syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: want, Max: max(want, limit.Max)}) == nil {
		return int(want)
	}
	limit.Cur = limit.Max // only root may go further
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit))
	return int(limit.Cur)
}

func TestIdleConnectionsKeepNobodyOut(t *testing.T) {
	t.Parallel()
	sink := new(consumertest.TracesSink)
	url := start(t, sink, nil, nil)
	const ownFiles = 1000                                                            // what else this process has open
	n := min(idleConnections, (openFiles(t, 2*idleConnections+ownFiles)-ownFiles)/2) // both ends are in it
	t.Logf("%d idle connections", n)
	address := strings.TrimPrefix(url, "http://")
	for i := range n {
		conn, err := net.Dial("tcp", address)
		require.NoError(t, err, "connection %d", i)
		defer conn.Close()
		if i%2 == 0 { // half of them have begun a request
			_, err = io.WriteString(conn, "POST /api/v1/events HTTP/1.1\r\nHost: x\r\n")
			require.NoError(t, err)
		}
	}
	code, _, _ := send(t, http.MethodPost, url+"/api/v1/events", "", jsBatch)
	assert.Equal(t, http.StatusOK, code)
	assert.Equal(t, 1, sink.SpanCount())
}

func TestAHugeBatchIsRefusedBeforeItIsRead(t *testing.T) {
	t.Parallel()
	conn := dial(t, start(t, consumertest.NewNop(), nil, nil))
	_, err := fmt.Fprintf(conn, "POST /api/v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", 1<<40)
	require.NoError(t, err)
	chunk, sent := bytes.Repeat([]byte(" "), 1<<20), 0
	for ; sent < 64<<20; sent += len(chunk) {
		if _, err = conn.Write(chunk); err != nil {
			break
		}
	}
	require.Error(t, err, "the receiver hangs up")
	assert.Less(t, sent, 64<<20)
}

func TestTheLargestBatchOfAnSDKIsTaken(t *testing.T) {
	t.Parallel()
	sink := new(consumertest.TracesSink)
	url := start(t, sink, nil, nil)
	events := make([]string, 50)
	for i := range events {
		events[i] = fmt.Sprintf(`{"id":"%032x","timestamp":"2026-03-01T10:00:00Z","provider":"openai","model":"gpt-4o","requestBody":{"messages":["%s"]}}`, i, strings.Repeat("x", 300<<10))
	}
	code, answer, _ := send(t, http.MethodPost, url+"/api/v1/events", "", `{"events":[`+strings.Join(events, ",")+`]}`)
	require.Equal(t, http.StatusOK, code, answer)
	assert.Equal(t, 50, sink.SpanCount())
}

func TestNumbersThatCameAsTextAreNumbers(t *testing.T) {
	t.Parallel()
	sink := new(consumertest.TracesSink)
	url := start(t, sink, nil, nil)
	body := strings.NewReplacer(`Tokens":1207`, `Tokens":"1207"`, `Tokens":143`, `Tokens":143.0`, `:200`, `:"200"`, `:1250.25`, `:"1250.25"`, `:12,`, `:"12",`).Replace(jsBatch)
	for _, b := range []string{jsBatch, body} {
		code, answer, _ := send(t, http.MethodPost, url+"/api/v1/events", "", b)
		require.Equal(t, http.StatusOK, code, answer)
	}
	m := &ptrace.JSONMarshaler{}
	plain, err := m.MarshalTraces(sink.AllTraces()[0])
	require.NoError(t, err)
	asText, err := m.MarshalTraces(sink.AllTraces()[1])
	require.NoError(t, err)
	assert.Equal(t, string(plain), string(asText))
}

func TestAClockThatIsOffIsPassedOn(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]time.Time{
		"a year behind": time.Date(2025, 3, 1, 10, 0, 1, 250e6, time.UTC),
		"a year ahead":  time.Date(2027, 3, 1, 10, 0, 1, 250e6, time.UTC),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sink := new(consumertest.TracesSink)
			url := start(t, sink, nil, nil)
			body := strings.Replace(jsBatch, "2026-03-01T10:00:01.250Z", at.Format("2006-01-02T15:04:05.000Z"), 1)
			code, answer, _ := send(t, http.MethodPost, url+"/api/v1/events", "", body)
			require.Equal(t, http.StatusOK, code, answer)
			span := sink.AllTraces()[0].ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
			assert.Equal(t, at, span.EndTimestamp().AsTime())
			assert.Equal(t, at.Add(-1250250*time.Microsecond), span.StartTimestamp().AsTime(), "the duration is the clock's least problem")
		})
	}
}

func TestAQueueThatIsFullHasTheSDKComeAgain(t *testing.T) {
	t.Parallel()
	url := start(t, consumertest.NewErr(errors.New("sending queue is full")), nil, nil)
	code, answer, header := send(t, http.MethodPost, url+"/api/v1/events", "", jsBatch)
	assert.Equal(t, http.StatusServiceUnavailable, code)
	assert.NotEmpty(t, header.Get("Retry-After"))
	assert.NotContains(t, answer, "queue", "what is inside is nobody's business")
}
