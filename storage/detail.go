package storage

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/costkey/costkey-otel/usage"
)

// usageDetail is the counts without a column as a JSON object, nil where there are none, as for most calls.
func usageDetail(u *usage.Usage) []byte {
	var out []byte
	for _, d := range detailCounts {
		c := *d.of(u)
		if !c.IsKnown() {
			continue
		}
		if out == nil {
			out = append(out, '{')
		} else {
			out = append(out, ',')
		}
		out = append(out, '"')
		out = append(out, d.name...)
		out = append(out, '"', ':')
		out = strconv.AppendInt(out, c.Value(), 10)
	}
	if out != nil {
		out = append(out, '}')
	}
	return out
}

// readUsageDetail puts the counts of a stored usage_detail into u.
func readUsageDetail(detail []byte, u *usage.Usage) error {
	if len(detail) == 0 {
		return nil
	}
	var counts map[string]int64
	if err := json.Unmarshal(detail, &counts); err != nil {
		return fmt.Errorf("read usage_detail: %w", err)
	}
	for _, d := range detailCounts {
		if n, ok := counts[d.name]; ok {
			*d.of(u) = usage.Known(n)
		}
	}
	return nil
}
