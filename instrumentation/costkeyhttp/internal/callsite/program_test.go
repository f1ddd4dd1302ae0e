package callsite

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
)

// program is what a compiled program of testdata/prog says about itself.
type program struct {
	rules  func(Options) *rules
	stacks map[string][]rawFrame
}

type rawFrame struct {
	function, file string
	line           int
}

func TestRealPrograms(t *testing.T) {
	t.Parallel()
	dir := unpack(t)
	for name, args := range map[string][]string{
		"built":                {"run", "./cmd/app"},
		"built with -trimpath": {"run", "-trimpath", "./cmd/app"},
		"run from a file":      {"run", "cmd/app/main.go"},
		"test binary":          {"test", "-v", "./cmd/app"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := runProgram(t, dir, args)
			checkProgram(t, p, name)
		})
	}
}

// callers is what is to be found with the wrapper internal/llm skipped. A closure inlined into main carries main's name.
var callers = map[string]string{
	"pointer method":                      "github.com/acme/shop/internal/shop.(*Cart).Total (internal/shop/shop.go:9)",
	"value method":                        "github.com/acme/shop/internal/shop.Cart.Count (internal/shop/shop.go:11)",
	"method of a generic type":            "github.com/acme/shop/internal/shop.(*Box).Open (internal/shop/shop.go:13)",
	"generic function":                    "github.com/acme/shop/internal/shop.Sum (internal/shop/shop.go:15)",
	"closure of an inlined function":      "github.com/acme/shop/internal/shop.Later (internal/shop/shop.go:17)",
	"closure of an inlined value method":  "github.com/acme/shop/internal/shop.Cart.Lazy (internal/shop/shop.go:19)",
	"package-level closure":               "github.com/acme/shop/internal/shop.init (internal/shop/shop.go:21)",
	"init":                                "github.com/acme/shop/internal/shop.init (internal/shop/shop.go:23)",
	"closure called by a replaced module": "main.main (cmd/app/main.go:29)",
	"closure in main":                     "main.main (cmd/app/main.go:30)",
	"method value":                        "github.com/acme/shop/internal/shop.(*Cart).Again (internal/shop/shop.go:27)",
	"method value of a value method":      "github.com/acme/shop/internal/shop.Cart.Twice (internal/shop/shop.go:29)",
	"range-over-func body":                "main.main (cmd/app/main.go:34)",
	"goroutine":                           "main.main (cmd/app/main.go:37)",
	"go statement with arguments":         "main.work (cmd/app/main.go:47)",
}

func checkProgram(t *testing.T, p program, mode string) {
	t.Helper()
	for label, want := range callers {
		res := newResolver(Options{}, p.rules(Options{SkipPackages: []string{"github.com/acme/shop/internal/llm"}}))
		if mode == "test binary" {
			want = strings.Replace(want, "main.", "github.com/acme/shop/cmd/app.", 1)
		}
		raw, ok := p.stacks[label]
		if !ok {
			t.Errorf("%s: no such stack", label)
			continue
		}
		site := res.join(nil, placeAll(res.rules, raw))
		if site == nil {
			t.Errorf("%s: no site in %v", label, raw)
			continue
		}
		if got := site.Frame.String(); got != want {
			t.Errorf("%s:\n got %s\nwant %s", label, got, want)
		}
		for _, text := range site.Path {
			if strings.Contains(text, "(/") || strings.Contains(text, "llm") {
				t.Errorf("%s: path holds %s", label, text)
			}
		}
	}
	checkReplacedModule(t, newResolver(Options{}, p.rules(Options{})), p)
}

func checkReplacedModule(t *testing.T, res *Resolver, p program) {
	t.Helper()
	path := res.join(nil, placeAll(res.rules, p.stacks["closure called by a replaced module"])).Path
	if !strings.Contains(strings.Join(path, "\n"), "example.com/lib.Do (lib.go:4)") {
		t.Errorf("a replaced module's frame is missing in %q", path)
	}
}

// placeAll places a stack that is innermost first, and returns it outermost first.
func placeAll(r *rules, raw []rawFrame) []placed {
	var out []placed
	for _, f := range raw {
		r.learn(f.file, f.function)
	}
	for i := len(raw) - 1; i >= 0; i-- {
		out = append(out, r.place(raw[i].file, raw[i].function, raw[i].line))
	}
	return out
}

func unpack(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	src := os.DirFS("testdata/prog")
	err := fs.WalkDir(src, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(src, name)
		if err != nil {
			return err
		}
		to := filepath.Join(dir, strings.TrimSuffix(name, ".txt"))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		return os.WriteFile(to, data, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func runProgram(t *testing.T, dir string, args []string) program {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off", "GOPROXY=off")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %v: %v", args, err)
	}
	p := program{stacks: map[string][]rawFrame{}}
	var label string
	lines := strings.Split(string(out), "\n")
	for i := 0; i < len(lines); i++ {
		switch parts := strings.Split(lines[i], "\t"); {
		case lines[i] == "build":
			p.rules = rulesOf(t, lines[i+1], lines[i+2])
			i += 2
		case lines[i] == "case":
			i++
			label = lines[i]
		case len(parts) == 3:
			line, _ := strconv.Atoi(parts[2])
			p.stacks[label] = append(p.stacks[label], rawFrame{parts[0], parts[1], line})
		}
	}
	return p
}

func rulesOf(t *testing.T, quoted, std string) func(Options) *rules {
	t.Helper()
	text, err := strconv.Unquote(quoted)
	if err != nil {
		t.Fatal(err)
	}
	info, err := debug.ParseBuildInfo(text)
	if err != nil {
		t.Fatal(err)
	}
	return func(o Options) *rules { return newRules(info, std, "", o) }
}
