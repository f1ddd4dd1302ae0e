package usage_test

import (
	"testing"

	"github.com/costkey/costkey-otel/usage"
)

func TestAUsageMayLackTheCacheOfAnother(t *testing.T) {
	t.Parallel()
	known := usage.Known
	full := usage.Usage{Input: known(410), CacheRead: known(70), CacheWrite: known(30), Output: known(42)}
	for name, c := range map[string]struct {
		u    usage.Usage
		want bool
	}{
		"the input without its cached parts": {usage.Usage{Input: known(310), Output: known(42)}, true},
		"the whole input":                    {usage.Usage{Input: known(410), Output: known(42)}, false},
		"another input":                      {usage.Usage{Input: known(311), Output: known(42)}, false},
		"another output":                     {usage.Usage{Input: known(310), Output: known(43)}, false},
		"one that says that nothing was cached": {
			usage.Usage{Input: known(310), CacheRead: known(0), Output: known(42)}, false,
		},
		"an unknown input": {usage.Usage{Output: known(42)}, false},
		"itself":           {full, false},
	} {
		if got := c.u.LacksCacheOf(&full); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	if got := full.Fresh(); got != known(310) {
		t.Errorf("fresh input is %d", got.Value())
	}
	if got := (&usage.Usage{Input: known(5)}).Fresh(); got.IsKnown() {
		t.Errorf("fresh input without a word of the cache is %d", got.Value())
	}
}
