package stackframe

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func at(function, file string, line int) Frame {
	return Frame{Function: function, File: file, Line: line}
}

func TestTheSiteIsTheInnermostOwnFrameAndThePathLeadsToIt(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		lang   Language
		frames []Frame
		want   string // function (file:line)
		path   []string
	}{
		{
			name: "a Node server without a bundler",
			frames: []Frame{
				at("globalThis.fetch", "file:///app/node_modules/costkey/dist/index.js", 10),
				at("OpenAI.makeRequest", "/app/node_modules/openai/core.js", 20),
				at("process.processTicksAndRejections", "node:internal/process/task_queues", 95),
				at("async Cart.suggest", "file:///app/src/cart.js", 42),
				at("async handler", "file:///app/src/routes.js", 7),
				at("Layer.handle", "/app/node_modules/express/lib/router/layer.js", 95),
				at("Object.<anonymous>", "/app/src/server.js", 3),
			},
			want: "Cart.suggest (src/cart.js:42)",
			path: []string{"<anonymous> (src/server.js:3)", "handler (src/routes.js:7)", "Cart.suggest (src/cart.js:42)"},
		},
		{
			name: "the SDK's own frames in a bundle go by their name, up to the last one",
			frames: []Frame{
				at("captureStack", "/app/dist/main.js", 1),
				at("Object.__ck_wrap", "/app/dist/main.js", 2),
				at("inner", "/app/dist/main.js", 3),
				at("Object.__ck_patched_fetch__ [as fetch]", "/app/dist/main.js", 4),
				at("summarize", "/app/dist/main.js", 500),
			},
			want: "summarize (dist/main.js:500)",
			path: []string{"summarize (dist/main.js:500)"},
		},
		{
			name: "Next.js names its modules by layer",
			frames: []Frame{
				at("post", "webpack-internal:///(rsc)/./node_modules/openai/index.mjs", 1),
				at("POST", "webpack-internal:///(rsc)/./src/app/api/chat/route.ts", 18),
				at("AppRouteRouteModule.do", "/w/node_modules/next/dist/compiled/next-server/app-route.runtime.dev.js", 6),
				at("__webpack_require__", "/w/.next/server/app.js", 33),
				at("eval", "webpack-internal:///(rsc)/./src/app/boot.ts", 2),
			},
			want: "POST (src/app/api/chat/route.ts:18)",
			path: []string{"<anonymous> (src/app/boot.ts:2)", "POST (src/app/api/chat/route.ts:18)"},
		},
		{
			name: "a Python service",
			lang: Python,
			frames: []Frame{
				at("send", "/usr/local/lib/python3.12/site-packages/httpx/_client.py", 900),
				at("create", "/usr/local/lib/python3.12/site-packages/openai/resources/chat.py", 10),
				at("answer", "/app/shop/bot.py", 31),
				at("run", "/usr/local/lib/python3.12/asyncio/base_events.py", 600),
				at("<lambda>", "/app/shop/bot.py", 12),
				at("<module>", "/app/main.py", 4),
				at("_run_code", "<frozen runpy>", 88),
			},
			want: "answer (shop/bot.py:31)",
			path: []string{"<module> (main.py:4)", "<lambda> (shop/bot.py:12)", "answer (shop/bot.py:31)"},
		},
		{
			name: "without an own frame the innermost dependency that is no provider's client is named",
			lang: Python,
			frames: []Frame{
				at("create", "/venv/lib/python3.12/site-packages/anthropic/messages.py", 10),
				at("invoke", "/venv/lib/python3.12/site-packages/langchain_core/runnables.py", 5),
				at("call", "/venv/lib/python3.12/site-packages/starlette/app.py", 6),
			},
			want: "invoke (langchain_core/runnables.py:5)",
		},
		{
			name: "a recursion's equal frames show once",
			frames: []Frame{
				at("walk", "/app/src/tree.js", 5), at("walk", "/app/src/tree.js", 5), at("walk", "/app/src/tree.js", 9),
			},
			want: "walk (src/tree.js:5)",
			path: []string{"walk (src/tree.js:9)", "walk (src/tree.js:5)"},
		},
		{
			name:   "nothing but the runtime is no site",
			frames: []Frame{at("", "node:internal/main", 1), at("Array.map", "<anonymous>", 0), at("x", "", 1)},
			want:   " (:0)",
		},
		{name: "no frames are no site", want: " (:0)"},
		{
			name:   "impossible lines are unknown",
			frames: []Frame{at("f", "/app/src/a.js", -4), at("g", "/app/src/a.js", 1<<40)},
			want:   "f (src/a.js:0)",
			path:   []string{"g (src/a.js:0)", "f (src/a.js:0)"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			site := Attribute(tt.frames, tt.lang, nil)
			if got := (placed{function: site.Function, file: site.File, line: site.Line}).String(); got != tt.want {
				t.Errorf("site %s, want %s", got, tt.want)
			}
			if !slices.Equal(site.Path, tt.path) {
				t.Errorf("path %q, want %q", site.Path, tt.path)
			}
		})
	}
}

