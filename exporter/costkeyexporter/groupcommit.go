package costkeyexporter

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.uber.org/zap"
)

// groupCommit puts what concurrent senders bring into a queue on disk as one request. The queue syncs its file three times
// for each request, and a sync takes as long for the calls of one sender as for those of fifty.
//
// While no request is on its way into the queue, a sender's goes at once. What other senders bring meanwhile is gathered in
// groups, and each group goes when the request before it is in, but no sooner than offerInterval after it where that one was
// of several senders too. A sender that is alone never waits for others.
type groupCommit struct {
	// offer puts a request into the queue. When it has returned nil, the calls are safe.
	offer  func(context.Context, *request) error
	logger *zap.Logger
	// accepted hears how many calls are in the queue.
	accepted func(context.Context, int)
	// A group has at most maxCalls calls and maxBytes packed bytes, unless one sender alone brings more.
	maxCalls, maxBytes int

	ctx     context.Context // of all offers: none of them is any one sender's
	cancel  context.CancelFunc
	running sync.WaitGroup // the goroutine that offers

	mu       sync.Mutex
	offering bool     // a goroutine offers one group after the other
	waiting  []*group // those that it will, all but the last one full
}

// group is the contributions that go into the queue together.
type group struct {
	members []*contribution
	calls   int
	bytes   int
	begun   bool // it is being offered, and nobody joins or leaves it
	waiting int  // members whose senders still wait
	cancel  context.CancelFunc
}

// contribution is what one sender brings.
type contribution struct {
	part     part // packed
	accepted int  // how many calls of it are counted as accepted
	group    *group
	result   chan error // has room for the one result
}

// offerInterval is the least time from one offer to the next while senders come together. Without it, a disk that syncs fast
// makes small groups, and a large part of the processor goes into syncs.
const offerInterval = 2 * time.Millisecond

// maxGroupBytes bounds the packed bytes of a group: each is copied twice on its way into the file.
const maxGroupBytes = 4 << 20

func newGroupCommit(cfg *Config, logger *zap.Logger, offer func(context.Context, *request) error, accepted func(context.Context, int)) *groupCommit {
	g := &groupCommit{offer: offer, logger: logger, accepted: accepted, maxCalls: cfg.maxGroupCalls(), maxBytes: maxGroupBytes}
	g.ctx, g.cancel = context.WithCancel(context.Background())
	return g
}

// commit returns when the calls of p are in the queue or refused by it. accepted is how many of them count as accepted. A
// sender whose ctx is done gets its error at once: calls that were not on their way yet are given up, others may be accepted
// all the same, and are counted if so.
func (g *groupCommit) commit(ctx context.Context, p part, accepted int) error {
	c := &contribution{part: p, accepted: accepted, result: make(chan error, 1)}
	g.join(c)
	select {
	case err := <-c.result:
		return err
	case <-ctx.Done():
		g.leave(c)
		return ctx.Err()
	}
}

// join adds c to the last group that waits, or to a new one, and sees to it that somebody offers it.
func (g *groupCommit) join(c *contribution) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if n := len(g.waiting); n > 0 && g.fits(g.waiting[n-1], &c.part) {
		c.group = g.waiting[n-1]
	} else {
		c.group = new(group)
		g.waiting = append(g.waiting, c.group)
	}
	c.group.members = append(c.group.members, c)
	c.group.calls += c.part.n
	c.group.bytes += len(c.part.packed)
	c.group.waiting++
	if !g.offering {
		g.offering = true
		g.running.Go(g.offerAll)
	}
}

func (g *groupCommit) fits(to *group, p *part) bool {
	return to.calls+p.n <= g.maxCalls && to.bytes+len(p.packed) <= g.maxBytes
}

// leave takes c out of its group, if that has not begun: what waits is bounded by the senders that do. An offer that nobody
// waits for any more is cancelled; it can be waiting for room in the queue.
func (g *groupCommit) leave(c *contribution) {
	g.mu.Lock()
	defer g.mu.Unlock()
	from := c.group
	from.waiting--
	if from.begun {
		if from.waiting == 0 {
			from.cancel()
		}
		return
	}
	from.members = slices.DeleteFunc(from.members, func(m *contribution) bool { return m == c })
	from.calls -= c.part.n
	from.bytes -= len(c.part.packed)
}

// offerAll offers the groups that wait, until none does.
func (g *groupCommit) offerAll() {
	for {
		ctx, next := g.next()
		if next == nil {
			return
		}
		began := time.Now()
		g.offerTo(ctx, next.members)
		next.cancel()
		if len(next.members) > 1 {
			g.pause(time.Until(began.Add(offerInterval)))
		}
	}
}

// pause waits for d, or until stop.
func (g *groupCommit) pause(d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-g.ctx.Done():
	}
}

// next returns the group whose turn it is and the context of its offer, or nil where none waits.
func (g *groupCommit) next() (context.Context, *group) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for len(g.waiting) > 0 {
		next := g.waiting[0]
		g.waiting = slices.Delete(g.waiting, 0, 1)
		if len(next.members) == 0 { // all have left it
			continue
		}
		var ctx context.Context
		ctx, next.cancel = context.WithCancel(g.ctx)
		next.begun = true
		return ctx, next
	}
	g.offering = false
	return nil, nil
}

// offerTo puts the calls of the members into the queue and tells each what became of its own. Where there is no room for all
// of them, halves are tried: a sender is refused only where its calls alone don't fit.
func (g *groupCommit) offerTo(ctx context.Context, members []*contribution) {
	req, accepted := new(request), 0
	for _, m := range members {
		req.add(m.part)
		accepted += m.accepted
	}
	err := g.offerSafely(ctx, req)
	if half := len(members) / 2; half > 0 && errors.Is(err, exporterhelper.ErrQueueIsFull) {
		g.offerTo(ctx, members[:half])
		g.offerTo(ctx, members[half:])
		return
	}
	if err == nil {
		g.accepted(ctx, accepted)
	}
	for _, m := range members {
		m.result <- err
	}
}

var errOfferPanicked = errors.New("put calls into the queue: it panicked, see the collector's log")

// offerSafely turns a panic into an error of those whose calls they were: the goroutine is no sender's, whose server would
// catch it.
func (g *groupCommit) offerSafely(ctx context.Context, req *request) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errOfferPanicked
			g.logger.Error("The sending queue panicked.", zap.Any("panic", p), zap.Stack("stack"))
		}
	}()
	return g.offer(ctx, req)
}

// stop ends offers that wait for room in the queue, and returns when nothing is on its way into it.
func (g *groupCommit) stop() {
	g.cancel()
	g.running.Wait()
}
