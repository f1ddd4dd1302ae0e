package callsite

import (
	"context"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
)

const (
	captured     = 64 // frames taken from the stack, innermost first
	defaultDepth = 16
	maxLevels    = 8 // parents that a site remembers as stacks
)

// A Frame is a line of code.
type Frame struct {
	// Function is the enclosing declared function, fully qualified: "github.com/acme/shop/cart.(*Cart).Total". Closures,
	// method values and loop bodies are named by the function that declares them; type arguments are left out.
	Function string
	// File is relative to its module, with slashes: "cart/cart.go".
	File string
	// Line counts from 1; 0 where unknown.
	Line int
}

// String returns "function (file:line)".
func (f Frame) String() string {
	return f.Function + " (" + f.File + ":" + strconv.Itoa(f.Line) + ")"
}

// A Site is where a call was made. It is shared: nobody may change it.
type Site struct {
	// Frame is the innermost own frame; where there is none, the innermost that is neither of the standard library nor
	// of an SDK.
	Frame
	// Path is the own frames, outermost first, each as [Frame.String] writes it, without equal neighbours. Empty where
	// there is no own frame.
	Path []string
	// PathValue is Path as an attribute's value, made once.
	PathValue attribute.Value

	id    uint64    // hash of the stack
	from  stackKey  // what it was made of, for another resolver
	by    *Resolver // who made it; nil where from is not kept
	level int       // parents behind from
}

// Options say what is the user's own. The zero value is ready to use.
type Options struct {
	// SkipPackages are import paths whose frames are passed over, with the packages below them: a wrapper around an SDK.
	// Its callers stay visible.
	SkipPackages []string
	// OwnModules are module or import path prefixes that are the user's own although they come from the module cache or
	// a vendor directory.
	OwnModules []string
	// Depth is how many own frames a path keeps, the innermost ones; 16 where it is not positive.
	Depth int
}

// A Resolver finds call sites. It is safe for concurrent use, and it keeps a bounded number of results: a call from a
// place seen before costs the walk over the stack and no allocation.
type Resolver struct {
	rules  *rules
	depth  int
	pcs    table[uintptr, []placed]
	stacks table[stackKey, *Site]
}

// placed is a frame with its class.
type placed struct {
	Frame
	class class
	text  string
}

// New returns a Resolver for the running program.
func New(o Options) *Resolver {
	info, _ := debug.ReadBuildInfo()
	return newResolver(o, newRules(info, stdRoot(), selfRoot(), o))
}

func newResolver(o Options, ru *rules) *Resolver {
	depth := o.Depth
	if depth <= 0 {
		depth = defaultDepth
	}
	return &Resolver{rules: ru, depth: depth}
}

// Capture returns the site of the running call. Frame 0 is Capture's caller; skip drops that many frames; those of
// CostKey itself need not be counted. A path that ctx carries from [WithParent] is put in front. The result is nil
// where no frame is worth reporting; equal stacks give the same Site.
func (r *Resolver) Capture(ctx context.Context, skip int) *Site {
	var buf [captured]uintptr
	pcs := buf[:runtime.Callers(skip+2, buf[:])]
	parent := parentOf(ctx)
	hash := hashStack(parent, pcs)
	// Fast path - the same stack was seen before.
	if site, ok := lookupStack(r.stacks.slot(hash), parent, pcs); ok {
		return site
	}
	// Slow path - the copy keeps buf on the goroutine's stack.
	key := stackKey{parent: parent, pcs: slices.Clone(pcs)}
	site := r.resolve(key)
	if site != nil {
		site.id = hash
		site.remember(key, r)
	}
	r.stacks.put(hash, key, site)
	return site
}

// remember keeps the stacks that the site was made of. A goroutine that starts its own successor, for ever, would make an
// endless list of parents: every so often one keeps its path only.
func (s *Site) remember(key stackKey, by *Resolver) {
	level := 1
	if key.parent != nil {
		level = key.parent.level + 1
	}
	if level <= maxLevels {
		s.from, s.by, s.level = key, by, level
	}
}

// resolve makes a site of a stack. All frames teach where modules lie before the first is placed.
func (r *Resolver) resolve(key stackKey) *Site {
	parent := key.parent
	if parent != nil && parent.by != nil && parent.by != r {
		parent = r.resolve(parent.from) // what is own is this resolver's to say
	}
	for _, pc := range key.pcs {
		r.learn(pc)
	}
	var stack []placed
	for _, pc := range slices.Backward(key.pcs) {
		for _, f := range slices.Backward(r.frames(pc)) {
			stack = append(stack, f)
		}
	}
	return r.join(parent, stack)
}

// join makes a site of a stack, outermost first, below parent's.
func (r *Resolver) join(parent *Site, stack []placed) *Site {
	var site Site
	own, foreign := false, false
	if parent != nil {
		site.Frame, site.Path = parent.Frame, slices.Clone(parent.Path)
		own, foreign = len(parent.Path) > 0, true
	}
	for _, f := range stack {
		switch {
		case f.class == classOwn:
			site.Frame, own = f.Frame, true
			site.Path = appendFrame(site.Path, f.text)
		case f.class == classDependency && !own:
			site.Frame, foreign = f.Frame, true
		}
	}
	if !own && !foreign {
		return nil
	}
	if n := len(site.Path) - r.depth; n > 0 {
		site.Path = slices.Clone(site.Path[n:])
	}
	site.PathValue = attribute.StringSliceValue(site.Path)
	return &site
}

// appendFrame adds text unless path ends in it.
func appendFrame(path []string, text string) []string {
	if n := len(path); n > 0 && path[n-1] == text {
		return path
	}
	return append(path, text)
}

// frames places the frames behind one program counter: several, innermost first, where calls were inlined.
func (r *Resolver) frames(pc uintptr) []placed {
	hash := mix(uint64(pc))
	if frames, ok := lookupPC(r.pcs.slot(hash), pc); ok {
		return frames
	}
	var out []placed
	for _, f := range symbolize(pc) {
		out = append(out, r.rules.place(f.File, f.Function, f.Line))
	}
	r.pcs.put(hash, pc, out)
	return out
}

func (r *Resolver) learn(pc uintptr) {
	if _, ok := lookupPC(r.pcs.slot(mix(uint64(pc))), pc); ok {
		return
	}
	for _, f := range symbolize(pc) {
		r.rules.learn(f.File, f.Function)
	}
}

func symbolize(pc uintptr) []runtime.Frame {
	var out []runtime.Frame
	frames := runtime.CallersFrames([]uintptr{pc})
	for more := true; more; {
		var f runtime.Frame
		f, more = frames.Next()
		out = append(out, f)
	}
	return out
}
