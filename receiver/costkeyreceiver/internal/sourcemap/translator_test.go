package sourcemap

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/costkey/costkey-otel/receiver/costkeyreceiver/internal/stackframe"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bundle maps one generated line: column 0 is src/cart.ts line 10 ("summarize" is called there), column 20 is src/app.ts
// line 3, and column 40 is a dependency's.
const bundle = `{
	"version": 3, "file": "main.js",
	"sources": ["webpack://shop/./src/cart.ts", "webpack://shop/./src/app.ts", "../node_modules/express/x.js"],
	"names": ["total"],
	"mappings": "AASA,oBCPAA,oBCAA"
}`

// fakeMaps answers with what it has by file.
type fakeMaps struct {
	mu      sync.Mutex
	files   map[string]string
	err     error
	lookups atomic.Int64
	wait    chan struct{}
}

func (m *fakeMaps) SourceMap(ctx context.Context, project, release, file string) ([]byte, error) {
	m.lookups.Add(1)
	if m.wait != nil {
		select {
		case <-m.wait:
		case <-ctx.Done():
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return nil, m.err
	}
	text, ok := m.files[project+"/"+release+file]
	if !ok {
		return nil, nil
	}
	return []byte(text), nil
}

func (m *fakeMaps) set(file, text string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.files[file], m.err = text, err
}

func maps() *fakeMaps {
	return &fakeMaps{files: map[string]string{"shop/1.0/app/dist/main.js": bundle}}
}

func frame(function string, column int) stackframe.Frame {
	return stackframe.Frame{Function: function, File: "/app/dist/main.js", Line: 1, Column: column}
}

func TestFramesAreTranslatedByRelease(t *testing.T) {
	t.Parallel()
	frames := []stackframe.Frame{frame("t", 5), frame("longName", 25), frame("a", 45), {Function: "x", File: "/app/other.js", Line: 1, Column: 1}}
	before := slices.Clone(frames)
	got := New(maps(), Options{}).Translate(t.Context(), "shop", "1.0", frames)
	want := []stackframe.Frame{
		{Function: "total", File: "webpack://shop/./src/cart.ts", Line: 10},
		{Function: "longName", File: "webpack://shop/./src/app.ts", Line: 3},
		{Function: "a", File: "../node_modules/express/x.js", Line: 3},
		frames[3],
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if !slices.Equal(frames, before) {
		t.Error("the caller's frames are changed")
	}
	site := stackframe.Attribute(got, stackframe.JavaScript, nil)
	if site.Function != "total" || site.File != "src/cart.ts" || site.Line != 10 {
		t.Errorf("site %+v", site)
	}
}

func TestWhatCannotBeTranslatedStaysAsItCame(t *testing.T) {
	t.Parallel()
	m := maps()
	m.files["shop/1.0/app/bad.js"] = `{"version": 3, "sources": [], "names": [], "mappings": "AAgggggA"}`
	m.files["shop/1.0/app/none.js"] = `no JSON`
	m.files["shop/1.0/app/section.js"] = `{"version": 3, "sections": [{"offset": {"line": 0, "column": 0}}]}`
	m.files["shop/1.0/app/offset.js"] = `{"version": 3, "sections": [{"offset": {"line": 1000000000}, "map": {"mappings": ""}}]}`
	m.files["shop/1.0/app/gap.js"] = `{"version": 3, "sources": ["a.ts"], "names": [], "mappings": "AAAA;;AACA"}`
	translator := New(m, Options{})
	for name, c := range map[string]struct {
		release string
		frame   stackframe.Frame
	}{
		"no release":                    {"", frame("f", 5)},
		"another release":               {"2.0", frame("f", 5)},
		"no column":                     {"1.0", frame("f", 0)},
		"no line":                       {"1.0", stackframe.Frame{File: "/app/dist/main.js", Column: 3}},
		"a line past the end":           {"1.0", stackframe.Frame{File: "/app/dist/main.js", Line: 9, Column: 3}},
		"a line that is not mapped":     {"1.0", stackframe.Frame{File: "/app/gap.js", Line: 2, Column: 3}},
		"the SDK's own frame":           {"1.0", frame("__ck_fetch", 5)},
		"a dependency's frame":          {"1.0", stackframe.Frame{File: "/app/node_modules/x/main.js", Line: 1, Column: 1}},
		"a map without its source":      {"1.0", stackframe.Frame{File: "/app/bad.js", Line: 1, Column: 1}},
		"a map that is no JSON":         {"1.0", stackframe.Frame{File: "/app/none.js", Line: 1, Column: 1}},
		"a section without a map":       {"1.0", stackframe.Frame{File: "/app/section.js", Line: 1, Column: 1}},
		"a section far down in nothing": {"1.0", stackframe.Frame{File: "/app/offset.js", Line: 1, Column: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := []stackframe.Frame{c.frame}
			if got := translator.Translate(t.Context(), "shop", c.release, in); !slices.Equal(got, in) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestAMapIsReadOnceForManyCallersAndThenKept(t *testing.T) {
	t.Parallel()
	m := maps()
	translator := New(m, Options{})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				if got := translator.Translate(t.Context(), "shop", "1.0", []stackframe.Frame{frame("f", 1)}); got[0].Line != 10 {
					t.Errorf("got %+v", got)
				}
			}
		})
	}
	wg.Wait()
	if n := m.lookups.Load(); n != 1 {
		t.Errorf("%d lookups", n)
	}
}

func TestWhatIsMissingIsAskedForAgainAfterAWhile(t *testing.T) {
	t.Parallel()
	m := &fakeMaps{files: map[string]string{}, err: errors.New("away")}
	now := time.Unix(1000, 0)
	var told []error
	translator := New(m, Options{Now: func() time.Time { return now }, OnError: func(err error) { told = append(told, err) }})
	translated := func() bool {
		return translator.Translate(t.Context(), "shop", "1.0", []stackframe.Frame{frame("f", 1)})[0].Line == 10
	}
	check := func(what string, want bool, lookups int64) {
		t.Helper()
		if translated() != want || m.lookups.Load() != lookups {
			t.Errorf("%s: translated %v after %d lookups", what, !want, m.lookups.Load())
		}
	}
	check("away", false, 1)
	check("away, asked at once again", false, 1)
	delete(m.files, "shop/1.0/app/dist/main.js")
	m.err = nil
	now = now.Add(keepFailed)
	check("back, but none", false, 2)
	m.set("shop/1.0/app/dist/main.js", bundle, nil)
	check("uploaded, not seen yet", false, 2)
	now = now.Add(keepMissing)
	check("seen", true, 3)
	now = now.Add(keepFound)
	check("read anew in time", true, 4)
	if len(told) != 1 {
		t.Errorf("told %v", told)
	}
}

func TestACallerThatGivesUpDoesNotFailTheOthers(t *testing.T) {
	t.Parallel()
	m := maps()
	m.wait = make(chan struct{})
	translator := New(m, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	in := []stackframe.Frame{frame("f", 1)}
	if got := translator.Translate(ctx, "shop", "1.0", in); got[0].Line != 1 {
		t.Errorf("got %+v", got)
	}
	close(m.wait)
	if got := translator.Translate(t.Context(), "shop", "1.0", in); got[0].Line != 10 {
		t.Errorf("got %+v", got)
	}
}

func TestKeptMapsAreBounded(t *testing.T) {
	t.Parallel()
	m := &fakeMaps{files: map[string]string{}}
	for i := range 100 {
		m.files[fmt.Sprintf("shop/1.0/app/%d.js", i)] = bundle
	}
	m.files["shop/1.0/app/huge.js"] = strings.Replace(bundle, `"names"`, `"x": "`+strings.Repeat("x", 20_000)+`", "names"`, 1)
	one, err := parse([]byte(bundle))
	if err != nil {
		t.Fatal(err)
	}
	var told atomic.Int64
	translator := New(m, Options{MaxBytes: 5 * one.cost, OnError: func(error) { told.Add(1) }})
	for i := range 100 {
		f := stackframe.Frame{File: fmt.Sprintf("/app/%d.js", i), Line: 1, Column: 1}
		if got := translator.Translate(t.Context(), "shop", "1.0", []stackframe.Frame{f}); got[0].Line != 10 {
			t.Fatalf("got %+v", got)
		}
	}
	if n := translator.found.Len(); n != 5 || translator.bytes != 5*one.cost {
		t.Errorf("keeps %d maps of %d bytes", n, translator.bytes)
	}
	f := stackframe.Frame{File: "/app/huge.js", Line: 1, Column: 1}
	if got := translator.Translate(t.Context(), "shop", "1.0", []stackframe.Frame{f}); got[0] != f || told.Load() != 1 {
		t.Errorf("a map above the limit is used: %+v", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(bundle), 1, 1)
	f.Add([]byte(`{"version":3,"sections":[{"offset":{"line":1,"column":2},"map":`+bundle+`}]}`), 2, 3)
	f.Fuzz(func(_ *testing.T, data []byte, line, column int) {
		if p, err := parse(data); err == nil {
			p.find(line, column)
		}
	})
}
