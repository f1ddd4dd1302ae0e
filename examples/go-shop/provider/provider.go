package provider

import (
	"encoding/json"
	"net/http"
	"slices"
	"sync"
)

// maxRequest bounds what is read of a request.
const maxRequest = 8 << 20

// Provider serves the paths of all three providers; which of them a program means is told by the path. Several
// listeners may share one Provider, so that each provider has an address of its own. It is safe for concurrent use.
type Provider struct {
	mux *http.ServeMux
	log log

	mu   sync.Mutex
	busy map[string]int
	hold map[string]int
}

var _ http.Handler = (*Provider)(nil)

// Option changes how a Provider answers.
type Option interface{ apply(*Provider) }

type optionFunc func(*Provider)

func (f optionFunc) apply(p *Provider) { f(p) }

// WithBusy answers the first n requests for model with 429 and the wish to be asked again a few milliseconds later
// (OpenAI and Anthropic: retry-after-ms).
func WithBusy(model string, n int) Option {
	return optionFunc(func(p *Provider) { p.busy[model] = n })
}

// WithHold stops in the middle of the first n streams of model, after the first text, until the client leaves: a client
// that does not leave waits for ever. It makes a stream that is cancelled half-way the same in every run.
func WithHold(model string, n int) Option {
	return optionFunc(func(p *Provider) { p.hold[model] = n })
}

// New returns a Provider that has not been asked anything yet.
func New(opts ...Option) *Provider {
	p := &Provider{mux: http.NewServeMux(), busy: make(map[string]int), hold: make(map[string]int)}
	for _, o := range opts {
		o.apply(p)
	}
	for _, e := range endpoints {
		p.mux.HandleFunc("POST "+e.path, func(w http.ResponseWriter, r *http.Request) { p.serve(e, w, r) })
	}
	return p
}

// ServeHTTP implements [http.Handler].
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// Served returns a copy of the log: every request that was answered, in the order in which the answers began. An entry
// is complete when the client has read the answer to its end.
func (p *Provider) Served() []Call { return p.log.all() }

// request is what any of the APIs is asked, as far as it decides the answer.
type request struct {
	Model         string `json:"model"`
	Stream        bool   `json:"stream"`
	StreamOptions struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`
	Tools    []json.RawMessage `json:"tools"`
	Messages []struct {
		Role string `json:"role"`
	} `json:"messages"`

	MaxTokens           int64 `json:"max_tokens"`
	MaxCompletionTokens int64 `json:"max_completion_tokens"`
	MaxOutputTokens     int64 `json:"max_output_tokens"`
	GenerationConfig    struct {
		MaxOutputTokens int64 `json:"maxOutputTokens"`
	} `json:"generationConfig"`

	Input          json.RawMessage `json:"input"`
	Dimensions     int             `json:"dimensions"`
	EncodingFormat string          `json:"encoding_format"`
}

// wantsTool reports whether tools are on offer and none was used yet.
func (r *request) wantsTool() bool {
	if len(r.Tools) == 0 {
		return false
	}
	return !slices.ContainsFunc(r.Messages, func(m struct {
		Role string `json:"role"`
	},
	) bool {
		return m.Role == "tool"
	})
}

// outputLimit is the number of output tokens that the request allows, under whichever name its API has for it.
func (r *request) outputLimit() int64 {
	return max(r.MaxTokens, r.MaxCompletionTokens, r.MaxOutputTokens, r.GenerationConfig.MaxOutputTokens)
}

// inputs is the number of texts to embed: one, or the length of the list.
func (r *request) inputs() int {
	var texts []json.RawMessage
	if json.Unmarshal(r.Input, &texts) != nil {
		return 1
	}
	return len(texts)
}

func (p *Provider) serve(e endpoint, w http.ResponseWriter, r *http.Request) {
	x := exchange{p: p, e: e, w: w, r: r, requestID: e.vendor.newRequestID()}
	e.vendor.header(w.Header(), x.requestID)
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest)).Decode(&x.req); err != nil {
		x.refuse(e.vendor.refusals.malformed)
		return
	}
	e.fromPath(&x.req, r.PathValue("call"))
	if why := x.refusal(); why != nil {
		x.refuse(*why)
		return
	}
	a, ok := p.answer(e.api, &x.req)
	if !ok {
		x.refuse(e.vendor.refusals.noModel)
		return
	}
	x.play(a)
}

// take reports whether faults has one left for model, and counts it.
func (p *Provider) take(faults map[string]int, model string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if faults[model] == 0 {
		return false
	}
	faults[model]--
	return true
}

// answer picks the recorded answer whose turn it is.
func (p *Provider) answer(api API, req *request) (Answer, bool) {
	t := turn{api: api, model: req.Model, tool: req.wantsTool()}
	var fitting []Answer
	for _, a := range answers {
		if a.API == t.api && a.Model == t.model && (a.Tool != "") == t.tool {
			fitting = append(fitting, a)
		}
	}
	if len(fitting) == 0 {
		return Answer{}, false
	}
	return fitting[p.log.next(t)%len(fitting)], true
}
