package provider

import (
	"net/http"
	"slices"
	"sync"
)

// Call is one request that was answered: what a bill for it would be made from.
type Call struct {
	API       API
	Model     string // as asked
	Served    string // as answered; empty where the request was refused
	ID        string // of the answer; empty where the request was refused, and of embeddings, which have none
	RequestID string // of the exchange, as in the answer's header; Google sends none
	Status    int
	Stream    bool
	// Tokens is what the provider told the client. A stream that the client left before the usage came has told
	// nothing (OpenAI), the input alone (Anthropic) or what there was until then (Google).
	Tokens Tokens
	// Interrupted is true where the client left in the middle of a stream.
	Interrupted bool
	// HeaderNames are the canonical names of the request's headers, sorted. Values are not kept: there is a key in them.
	HeaderNames []string
}

// Key tells the exchange from every other one, also where the answer has no id: the provider's id of the request, else
// that of the answer. It is empty for a refusal of Google, which sends neither.
func (c Call) Key() string {
	if c.RequestID != "" {
		return c.RequestID
	}
	return c.ID
}

// log keeps calls in the order in which their answers began. It is safe for concurrent use.
type log struct {
	mu    sync.Mutex
	calls []Call
	turns map[turn]int
}

// turn is what decides which answers a request may get.
type turn struct {
	api   API
	model string
	tool  bool
}

// add appends c and returns its place.
func (l *log) add(c Call) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, c)
	return len(l.calls) - 1
}

// change lets f edit the call at place i.
func (l *log) change(i int, f func(*Call)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f(&l.calls[i])
}

// next returns how often t was asked for before, and counts it.
func (l *log) next(t turn) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.turns == nil {
		l.turns = make(map[turn]int)
	}
	n := l.turns[t]
	l.turns[t]++
	return n
}

func (l *log) all() []Call {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.calls)
}

// headerNames lists the names of h, sorted.
func headerNames(h http.Header) []string {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Total sums what calls told their clients. Refused calls add nothing.
func Total(calls []Call) Tokens {
	var t Tokens
	for _, c := range calls {
		t = t.Add(c.Tokens)
	}
	return t
}
