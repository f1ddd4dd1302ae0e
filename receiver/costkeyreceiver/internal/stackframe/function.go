package stackframe

import "strings"

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
