package genaispan

import (
	"strings"

	"github.com/costkey/costkey-otel/internal/jsonwalk"
)

// usageDetails is Langfuse's usage_details while it is read. Its keys are either the provider's own, or disjoint
// buckets: then "input" is what no input_* or cache_* key has, and "output" what no output_* key has.
type usageDetails struct {
	wire                         found // only its counts, by the provider's own keys
	input, output, total         int64
	inputParts, outputParts      int64
	read, write, write1h         int64
	reasoning, audioIn, audioOut int64
	disjoint                     bool
	details                      bool // input_tokens_details is there
}

// readUsageDetails fills the counts from langfuse.observation.usage_details, where no other key has them.
func (f *found) readUsageDetails() {
	s := f.json[jUsageDetails]
	if s == "" || f.known(cInput) || f.known(cOutput) {
		return
	}
	var u usageDetails
	u.total = none
	j := jsonwalk.Of(s)
	for j.Next() {
		if j.Kind == jsonwalk.Number {
			u.take(string(j.Where()), &j)
		}
	}
	switch {
	case !j.Done():
	case u.disjoint:
		f.fillBuckets(&u)
	default:
		f.fillWire(&u)
	}
}

func (u *usageDetails) take(key string, j *jsonwalk.Walker) {
	n, ok := jsonCount(j.Raw)
	if !ok {
		return
	}
	if path, ok := wireUsage[key]; ok {
		u.wire.fillPath(j, &path)
	}
	u.details = u.details || strings.HasPrefix(key, "input_tokens_details.")
	switch {
	case key == "input":
		u.input, u.disjoint = n, true
	case key == "output":
		u.output, u.disjoint = n, true
	case key == "total":
		u.total = n
	case strings.Contains(key, ".") || strings.Contains(key, "priority"):
	case key == "input_tokens" || key == "output_tokens":
	case strings.HasPrefix(key, "input_") || strings.HasPrefix(key, "cache_"):
		u.takeInput(key, n)
	case strings.HasPrefix(key, "output_"):
		u.outputParts += n
		if strings.Contains(key, "reasoning") {
			u.reasoning += n
		} else if strings.Contains(key, "audio") {
			u.audioOut += n
		}
	}
}

func (u *usageDetails) takeInput(key string, n int64) {
	u.inputParts += n
	switch {
	case strings.Contains(key, "cache_creation") || strings.Contains(key, "cache_write"):
		u.write += n
		if strings.Contains(key, "1h") {
			u.write1h += n
		}
	case strings.Contains(key, "cache"):
		u.read += n
	case strings.Contains(key, "audio"):
		u.audioIn += n
	}
}

// fillBuckets adds the buckets up. Generations made by hand have the user's own ideas of the keys: where the total is
// just input and output, the parts are inside.
func (f *found) fillBuckets(u *usageDetails) {
	parts := u.inputParts + u.outputParts
	if parts > 0 && u.total == u.input+u.output {
		f.ambiguous = true
	} else {
		u.input += u.inputParts
		u.output += u.outputParts
	}
	f.fill(cInput, u.input)
	f.fill(cOutput, u.output)
	for _, p := range []struct {
		count uint8
		n     int64
	}{
		{cCacheRead, u.read},
		{cCacheWrite, u.write},
		{cWrite1h, u.write1h},
		{cReasoning, u.reasoning},
		{cAudioInput, u.audioIn},
		{cAudioOutput, u.audioOut},
	} {
		if p.n > 0 {
			f.fill(p.count, p.n)
		}
	}
}

// fillWire takes the provider's own keys. Anthropic's input_tokens beside cache_* leaves the cache out; OpenAI's does
// not, and has its cached tokens in input_tokens_details.
func (f *found) fillWire(u *usageDetails) {
	w := &u.wire
	if w.known(cNativeInput) && (w.known(cCacheWrite) || w.known(cCacheRead)) && !u.details {
		w.count[cInput] += w.value(cCacheRead) + w.value(cCacheWrite)
	}
	for c, n := range w.count {
		if uint8(c) != cNativeInput {
			f.fill(uint8(c), n-1)
		}
	}
}
