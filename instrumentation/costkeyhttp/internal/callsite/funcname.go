package callsite

import "strings"

// funcName is a function's name as the runtime gives it, taken apart.
//
// A closure is named after the function it was compiled in, then the functions that were inlined there, then its number:
// main.main.(*T).P.func5 is the first closure of (*T).P, inlined into main.main. The runtime does not say where one
// function's name ends and the next begins, nor whether T in T.V is a type.
type funcName struct {
	pkg string
	// groups are the names between closure numbers: "main.func1.Do.func2" has [main] and [Do].
	groups  [][]string
	closure bool
}

func parseFunc(name string) funcName {
	name = cutBrackets(name)
	slash := strings.LastIndexByte(name, '/') + 1
	dot := strings.IndexByte(name[slash:], '.')
	if dot < 0 {
		return funcName{groups: [][]string{{name}}}
	}
	fn := funcName{pkg: unescape(name[:slash+dot])}
	var group []string
	for i, seg := range splitName(name[slash+dot+1:]) {
		trimmed := cutMarks(seg)
		if i > 0 && isNumbered(trimmed) {
			fn.closure = true
			if group != nil {
				fn.groups = append(fn.groups, group)
			}
			group = nil
			continue
		}
		group = append(group, trimmed)
	}
	if group != nil {
		fn.groups = append(fn.groups, group)
	}
	return fn
}

// maybeInlined reports whether the closure may come from another function than the name begins with, and so from
// another package.
func (n funcName) maybeInlined() bool {
	if !n.closure || len(n.groups) == 0 {
		return false
	}
	return len(n.groups) > 1 || headLen(n.groups[0]) < len(n.groups[0]) || isAmbiguous(n.groups[0])
}

// declared returns the enclosing declared function without its package: "(*T).P", "Do", "init". foreign says that the
// file does not belong to the package of the name, so that the name's first function is not the one.
func (n funcName) declared(foreign bool) string {
	if len(n.groups) == 0 {
		return ""
	}
	group := n.groups[len(n.groups)-1]
	if n.closure && len(n.groups) == 1 {
		head := headLen(group)
		if isAmbiguous(group) && !foreign {
			head = len(group)
		}
		if head < len(group) {
			group = lastOf(group[head:])
		}
	} else if n.closure {
		group = lastOf(group)
	}
	if group[0] == "glob" && len(group) == 1 { // a closure in a package-level variable
		return "init"
	}
	return strings.Join(group, ".")
}

// headLen is how many segments name the first function of a group; a value method counts as a function here.
func headLen(group []string) int {
	if len(group) > 1 && strings.HasPrefix(group[0], "(") {
		return 2
	}
	return 1
}

// isAmbiguous reports whether a group may be a value method T.V as well as V inlined into T.
func isAmbiguous(group []string) bool {
	return len(group) == 2 && group[0] != "main" && group[0] != "init" && !strings.HasPrefix(group[0], "(")
}

// lastOf is the innermost function of a chain of inlined ones. Two plain names are kept together: they may be T.V.
func lastOf(chain []string) []string {
	n := len(chain)
	if n < 2 || n > 2 && strings.HasPrefix(chain[n-3], "(") {
		return chain[n-1:]
	}
	return chain[n-2:]
}

// splitName splits at the dots outside parentheses.
func splitName(s string) []string {
	var out []string
	depth, from := 0, 0
	for i := range len(s) {
		switch s[i] {
		case '(':
			depth++
		case ')':
			depth--
		case '.':
			if depth == 0 {
				out = append(out, s[from:i])
				from = i + 1
			}
		}
	}
	return append(out, s[from:])
}

// cutMarks removes the marks of method values and of range-over-func bodies.
func cutMarks(seg string) string {
	for {
		i := strings.LastIndexByte(seg, '-')
		if i < 0 || seg[i:] != "-fm" && !isCounted(seg[i:], "-range") {
			return seg
		}
		seg = seg[:i]
	}
}

// isNumbered reports whether seg is what the compiler gives to a closure, a go or defer wrapper, or an init function.
func isNumbered(seg string) bool {
	return seg == "" || isCounted(seg, "") || isCounted(seg, "func") || isCounted(seg, "gowrap") || isCounted(seg, "deferwrap")
}

// isCounted reports whether s is prefix and at least one digit.
func isCounted(s, prefix string) bool {
	digits, ok := strings.CutPrefix(s, prefix)
	return ok && digits != "" && strings.Trim(digits, "0123456789") == ""
}

// cutBrackets removes type arguments.
func cutBrackets(s string) string {
	if strings.IndexByte(s, '[') < 0 {
		return s
	}
	var b strings.Builder
	depth := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c == '[':
			depth++
		case c == ']':
			depth--
		case depth == 0:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// unescape undoes the linker's %xx, which keeps dots out of a path's last element: "gopkg.in/yaml%2ev3".
func unescape(pkg string) string {
	for i := 0; i+2 < len(pkg); i++ {
		if pkg[i] != '%' {
			continue
		}
		hi, lo := unhex(pkg[i+1]), unhex(pkg[i+2])
		if hi >= 0 && lo >= 0 {
			pkg = pkg[:i] + string([]byte{byte(hi<<4 | lo)}) + pkg[i+3:]
		}
	}
	return pkg
}

func unhex(c byte) int {
	return strings.IndexByte("0123456789abcdef", c)
}
