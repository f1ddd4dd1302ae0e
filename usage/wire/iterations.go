package wire

import "github.com/costkey/costkey-otel/internal/jsonwalk"

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
		if it.kind == "compaction" || it.kind == "advisor_message" {
			r.Others = append(r.Others, Other{Model: it.model, Usage: it.facts.usage(formAnthropic, "")})
		}
	}
}
