package sourcemap

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/sync/singleflight"

	"github.com/costkey/costkey-otel/receiver/costkeyreceiver/internal/stackframe"
)

// Maps is where source maps come from. It is used by several goroutines at once.
type Maps interface {
	// SourceMap returns the map of the generated file that a frame of a release names, in whatever form the frame has it;
	// nil without an error where there is none.
	SourceMap(ctx context.Context, project, release, file string) ([]byte, error)
}

// Options tune a Translator. The zero value is ready to use.
type Options struct {
	// MaxBytes is about how much memory parsed maps may take; 128 MiB where it is not positive. A map that alone exceeds
	// it is not used.
	MaxBytes int64
	// OnError is told why a map could not be read or used, at most once in ten seconds for each file. It may be nil; it
	// may be called by several goroutines at once.
	OnError func(error)
	// Now is the clock; time.Now where it is nil.
	Now func() time.Time
}

const (
	defaultMaxBytes = 128 << 20
	lookupTimeout   = 5 * time.Second
	maxMissing      = 8192

	keepFound   = 10 * time.Minute // until a map that was uploaded anew counts
	keepMissing = time.Minute      // until a map that was uploaded late counts
	keepFailed  = 10 * time.Second
)

// Translator translates frames. It is safe for concurrent use.
type Translator struct {
	maps    Maps
	options Options
	flight  singleflight.Group
	missing *lru.Cache[key, time.Time] // until when

	mu    sync.Mutex
	found *simplelru.LRU[key, held]
	bytes int64
}

var errTooLarge = errors.New("use a source map: it alone exceeds the memory for source maps")

type key struct{ project, release, file string }

func (k key) String() string { return k.project + "\x00" + k.release + "\x00" + k.file }

// held is a parsed map and until when it counts.
type held struct {
	*parsed
	until time.Time
}

// New returns a Translator of maps.
func New(maps Maps, o Options) *Translator {
	if o.MaxBytes <= 0 {
		o.MaxBytes = defaultMaxBytes
	}
	if o.OnError == nil {
		o.OnError = func(error) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	t := &Translator{maps: maps, options: o}
	// Neither fails with a positive size. The number of parsed maps is bounded by their cost, not by the list's size.
	t.missing, _ = lru.New[key, time.Time](maxMissing)
	t.found, _ = simplelru.NewLRU[key, held](int(o.MaxBytes/costFixed)+1, func(_ key, h held) { t.bytes -= h.cost })
	return t
}

// Translate returns the frames of JavaScript, innermost first, as they were written; those that can't be translated as
// they are. It never fails and does not change frames. ctx bounds how long it waits for maps.
func (t *Translator) Translate(ctx context.Context, project, release string, frames []stackframe.Frame) []stackframe.Frame {
	if release == "" || len(frames) == 0 {
		return frames
	}
	frames = frames[:min(len(frames), stackframe.MaxFrames)]
	out := make([]stackframe.Frame, len(frames))
	caller := position{}
	for i := len(frames) - 1; i >= 0; i-- {
		out[i] = frames[i]
		at, ok := t.position(ctx, project, release, frames[i])
		if ok {
			out[i].File, out[i].Line, out[i].Column = at.file, at.line, 0
			out[i].Function = rename(frames[i].Function, caller.name)
		}
		caller = at
	}
	return out
}

// position returns where a frame was written.
func (t *Translator) position(ctx context.Context, project, release string, f stackframe.Frame) (position, bool) {
	if f.Line < 1 || f.Column < 1 || !stackframe.IsOwn(f, stackframe.JavaScript) {
		return position{}, false
	}
	p := t.parsed(ctx, key{project, release, f.File})
	if p == nil {
		return position{}, false
	}
	return p.find(f.Line, f.Column)
}

// minified is how long the names are, at most, that minifiers give.
const minified = 3

// rename gives a function whose name a minifier made the name by which it was called.
func rename(generated, called string) string {
	bare := strings.TrimPrefix(strings.TrimPrefix(generated, "async "), "new ")
	bare = bare[strings.LastIndexByte(bare, '.')+1:]
	if called == "" || len(bare) > minified {
		return generated
	}
	return called
}

// parsed returns a map, or nil where there is none to be had.
func (t *Translator) parsed(ctx context.Context, k key) *parsed {
	now := t.options.Now()
	if p := t.kept(k, now); p != nil {
		return p
	}
	if until, ok := t.missing.Get(k); ok && now.Before(until) {
		return nil
	}
	// One caller that gives up must not fail the others.
	loading := t.flight.DoChan(k.String(), func() (any, error) {
		if p := t.kept(k, t.options.Now()); p != nil { // a flight before this one brought it
			return p, nil
		}
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookupTimeout)
		defer cancel()
		return t.load(bounded, k), nil
	})
	select {
	case <-ctx.Done():
		return nil
	case result := <-loading:
		p, _ := result.Val.(*parsed)
		return p
	}
}

func (t *Translator) kept(k key, now time.Time) *parsed {
	t.mu.Lock()
	defer t.mu.Unlock()
	h, ok := t.found.Get(k)
	if !ok || !now.Before(h.until) {
		return nil
	}
	return h.parsed
}

// load reads a map and keeps what came of it.
func (t *Translator) load(ctx context.Context, k key) *parsed {
	data, err := t.maps.SourceMap(ctx, k.project, k.release, k.file)
	now := t.options.Now()
	if err != nil {
		t.options.OnError(err)
		t.missing.Add(k, now.Add(keepFailed))
		return nil
	}
	if data == nil {
		t.missing.Add(k, now.Add(keepMissing))
		return nil
	}
	p, err := parse(data)
	if err == nil && p.cost > t.options.MaxBytes {
		err = errTooLarge
	}
	if err != nil {
		t.options.OnError(err)
		t.missing.Add(k, now.Add(keepMissing))
		return nil
	}
	t.keep(k, held{p, now.Add(keepFound)})
	return p
}

func (t *Translator) keep(k key, h held) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.found.Remove(k)
	t.found.Add(k, h)
	t.bytes += h.cost
	for t.bytes > t.options.MaxBytes {
		t.found.RemoveOldest()
	}
}
