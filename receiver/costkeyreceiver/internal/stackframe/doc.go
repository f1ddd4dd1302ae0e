// Package stackframe makes a call site of the stack frames that CostKey's JavaScript and Python SDKs send: the user's own
// innermost frame, and the call path that leads to it. It does no I/O, it never fails, and whatever it is given, a result
// is bounded in size, is valid UTF-8 and holds neither a home directory nor the query of a URL.
//
// The rules are those that the Go instrumentation has for Go:
//
//   - Everything up to the last frame named __ck_* is the SDK's, bundled into the program or not.
//   - A frame is hidden where it belongs to the language (node:internal, lib/python3.12, a bundler's runtime), to the
//     client of a provider, or to no file; a dependency's where it lies below node_modules, site-packages and the like;
//     else the user's own.
//   - The site is the innermost own frame, else the innermost dependency's, else there is none.
//   - The call path holds the own frames, outermost first, each as "function (file:line)", equal neighbours joined, the
//     innermost 16.
//
// # Files
//
// A file is relative to its project. For a URL that is its path; for webpack-internal:///(rsc)/./src/a.ts it is src/a.ts;
// for a relative path it is that path. Of an absolute path the root of the project is not known, so it is guessed, always
// alike: a directory that deployments use (/app, /usr/src/app, /var/task, …) is cut off; else the path begins at the first
// directory named as sources are (src, app, packages, …); else it is the last two elements. What lies up to a home
// directory is gone before.
//
// # The call graph of Python
//
// The Python SDK sends, for each function near an AI call: whether it calls AI itself (calls_ai), how many functions
// call it (fan_in), and a score that rises with fan_in. Most programs have one or two thin helpers that every call goes
// through, and a bill that names only those tells nobody anything. So from the innermost own frame the site moves outward
// as long as all of this holds:
//
//   - the frame's function is in the graph, calls AI itself, and at least two functions call it;
//   - the next own frame of another function is in the graph too, and scores less.
//
// The second rule keeps the site where the caller is unknown or is at least as shared as the helper. The helper stays in
// the call path, and names and files are the same with and without a graph.
package stackframe
