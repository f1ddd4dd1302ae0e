package translate

import "github.com/costkey/costkey-otel/receiver/costkeyreceiver/internal/protocol"

// habit says what the token counts that an SDK sends of a provider include.
type habit uint8

const (
	countsAsOpenAI     habit = iota // input with cached tokens, output with reasoning; the cache is mostly not sent
	countsAsAnthropic               // input without what is read from and written to the cache
	countsAsGoogle                  // output without thoughts
	countsAsDeepSeek                // as OpenAI, but what is sent as cache writes are misses
	countsAsBedrock                 // input without the cache, which only the answer tells
	countsAsCohere                  // no cache; what is billed, which only the answer tells, goes before what is sent
	countsWithoutCache              // what has no cache at all, as embeddings
)

// counts are those of the semantic conventions. cacheUnknown says that cached tokens can be in the input, or beside it,
// and that nothing tells how many.
type counts struct {
	input, output, reasoning, cacheRead, cacheWrite protocol.Count
	cacheUnknown                                    bool
}

// said reports whether input or output is known.
func (c counts) said() bool { return c.input.Known() || c.output.Known() }

// countsOf brings the counts of an event into our terms. An unknown count stays unknown, and makes no total known. What the
// SDK did not read of an answer, as of Bedrock's InvokeModel and Cohere's second version, the answer itself tells.
func countsOf(e *protocol.Event, h habit) counts {
	u, a := e.Usage, e.Answer
	c := counts{
		input: u.Input, output: u.Output,
		reasoning: either(u.Reasoning, a.Reasoning), cacheRead: either(u.CacheRead, a.CacheRead), cacheWrite: either(u.CacheCreation, a.CacheWrite),
	}
	if h != countsAsGoogle { // whose endpoint for OpenAI's clients leaves out thoughts and does not tell them
		c.input, c.output = either(u.Input, a.Input), either(u.Output, a.Output)
	}
	switch h {
	case countsAsAnthropic, countsAsBedrock:
		c.cacheUnknown = c.input.Known() && !c.cacheRead.Known() && !c.cacheWrite.Known()
		if c.input.Known() {
			c.input += max(c.cacheRead, 0) + max(c.cacheWrite, 0)
		}
	case countsAsGoogle:
		if c.output.Known() {
			c.output += max(c.reasoning, 0)
		}
	case countsAsDeepSeek:
		c.cacheWrite = protocol.Unknown
		c.cacheUnknown = c.input > 0 && !c.cacheRead.Known()
	case countsAsCohere:
		c.input, c.output = either(a.BilledInput, c.input), either(a.BilledOutput, c.output)
	case countsWithoutCache:
	default:
		c.cacheUnknown = c.input > 0 && !c.cacheRead.Known()
	}
	return c
}

func either(a, b protocol.Count) protocol.Count {
	if a.Known() {
		return a
	}
	return b
}
