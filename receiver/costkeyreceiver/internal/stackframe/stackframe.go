package stackframe

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The limits on what a site holds and on what is looked at.
const (
	// MaxFrames is how many frames of a stack are looked at, innermost first.
	MaxFrames = 128
	// MaxPath is how many own frames a path keeps, the innermost ones.
	MaxPath = 16
	// MaxFunction and MaxFile are in bytes: a longer function loses its end, a longer file its beginning.
	MaxFunction = 256
	MaxFile     = 512
	// maxRead is how many bytes of a function's name are read at all; a file with a longer name is none.
	maxRead = 4096
)

// Language is what the program that made the stack is written in.
type Language uint8

// The languages of CostKey's SDKs. The zero value is JavaScript.
const (
	JavaScript Language = iota
	Python
)

// LanguageOf tells the language by the version that an SDK sends: "python-0.4.0" is Python's, any other JavaScript's.
func LanguageOf(sdkVersion string) Language {
	if strings.HasPrefix(sdkVersion, "python") {
		return Python
	}
	return JavaScript
}

// Frame is a frame as an SDK sends it.
type Frame struct {
	// Function and File are as the language names them. Each can be empty.
	Function, File string
	// Line and Column count from 1; 0 where unknown.
	Line, Column int
}

// Site is where a call was made. The zero value is a site that is not known.
type Site struct {
	// Function is the enclosing function as the language names it: "Cart.total", "new Cart", "<module>". Unnamed ones are
	// "<anonymous>".
	Function string
	// File is relative to its project, with slashes: "src/cart.ts".
	File string
	// Line counts from 1; 0 where unknown.
	Line int
	// Path is the own frames, outermost first, each as "function (file:line)", without equal neighbours; at most MaxPath.
	// Empty where there is no own frame.
	Path []string
}

// Attribute makes a site of a stack, innermost frame first. graph may be nil; it counts for Python only. It keeps nothing
// of frames and is safe for concurrent use.
func Attribute(frames []Frame, lang Language, graph *Graph) Site {
	var own []placed
	var foreign *placed
	for _, f := range afterSDK(frames[:min(len(frames), MaxFrames)]) {
		p := place(f, lang)
		switch {
		case p.class == classOwn:
			own = append(own, p)
		case p.class == classDependency && foreign == nil:
			foreign = &p
		}
	}
	switch {
	case len(own) == 0 && foreign == nil:
		return Site{}
	case len(own) == 0:
		return Site{Function: foreign.function, File: foreign.file, Line: foreign.line}
	}
	at := own[0]
	if lang == Python && graph != nil {
		at = own[graph.pastHelpers(own)]
	}
	return Site{Function: at.function, File: at.file, Line: at.line, Path: pathOf(own)}
}

// afterSDK drops everything up to the last frame of the SDK's own.
func afterSDK(frames []Frame) []Frame {
	for i, f := range slices.Backward(frames) {
		if isSDKFunction(f.Function) {
			return frames[i+1:]
		}
	}
	return frames
}

// isSDKFunction knows the SDK's functions also behind a receiver: "Object.__ck_fetch [as fetch]", "async __ck_fetch".
func isSDKFunction(name string) bool {
	name, _, _ = strings.Cut(head(name, maxRead), " [as ")
	if i := strings.LastIndexAny(name, ". "); i >= 0 && !strings.HasPrefix(name, "__ck_") {
		name = name[i+1:]
	}
	return strings.HasPrefix(name, "__ck_")
}

// pathOf turns the own frames, innermost first, into a path.
func pathOf(own []placed) []string {
	var path []string
	for _, p := range own {
		text := p.String()
		if n := len(path); n > 0 && path[n-1] == text {
			continue
		}
		if len(path) == MaxPath {
			break
		}
		path = append(path, text)
	}
	slices.Reverse(path)
	return path
}

// class says whose code a frame is.
type class uint8

const (
	classHidden     class = iota // the language's, the SDK's, a provider's client's, or no file's
	classDependency              // anybody else's
	classOwn                     // the user's
)

// placed is a frame with its class, cleaned.
type placed struct {
	class          class
	function, file string
	line           int
	source         string // the whole file, for the call graph
}

func (p placed) String() string {
	return p.function + " (" + p.file + ":" + strconv.Itoa(p.line) + ")"
}

// place says whose a frame is and names it.
func place(f Frame, lang Language) placed {
	if len(f.File) > maxRead {
		return placed{}
	}
	locate := locateScript
	if lang == Python {
		locate = locatePython
	}
	loc := locate(strings.TrimSpace(clean(f.File)))
	if loc.class == classHidden || lang == JavaScript && isBundlerFunction(f.Function) {
		return placed{}
	}
	p := placed{class: loc.class, file: tail(loc.file, MaxFile), source: loc.whole, line: f.Line}
	if p.line < 0 || p.line > math.MaxInt32 {
		p.line = 0
	}
	if lang == Python {
		p.function = clean(head(pythonFunction(f.Function), MaxFunction))
	} else {
		p.function = clean(head(scriptFunction(f.Function), MaxFunction))
	}
	if p.function == "" {
		p.function = anonymous
	}
	return p
}

// clean leaves valid UTF-8 without control characters.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, s)
}

// head returns at most n bytes of s, cut between characters.
func head(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// tail returns at most the last n bytes of s, cut between characters.
func tail(s string, n int) string {
	if len(s) <= n {
		return s
	}
	from := len(s) - n
	for from < len(s) && !utf8.RuneStart(s[from]) {
		from++
	}
	return s[from:]
}

// IsOwn reports whether a frame is the user's own, as far as the frame itself tells.
func IsOwn(f Frame, lang Language) bool {
	return !isSDKFunction(f.Function) && place(f, lang).class == classOwn
}
