package callsite

import (
	"runtime/debug"
	"testing"
)

const goroot = "/usr/local/go/src/"

func build(mainPkg, mainModule, mainVersion string, deps ...*debug.Module) *debug.BuildInfo {
	return &debug.BuildInfo{Path: mainPkg, Main: debug.Module{Path: mainModule, Version: mainVersion}, Deps: deps}
}

func dep(path, version string) *debug.Module { return &debug.Module{Path: path, Version: version} }

func replaced(path, version, by, byVersion string) *debug.Module {
	return &debug.Module{Path: path, Version: version, Replace: &debug.Module{Path: by, Version: byVersion}}
}

// shop is a build of github.com/acme/shop with one module from the cache, one from a directory and one forked.
var shop = build("github.com/acme/shop/cmd/app", "github.com/acme/shop", "(devel)",
	dep("github.com/openai/openai-go/v3", "v3.96.0"),
	dep("github.com/BurntSushi/toml", "v1.5.0"),
	replaced("example.com/lib", "v0.0.0", "../lib", "(devel)"),
	replaced("example.com/orig", "v1.0.0", "example.com/fork", "v1.0.1"),
	dep("github.com/costkey/costkey-otel", "v0.1.0"),
)

// Short names for the table.
const (
	own    = classOwn
	other  = classDependency
	hidden = classHidden
)

var (
	workspace = build("github.com/acme/shop/cmd/app", "github.com/acme/shop", "(devel)", &debug.Module{Path: "github.com/acme/lib", Version: "(devel)"})
	stamped   = build("github.com/acme/shop/cmd/app", "github.com/acme/shop", "v0.0.0-20261101120000-abcdefabcdef+dirty")
	installed = build("github.com/acme/shop/cmd/app", "github.com/acme/shop", "v1.2.3")
	dotless   = build("shop/cmd/app", "shop", "(devel)")
	ours      = build("github.com/costkey/costkey-otel/examples/go-shop", "github.com/costkey/costkey-otel", "(devel)")
	test      = build("github.com/acme/shop/internal/cart.test", "github.com/acme/shop", "(devel)")
	file      = build("command-line-arguments", "", "")
)

