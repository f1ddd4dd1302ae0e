package callsite

import (
	"path"
	"slices"
	"strings"
)

// cleanPaths accepts the go command's pattern "path/...".
func cleanPaths(paths []string) []string {
	out := make([]string, 0, len(paths))
	for _, p := range paths {
		if p = strings.Trim(strings.TrimSuffix(p, "..."), "/"); p != "" {
			out = append(out, p)
		}
	}
	return out
}

// cutVersion splits at an element's "@v1.2.3".
func cutVersion(file string) (mod, rel string, ok bool) {
	mod, rest, _ := strings.Cut(file, "@v")
	version, rel, ok := strings.Cut(rest, "/")
	numbers := strings.SplitN(version, ".", 3)
	return mod, rel, ok && len(numbers) == 3 && isCounted(numbers[0], "") && isCounted(numbers[1], "")
}

// matches reports whether pkg is one of the paths or lies below one.
func matches(pkg string, paths []string) bool {
	return slices.ContainsFunc(paths, func(p string) bool { return isBelow(pkg, p) })
}

func isBelow(name, prefix string) bool {
	rest, ok := strings.CutPrefix(name, prefix)
	return ok && (rest == "" || rest[0] == '/')
}

func hasPathSuffix(dir, suffix string) bool {
	rest, ok := strings.CutSuffix(dir, suffix)
	return ok && (suffix == "" || suffix[0] == '/' || rest == "" || strings.HasSuffix(rest, "/"))
}

func isGo(file string) bool {
	ext := path.Ext(file)
	return ext == ".go" || ext == ".s"
}

func isAbs(file string) bool {
	return strings.HasPrefix(file, "/") || len(file) > 2 && file[1:3] == ":/"
}

// lastTwo shortens a path whose root is unknown. The directory is left out where it may be a user's name.
func lastTwo(file string) string {
	dir, base := path.Split(file)
	dir = strings.TrimSuffix(dir, "/")
	parent, last := path.Split(dir)
	switch path.Base(parent) {
	case "home", "Users", "users", "/", ".", "":
		if isAbs(file) {
			return base
		}
	}
	if last == "" || strings.HasSuffix(last, ":") {
		return base
	}
	return last + "/" + base
}

// unescapeCase undoes the module cache's "!x" for a capital X.
func unescapeCase(s string) string {
	parts := strings.Split(s, "!")
	for i := 1; i < len(parts); i++ {
		if p := parts[i]; p != "" {
			parts[i] = strings.ToUpper(p[:1]) + p[1:]
		}
	}
	return strings.Join(parts, "")
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