func TestFilesAreRelativeToTheirProject(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, file, want string
		lang             Language
	}{
		{"a file URL", "file:///app/src/a.mjs", "src/a.mjs", JavaScript},
		{"a file URL with a space", "file:///app/my%20src/a.mjs", "my src/a.mjs", JavaScript},
		{"a file URL of Windows", "file:///C:/Users/ada/shop/src/a.ts", "src/a.ts", JavaScript},
		{"a path of Windows", `C:\Users\ada\shop\src\a.ts`, "src/a.ts", JavaScript},
		{"a home without known directories", "/home/ada/work/shop/billing/reports/weekly.py", "reports/weekly.py", Python},
		{"a file in the home itself", "/home/ada/main.py", "main.py", Python},
		{"a home on macOS", "/Users/ada/main.js", "main.js", JavaScript},
		{"a home on a mounted disk", "/mnt/c/Users/ada/main.py", "main.py", Python},
		{"root's home", "/root/main.py", "main.py", Python},
		{"webpack with a layer", "webpack-internal:///(app-pages-browser)/./src/x.tsx", "src/x.tsx", JavaScript},
		{"webpack with a project", "webpack://shop/./src/x.ts?4a21", "src/x.ts", JavaScript},
		{"webpack with an absolute path in a home", "webpack:///home/ada/shop/src/x.ts", "src/x.ts", JavaScript},
		{"a relative path into a home", "../../../Users/ada/x.ts", "x.ts", JavaScript},
		{"Turbopack", "turbopack:///[project]/src/x.ts", "src/x.ts", JavaScript},
		{"React's server", "rsc://React/Server/webpack-internal:///(rsc)/./src/page.tsx?7", "src/page.tsx", JavaScript},
		{"a browser's URL loses host and query", "https://ada:pw@shop.example/assets/main-4f.js?token=secret#x", "assets/main-4f.js", JavaScript},
		{"Vite outside its root", "http://localhost:5173/@fs/Users/ada/lib.ts?t=17", "lib.ts", JavaScript},
		{"a script in a page", "https://shop.example/users/ada?x=1", "<page>", JavaScript},
		{"Bun's executable", "/$bunfs/root/server.js", "server.js", JavaScript},
		{"AWS Lambda", "/var/task/handlers/chat.py", "handlers/chat.py", Python},
		{"a source map's source", "../../src/x.ts", "src/x.ts", JavaScript},
		{"React Native's bundle", "app:///index.android.bundle", "index.android.bundle", JavaScript},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if site := Attribute([]Frame{at("f", tt.file, 1)}, tt.lang, nil); site.File != tt.want || len(site.Path) != 1 {
				t.Errorf("got %+v, want %q", site, tt.want)
			}
		})
	}
}

