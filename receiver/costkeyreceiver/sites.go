package costkeyreceiver

import (
	"context"
	"hash/maphash"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/costkey/costkey-otel/receiver/costkeyreceiver/internal/protocol"
	"github.com/costkey/costkey-otel/receiver/costkeyreceiver/internal/stackframe"
	"github.com/costkey/costkey-otel/receiver/costkeyreceiver/internal/translate"
)

// The bounds on the sites that are remembered: how many, and how long their frames may be as text; the JavaScript SDK sends
// up to 50 frames. A site that source maps have a part in is worked out again after siteFresh, since maps are uploaded late
// and anew.
const (
	maxSites     = 2048
	maxSiteStack = 16 << 10
	siteFresh    = 10 * time.Second
)

// sites says where calls were made. A program has some dozens of places that make calls, and millions of calls: a place is
// worked out once and then known by its frames, as they came, and all else that it depends on. It is safe for concurrent
// use.
type sites struct {
	placer *placer // may be nil
	graphs *graphs
	now    func() time.Time
	seed   maphash.Seed
	known  *lru.Cache[uint64, knownSite]
}

// knownSite is a place and what it was found by.
type knownSite struct {
	question siteQuestion
	stack    string    // frames, then what was printed
	until    time.Time // zero is for good
	site     *translate.Site
	repaired bool
}

// siteQuestion is what a site depends on beside its frames.
type siteQuestion struct {
	project, release string
	lang             stackframe.Language
	graph            *stackframe.Graph
}

func newSites(p *placer, g *graphs, now func() time.Time) *sites {
	known, _ := lru.New[uint64, knownSite](maxSites) // fails for a size below one only
	return &sites{placer: p, graphs: g, now: now, seed: maphash.MakeSeed(), known: known}
}

// of returns the Site of [translate.Settings] for a batch.
func (s *sites) of(ctx context.Context, b *protocol.Batch) func(string, *protocol.Event) (*translate.Site, bool) {
	now, lang := s.now(), stackframe.LanguageOf(b.SDKVersion)
	return func(project string, e *protocol.Event) (*translate.Site, bool) {
		q := siteQuestion{project: project, lang: lang}
		if lang == stackframe.Python {
			s.placer.recall(ctx, project, s.graphs)
			q.graph = s.graphs.of(project)
		} else {
			q.release = b.Release
		}
		return s.find(ctx, q, translate.StackOf(e, lang), now)
	}
}

func (s *sites) find(ctx context.Context, q siteQuestion, stack translate.Stack, now time.Time) (*translate.Site, bool) {
	id := s.hash(q, stack)
	if k, ok := s.known.Get(id); ok && k.question == q && k.isOf(stack) && (k.until.IsZero() || now.Before(k.until)) {
		return k.site, k.repaired
	}
	k := knownSite{question: q}
	k.site, k.repaired = translate.SiteOf(stack, func(frames []stackframe.Frame) []stackframe.Frame {
		return s.placer.rewrite(ctx, q, frames)
	}, q.graph)
	if s.placer != nil && q.release != "" {
		k.until = now.Add(siteFresh)
	}
	if len(stack.Frames)+len(stack.Printed) <= maxSiteStack && ctx.Err() == nil { // one that was hurried is not remembered
		k.stack = string(stack.Frames) + string(stack.Printed)
		s.known.Add(id, k)
	}
	return k.site, k.repaired
}

// isOf reports whether k was worked out from this stack.
func (k *knownSite) isOf(stack translate.Stack) bool {
	n := len(stack.Frames)
	return len(k.stack) == n+len(stack.Printed) && k.stack[:n] == string(stack.Frames) && k.stack[n:] == string(stack.Printed)
}

func (s *sites) hash(q siteQuestion, stack translate.Stack) uint64 {
	var h maphash.Hash
	h.SetSeed(s.seed)
	_, _ = h.WriteString(q.project) // a hash takes all
	_ = h.WriteByte(byte(q.lang))
	_, _ = h.WriteString(q.release)
	_ = h.WriteByte(0)
	_, _ = h.Write(stack.Frames)
	_, _ = h.Write(stack.Printed)
	return h.Sum64()
}
