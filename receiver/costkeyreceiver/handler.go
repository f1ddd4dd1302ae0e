package costkeyreceiver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"strings"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/costkey/costkey-otel/receiver/costkeyreceiver/internal/protocol"
	"github.com/costkey/costkey-otel/receiver/costkeyreceiver/internal/stackframe"
	"github.com/costkey/costkey-otel/receiver/costkeyreceiver/internal/translate"
	"github.com/costkey/costkey-otel/semconv"
)

// routes are all that the receiver serves. The second path of the budget rules is what the JavaScript SDK really asks for.
func (r *tracesReceiver) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v1/events", r.authenticated(r.takeEvents, failEvents))
	mux.HandleFunc("POST /v1/traces", r.authenticated(r.takeOTLP, failOTLP))
	mux.HandleFunc("GET /api/v1/sdk/budget/rules", r.authenticated(r.giveRules, failEvents))
	mux.HandleFunc("GET /api/v1/events/api/v1/sdk/budget/rules", r.authenticated(r.giveRules, failEvents))
	mux.HandleFunc("POST /api/v1/projects/{rest...}", r.authenticated(r.takeCallGraph, failEvents))
	return mux
}

// handler answers a request, or returns why it is not taken.
type handler func(w http.ResponseWriter, req *http.Request) *refusal

// authenticated lets h see only requests whose key is good, before anything of the body is read, and answers what h
// refuses in the way of fail.
func (r *tracesReceiver) authenticated(h handler, fail func(http.ResponseWriter, *http.Request, *refusal)) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		ctx, why := r.authenticate(req)
		if why == nil {
			why = h(w, req.WithContext(ctx))
		}
		if why != nil {
			r.telemetry.refuse(ctx, why.reason)
			why.header(w.Header())
			fail(w, req, why)
		}
	}
}

func (r *tracesReceiver) authenticate(req *http.Request) (context.Context, *refusal) {
	if r.auth == nil {
		return req.Context(), nil
	}
	sources := map[string][]string(req.Header)
	if len(r.params) > 0 {
		sources = maps.Clone(sources)
		query := req.URL.Query()
		for _, p := range r.params {
			if v, ok := query[p]; ok {
				sources[p] = v
			}
		}
	}
	ctx, err := r.auth.Authenticate(req.Context(), sources)
	if err != nil {
		return req.Context(), authRefusal(err)
	}
	return ctx, nil
}

// admit takes a request from the limits of its key.
func (r *tracesReceiver) admit(ctx context.Context, calls, size int) *refusal {
	if r.limits == nil {
		return nil
	}
	if err := r.limits.Admit(ctx, calls, size); err != nil {
		return authRefusal(err)
	}
	return nil
}

// projectOf returns the project of the key of ctx, "" where there is no key.
func projectOf(ctx context.Context) string {
	auth := client.FromContext(ctx).Auth
	if auth == nil {
		return ""
	}
	project, _ := auth.GetAttribute(string(semconv.ProjectKey)).(string)
	return project
}

// failEvents answers the SDKs, which look at the status alone, in a form that a person can read.
func failEvents(w http.ResponseWriter, _ *http.Request, why *refusal) {
	writeJSON(w, why.status, map[string]string{"error": why.text})
}

