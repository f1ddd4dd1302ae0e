package rows

import "sync"

// cacheBytes bounds one generation of a cache by the size of its keys.
const cacheBytes = 64 << 20

// cache maps encoded values to what the database has for them, for one day: from the next day on the database is asked
// again, which notes that the row is still in use. It keeps two generations: what was not asked for while a generation
// filled up is forgotten. Only what is committed may be in it. It is safe for concurrent use.
type cache[V any] struct {
	mu            sync.RWMutex
	day           int64
	epoch         int64
	size          int
	recent, older map[string]V
}

// reset forgets everything; what was read before is not stored any more.
func (c *cache[V]) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	c.recent, c.older, c.size = nil, nil, 0
}

// begin forgets the entries of other days than the given one, and locks the cache for [cache.get] until end.
func (c *cache[V]) begin(day int64) (epoch int64) {
	c.mu.Lock()
	if c.day != day {
		c.recent, c.older, c.size, c.day = nil, nil, 0, day
	}
	epoch = c.epoch
	c.mu.Unlock()
	c.mu.RLock()
	return epoch
}

func (c *cache[V]) end() { c.mu.RUnlock() }

// get finds a value between begin and end. old says that it is in the older generation, from which it must be stored again
// to stay.
func (c *cache[V]) get(k key) (v V, old, ok bool) {
	if v, ok = c.recent[string(k)]; ok {
		return v, false, true
	}
	v, ok = c.older[string(k)]
	return v, ok, ok
}

// store adds what was read in the given epoch and day.
func (c *cache[V]) store(found map[string]V, day, epoch int64) {
	if len(found) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.epoch != epoch || c.day != day {
		return
	}
	for k, v := range found {
		if c.size+len(k) > cacheBytes || c.recent == nil {
			c.older, c.recent, c.size = c.recent, make(map[string]V), 0
		}
		c.recent[k] = v
		c.size += len(k)
	}
}
