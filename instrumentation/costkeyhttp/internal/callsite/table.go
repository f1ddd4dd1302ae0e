package callsite

import (
	"slices"
	"sync/atomic"
)

const (
	tableSets = 512
	tableWays = 4
)

// table is a bounded cache: 512 sets of 4 entries, read without a lock. An entry is written once and then shared; a full
// set loses one of its entries. Two writers of one key may both store it, which only costs a place. The zero value is
// ready.
type table[K, V any] struct {
	sets [tableSets]set[K, V]
}

type set[K, V any] struct {
	ways [tableWays]atomic.Pointer[entry[K, V]]
	next atomic.Uint32 // the way that is replaced next
}

type entry[K, V any] struct {
	key   K
	value V
}

func (t *table[K, V]) slot(hash uint64) *set[K, V] {
	return &t.sets[hash%tableSets]
}

func (t *table[K, V]) put(hash uint64, key K, value V) {
	s := t.slot(hash)
	s.ways[s.next.Add(1)%tableWays].Store(&entry[K, V]{key: key, value: value})
}

// stackKey is the goroutine's stack and the path it was started with.
type stackKey struct {
	parent *Site
	pcs    []uintptr
}

func lookupStack(s *set[stackKey, *Site], parent *Site, pcs []uintptr) (*Site, bool) {
	for i := range s.ways {
		e := s.ways[i].Load()
		if e != nil && e.key.parent == parent && slices.Equal(e.key.pcs, pcs) {
			return e.value, true
		}
	}
	return nil, false
}

func lookupPC(s *set[uintptr, []placed], pc uintptr) ([]placed, bool) {
	for i := range s.ways {
		if e := s.ways[i].Load(); e != nil && e.key == pc {
			return e.value, true
		}
	}
	return nil, false
}

func hashStack(parent *Site, pcs []uintptr) uint64 {
	var h uint64
	if parent != nil {
		h = parent.id
	}
	for _, pc := range pcs {
		h = mix(h ^ uint64(pc))
	}
	return h
}

// mix is the finalizer of SplitMix64.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
