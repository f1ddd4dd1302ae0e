package callsite

import (
	"path"
	"reflect"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
)

// class says whose code a frame is.
type class uint8

const (
	classHidden     class = iota // standard library, CostKey, an SDK, a skipped package, or made by the compiler
	classDependency              // anybody else's
	classOwn                     // the user's
)

// instrumentation is where CostKey's own packages are, below the root of its module.
const instrumentation = "instrumentation/"

// sdkModules are the clients that call a provider, and what they call through. Without an own frame on the stack, the
// frame above these is the best answer. They count as dependencies also where no build info says so.
var sdkModules = []string{
	"cloud.google.com/go",
	"github.com/Azure/azure-sdk-for-go",
	"github.com/anthropics/anthropic-sdk-go",
	"github.com/aws/aws-sdk-go-v2",
	"github.com/aws/smithy-go",
	"github.com/cohere-ai/cohere-go",
	"github.com/googleapis/gax-go",
	"github.com/hashicorp/go-retryablehttp",
	"github.com/ollama/ollama",
	"github.com/openai/openai-go",
	"github.com/sashabaranov/go-openai",
	"go.opentelemetry.io",
	"golang.org/x/oauth2",
	"google.golang.org/api",
	"google.golang.org/genai",
}

// rules place frames. They are fixed but for the roots, which are learned from the frames seen.
type rules struct {
	std     string // directory of the standard library with a slash at its end; empty where the build cut it off
	self    string // root of CostKey's module, likewise
	modules []module
	mainPkg string // import path of package main; empty where unknown
	skip    []string
	own     []string

	mu    sync.Mutex
	roots map[string]string // module path to directory
}

// module is one of the build's modules.
type module struct {
	path  string
	local bool // read from a directory, not from the module cache
}

func newRules(info *debug.BuildInfo, std, self string, o Options) *rules {
	r := &rules{std: std, self: self, skip: cleanPaths(o.SkipPackages), own: cleanPaths(o.OwnModules), roots: map[string]string{}}
	if info == nil {
		return r
	}
	if info.Main.Path != "" {
		r.modules = append(r.modules, module{path: info.Main.Path, local: true})
	}
	for _, d := range info.Deps {
		r.modules = append(r.modules, module{path: d.Path, local: isLocal(d)})
	}
	slices.SortStableFunc(r.modules, func(a, b module) int { return len(b.path) - len(a.path) })
	if info.Path != "command-line-arguments" {
		r.mainPkg = strings.TrimSuffix(info.Path, ".test")
	}
	return r
}

func isLocal(m *debug.Module) bool {
	if m.Replace != nil {
		m = m.Replace
	}
	return m.Version == "" || m.Version == "(devel)"
}

// stdRoot is where the running program believes the standard library to be.
func stdRoot() string {
	const clone = "strings/clone.go"
	file, _ := runtime.FuncForPC(reflect.ValueOf(strings.Clone).Pointer()).FileLine(0)
	root, _ := strings.CutSuffix(file, clone)
	return root
}

// selfRoot is where the running program believes CostKey's module to be.
func selfRoot() string {
	_, file, _, _ := runtime.Caller(0)
	root, _, _ := strings.Cut(file, instrumentation+"costkeyhttp/internal/callsite/")
	return root
}

// location is a file, placed.
type location struct {
	class class
	pkg   string // import path; empty where unknown
	rel   string // file relative to its module
}

// learn takes the root of a module from a frame whose name and directory agree.
func (r *rules) learn(file, function string) {
	if isAbs(file) {
		r.locate(file, parseFunc(function))
	}
}

// place says whose a frame is and names it.
func (r *rules) place(file, function string, line int) placed {
	fn := parseFunc(function)
	loc := r.locate(strings.TrimPrefix(file, "./"), fn)
	if isAbs(loc.rel) { // whatever the build did, a directory of the machine does not leave it
		loc.rel = path.Base(loc.rel)
	}
	switch {
	case r.isSelf(file) || matches(loc.pkg, r.skip):
		loc.class = classHidden
	case loc.class == classDependency && matches(loc.pkg, r.own):
		loc.class = classOwn
	case loc.class == classDependency && matches(loc.pkg, sdkModules):
		loc.class = classHidden
	}
	if loc.class == classHidden {
		return placed{}
	}
	foreign := fn.maybeInlined() && loc.pkg != "" && loc.pkg != r.importPath(fn, file)
	qualifier := fn.pkg
	if foreign && loc.pkg == r.mainPkg {
		qualifier = "main"
	} else if foreign {
		qualifier = loc.pkg
	}
	f := Frame{Function: fn.declared(foreign), File: loc.rel, Line: line}
	if qualifier != "" {
		f.Function = qualifier + "." + f.Function
	}
	return placed{Frame: f, class: loc.class, text: f.String()}
}

// locate tries the kinds of place in turn; the order matters, since one kind's directory may lie in another's.
func (r *rules) locate(file string, fn funcName) location {
	switch {
	case file == "" || file[0] == '<' || path.Base(file) == "_cgo_gotypes.go" || path.Base(file) == "_testmain.go":
		return location{}
	case r.std != "" && strings.HasPrefix(file, r.std):
		return location{}
	}
	if loc, ok := r.locateVersioned(file); ok {
		return loc
	}
	if loc, ok := r.locateVendored(file); ok {
		return loc
	}
	if !isAbs(file) {
		return r.locateTrimmed(file, fn)
	}
	return r.locateLocal(file, fn)
}