func TestWhatIsNotTheUsersIsHidden(t *testing.T) {
	t.Parallel()
	for file, lang := range map[string]Language{
		"node:internal/process/task_queues":                          JavaScript,
		"internal/process/task_queues.js":                            JavaScript,
		"native":                                                     JavaScript,
		"index 0":                                                    JavaScript,
		"eval at run (/app/x.js:1:1)":                                JavaScript,
		"data:text/javascript,alert(1)":                              JavaScript,
		"ext:deno_fetch/26_fetch.js":                                 JavaScript,
		"chrome-extension://abcdef/content.js":                       JavaScript,
		"webpack-internal:///webpack/bootstrap":                      JavaScript,
		"/app/.next/server/webpack-runtime.js":                       JavaScript,
		"/app/.next/server/chunks/[turbopack]_runtime.js":            JavaScript,
		"/app/node_modules/.pnpm/openai@5.0.0/node_modules/openai/x": JavaScript,
		"https://esm.sh/openai/client.mjs":                           JavaScript,
		"<string>":                                                   Python,
		"<frozen importlib._bootstrap>":                              Python,
		"/usr/lib/python3.11/threading.py":                           Python,
		"/opt/pypy/lib/pypy3.10/threading.py":                        Python,
		`C:\Python312\Lib\asyncio\runners.py`:                        Python,
		"/opt/python/openai/x.py":                                    Python,
		strings.Repeat("a/", 4000) + "x.py":                          Python,
		strings.Repeat("a/", 4000) + "x.js?key=secret":               JavaScript,
	} {
		if site := Attribute([]Frame{at("f", file, 1)}, lang, nil); site.Function != "" {
			t.Errorf("%.80s gives %+v", file, site)
		}
	}
}

func TestFunctionsOfJavaScriptAreNamedAsTheirAuthorsDo(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"async Cart.total": "Cart.total", "new Cart": "new Cart", "Object.POST": "POST", "Object.<anonymous>": "<anonymous>",
		"": "<anonymous>", "anonymous": "<anonymous>", "Cart.total [as sum]": "Cart.total", "async*load": "load", "load/<": "load",
		"Module.load": "load", "exports.handler": "handler", "Cart.<anonymous>": "<anonymous>", "#private": "#private",
		"new <anonymous>": "<anonymous>", "get total [as total]": "get total", "eval": "<anonymous>",
	} {
		if got := Attribute([]Frame{at(name, "/app/src/a.js", 1)}, JavaScript, nil).Function; got != want {
			t.Errorf("%q is named %q, want %q", name, got, want)
		}
	}
}

func TestSourceCodeBehindAPythonFunctionIsCutOff(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"answer\n    return ask(prompt=\"secret\"": "answer", "<module>\n    main()": "<module>", "<lambda>": "<lambda>", "Bot.answer": "Bot.answer",
	} {
		if site := Attribute([]Frame{at(name, "/app/bot.py", 1)}, Python, nil); site.Function != want || site.Path[0] != want+" (bot.py:1)" {
			t.Errorf("%q gives %+v", name, site)
		}
	}
}

// The frames are those that the Python SDK 0.4.0 makes of what is printed: it cuts at each ", ".
func TestAWordOfSourceCodeIsNoFunctionsName(t *testing.T) {
	t.Parallel()
	const printed = "  File \"/app/shop/main.py\", line 79, in main\n" +
		"    chat(\"PROMPT in the source, in PROMPT words\", fail=True)\n" +
		"  File \"/app/shop/ask.py\", line 12, in Bot.chat\n" +
		"    post(\"say, line 7, in PROMPT\",\n      File \"/app/shop/ask.py\", line 8, in PROMPT\n"
	frames := []Frame{at("PROMPT\",", "/app/shop/ask.py", 7), at("PROMPT words\"", "/app/shop/main.py", 79), at("PROMPT", "/app/shop/other.py", 3)}
	want := Site{
		Function: "Bot.chat", File: "shop/ask.py", Line: 12,
		Path: []string{"<anonymous> (shop/other.py:3)", "main (shop/main.py:79)", "Bot.chat (shop/ask.py:12)"},
	}
	if got := Attribute(Verified(slices.Clone(frames), printed), Python, nil); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, name := range []string{
		"PROMPT words\"", "PROMPT\"", "PROMPT words", "my prompt\n    x", "it's", "ask(", "", ".", "a..b", "<module", "<>", "9lives", "sk-live-1",
	} {
		if site := Attribute([]Frame{at(name, "/app/bot.py", 1)}, Python, nil); site.Function != anonymous {
			t.Errorf("%q is named %q", name, site.Function)
		}
	}
	for _, name := range []string{"grüßen", "_ask", "Bot.ask.<locals>.<lambda>", "<listcomp>", "ask2"} {
		if site := Attribute([]Frame{at(name, "/app/bot.py", 1)}, Python, nil); site.Function != name {
			t.Errorf("%q is named %q", name, site.Function)
		}
	}
}

