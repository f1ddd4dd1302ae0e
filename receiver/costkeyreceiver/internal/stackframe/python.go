package stackframe

import (
	"strconv"
	"strings"
	"unicode"
)

// The Python SDK 0.4.0 takes a frame's name and line from the printed frame cut at each ", ", the line of source code below
// it included: what stands there behind "in " or "line " replaces the name or the line. So a name may be a word of a prompt.
// The printed stack itself, which the SDK sends too, tells them apart: source code is further in than a frame's own line.

// printedFrame is a frame's own line in a printed stack.
type printedFrame struct {
	file, function string
	line           int
}

// Verified gives frames, innermost first, the names and lines that stand in printed: the stack as Python's traceback module
// printed it, outermost first. A frame that is not in it loses its name. printed is not kept.
func Verified(frames []Frame, printed string) []Frame {
	stack := printedFrames(printed)
	if len(stack) == 0 {
		return frames
	}
	next := len(stack) - 1
	for i := range frames {
		f := &frames[i]
		f.Function = ""
		for at := next; at >= 0; at-- {
			if p := &stack[at]; p.file == f.File {
				f.Function, f.Line = p.function, p.line
				next = at - 1
				break
			}
		}
	}
	return frames
}

// printedFrames reads the frames' own lines, `  File "app.py", line 7, in main`. Lines of source code are further in.
func printedFrames(printed string) []printedFrame {
	var out []printedFrame
	for line := range strings.Lines(printed) {
		rest, ok := strings.CutPrefix(line, `  File "`)
		if !ok {
			continue
		}
		file, rest, ok := strings.Cut(rest, `", line `)
		number, function, named := strings.Cut(rest, ", in ")
		n, err := strconv.Atoi(number)
		if !ok || !named || err != nil {
			continue
		}
		out = append(out, printedFrame{file: file, line: n, function: strings.TrimRight(function, "\r\n")})
	}
	return out
}

// pythonFunction is the name of a function of Python, "" for what can't be one. The SDK leaves the line of source code below
// a name on it; a name that goes on in its own line is none.
func pythonFunction(name string) string {
	name, rest := strings.TrimSpace(head(name, maxRead)), ""
	if i := strings.IndexFunc(name, unicode.IsSpace); i >= 0 {
		name, rest = name[:i], name[i:]
	}
	if rest != "" && rest[0] != '\n' && rest[0] != '\r' || !isPythonName(name) {
		return ""
	}
	return name
}

// isPythonName reports whether name is a name with dots, or has parts such as "<module>" and "<locals>".
func isPythonName(name string) bool {
	for part := range strings.SplitSeq(name, ".") {
		if inner, ok := strings.CutPrefix(part, "<"); ok {
			if part, ok = strings.CutSuffix(inner, ">"); !ok {
				return false
			}
		}
		if part == "" || unicode.IsDigit(rune(part[0])) || strings.IndexFunc(part, isNoNameRune) >= 0 {
			return false
		}
	}
	return true
}

func isNoNameRune(r rune) bool {
	return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
}
