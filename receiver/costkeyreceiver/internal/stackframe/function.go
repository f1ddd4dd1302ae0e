package stackframe

import (
	"strings"
	"unicode"
)

// anonymous names a function without a name, and the code of a module outside any function.
const anonymous = "<anonymous>"

// receivers are what V8 puts in front of a function that was found in a plain object or a module; they tell nothing.
var receivers = []string{"Object.", "Module.", "Function.", "module.exports.", "exports.", "globalThis.", "window."}

// scriptFunction names a function of JavaScript: "async Object.foo [as bar]" is "foo"; "Cart.total" and "new Cart" stay.
func scriptFunction(name string) string {
	name, _, _ = strings.Cut(strings.TrimSpace(head(name, maxRead)), "\n")
	name = strings.TrimPrefix(strings.TrimPrefix(name, "async "), "async*") // V8, Firefox
	if alias := strings.Index(name, " [as "); alias >= 0 {
		name = name[:alias]
	}
	name = strings.TrimRight(name, "/<") // Firefox's closures
	for _, r := range receivers {
		if rest, ok := strings.CutPrefix(name, r); ok {
			name = rest
			break
		}
	}
	switch {
	case name == "", name == "anonymous", name == "eval", name == "?", name == "new <anonymous>", strings.HasPrefix(name, "<anonymous"),
		strings.HasSuffix(name, ".<anonymous>"), strings.HasSuffix(name, ".<anonymous"):
		return anonymous
	}
	return name
}

// pythonFunction cuts a name at its first space: the SDK takes names from printed stacks, and leaves the line of source
// code below them on.
func pythonFunction(name string) string {
	name = strings.TrimSpace(head(name, maxRead))
	if i := strings.IndexFunc(name, unicode.IsSpace); i >= 0 {
		name = name[:i]
	}
	return name
}

// bundlerFunctions are what bundlers put around modules.
var bundlerFunctions = []string{"__webpack_", "__turbopack_", "__require", "__commonJS", "__esm", "__vite_ssr_", "__init"}

func isBundlerFunction(name string) bool {
	name = scriptFunction(name)
	for _, prefix := range bundlerFunctions {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}
