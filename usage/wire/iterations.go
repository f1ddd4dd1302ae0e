package wire

import (
	"github.com/costkey/costkey-otel/internal/jsonwalk"
	"github.com/costkey/costkey-otel/usage"
)

// iterations is where Anthropic lists the inferences of one call. Source: anthropic-sdk-go v1.84 betamessage.go,
// BetaUsage.Iterations: a compaction's tokens are not in the top-level counts; an advisor has a model of its own.
const iterations = "iterations."

// maxIterations bounds those that are read.
const maxIterations = 256

type iteration struct {
	item        int
	kind, model string
	facts       facts
}

// iterate takes a member of an iteration.
func (f *facts) iterate(path string, w *jsonwalk.Walker) {
	n := len(f.iters)
	if n == 0 || f.iters[n-1].item != w.Item {
		if n == maxIterations {
			return
		}
		f.iters = append(f.iters, iteration{item: w.Item})
		n++
	}
	it := &f.iters[n-1]
	switch {
	case path == "type" && w.Kind == jsonwalk.String:
		it.kind = w.Raw
	case path == "model" && w.Kind == jsonwalk.String:
		it.model = w.Raw
	default:
		if r, ok := rows[path]; ok {
			it.facts.take(&r, w)
		}
	}
}

// addIterations adds what the top-level counts leave out.
func (f *facts) addIterations(r *Reading) {
	for i := range f.iters {
		it := &f.iters[i]
		u := it.facts.usage(formAnthropic, "")
		switch {
		case it.kind == "compaction" && it.model == "":
			r.Usage = sum(&r.Usage, &u)
		case it.kind == "compaction", it.kind == "advisor_message":
			r.Others = append(r.Others, Other{Model: it.model, Usage: u})
		}
	}
}

// sum adds the counts that an iteration has.
func sum(a, b *usage.Usage) usage.Usage {
	out := *a
	out.Input, out.Output = a.Input.Add(b.Input), a.Output.Add(b.Output)
	out.CacheRead, out.CacheWrite, out.CacheWrite1h = a.CacheRead.Add(b.CacheRead), a.CacheWrite.Add(b.CacheWrite), a.CacheWrite1h.Add(b.CacheWrite1h)
	out.Reasoning = a.Reasoning.Add(b.Reasoning)
	return out
}
