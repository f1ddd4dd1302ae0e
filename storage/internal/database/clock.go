package database

import (
	"sync"
	"time"
)

// clock is the database's clock, as read with the identity and carried on by the program's own. What is kept and what is
// dropped hangs on it: of many collectors one may have a wrong clock, and there is one database.
type clock struct {
	fixed func() time.Time // takes its place, in tests
	local func() time.Time

	mu     sync.Mutex
	server time.Time // nil time until it is read
	read   time.Time // by the local clock, when server was read
}

// set notes what the server's clock says now.
func (c *clock) set(server time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.server, c.read = server, c.local()
}

// age is how long ago the server's clock was read, by the wall and by the monotonic clock, which stands still while a
// machine sleeps; ok is false where it never was.
func (c *clock) age() (age time.Duration, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.local()
	wall := now.Round(0).Sub(c.read.Round(0))
	return max(now.Sub(c.read), wall, -wall), !c.server.IsZero()
}

// now returns the server's time.
func (c *clock) now() time.Time {
	if c.fixed != nil {
		return c.fixed()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.server.IsZero() {
		return c.local()
	}
	return c.server.Add(c.local().Sub(c.read))
}

// skew is how far the program's clock is ahead of the server's.
func (c *clock) skew() time.Duration { return c.local().Round(0).Sub(c.now().Round(0)) }
