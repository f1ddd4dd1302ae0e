package usage

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestCountsHasEachCountOnce(t *testing.T) {
	t.Parallel()
	var u Usage
	v := reflect.ValueOf(&u).Elem()
	assert.Equal(t, v.NumField(), numCounts)
	for i, c := range u.Counts() {
		*c = Known(int64(i))
	}
	seen := map[int64]bool{}
	for i := range v.NumField() {
		c := Count(v.Field(i).Uint())
		assert.True(t, c.IsKnown(), v.Type().Field(i).Name)
		seen[c.Value()] = true
	}
	assert.Len(t, seen, numCounts)
}

func TestWhatIsKnownGoesOverTheOther(t *testing.T) {
	t.Parallel()
	a := Usage{Input: Known(0), Output: Known(5)}
	assert.Equal(t, Usage{Input: Known(0), Output: Known(5), Reasoning: Known(2)}, a.Over(Usage{Input: Known(9), Reasoning: Known(2)}))
}
