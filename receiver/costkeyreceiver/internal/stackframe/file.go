package stackframe

import (
	"net/url"
	"path"
	"slices"
	"strings"
)

// location is a file, placed.
type location struct {
	class class
	file  string // relative to its project, or to the directory of the dependencies
	whole string // as it was, with slashes
}

// slashed reads a Windows path as any other.
func slashed(file string) string { return strings.ReplaceAll(file, `\`, "/") }

// providerClients are packages of npm and PyPI whose frames tell nothing: clients of providers and what they call through.
var providerClients = []string{
	"@ai-sdk", "@anthropic-ai", "@aws-sdk", "@azure", "@google", "@google-cloud", "@mistralai", "@openrouter", "@smithy",
	"axios", "cohere-ai", "costkey", "cross-fetch", "got", "groq-sdk", "node-fetch", "ollama", "openai", "together-ai",
	"undici", "anthropic", "boto3", "botocore", "cohere", "google", "groq", "httpcore", "httpx", "mistralai", "requests",
	"together", "urllib3", "vertexai", "aiohttp",
}

// dependency places a file below a directory of packages.
func dependency(rel, whole string) location {
	name, _, _ := strings.Cut(rel, "/")
	if slices.Contains(providerClients, name) {
		return location{}
	}
	return location{class: classDependency, file: rel, whole: whole}
}

// packageDirs hold dependencies; the last in a path counts, since packages nest.
var packageDirs = []string{"node_modules", "bower_components", "site-packages", "dist-packages"}

func cutPackages(whole string) (rel string, ok bool) {
	segments := strings.Split(whole, "/")
	for i, s := range slices.Backward(segments) {
		if slices.Contains(packageDirs, s) || strings.HasSuffix(s, ".egg") {
			return strings.Join(segments[i+1:], "/"), true
		}
	}
	return "", false
}

// locateScript places a file of JavaScript: a path, a URL, or what a bundler calls it.
func locateScript(file string) location {
	whole, hidden := scriptPath(slashed(file))
	if hidden || !strings.ContainsAny(whole, "./<") || isBundlerFile(whole) {
		return location{}
	}
	if rel, ok := cutPackages(whole); ok {
		return dependency(rel, whole)
	}
	for _, dir := range []string{"/deno-dir/", "/npm/registry.npmjs.org/"} {
		if strings.Contains(whole, dir) {
			return location{class: classDependency, file: path.Base(whole), whole: whole}
		}
	}
	return own(whole)
}

// hiddenFiles begin the names of what the runtime or a browser's extension runs, and of what is in no file at all.
var hiddenFiles = []string{
	"node:", "internal/process/", "internal/modules/", "internal/main/", "internal/timers", "internal/streams/",
	"internal/deps/", "internal/bootstrap/", "bun:", "deno:", "ext:", "evalmachine.", "<", "eval at ", "data:", "blob:", "wasm:",
	"chrome-extension:", "moz-extension:", "safari-extension:", "safari-web-extension:",
}

// publicHosts serve packages.
var publicHosts = []string{"deno.land", "jsr.io", "esm.sh", "cdn.jsdelivr.net", "unpkg.com", "cdn.skypack.dev", "cdnjs.cloudflare.com"}

// page is the file of a script that stands in a page: the page's path can name a user, and there are many.
const page = "<page>"

// scriptPath returns the path behind a file's name: of a file URL an absolute one, else mostly a relative one.
func scriptPath(name string) (whole string, hidden bool) {
	if _, rest, ok := strings.Cut(name, "://React/"); ok { // React's servers: rsc://React/Server/webpack-internal:///…
		_, name, _ = strings.Cut(rest, "/")
	}
	for _, prefix := range hiddenFiles {
		if strings.HasPrefix(name, prefix) {
			return "", true
		}
	}
	scheme, rest, ok := strings.Cut(name, "://")
	if !ok {
		name, _, _ = strings.Cut(name, "?")
		return cutLayers(path.Clean(name)), name == ""
	}
	host, below, _ := strings.Cut(cutQuery(rest), "/")
	switch {
	case scheme == "file":
		if decoded, err := url.PathUnescape(below); err == nil {
			below = clean(decoded)
		}
		return path.Clean("/" + slashed(below)), false
	case slices.Contains(publicHosts, strings.ToLower(host)):
		return "node_modules/" + below, false
	case host == "next" && strings.HasPrefix(below, "dist/"):
		return "node_modules/next/" + below, false
	case strings.HasPrefix(scheme, "http"):
		if local, ok := strings.CutPrefix(below, "@fs/"); ok { // Vite, for files outside its root
			return path.Clean("/" + local), false
		}
		if !strings.Contains(path.Base(below), ".") || below == "" {
			return page, false
		}
	}
	return cutLayers(path.Clean(below)), false
}

// cutQuery cuts what follows the path of a URL.
func cutQuery(name string) string {
	if i := strings.IndexAny(name, "?#"); i >= 0 {
		return name[:i]
	}
	return name
}

// cutLayers cuts what bundlers put in front of a path: "(rsc)/./src/a.ts", "[project]/src/a.ts", "../../src/a.ts". A path
// that leads to a home directory becomes an absolute one.
func cutLayers(name string) string {
	for {
		first, rest, ok := strings.Cut(name, "/")
		layer := strings.HasPrefix(first, "(") && strings.HasSuffix(first, ")") || first == "[project]"
		if !ok || !layer && first != "." && first != ".." {
			break
		}
		name = path.Clean(rest)
	}
	if strings.HasPrefix(name, "Users/") || strings.HasPrefix(name, "home/") {
		return "/" + name
	}
	return name
}

func isBundlerFile(whole string) bool {
	base := path.Base(whole)
	return strings.HasPrefix(whole, "webpack/") || strings.HasPrefix(base, "webpack-") || base == "webpack.js" ||
		strings.HasPrefix(base, "[turbopack]") || strings.Contains(whole, "[turbopack]/") || strings.HasPrefix(base, "turbopack-")
}

// locatePython places a file of Python.
func locatePython(file string) location {
	whole := slashed(file)
	if whole == "" || whole[0] == '<' {
		return location{}
	}
	whole = path.Clean(whole)
	if rel, ok := cutPackages(whole); ok {
		return dependency(rel, whole)
	}
	if rest, ok := strings.CutPrefix(whole, "/opt/python/"); ok { // a layer of AWS Lambda
		return dependency(rest, whole)
	}
	if isPythonLibrary(strings.Split(whole, "/")) {
		return location{}
	}
	return own(whole)
}

// isPythonLibrary knows …/lib/python3.12/…, …/lib/pypy3.10/…, C:/Python312/Lib/… and …/python312.zip/….
func isPythonLibrary(segments []string) bool {
	for i, s := range segments[:len(segments)-1] {
		low := strings.ToLower(s)
		version := strings.TrimPrefix(strings.TrimPrefix(low, "python"), "pypy")
		numbered := version != low && version != "" && version[0] >= '2' && version[0] <= '9'
		if !numbered {
			continue
		}
		if i > 0 && strings.HasPrefix(segments[i-1], "lib") || strings.HasSuffix(low, ".zip") ||
			segments[i+1] == "Lib" {
			return true
		}
	}
	return false
}

// deployRoots are where deployments put a project, below the root of the file system.
var deployRoots = []string{
	"usr/src/app/", "usr/app/", "var/task/", "var/www/html/", "var/app/current/", "home/site/wwwroot/", "opt/render/project/src/",
	"layers/", "$bunfs/root/", "vercel/path0/", "app/", "code/", "workspace/", "workspaces/", "srv/",
}

// sourceDirs are directories in the root of a project.
var sourceDirs = []string{
	"src", "app", "apps", "packages", "libs", "lib", "pages", "server", "services", "functions", "dist", "build", ".next", "out",
}

// own makes the user's file relative.
func own(whole string) location {
	loc := location{class: classOwn, whole: whole}
	abs, isAbs := absolute(whole)
	if !isAbs {
		loc.file = strings.TrimLeft(cutLayers(whole), "/")
		return loc
	}
	for _, root := range deployRoots {
		if rest, ok := strings.CutPrefix(abs[1:], root); ok {
			loc.file = rest
			return loc
		}
	}
	segments := belowHome(strings.Split(strings.TrimLeft(abs, "/"), "/"))
	for i, s := range segments[:len(segments)-1] {
		if slices.Contains(sourceDirs, s) {
			loc.file = strings.Join(segments[i:], "/")
			return loc
		}
	}
	loc.file = strings.Join(segments[max(0, len(segments)-2):], "/")
	return loc
}

// absolute returns a path without its drive, "C:/" or that of a share, and whether it is one.
func absolute(whole string) (string, bool) {
	trimmed := strings.TrimLeft(whole, "/")
	if len(trimmed) >= 2 && trimmed[1] == ':' {
		return "/" + strings.TrimLeft(trimmed[2:], "/"), true
	}
	return "/" + trimmed, strings.HasPrefix(whole, "/")
}

// homeDepth is how deep in the file system homes are looked for: /mnt/c/Users/ada, /Volumes/disk/Users/ada.
const homeDepth = 3

// belowHome cuts a home directory and what leads to it. At least one element is left.
func belowHome(segments []string) []string {
	for i := 0; i < min(homeDepth, len(segments)-2); i++ {
		if low := strings.ToLower(segments[i]); low == "home" || low == "users" || low == "documents and settings" {
			return segments[i+2:]
		}
	}
	if len(segments) > 1 && segments[0] == "root" {
		return segments[1:]
	}
	return segments
}
