package demo

import (
	"net/http"
	"sync/atomic"
)

// tally is a transport that counts the calls to real providers. The stand-in has a log of its own.
type tally struct {
	base    http.RoundTripper
	standIn map[string]bool // hosts that aren't counted: the stand-ins and the shop's other service
	calls   atomic.Int64
}

func newTally(base http.RoundTripper, standIn []Host, own string) *tally {
	t := &tally{base: base, standIn: map[string]bool{own: true}}
	for _, h := range standIn {
		t.standIn[h.Address] = true
	}
	return t
}

// RoundTrip implements [http.RoundTripper].
func (t *tally) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPost && !t.standIn[r.URL.Host] {
		t.calls.Add(1)
	}
	return t.base.RoundTrip(r)
}

func (t *tally) count() int64 { return t.calls.Load() }
