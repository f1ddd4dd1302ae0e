package callsite

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
)

const here = "github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/callsite."

func capture(r *Resolver) *Site { return r.Capture(context.Background(), 0) }

// deep calls f from below n frames of its own.
//
//go:noinline
func deep(n int, f func()) {
	if n == 0 {
		f()
		return
	}
	deep(n-1, f)
}

func TestTheFrameIsTheCallersAndThePathEndsInIt(t *testing.T) {
	t.Parallel()
	site := capture(New(Options{}))
	if site.Function != here+"capture" || site.File != "instrumentation/costkeyhttp/internal/callsite/callsite_test.go" || site.Line == 0 {
		t.Errorf("frame %+v", site.Frame)
	}
	if n := len(site.Path); n != 2 || site.Path[1] != site.Frame.String() || !strings.HasPrefix(site.Path[0], here+"TestTheFrame") {
		t.Errorf("path %q", site.Path)
	}
}

func TestSkipDropsFrames(t *testing.T) {
	t.Parallel()
	site := func() *Site { return New(Options{}).Capture(t.Context(), 1) }()
	if site.Function != here+"TestSkipDropsFrames" || len(site.Path) != 1 {
		t.Errorf("got %v", site)
	}
}

func TestEqualStacksShareASite(t *testing.T) {
	t.Parallel()
	r := New(Options{})
	var sites []*Site
	for range 3 {
		sites = append(sites, capture(r))
	}
	if sites[0] != sites[1] || sites[1] != sites[2] {
		t.Error("equal stacks have different sites")
	}
}

func TestALongPathLosesItsOuterEnd(t *testing.T) {
	t.Parallel()
	r := New(Options{Depth: 2})
	var site *Site
	outer := func() { site = capture(r) }
	outer()
	if len(site.Path) != 2 || site.Path[1] != site.Frame.String() || !strings.Contains(site.Path[0], "TestALongPath") {
		t.Errorf("path %q", site.Path)
	}
}

func TestRecursionShowsOnce(t *testing.T) {
	t.Parallel()
	var site *Site
	deep(10, func() { site = capture(New(Options{})) })
	n := 0
	for _, text := range site.Path {
		if strings.HasPrefix(text, here+"deep ") {
			n++
		}
	}
	if n != 2 { // the line of the recursion and the line of the call
		t.Errorf("%d frames of a recursion in %q", n, site.Path)
	}
}

func TestAGoroutineContinuesItsParentsPath(t *testing.T) {
	t.Parallel()
	r := New(Options{})
	parent := capture(r)
	ctx := WithParent(t.Context(), parent)
	got := make(chan *Site)
	go func() { got <- r.Capture(ctx, 0) }()
	site := <-got
	if !slices.Equal(site.Path[:len(parent.Path)], parent.Path) || len(site.Path) != len(parent.Path)+1 {
		t.Errorf("path %q, parent %q", site.Path, parent.Path)
	}
	if site.Path[len(site.Path)-1] != site.Frame.String() || !strings.Contains(site.Function, "TestAGoroutine") {
		t.Errorf("frame %v", site.Frame)
	}
}

func TestAParentsPathIsReadByTheRulesOfTheChild(t *testing.T) {
	t.Parallel()
	parent := capture(New(Options{}))
	r := New(Options{SkipPackages: []string{strings.TrimSuffix(here, ".")}})
	if site := r.Capture(WithParent(t.Context(), parent), 0); site != nil {
		t.Errorf("skipped frames of the parent are reported: %v", site)
	}
}

func TestAnEndlessChainOfGoroutinesIsForgottenInTime(t *testing.T) {
	t.Parallel()
	r := New(Options{})
	ctx := t.Context()
	var site *Site
	for range 50 {
		site = r.Capture(ctx, 0)
		ctx = WithParent(ctx, site)
	}
	n := 0
	for s := site; s != nil; s = s.from.parent {
		n++
	}
	if n > maxLevels+1 {
		t.Errorf("%d parents are held", n)
	}
	if len(site.Path) != 1 {
		t.Errorf("path %q", site.Path)
	}
}

func TestNothingToReportIsNil(t *testing.T) {
	t.Parallel()
	r := New(Options{SkipPackages: []string{"github.com/costkey/costkey-otel"}})
	for range 2 {
		if site := capture(r); site != nil {
			t.Errorf("got %v", site)
		}
	}
	if ctx := t.Context(); WithParent(ctx, nil) != ctx {
		t.Error("a nil parent changes the context")
	}
}

func TestWithoutAnOwnFrameTheInnermostForeignOneIsNamed(t *testing.T) {
	t.Parallel()
	r := newResolver(Options{}, newRules(shop, goroot, "", Options{}))
	site := r.join(nil, placeAll(r.rules, []rawFrame{
		{"net/http.(*Client).Do", goroot + "net/http/client.go", 1},
		{"github.com/openai/openai-go/v3.(*ChatService).New", "/go/pkg/mod/github.com/openai/openai-go/v3@v3.96.0/chat.go", 2},
		{"github.com/BurntSushi/toml.inner", "/go/pkg/mod/github.com/!burnt!sushi/toml@v1.5.0/a.go", 3},
		{"github.com/BurntSushi/toml.outer", "/go/pkg/mod/github.com/!burnt!sushi/toml@v1.5.0/a.go", 4},
		{"runtime.goexit", goroot + "runtime/asm_amd64.s", 5},
	}))
	if site == nil || site.Frame.String() != "github.com/BurntSushi/toml.inner (a.go:3)" || len(site.Path) != 0 {
		t.Errorf("got %v", site)
	}
}

func TestManyGoroutinesAndMorePlacesThanTheCacheHolds(t *testing.T) {
	t.Parallel()
	r := New(Options{})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for n := range 300 {
				deep(n%60, func() {
					if site := r.Capture(t.Context(), n%3); site == nil {
						t.Error("no site")
					}
				})
			}
		})
	}
	wg.Wait()
}

func TestTheCacheIsBounded(t *testing.T) {
	t.Parallel()
	var tab table[uintptr, []placed]
	for pc := range uintptr(10 * tableSets * tableWays) {
		tab.put(mix(uint64(pc)), pc, nil)
	}
	held := 0
	for pc := range uintptr(10 * tableSets * tableWays) {
		if _, ok := lookupPC(tab.slot(mix(uint64(pc))), pc); ok {
			held++
		}
	}
	if held > tableSets*tableWays || held < tableSets {
		t.Errorf("holds %d", held)
	}
}

func TestAHitDoesNotAllocate(t *testing.T) {
	r := New(Options{})
	ctx := t.Context()
	if n := testing.AllocsPerRun(100, func() { r.Capture(ctx, 0) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkCapture(b *testing.B) {
	r := New(Options{})
	for name, ctx := range map[string]context.Context{
		"40 frames":                context.Background(),
		"40 frames below a parent": WithParent(context.Background(), capture(r)),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			deep(36, func() {
				for b.Loop() {
					if r.Capture(ctx, 0) == nil {
						b.Fatal("no site")
					}
				}
			})
		})
	}
	b.Run("40 frames, first time", func(b *testing.B) {
		b.ReportAllocs()
		deep(36, func() {
			for b.Loop() {
				r.stacks = table[stackKey, *Site]{}
				if r.Capture(context.Background(), 0) == nil {
					b.Fatal("no site")
				}
			}
		})
	})
}
