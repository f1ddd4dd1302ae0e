package genaispan

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/costkey/costkey-otel/semconv"
	"github.com/costkey/costkey-otel/usage"
)

// candidatePrefixes are the beginnings of keys that only GenAI instrumentation writes.
var candidatePrefixes = [...]string{
	"gen_ai.", "llm.", "ai.", "openinference.", "embedding.", "reranker.", "langfuse.observation.", "langsmith.",
	"traceloop.", "genkit:", "gcp.vertex.agent.", "mastra.",
}

const claudeCodePrefix = "claude_code."

// isCandidate reports whether a key of m begins with one of the prefixes.
func isCandidate(m pcommon.Map) bool {
	for k := range m.All() {
		if len(k) > 3 && strings.IndexByte("glaoetrm", k[0]) >= 0 && hasCandidatePrefix(k) {
			return true
		}
	}
	return false
}

func hasCandidatePrefix(k string) bool {
	for _, p := range candidatePrefixes {
		if strings.HasPrefix(k, p) {
			return true
		}
	}
	return false
}

// found is what one pass over a span's attributes collects: the best valid value of each field. It lives on the stack.
type found struct {
	text     [numTexts]string
	textRank [numTexts]uint16
	count    [numCounts]int64 // value + 1, 0 is unknown
	cntRank  [numCounts]uint16
	flag     [numFlags]int8 // 1 true, -1 false, 0 unknown
	flagRank [numFlags]uint16
	json     [numJSONs]string
	object   string // the provider's usage object, as some attribute has it
	objectIn uint8  // which one
	// objectTells says that it counts tokens, as far as the span itself does not.
	objectTells bool
	// metadataTells says that the object in the AI SDK's metadata tells more than the SDK does.
	metadataTells bool
	tagTexts      strings.Builder // of all tags, so that they cost one allocation

	ttft     float64
	ttftAs   reading
	ttftRank uint16
	moment   string

	usd      pcommon.Value
	costRank uint16

	path  pcommon.Slice
	paths bool

	inputSet, outputSet, totalSet keySet

	marks mark
	// badText and badCount hold the highest rank at which a field had a value that failed its check. It counts only
	// where no better key had a good one, so that the order of attributes changes nothing.
	badText  [numTexts]uint16
	badCount [numCounts]uint16
	badOther bool
	// someBad says that one of the two has an entry: most spans have none, and then nothing is searched.
	someBad bool
	// hostKnown says that the host is a provider's.
	hostKnown bool
	// ambiguous says that Langfuse's buckets were not disjoint.
	ambiguous bool
}

// collect reads the attributes of one span, and its tags into dst.
func (r *Reader) collect(m pcommon.Map, f *found, dst *Call) {
	for k, v := range m.All() {
		if i := ruleOf(k); i >= 0 {
			f.take(&rules[i], uint16(len(rules)-i), v)
		} else if key, ok := strings.CutPrefix(k, semconv.TagPrefix); ok {
			dst.takeTag(key, v, &f.tagTexts)
		} else {
			f.marks |= marksByPrefix(k)
		}
		if len(r.tags) > 0 && r.tags[k] {
			dst.takeTag(k, v, &f.tagTexts)
		}
	}
}

// marksByPrefix knows the few keys that are told by their beginning.
func marksByPrefix(k string) mark {
	switch {
	case strings.HasPrefix(k, "gen_ai.aggregated_usage."):
		return markAggregated
	case strings.HasPrefix(k, "ai.toolCall."):
		return markInside
	case strings.HasPrefix(k, "gen_ai.cost."):
		return markLiteLLM
	default:
		return 0
	}
}

// take puts the value v into the field of r, unless a key of higher rank was there.
func (f *found) take(r *rule, rank uint16, v pcommon.Value) {
	f.marks |= r.marks
	switch r.as {
	case asCount:
		f.takeCount(r, rank, v)
	case asFlag:
		f.takeFlag(r, rank, v)
	case asSeconds, asMillis, asMoment:
		f.takeTTFT(r, rank, v)
	case asCost:
		if rank > f.costRank && v.Type() != pcommon.ValueTypeEmpty {
			f.usd, f.costRank = v, rank
		}
	case asJSON:
		if v.Type() == pcommon.ValueTypeStr && len(v.Str()) <= maxJSON {
			f.json[r.to] = v.Str()
		}
	case asPath:
		if v.Type() == pcommon.ValueTypeSlice {
			f.path, f.paths = v.Slice(), true
		}
	case asMark:
	default:
		f.takeText(r, rank, v)
	}
}

func (f *found) takeText(r *rule, rank uint16, v pcommon.Value) {
	if rank <= f.textRank[r.to] {
		return
	}
	s, res := readText(r.as, v)
	switch res {
	case good:
		f.text[r.to], f.textRank[r.to] = s, rank
	case bad:
		f.badText[r.to], f.someBad = max(f.badText[r.to], rank), true
	}
}

func (f *found) takeCount(r *rule, rank uint16, v pcommon.Value) {
	if rank <= f.cntRank[r.to] {
		return
	}
	n, res := readCount(v)
	switch res {
	case good:
		f.count[r.to], f.cntRank[r.to] = n+1, rank
		f.noteSet(r)
	case bad:
		f.badCount[r.to], f.someBad = max(f.badCount[r.to], rank), true
	}
}

func (f *found) noteSet(r *rule) {
	switch r.to {
	case cInput:
		f.inputSet = r.set
	case cOutput:
		f.outputSet = r.set
	case cTotal:
		f.totalSet = r.set
	}
}

func (f *found) takeFlag(r *rule, rank uint16, v pcommon.Value) {
	if rank <= f.flagRank[r.to] {
		return
	}
	if b, ok := readFlag(v); ok {
		f.flag[r.to], f.flagRank[r.to] = -1, rank
		if b {
			f.flag[r.to] = 1
		}
	}
}

func (f *found) takeTTFT(r *rule, rank uint16, v pcommon.Value) {
	if rank <= f.ttftRank {
		return
	}
	if r.as == asMoment {
		if v.Type() == pcommon.ValueTypeStr && len(v.Str()) <= 64 {
			f.moment, f.ttftAs, f.ttftRank = v.Str(), r.as, rank
		}
		return
	}
	if x, ok := readFloat(v); ok && x > 0 {
		f.ttft, f.ttftAs, f.ttftRank = x, r.as, rank
	}
}

// known reports whether the count c was read.
func (f *found) known(c uint8) bool { return f.count[c] != 0 }

// value returns the count c, 0 where it is unknown.
func (f *found) value(c uint8) int64 { return max(f.count[c]-1, 0) }

// fill sets the count c to n, unless it is known or n is no count.
func (f *found) fill(c uint8, n int64) {
	if f.count[c] == 0 && n >= 0 && n <= usage.MaxCount {
		f.count[c] = n + 1
	}
}

// hasUsage reports whether any count that makes a price is known.
func (f *found) hasUsage() bool {
	return f.known(cInput) || f.known(cOutput) || f.known(cTotal) || f.objectTells
}

// hasBadCount reports whether a field lost a value to its check.
func (f *found) hasBadCount() bool {
	for i, r := range f.badCount {
		if r > f.cntRank[i] {
			return true
		}
	}
	return false
}

func (f *found) hasBadText() bool {
	for i, r := range f.badText {
		if r > f.textRank[i] {
			return true
		}
	}
	return false
}