// locateVersioned places a file of the module cache, or of a build with -trimpath: "…/github.com/a/b@v1.2.3/c/d.go".
func (r *rules) locateVersioned(file string) (location, bool) {
	at, rel, ok := cutVersion(file)
	if !ok {
		return location{}, false
	}
	mod := module{path: at}
	if isAbs(file) {
		mod = r.cachedModule(unescapeCase(at))
	} else if known, ok := r.moduleOf(at); ok && known.path == at {
		mod = known
	}
	return r.located(mod, rel), true
}

// cachedModule finds the module in a directory of the module cache, which may be anywhere.
func (r *rules) cachedModule(dir string) module {
	for _, m := range r.modules {
		if hasPathSuffix(dir, m.path) {
			return m
		}
	}
	_, after, ok := strings.Cut(dir, "/pkg/mod/")
	if !ok {
		return module{}
	}
	return module{path: after}
}

// locateVendored places a file below a vendor directory. A package of the user's own named vendor is not one.
func (r *rules) locateVendored(file string) (location, bool) {
	_, rest, ok := cutLast("/"+file, "/vendor/")
	if !ok || strings.HasPrefix(file, "vendor/") && r.std == "" {
		return location{}, false
	}
	if mod, ok := r.moduleOf(rest); ok {
		return r.located(mod, rest[len(mod.path)+1:]), true
	}
	if len(r.modules) > 0 {
		return location{}, false
	}
	return location{class: classDependency, pkg: path.Dir(rest), rel: lastTwo(rest)}, true
}

// locateTrimmed places a relative path: "github.com/a/b/c/d.go" of a local module, "net/http/client.go" of the standard
// library, or "c/d.go" where a build tool cut off the root of the sources.
func (r *rules) locateTrimmed(file string, fn funcName) location {
	if mod, ok := r.moduleOf(file); ok {
		return r.located(mod, file[len(mod.path)+1:])
	}
	dir := path.Dir(file)
	if strings.HasPrefix(file, "external/") { // Bazel's directory of dependencies
		if strings.Contains(file, "go_sdk/") {
			return location{}
		}
		return location{class: classDependency, pkg: fn.pkg, rel: lastTwo(file)}
	}
	first, _, _ := strings.Cut(file, "/")
	sources := fn.pkg != dir && hasPathSuffix(fn.pkg, dir)
	if r.std == "" && !strings.Contains(first, ".") && isGo(file) && !sources {
		return location{}
	}
	if dir == "." || sources || !strings.Contains(first, ".") {
		return r.unknownOrOwn(location{pkg: r.importPath(fn, file), rel: file})
	}
	return r.unknownOrOwn(location{pkg: dir, rel: lastTwo(file)})
}

// locateLocal places an absolute path outside the standard library, the module cache and vendor directories. The root of
// its module is learned from the frames whose name and directory agree.
func (r *rules) locateLocal(file string, fn funcName) location {
	dir, pkg := path.Dir(file), r.importPath(fn, file)
	mod, known := r.moduleOf(pkg)
	agree := known && mod.local && hasPathSuffix(dir, pkg[len(mod.path):])
	r.mu.Lock()
	defer r.mu.Unlock()
	if agree && !fn.maybeInlined() {
		root := strings.TrimSuffix(dir, pkg[len(mod.path):])
		if _, ok := r.roots[mod.path]; !ok {
			r.roots[mod.path] = root
		}
		return r.located(mod, file[len(root)+1:])
	}
	if modPath, root := r.rootOf(file); modPath != "" {
		return r.located(module{path: modPath, local: true}, file[len(root)+1:])
	}
	if agree && len(pkg) > len(mod.path) {
		return r.located(mod, pkg[len(mod.path)+1:]+"/"+path.Base(file))
	}
	if fn.maybeInlined() {
		pkg = ""
	}
	return r.unknownOrOwn(location{pkg: pkg, rel: lastTwo(file)})
}

// rootOf finds the innermost known module that holds file. The caller holds mu.
func (r *rules) rootOf(file string) (modPath, root string) {
	for m, dir := range r.roots {
		if len(dir) >= len(root) && strings.HasPrefix(file, dir+"/") {
			modPath, root = m, dir
		}
	}
	return modPath, root
}

// unknownOrOwn classes what no module of the build info claims: it is local. Without build info an SDK may be anywhere,
// and is known by name only.
func (r *rules) unknownOrOwn(loc location) location {
	loc.class = classOwn
	if len(r.modules) == 0 && matches(loc.pkg, sdkModules) {
		loc.class = classDependency
	}
	return loc
}

func (r *rules) located(mod module, rel string) location {
	loc := location{class: classDependency, rel: rel}
	if mod.path == "" {
		loc.rel = lastTwo(rel)
		return loc
	}
	loc.pkg = mod.path
	if dir := path.Dir(rel); dir != "." {
		loc.pkg += "/" + dir
	}
	if mod.local {
		loc.class = classOwn
	}
	return loc
}

// isSelf reports whether file is CostKey's. Its tests are users of it.
func (r *rules) isSelf(file string) bool {
	rest, ok := strings.CutPrefix(file, r.self)
	return ok && r.self != "" && strings.HasPrefix(rest, instrumentation) && !strings.HasSuffix(rest, "_test.go")
}

// importPath is the import path of the package that the name speaks of.
func (r *rules) importPath(fn funcName, file string) string {
	if fn.pkg == "main" && r.mainPkg != "" {
		return r.mainPkg
	}
	if strings.HasSuffix(file, "_test.go") {
		return strings.TrimSuffix(fn.pkg, "_test")
	}
	return fn.pkg
}

// moduleOf finds the module with the longest path that begins name.
func (r *rules) moduleOf(name string) (module, bool) {
	for _, m := range r.modules {
		if isBelow(name, m.path) {
			return m, true
		}
	}
	return module{}, false
}
