package storage_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/storage"
	"github.com/costkey/costkey-otel/storage/storagetest"
)

// outerAndInner are two spans of one call, the outer one without an id.
func outerAndInner(change ...func(*storage.Call)) (outer, inner storage.Call) {
	return span(1, 0, append(change, withoutID)...), span(2, 1, change...)
}

func startingAt(at time.Time) func(*storage.Call) {
	return func(c *storage.Call) { c.StartMicros = at.UnixMicro() }
}

// TestAStoreAloneLooksOnlyWhereItWrote shows what the row in costkey.writer is for: spans that a store wrote without one, as
// none does, are not found by a store that is alone.
func TestAStoreAloneLooksOnlyWhereItWrote(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		known  bool // the database knows of the other store
		change []func(*storage.Call)
		want   string
	}{
		"the other is not known":                    {want: "1 " + price + ", 2 " + price},
		"the other is known":                        {known: true, want: "2 " + price},
		"a call from before the others were silent": {change: []func(*storage.Call){startingAt(noon.Add(-41 * time.Minute))}, want: "2 " + price},
		"a call from a clock that is ahead":         {change: []func(*storage.Call){startingAt(noon.Add(6 * time.Minute))}, want: "2 " + price},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dsn := migrated(t)
			conn := connect(t, dsn)
			first, second := openAt(t, dsn), openAt(t, dsn)
			outer, inner := outerAndInner(append(c.change, inTrace(0))...)
			write(t, first, outer)
			if !c.known {
				storagetest.Exec(t, dsn, "DELETE FROM costkey.writer WHERE wrote_at > now() - interval '1 hour'")
			}
			write(t, second, inner)
			require.Equal(t, c.want, rowsOf(t, conn, 0))
		})
	}
}

func TestAStoreAloneFindsWhatItWrote(t *testing.T) {
	t.Parallel()
	s, conn := open(t)
	outer, inner := outerAndInner(inTrace(0))
	write(t, s, outer)
	write(t, s, inner)
	require.Equal(t, "2 "+price, rowsOf(t, conn, 0))
}

func TestSilentStoresAreForgotten(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	s := openAt(t, dsn)
	write(t, s, span(1, 0))
	othersWrote(t, dsn, time.Now().Add(-49*time.Hour))
	_, err := s.Maintain(t.Context())
	require.NoError(t, err)
	require.Equal(t, "1", storagetest.Value(t, dsn, "SELECT count(*) FROM costkey.writer WHERE wrote_at > now() - interval '1 minute'"))
	require.Equal(t, "1", storagetest.Value(t, dsn, "SELECT count(*) FROM costkey.writer"))
}
