package main

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"
)

// startPair starts two collectors on the database at the same moment, which both want to prepare.
func (s *stage) startPair(ctx context.Context, db *database) (pair [2]*collector, err error) {
	group, ctx := errgroup.WithContext(ctx)
	for i := range pair {
		if pair[i], err = s.collector(fmt.Sprintf("collector-%d", i+1), db.url); err != nil {
			return pair, err
		}
		group.Go(func() error { return pair[i].start(ctx) })
	}
	return pair, group.Wait()
}

// twoCollectors starts two collectors on an empty database, and gives the same batches to both.
func twoCollectors(ctx context.Context, s *stage) error {
	db := s.database()
	if err := db.start(ctx); err != nil {
		return err
	}
	pair, err := s.startPair(ctx, db)
	if err != nil {
		return err
	}
	l := newLoad("two")
	const batches, size = 8, 250
	var group errgroup.Group
	for _, c := range pair {
		group.Go(func() error {
			for batch := range batches {
				if err := c.send(ctx, l.calls(batch*size, size)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return pairHolds(ctx, pair, batches*size)
}

// pairHolds fails unless exactly n calls are stored, also after both collectors worked off their queues.
func pairHolds(ctx context.Context, pair [2]*collector, n int) error {
	if err := pair[0].eventuallyHolds(ctx, n); err != nil {
		return err
	}
	// Stopping drains both queues; a late double would show after it.
	return errors.Join(pair[0].stop(), pair[1].stop(), pair[0].holds(ctx, n))
}

// resentToBoth has many senders send calls of two days to two collectors on one database, in requests of a call to a
// hundred. Many requests are sent again: to the same collector, to the other, to both at once, cut another way.
func resentToBoth(ctx context.Context, s *stage) error {
	db := s.database()
	if err := db.start(ctx); err != nil {
		return err
	}
	pair, err := s.startPair(ctx, db)
	if err != nil {
		return err
	}
	l := newLoad("resent")
	l.hours = 30
	const requests = 25 // of each sender
	group, groupCtx := errgroup.WithContext(ctx)
	first, sizes := 0, requestSizes()
	for i := range senders {
		from := first
		for turn := range requests {
			first += sizes[turn%len(sizes)]
		}
		group.Go(func() error { return l.sendWithResends(groupCtx, pair, i, from, requests) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return pairHolds(ctx, pair, first)
}

// sendWithResends is sender i: its requests begin with call first.
func (l load) sendWithResends(ctx context.Context, pair [2]*collector, i, first, requests int) error {
	sizes, begun := requestSizes(), first
	for turn := range requests {
		n := sizes[turn%len(sizes)]
		this, other := pair[(i+turn)%2], pair[(i+turn+1)%2]
		var attempts errgroup.Group
		attempts.Go(func() error { return this.send(ctx, l.calls(first, n)) })
		if turn%3 == 0 { // a sender that did not wait for the answer
			attempts.Go(func() error { return other.send(ctx, l.calls(first, n)) })
		}
		if turn%4 == 0 {
			attempts.Go(func() error { return this.send(ctx, l.calls(first, n)) })
		}
		if err := attempts.Wait(); err != nil {
			return err
		}
		first += n
		if turn%5 == 4 { // what it sent last, cut another way
			if err := other.send(ctx, l.calls(max(begun, first-50), min(50, first-begun))); err != nil {
				return err
			}
		}
	}
	return nil
}