var frames = []struct {
	name           string
	info           *debug.BuildInfo
	std, self      string
	opts           Options
	file, function string
	class          class
	want           string // function and file
}{
	{"plain build, own", shop, goroot, "", Options{}, "/home/ann/src/shop/internal/cart/cart.go", "github.com/acme/shop/internal/cart.(*Cart).Total", own, "github.com/acme/shop/internal/cart.(*Cart).Total internal/cart/cart.go"},
	{"plain build, package main", shop, goroot, "", Options{}, "/home/ann/src/shop/cmd/app/main.go", "main.main", own, "main.main cmd/app/main.go"},
	{"plain build, module root", shop, goroot, "", Options{}, "/home/ann/src/shop/shop.go", "github.com/acme/shop.Run", own, "github.com/acme/shop.Run shop.go"},
	{"plain build, standard library", shop, goroot, "", Options{}, goroot + "net/http/client.go", "net/http.(*Client).Do", hidden, ""},
	{"plain build, standard library's vendor", shop, goroot, "", Options{}, goroot + "vendor/golang.org/x/net/http/httpproxy/proxy.go", "vendor/golang.org/x/net/http/httpproxy.X", hidden, ""},
	{"plain build, an SDK", shop, goroot, "", Options{}, "/home/ann/go/pkg/mod/github.com/openai/openai-go/v3@v3.96.0/chat.go", "github.com/openai/openai-go/v3.(*ChatService).New", hidden, ""},
	{"plain build, another dependency", shop, goroot, "", Options{}, "/cache/github.com/!burnt!sushi/toml@v1.5.0/internal/tz.go", "github.com/BurntSushi/toml/internal.Zone", other, "github.com/BurntSushi/toml/internal.Zone internal/tz.go"},
	{"plain build, a dependency that build info does not list", shop, goroot, "", Options{}, "/go/pkg/mod/example.org/x@v0.1.0/a/b.go", "example.org/x/a.B", other, "example.org/x/a.B a/b.go"},
	{"a toolchain in the module cache is the standard library", shop, "/root/go/pkg/mod/golang.org/toolchain@v0.0.1-go1.26.8.linux-amd64/src/", "", Options{}, "/root/go/pkg/mod/golang.org/toolchain@v0.0.1-go1.26.8.linux-amd64/src/net/http/client.go", "net/http.(*Client).Do", hidden, ""},
	{"a main module stamped by version control", stamped, goroot, "", Options{}, "/src/internal/cart/cart.go", "github.com/acme/shop/internal/cart.Total", own, "github.com/acme/shop/internal/cart.Total internal/cart/cart.go"},
	{"a directory that looks like a version", shop, goroot, "", Options{}, "/home/ann/shop@v2/internal/cart/cart.go", "github.com/acme/shop/internal/cart.Total", own, "github.com/acme/shop/internal/cart.Total internal/cart/cart.go"},
	{"Windows", shop, "C:/Program Files/Go/src/", "", Options{}, "C:/Users/ann/shop/internal/cart/cart.go", "github.com/acme/shop/internal/cart.Total", own, "github.com/acme/shop/internal/cart.Total internal/cart/cart.go"},

	{"-trimpath, own", shop, "", "", Options{}, "github.com/acme/shop/internal/cart/cart.go", "github.com/acme/shop/internal/cart.(*Cart).Total", own, "github.com/acme/shop/internal/cart.(*Cart).Total internal/cart/cart.go"},
	{"-trimpath, standard library", shop, "", "", Options{}, "net/http/client.go", "net/http.(*Client).Do", hidden, ""},
	{"-trimpath, standard library's vendor", shop, "", "", Options{}, "vendor/golang.org/x/net/http/httpproxy/proxy.go", "vendor/golang.org/x/net/http/httpproxy.X", hidden, ""},
	{"-trimpath, an iterator of the standard library inlined into main", shop, "", "", Options{}, "slices/iter.go", "main.main.Values[...].func9", hidden, ""},
	{"-trimpath, an SDK", shop, "", "", Options{}, "github.com/openai/openai-go/v3@v3.96.0/chat.go", "github.com/openai/openai-go/v3.(*ChatService).New", hidden, ""},
	{"-trimpath, another dependency", shop, "", "", Options{}, "github.com/BurntSushi/toml@v1.5.0/decode.go", "github.com/BurntSushi/toml.Decode", other, "github.com/BurntSushi/toml.Decode decode.go"},
	{"-trimpath, replaced by a directory", shop, "", "", Options{}, "example.com/lib@v0.0.0/a/lib.go", "example.com/lib/a.Do", own, "example.com/lib/a.Do a/lib.go"},
	{"-trimpath, a module without a dot", dotless, "", "", Options{}, "shop/internal/cart/cart.go", "shop/internal/cart.Total", own, "shop/internal/cart.Total internal/cart/cart.go"},
	{"-trimpath of own files only", shop, goroot, "", Options{}, "internal/cart/cart.go", "github.com/acme/shop/internal/cart.Total", own, "github.com/acme/shop/internal/cart.Total internal/cart/cart.go"},

	{"replaced by a directory", shop, goroot, "", Options{}, "/home/ann/src/lib/a/lib.go", "example.com/lib/a.Do", own, "example.com/lib/a.Do a/lib.go"},
	{"replaced by another module", shop, goroot, "", Options{}, "/go/pkg/mod/example.com/fork@v1.0.1/x.go", "example.com/orig.Do", other, "example.com/orig.Do x.go"},
	{"workspace", workspace, goroot, "", Options{}, "/ws/lib/a/a.go", "github.com/acme/lib/a.Do", own, "github.com/acme/lib/a.Do a/a.go"},
	{"workspace with -trimpath", workspace, "", "", Options{}, "github.com/acme/lib/a/a.go", "github.com/acme/lib/a.Do", own, "github.com/acme/lib/a.Do a/a.go"},
	{"vendored dependency", shop, goroot, "", Options{}, "/src/shop/vendor/github.com/BurntSushi/toml/decode.go", "github.com/BurntSushi/toml.Decode", other, "github.com/BurntSushi/toml.Decode decode.go"},
	{"vendored SDK", shop, goroot, "", Options{}, "/src/shop/vendor/github.com/openai/openai-go/v3/chat.go", "github.com/openai/openai-go/v3.(*ChatService).New", hidden, ""},
	{"vendored module that a directory replaces", shop, goroot, "", Options{}, "/src/shop/vendor/example.com/lib/a/lib.go", "example.com/lib/a.Do", own, "example.com/lib/a.Do a/lib.go"},
	{"an own package called vendor", shop, goroot, "", Options{}, "/src/shop/internal/vendor/list.go", "github.com/acme/shop/internal/vendor.List", own, "github.com/acme/shop/internal/vendor.List internal/vendor/list.go"},
	{"go install of a version", installed, goroot, "", Options{}, "/go/pkg/mod/github.com/acme/shop@v1.2.3/cmd/app/main.go", "main.main", own, "main.main cmd/app/main.go"},
	{"go run of a file", file, goroot, "", Options{}, "/home/ann/try/tool.go", "main.main", own, "main.main try/tool.go"},
	{"go run of a file in a home directory", file, goroot, "", Options{}, "/home/ann/tool.go", "main.main", own, "main.main tool.go"},
	{"go run of a file in root's home directory", file, goroot, "", Options{}, "/root/tool.go", "main.main", own, "main.main tool.go"},
	{"go run of a file with -trimpath", file, "", "", Options{}, "./tool.go", "main.main", own, "main.main tool.go"},
	{"a test", test, goroot, "", Options{}, "/src/shop/internal/cart/cart_test.go", "github.com/acme/shop/internal/cart.TestTotal", own, "github.com/acme/shop/internal/cart.TestTotal internal/cart/cart_test.go"},
	{"a test in a package of its own", test, goroot, "", Options{}, "/src/shop/internal/cart/cart_test.go", "github.com/acme/shop/internal/cart_test.TestTotal", own, "github.com/acme/shop/internal/cart_test.TestTotal internal/cart/cart_test.go"},
	{"a test with -trimpath", test, "", "", Options{}, "github.com/acme/shop/internal/cart/cart_test.go", "github.com/acme/shop/internal/cart_test.TestTotal", own, "github.com/acme/shop/internal/cart_test.TestTotal internal/cart/cart_test.go"},
	{"a test's made main", test, goroot, "", Options{}, "_testmain.go", "main.main", hidden, ""},

	{"no build info, own", nil, goroot, "", Options{}, "/home/ann/src/shop/internal/cart/cart.go", "github.com/acme/shop/internal/cart.Total", own, "github.com/acme/shop/internal/cart.Total cart/cart.go"},
	{"no build info, module cache", nil, goroot, "", Options{}, "/go/pkg/mod/example.org/x@v0.1.0/a/b.go", "example.org/x/a.B", other, "example.org/x/a.B a/b.go"},
	{"no build info, an SDK in a GOPATH", nil, goroot, "", Options{}, "/go/src/github.com/openai/openai-go/chat.go", "github.com/openai/openai-go.(*ChatService).New", hidden, ""},
	{"no build info, vendored", nil, goroot, "", Options{}, "/src/shop/vendor/example.org/x/a/b.go", "example.org/x/a.B", other, "example.org/x/a.B a/b.go"},
	{"no build info, trimmed standard library", nil, "", "", Options{}, "net/http/client.go", "net/http.(*Client).Do", hidden, ""},
	{"no build info, trimmed to the root of the sources", nil, "", "", Options{}, "internal/cart/cart.go", "github.com/acme/shop/internal/cart.Total", own, "github.com/acme/shop/internal/cart.Total internal/cart/cart.go"},
	{"Bazel, a dependency", nil, "", "", Options{}, "external/org_example_x/a/b.go", "example.org/x/a.B", other, "example.org/x/a.B a/b.go"},
	{"Bazel, standard library", nil, "", "", Options{}, "external/go_sdk/src/net/http/client.go", "net/http.(*Client).Do", hidden, ""},

	{"closure of a dependency inlined into main", shop, goroot, "", Options{}, "/go/pkg/mod/github.com/openai/openai-go/v3@v3.96.0/option/option.go", "main.main.WithKey.func1", hidden, ""},
	{"closure of an own package inlined into main", shop, "", "", Options{}, "github.com/acme/shop/internal/cart/cart.go", "main.main.(*Cart).Lazy.func5", own, "github.com/acme/shop/internal/cart.(*Cart).Lazy internal/cart/cart.go"},
	{"generated code without a file", shop, goroot, "", Options{}, "<autogenerated>", "github.com/acme/shop/internal/cart.(*Cart).Total", hidden, ""},
	{"a template's line", shop, "", "", Options{}, "views/cart.templ", "github.com/acme/shop/views.Cart", own, "github.com/acme/shop/views.Cart views/cart.templ"},

	{"skipped package", shop, goroot, "", Options{SkipPackages: []string{"github.com/acme/shop/internal/llm"}}, "/src/shop/internal/llm/llm.go", "github.com/acme/shop/internal/llm.Complete", hidden, ""},
	{"package below a skipped one", shop, goroot, "", Options{SkipPackages: []string{"github.com/acme/shop/internal/llm/..."}}, "/src/shop/internal/llm/retry/retry.go", "github.com/acme/shop/internal/llm/retry.Do", hidden, ""},
	{"package that a skipped one's name begins", shop, goroot, "", Options{SkipPackages: []string{"github.com/acme/shop/internal/llm"}}, "/src/shop/internal/llmtools/x.go", "github.com/acme/shop/internal/llmtools.Do", own, "github.com/acme/shop/internal/llmtools.Do internal/llmtools/x.go"},
	{"a module of the cache named as own", shop, goroot, "", Options{OwnModules: []string{"github.com/BurntSushi"}}, "/go/pkg/mod/github.com/!burnt!sushi/toml@v1.5.0/decode.go", "github.com/BurntSushi/toml.Decode", own, "github.com/BurntSushi/toml.Decode decode.go"},

	{"CostKey's own packages", ours, goroot, "/src/costkey/", Options{}, "/src/costkey/instrumentation/costkeyhttp/transport.go", "github.com/costkey/costkey-otel/instrumentation/costkeyhttp.(*Transport).RoundTrip", hidden, ""},
	{"CostKey in the module cache", shop, goroot, "/go/pkg/mod/github.com/costkey/costkey-otel@v0.1.0/", Options{}, "/go/pkg/mod/github.com/costkey/costkey-otel@v0.1.0/instrumentation/costkey/go.go", "github.com/costkey/costkey-otel/instrumentation/costkey.Go.func1", hidden, ""},
	{"CostKey's tests use CostKey", ours, goroot, "/src/costkey/", Options{}, "/src/costkey/instrumentation/costkeyhttp/transport_test.go", "github.com/costkey/costkey-otel/instrumentation/costkeyhttp_test.TestX", own, "github.com/costkey/costkey-otel/instrumentation/costkeyhttp_test.TestX instrumentation/costkeyhttp/transport_test.go"},
	{"CostKey's examples use CostKey", ours, goroot, "/src/costkey/", Options{}, "/src/costkey/examples/go-shop/main.go", "main.main", own, "main.main examples/go-shop/main.go"},
	{"CostKey's examples with -trimpath", ours, "", "github.com/costkey/costkey-otel/", Options{}, "github.com/costkey/costkey-otel/examples/go-shop/main.go", "main.main", own, "main.main examples/go-shop/main.go"},
}

