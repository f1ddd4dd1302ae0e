package pricing

import "time"

// asOfNanos is the day of the embedded facts, the instant that tests price at where time does not matter.
var asOfNanos = Embedded().AsOf().UnixNano()

// at returns an instant in Unix nanoseconds.
func at(s string) int64 {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return 0
	}
	return t.UnixNano()
}
