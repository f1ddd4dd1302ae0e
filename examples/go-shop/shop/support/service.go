package support

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"

	"github.com/costkey/costkey-otel/examples/go-shop/shop/shopper"
	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp"
)

const (
	maxText = 16 << 10 // bytes of a question and of an answer
	path    = "/questions"
)

// Handler serves the desk as a service of its own. Its spans join the trace of whoever asks.
func (d *Desk) Handler(opts ...otelhttp.Option) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+path, d.serve)
	return costkeyhttp.NewHandler(otelhttp.NewHandler(shopper.Known(mux), "support", opts...))
}

func (d *Desk) serve(w http.ResponseWriter, r *http.Request) {
	question, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxText))
	if err != nil {
		http.Error(w, "the question is too long", http.StatusRequestEntityTooLarge)
		return
	}
	answer, err := d.Reply(r.Context(), string(question))
	if err != nil {
		http.Error(w, "the desk has no answer", http.StatusBadGateway)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, answer) // whoever asked may be gone
}

// Line leads to a desk that is a service of its own. It is safe for concurrent use.
type Line struct {
	URL    string // "http://127.0.0.1:41231", without a path
	Client *http.Client
}

// Ask has the desk answer a question.
func (l *Line) Ask(ctx context.Context, question string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, l.URL+path, strings.NewReader(question))
	if err != nil {
		return "", fmt.Errorf("ask the support desk: %w", err)
	}
	shopper.Tell(r)
	resp, err := l.Client.Do(r)
	if err != nil {
		return "", fmt.Errorf("ask the support desk: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxText))
	if err != nil {
		return "", fmt.Errorf("read the support desk's answer: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("ask the support desk: it answers %d", resp.StatusCode)
	}
	return string(answer), nil
}
