package translate

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/costkey/costkey-otel/receiver/costkeyreceiver/internal/protocol"
	"github.com/costkey/costkey-otel/receiver/costkeyreceiver/internal/stackframe"
	"github.com/costkey/costkey-otel/semconv"
)

// Site is where a call was made, in the words of a span. It is immutable.
type Site struct {
	function, file string
	line           int
	path           []string
}

// Stack is a stack as an SDK sent it: see [protocol.Event.Stack] and, for Python, [protocol.Event.Printed].
type Stack struct {
	Lang            stackframe.Language
	Frames, Printed []byte
}

// StackOf returns the stack of e. Only Python's names need what was printed.
func StackOf(e *protocol.Event, lang stackframe.Language) Stack {
	s := Stack{Lang: lang, Frames: e.Stack}
	if lang == stackframe.Python {
		s.Printed = e.Printed
	}
	return s
}

// maxPrinted is how many bytes of a printed stack are read. Python prints 1,000 frames at most by default.
const maxPrinted = 256 << 10

// SiteOf makes a site of a stack; nil where it tells nothing. rewrite turns the frames of a bundle into those that were
// written; graph may be nil. repaired tells that a frame was mended.
func SiteOf(stack Stack, rewrite func([]stackframe.Frame) []stackframe.Frame, graph *stackframe.Graph) (site *Site, repaired bool) {
	sent, repaired := protocol.Frames(stack.Frames)
	if len(sent) == 0 {
		return nil, repaired
	}
	frames := make([]stackframe.Frame, len(sent))
	for i, f := range sent {
		frames[i] = stackframe.Frame(f)
	}
	if stack.Printed != nil {
		frames = verified(frames, stack.Printed)
	}
	at := stackframe.Attribute(rewrite(frames), stack.Lang, graph)
	site = &Site{function: oneWord(at.Function), file: at.File, line: at.Line, path: at.Path}
	for i, step := range site.path {
		end := max(strings.LastIndex(step, " ("), 0)
		site.path[i] = oneWord(step[:end]) + step[end:]
	}
	return site, repaired
}

// verified holds frames against the printed stack. Where that can't be read no name is taken from them.
func verified(frames []stackframe.Frame, printed []byte) []stackframe.Frame {
	text, ok := protocol.Unquote(printed, maxPrinted)
	if ok {
		return stackframe.Verified(frames, text)
	}
	for i := range frames {
		frames[i].Function = ""
	}
	return frames
}

// oneWord makes a name of "new Cart" and "get total", as functions' names are words.
func oneWord(function string) string { return strings.ReplaceAll(function, " ", ".") }

// site puts where in the user's code the call was made.
func (a attributes) site(s *Site) {
	if s == nil {
		return
	}
	a.text(string(semconv.CodeFunctionNameKey), s.function)
	a.text(string(semconv.CodeFilePathKey), s.file)
	a.number(string(semconv.CodeLineNumberKey), protocol.Count(s.line), s.line > 0)
	if len(s.path) == 0 {
		return
	}
	path := pcommon.Map(a).PutEmptySlice(string(semconv.CallPathKey))
	path.EnsureCapacity(len(s.path))
	for _, step := range s.path {
		path.AppendEmpty().SetStr(step)
	}
}
