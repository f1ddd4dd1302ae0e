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

// SiteOf makes a site of the frames that an SDK sent, see [protocol.Event.Stack]; nil where they tell nothing. rewrite turns
// the frames of a bundle into those that were written; graph may be nil. repaired tells that a frame was mended.
func SiteOf(stack []byte, lang stackframe.Language, rewrite func([]stackframe.Frame) []stackframe.Frame, graph *stackframe.Graph) (site *Site, repaired bool) {
	sent, repaired := protocol.Frames(stack)
	if len(sent) == 0 {
		return nil, repaired
	}
	frames := make([]stackframe.Frame, len(sent))
	for i, f := range sent {
		frames[i] = stackframe.Frame(f)
	}
	at := stackframe.Attribute(rewrite(frames), lang, graph)
	site = &Site{function: oneWord(at.Function), file: at.File, line: at.Line, path: at.Path}
	for i, step := range site.path {
		end := max(strings.LastIndex(step, " ("), 0)
		site.path[i] = oneWord(step[:end]) + step[end:]
	}
	return site, repaired
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
