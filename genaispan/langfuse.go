package genaispan

import (
	"strings"

	"github.com/costkey/costkey-otel/internal/jsonwalk"
)

// buckets is Langfuse's usage_details while it is read, where it is in buckets of its own: "input" is what no input_* or
// cache_* key has, and "output" what no output_* key has. Where it has the provider's own names it is a usage object.
type buckets struct {
	input, output, total          int64
	read, write, write5m, write1h int64
	otherInput, otherOutput       int64
	reasoning, audioIn, audioOut  int64
	imageIn, imageOut             int64
	found                         bool
}

// readUsageDetails fills the counts from the buckets of langfuse.observation.usage_details, where no other key has them.
func (f *found) readUsageDetails() {
	if f.objectIn != jUsageDetails || f.object == "" {
		return
	}
	var u buckets
	u.total = none
	j := jsonwalk.Of(f.object)
	for j.Next() {
		if j.Kind == jsonwalk.Number {
			if n, ok := jsonCount(j.Raw); ok {
				u.take(string(j.Where()), n)
			}
		}
	}
	if !j.Done() || u.found {
		f.object = ""
	}
	if j.Done() && u.found {
		f.fillBuckets(&u)
	}
}

func (u *buckets) take(key string, n int64) {
	switch {
	case key == "input":
		u.input, u.found = n, true
	case key == "output":
		u.output, u.found = n, true
	case key == "total":
		u.total = n
	case strings.Contains(key, "priority") || key == "input_tokens" || key == "output_tokens":
	case strings.Contains(key, "5m"):
		u.write5m += n
	case strings.Contains(key, "1h"):
		u.write1h += n
	case strings.Contains(key, "."):
	case strings.HasPrefix(key, "input_") || strings.HasPrefix(key, "cache_"):
		u.takeInput(key, n)
	case strings.HasPrefix(key, "output_"):
		u.takeOutput(key, n)
	}
}

// takeInput takes a part of the input. What was read and what was written may be there under two names, the provider's and
// Langfuse's, and then counts once.
func (u *buckets) takeInput(key string, n int64) {
	switch {
	case strings.Contains(key, "cache_creation") || strings.Contains(key, "cache_write"):
		u.write = max(u.write, n)
	case strings.Contains(key, "cache"):
		u.read = max(u.read, n)
	case strings.Contains(key, "audio"):
		u.audioIn += n
	case strings.Contains(key, "image"):
		u.imageIn += n
	default:
		u.otherInput += n
	}
}

func (u *buckets) takeOutput(key string, n int64) {
	switch {
	case strings.Contains(key, "reasoning"):
		u.reasoning += n
	case strings.Contains(key, "audio"):
		u.audioOut += n
	case strings.Contains(key, "image"):
		u.imageOut += n
	default:
		u.otherOutput += n
	}
}

// fillBuckets adds the buckets up. The split of what was written by its time is in the sum, or in its place. A total proves
// which parts are inside: generations made by hand have the user's own ideas of the keys, and some handlers subtract what
// was read and leave in what was written.
func (f *found) fillBuckets(u *buckets) {
	u.write = max(u.write, u.write5m+u.write1h)
	other := u.audioIn + u.imageIn + u.otherInput
	outputs := u.reasoning + u.audioOut + u.imageOut + u.otherOutput
	input, output := u.input+other+u.read+u.write, u.output+outputs
	switch {
	case u.total == input+output:
	case u.total == u.input+u.output:
		input, output = u.input, u.output
		f.ambiguous = true
	case u.total == input-u.write+output:
		input -= u.write
	case u.total == input-u.read+output:
		input -= u.read
	}
	f.fill(cInput, input)
	f.fill(cOutput, output)
	if u.write1h > 0 || u.write5m > 0 {
		f.fill(cWrite5m, u.write5m)
		f.fill(cWrite1h, u.write1h)
	}
	for _, p := range [...]struct {
		count uint8
		n     int64
	}{
		{cCacheRead, u.read},
		{cCacheWrite, u.write},
		{cReasoning, u.reasoning},
		{cAudioInput, u.audioIn},
		{cAudioOutput, u.audioOut},
		{cImageInput, u.imageIn},
		{cImageOutput, u.imageOut},
	} {
		if p.n > 0 {
			f.fill(p.count, p.n)
		}
	}
}