func writeJSON(w http.ResponseWriter, code int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		code, b = http.StatusInternalServerError, []byte(`{}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(b) // a client that is gone needs no answer
}

// readBody reads a body of at most limit bytes, 0 for the server's limit.
func readBody(w http.ResponseWriter, req *http.Request, limit int64) ([]byte, *refusal) {
	body := io.Reader(req.Body)
	if limit > 0 {
		body = http.MaxBytesReader(w, req.Body, limit)
	}
	var buf bytes.Buffer
	if n := req.ContentLength; n > 0 {
		buf.Grow(int(min(n, maxGrow)) + bytes.MinRead) // what a client announces is not given to it beforehand
	}
	if _, err := buf.ReadFrom(body); err != nil {
		return nil, bodyRefusal(err)
	}
	return buf.Bytes(), nil
}

const maxGrow = 256 << 10

// taken is the answer to a batch.
type taken struct {
	Accepted int                  `json:"accepted"`
	Rejected []protocol.Rejection `json:"rejected,omitempty"`
}

// takeEvents takes a batch of an SDK.
func (r *tracesReceiver) takeEvents(w http.ResponseWriter, req *http.Request) *refusal {
	ctx := req.Context()
	body, why := readBody(w, req, 0)
	if why != nil {
		return why
	}
	batch, err := protocol.Decode(body, protocol.Settings{MaxEvents: r.cfg.MaxEvents, Bodies: r.cfg.CaptureBody})
	if err != nil {
		if errors.Is(err, protocol.ErrShape) {
			add(ctx, r.telemetry.unreadable, 1)
			r.health.unreadable(batch.SDKVersion)
		}
		return batchRefusal(err)
	}
	if why := r.admit(ctx, len(batch.Events), len(body)); why != nil {
		return why
	}
	res := translate.Traces(&batch, translate.Settings{Project: projectOf(ctx), Site: r.sites.of(ctx, &batch)})
	if why := r.consume(ctx, res.Traces, "costkey"); why != nil {
		return why
	}
	r.count(ctx, &batch, res)
	writeJSON(w, http.StatusOK, taken{Accepted: len(batch.Events), Rejected: batch.Rejected})
	return nil
}

// count notes what became of a batch that was taken.
func (r *tracesReceiver) count(ctx context.Context, batch *protocol.Batch, res translate.Result) {
	add(ctx, r.telemetry.accepted, len(batch.Events))
	add(ctx, r.telemetry.repaired, res.Repaired)
	add(ctx, r.telemetry.projectIgnored, res.ProjectIgnored)
	add(ctx, r.telemetry.unreadable, len(batch.Rejected))
	if len(batch.Events) > 0 {
		r.health.readable()
	} else if len(batch.Rejected) > 0 {
		r.health.unreadable(batch.SDKVersion)
	}
}

// consume hands spans to the pipeline.
func (r *tracesReceiver) consume(ctx context.Context, td ptrace.Traces, format string) *refusal {
	n := td.SpanCount()
	if n == 0 {
		return nil
	}
	obsCtx := r.obs.StartTracesOp(ctx)
	err := r.next.ConsumeTraces(obsCtx, td)
	r.obs.EndTracesOp(obsCtx, format, n, err)
	if err != nil {
		return pipelineRefusal(err)
	}
	return nil
}

// giveRules answers that there are no budget rules.
func (r *tracesReceiver) giveRules(w http.ResponseWriter, _ *http.Request) *refusal {
	writeJSON(w, http.StatusOK, map[string][]string{"rules": {}})
	return nil
}

// maxGraphSize is what the Python SDK sends at most.
const maxGraphSize = 50 << 10

// takeCallGraph keeps the call graph of a Python program. A project's name may hold slashes.
func (r *tracesReceiver) takeCallGraph(w http.ResponseWriter, req *http.Request) *refusal {
	named, ok := strings.CutSuffix(req.PathValue("rest"), "/callgraph")
	if !ok {
		return &refusal{status: http.StatusNotFound, reason: "not_found", text: "no such path"}
	}
	body, why := readBody(w, req, maxGraphSize)
	if why != nil {
		return why
	}
	if why := r.admit(req.Context(), 0, len(body)); why != nil {
		return why
	}
	var sent struct {
		SDKVersion string          `json:"sdkVersion"`
		Functions  json.RawMessage `json:"functions"`
	}
	if err := json.Unmarshal(body, &sent); err != nil {
		return &refusal{status: http.StatusBadRequest, reason: "malformed", text: protocol.ErrMalformed.Error()}
	}
	graph, err := stackframe.ReadGraph(sent.Functions)
	if err != nil {
		return &refusal{status: http.StatusBadRequest, reason: "shape", text: "the call graph can't be read"}
	}
	project := projectOf(req.Context())
	if project == "" {
		project = translate.Slug(named)
	}
	r.graphs.put(project, graph)
	r.placer.keepGraph(req.Context(), project, sent.SDKVersion, graph, r.graphs)
	writeJSON(w, http.StatusOK, struct{}{})
	return nil
}
