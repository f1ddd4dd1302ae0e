package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
)

const (
	// senders send at the same time, each over a connection of its own.
	senders = 12
	// attemptPatience is how long a sender waits for an answer.
	attemptPatience = 10 * time.Second
	// resendAfter is how long a sender waits before it sends a request again, as an SDK does at first.
	resendAfter = 50 * time.Millisecond
)

// requestSizes are the numbers of calls in a sender's requests, in turn: many programs send a call or a few at a time.
func requestSizes() []int { return []int{1, 1, 10, 3, 1, 100} }

// traffic is senders that send the calls of a load to one collector, each request again until it was answered. Every
// fourth sender gives up a request that a kill cut off, as a program does that ends.
type traffic struct {
	c    *collector
	l    load
	next atomic.Int64 // the first call that is in no request yet

	waiting  atomic.Int64 // requests that wait for their answer
	answered atomic.Int64 // requests that got it
	cutOff   atomic.Int64 // requests that a kill left without
	kills    atomic.Int64
	over     atomic.Bool // senders end when their request is answered

	mu  sync.Mutex
	log ledger
}

// ledger says what became of each call, by its number.
type ledger struct{ answered, givenUp map[int]bool }

func newTraffic(c *collector, l load) *traffic {
	return &traffic{c: c, l: l, log: ledger{answered: map[int]bool{}, givenUp: map[int]bool{}}}
}

// start runs the senders until end.
func (t *traffic) start(ctx context.Context) *errgroup.Group {
	group, ctx := errgroup.WithContext(ctx)
	for i := range senders {
		group.Go(func() error { return t.sender(ctx, i) })
	}
	return group
}

func (t *traffic) sender(ctx context.Context, i int) error {
	conn, err := grpc.NewClient(t.c.grpc, grpc.WithTransportCredentials(insecure.NewCredentials()),
		// Back as soon as the collector is, so that the next kill finds all of them at work.
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: backoff.Config{BaseDelay: resendAfter, Multiplier: 1, MaxDelay: resendAfter}}))
	if err != nil {
		return err
	}
	defer conn.Close()
	client := ptraceotlp.NewGRPCClient(conn)
	sizes := requestSizes()
	for turn := i; !t.over.Load(); turn++ {
		n := sizes[turn%len(sizes)]
		first := int(t.next.Add(int64(n))) - n
		if err := t.deliver(ctx, client, first, n, i%4 == 3); err != nil {
			return err
		}
	}
	return nil
}

// deliver sends one request until it is answered, or, where mayGiveUp, until a kill cuts it off.
func (t *traffic) deliver(ctx context.Context, client ptraceotlp.GRPCClient, first, n int, mayGiveUp bool) error {
	request := ptraceotlp.NewExportRequestFromTraces(t.l.calls(first, n))
	for {
		kills := t.kills.Load()
		err := t.attempt(ctx, client, request)
		cutOff := err != nil && t.kills.Load() > kills
		if cutOff {
			t.cutOff.Add(1)
		}
		switch {
		case err == nil:
			t.answered.Add(1)
			t.note(first, n, func(l ledger) map[int]bool { return l.answered })
			return nil
		case errors.Is(err, errRejected):
			return err
		case cutOff && mayGiveUp:
			t.note(first, n, func(l ledger) map[int]bool { return l.givenUp })
			return nil
		}
		if err := pause(ctx, resendAfter); err != nil {
			return err
		}
	}
}

// errRejected says that the collector took a request and refused spans of it, which no resend mends.
var errRejected = errors.New("spans were rejected")

func (t *traffic) attempt(ctx context.Context, client ptraceotlp.GRPCClient, request ptraceotlp.ExportRequest) error {
	ctx, cancel := context.WithTimeout(ctx, attemptPatience)
	defer cancel()
	t.waiting.Add(1)
	defer t.waiting.Add(-1)
	answer, err := client.Export(ctx, request)
	if err == nil && answer.PartialSuccess().RejectedSpans() != 0 {
		err = errRejected
	}
	return err
}

func (t *traffic) note(first, n int, in func(ledger) map[int]bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := first; i < first+n; i++ {
		in(t.log)[i] = true
	}
}

// killAfter kills the collector once it answered some requests more, while others wait for their answer.
func (t *traffic) killAfter(ctx context.Context, requests int64) error {
	goal, before := t.answered.Load()+requests, t.cutOff.Load()
	err := eventually(ctx, visible, func(context.Context) error {
		if got := t.answered.Load(); got < goal {
			return fmt.Errorf("%d of %d requests were answered", got, goal)
		}
		return nil
	})
	for err == nil && t.waiting.Load() < senders/2 {
		err = pause(ctx, time.Millisecond)
	}
	if err != nil {
		return err
	}
	t.kills.Add(1)
	if err := t.c.kill(); err != nil {
		return err
	}
	return eventually(ctx, attemptPatience, func(context.Context) error {
		if t.cutOff.Load() == before {
			return errors.New("the kill cut off no request")
		}
		return nil
	})
}

// end lets each sender finish its request.
func (t *traffic) end(group *errgroup.Group) error {
	t.over.Store(true)
	return group.Wait()
}

// stored fails unless each answered call is stored once, each that was given up at most once, and none else.
func (t *traffic) stored(ctx context.Context) error {
	rows, err := t.c.responses(ctx, t.l)
	if err != nil {
		return err
	}
	missing, doubled, unknown := 0, 0, 0
	for i := range t.log.answered {
		if rows[i] == 0 {
			missing++
		}
	}
	for i, n := range rows {
		if n > 1 {
			doubled++
		}
		if !t.log.answered[i] && !t.log.givenUp[i] {
			unknown++
		}
	}
	if missing+doubled+unknown > 0 {
		return fmt.Errorf("of %d answered calls and %d given up, %d answered ones are missing, %d are doubled; %d rows are of no call",
			len(t.log.answered), len(t.log.givenUp), missing, doubled, unknown)
	}
	return t.c.holds(ctx, len(rows))
}

// killedUnderLoad kills the collector with requests of many senders in flight, also while it still works off the queue
// that the kill before left, and lets the senders send again as soon as it is back.
func killedUnderLoad(ctx context.Context, s *stage) error {
	c, err := s.collector("collector", "")
	if err != nil {
		return err
	}
	if err := c.start(ctx); err != nil {
		return err
	}
	t := newTraffic(c, newLoad("kill"))
	group := t.start(ctx)
	for _, requests := range []int64{300, 20, 150} {
		if err := errors.Join(t.killAfter(ctx, requests), c.start(ctx)); err != nil {
			return errors.Join(err, t.end(group))
		}
	}
	if err := t.end(group); err != nil {
		return err
	}
	fmt.Printf("    3 kills cut off %d requests; %d calls were answered, %d given up\n",
		t.cutOff.Load(), len(t.log.answered), len(t.log.givenUp))
	if err := eventually(ctx, visible, t.stored); err != nil {
		return err
	}
	// Stopping writes what the queue still has; a late double would show after it.
	if err := c.stop(); err != nil {
		return err
	}
	if err := c.start(ctx); err != nil {
		return err
	}
	return errors.Join(t.stored(ctx), c.stop(), noMarkerUnder(s.dir))
}
