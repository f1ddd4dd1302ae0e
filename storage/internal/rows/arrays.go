package rows

import (
	"math"
	"time"

	"github.com/costkey/costkey-otel/storage/internal/calls"
)

// Keys are the keys of rows, column by column, as parameters of a query.
type Keys struct {
	Projects []int64
	Traces   [][16]byte
	Spans    []int64
	Starts   []time.Time
}

// NewKeys returns the keys of rows.
func NewKeys(rows []calls.Row) Keys {
	k := Keys{
		Projects: make([]int64, len(rows)), Traces: make([][16]byte, len(rows)),
		Spans: make([]int64, len(rows)), Starts: make([]time.Time, len(rows)),
	}
	for i := range rows {
		k.Projects[i], k.Traces[i] = rows[i].ProjectID, rows[i].TraceID
		k.Spans[i], k.Starts[i] = calls.SpanNumber(rows[i].SpanID), time.UnixMicro(rows[i].StartMicros).UTC()
	}
	return k
}

// Prices are what a price decides of rows, column by column. Rows that are alike in them count the same in the sums.
type Prices struct {
	Attributes []int64
	Costs      []*string // nil is not known
}

// NewPrices returns the prices of rows.
func NewPrices(rows []calls.Row) Prices {
	p := Prices{Attributes: make([]int64, len(rows)), Costs: make([]*string, len(rows))}
	for i := range rows {
		p.Attributes[i] = rows[i].AttributesID
		if rows[i].CostKnown {
			p.Costs[i] = new(rows[i].CostUSD.String())
		}
	}
	return p
}

// Bounds are the first and the last start of rows: what lets PostgreSQL leave out other partitions.
func Bounds(rows []calls.Row) (first, last time.Time) {
	least, most := int64(math.MaxInt64), int64(math.MinInt64)
	for i := range rows {
		least, most = min(least, rows[i].StartMicros), max(most, rows[i].StartMicros)
	}
	return time.UnixMicro(least).UTC(), time.UnixMicro(most).UTC()
}