func TestRecursionIsHeldAgainstWhatWasPrintedInItsOrder(t *testing.T) {
	t.Parallel()
	printed := strings.Repeat("  File \"/app/a.py\", line 1, in outer\n    inner()\n  File \"/app/a.py\", line 2, in inner\n    outer()\n", 2)
	var names []string
	for _, f := range Verified([]Frame{at("x", "/app/a.py", 2), at("x", "/app/a.py", 1), at("x", "/app/a.py", 2), at("x", "/app/a.py", 1), at("x", "/app/a.py", 1)}, printed) {
		names = append(names, f.Function)
	}
	if want := []string{"inner", "outer", "inner", "outer", ""}; !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
	if got := Verified([]Frame{at("ask", "/app/a.py", 2)}, "another form"); got[0].Function != "ask" {
		t.Errorf("a form that nobody knows takes the name: %+v", got)
	}
}

func TestAStackOfAnySizeMakesABoundedSite(t *testing.T) {
	t.Parallel()
	frames := make([]Frame, 100_000)
	for i := range frames {
		frames[i] = at(strings.Repeat("f€\xff\x00", 2000), "/app/src/"+strings.Repeat("ö", 1500)+".js", i)
	}
	site := Attribute(frames, JavaScript, nil)
	if len(site.Path) != MaxPath || site.Line != 0 || !strings.HasSuffix(site.Path[MaxPath-1], ":0)") {
		t.Errorf("path of %d, line %d", len(site.Path), site.Line)
	}
	checkBounds(t, site)
}

func checkBounds(t *testing.T, site Site) {
	t.Helper()
	if len(site.Function) > MaxFunction || len(site.File) > MaxFile || len(site.Path) > MaxPath || site.Line < 0 {
		t.Errorf("site of %d, %d, %d, %d", len(site.Function), len(site.File), len(site.Path), site.Line)
	}
	for _, s := range append([]string{site.Function, site.File}, site.Path...) {
		if !utf8.ValidString(s) || strings.ContainsAny(s, "\x00\n") || len(s) > MaxFunction+MaxFile+16 {
			t.Errorf("holds %.60q", s)
		}
	}
}

func FuzzAttribute(f *testing.F) {
	f.Add("async Object.__ck_fetch", "file:///C:/Users/ada/x.js", 3, true)
	f.Add("f", "webpack-internal:///(rsc)/./src/x.ts?key=1", -3, false)
	f.Add("<module>", "/usr/lib/python3.11", 3, true)
	f.Add("[as", "http://React/://React//", 3, true)
	f.Fuzz(func(t *testing.T, function, file string, line int, python bool) {
		lang := JavaScript
		if python {
			lang = Python
		}
		graph := NewGraph(map[string]Node{file + ":" + function: {FanIn: 2, CallsAI: true, Score: 25, Line: line}})
		site := Attribute([]Frame{at(function, file, line), at("g", file+"/b.py", line)}, lang, graph)
		checkBounds(t, site)
		if lang == JavaScript && strings.Contains(site.File, "?") && !strings.HasPrefix(file, "file:") {
			t.Errorf("a query stays in %q", site.File)
		}
		if strings.HasPrefix(site.File, "/") {
			t.Errorf("an absolute path stays: %q", site.File)
		}
	})
}