func TestWhoseAFrameIs(t *testing.T) {
	t.Parallel()
	for _, c := range frames {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := newRules(c.info, c.std, c.self, c.opts).place(c.file, c.function, 7)
			if got.class != c.class {
				t.Fatalf("class %d, want %d (%+v)", got.class, c.class, got)
			}
			if text := got.Function + " " + got.File; c.class != classHidden && text != c.want {
				t.Errorf("got  %s\nwant %s", text, c.want)
			}
		})
	}
}

func TestARootLearnedFromOneFrameServesAnInlinedClosure(t *testing.T) {
	t.Parallel()
	r := newRules(shop, goroot, "", Options{SkipPackages: []string{"github.com/acme/shop/internal/llm"}})
	const closure = "main.main.Retry.func1"
	before := r.place("/src/shop/internal/cart/cart.go", closure, 1)
	if before.File != "cart/cart.go" {
		t.Errorf("before: %s", before.File)
	}
	r.learn("/src/shop/cmd/app/main.go", "main.main")
	after := r.place("/src/shop/internal/cart/cart.go", closure, 1)
	if after.String() != "github.com/acme/shop/internal/cart.Retry (internal/cart/cart.go:1)" {
		t.Errorf("after: %s", after)
	}
	if wrapper := r.place("/src/shop/internal/llm/llm.go", closure, 1); wrapper.class != classHidden {
		t.Errorf("a closure of a skipped package is reported: %s", wrapper)
	}
}

func TestFunctionNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"main.main":                            "main main",
		"main.main.func1":                      "main main",
		"main.main.func1.2":                    "main main",
		"main.main.func1.gowrap3":              "main main",
		"main.main.deferwrap1":                 "main main",
		"main.main-range1":                     "main main",
		"main.main.func2-range1":               "main main",
		"main.init.0":                          "main init",
		"main.init.0.func1":                    "main init",
		"main.glob..func1":                     "main init",
		"main.main.Do.func3":                   "main Do",
		"main.main.T.V.func4":                  "main T.V",
		"main.main.(*T).P.func5":               "main (*T).P",
		"main.main.main.func1.Do.func10":       "main Do",
		"main.main.(*G[...]).M.func7":          "main (*G).M",
		"github.com/a/b.(*T).M":                "github.com/a/b (*T).M",
		"github.com/a/b.(*T).M-fm":             "github.com/a/b (*T).M",
		"github.com/a/b.(*T).M.func1":          "github.com/a/b (*T).M",
		"github.com/a/b.(*T).M.Do.func1":       "github.com/a/b Do",
		"github.com/a/b.T.M.func1":             "github.com/a/b T.M",
		"github.com/a/b.Map[...].func1":        "github.com/a/b Map",
		"github.com/a/b.Map[go.shape.int_0].M": "github.com/a/b Map.M",
		"gopkg.in/yaml%2ev3.(*D).Decode":       "gopkg.in/yaml.v3 (*D).Decode",
		"github.com/a/v1.2/b.F":                "github.com/a/v1.2/b F",
		"crosscall2":                           " crosscall2",
		"":                                     " ",
	} {
		fn := parseFunc(name)
		if got := fn.pkg + " " + fn.declared(false); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

// FuzzPlace: whatever the runtime says, no absolute path leaves and nothing panics.
func FuzzPlace(f *testing.F) {
	f.Add("/home/ann/src/shop/internal/cart/cart.go", "github.com/acme/shop/internal/cart.(*Cart).Total")
	f.Add("C:/Users/ann/x.go", "main.main.T.V.func4")
	f.Add("a@v1.2.3/", "glob..func1[")
	f.Fuzz(func(t *testing.T, file, function string) {
		p := newRules(shop, goroot, "/src/costkey/", Options{}).place(file, function, 1)
		if p.class != classHidden && isAbs(p.File) {
			t.Errorf("absolute path %q", p.File)
		}
	})
}
