package storage_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/storage"
	rowing "github.com/costkey/costkey-otel/storage/internal/calls"
	writing "github.com/costkey/costkey-otel/storage/internal/write"
)

// collide gives all ids that begin in "same" one hash.
func collide(s *storage.Store) {
	hash := rowing.NewHasher([16]byte{1})
	s.SetTesting(writing.Testing{Hash: func(project int64, id string) int64 {
		if strings.HasPrefix(id, "same") {
			return 42
		}
		return hash(project, id)
	}})
}

func answeredBy(id string) func(*storage.Call) {
	return func(c *storage.Call) { c.ResponseID = id }
}

// colliding are three calls in three traces whose answers' ids have one hash.
func colliding() []storage.Call {
	return []storage.Call{
		span(1, 0, inTrace(1), answeredBy("same-a")), span(2, 0, inTrace(2), answeredBy("same-b")),
		span(3, 0, inTrace(3), answeredBy("same-c")),
	}
}

func TestCallsWhoseAnswersIDsHaveOneHashAreAllStored(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	conn := connect(t, dsn)
	for name, send := range map[string]func(s, other *storage.Store){
		"in one batch": func(s, _ *storage.Store) { write(t, s, colliding()...) },
		"in three batches": func(s, _ *storage.Store) {
			for _, c := range colliding() {
				write(t, s, c)
			}
		},
		"in company": func(s, other *storage.Store) {
			three := colliding()
			write(t, s, append(others(), three[0])...)
			write(t, other, append(others(), three[1], three[2])...)
		},
		"at two collectors at once": func(s, other *storage.Store) {
			var wg sync.WaitGroup
			three := colliding()
			wg.Go(func() { writeUntilStored(t, s, three[0], three[1]) })
			wg.Go(func() { writeUntilStored(t, other, three[1], three[2]) })
			wg.Wait()
		},
	} {
		s, other := openAt(t, dsn), openAt(t, dsn)
		collide(s)
		collide(other)
		_, err := conn.Exec(t.Context(), "TRUNCATE costkey.call, costkey.hourly, costkey.hourly_delta")
		require.NoError(t, err)
		for range 2 {
			send(s, other)
			require.Equal(t, 3, one[int](t, conn, "SELECT count(DISTINCT response_id) FROM costkey.calls WHERE response_id LIKE 'same%'"), name)
			require.Equal(t, 3, one[int](t, conn, "SELECT count(*) FROM costkey.calls WHERE response_id LIKE 'same%'"), name)
			require.Equal(t, 1, one[int](t, conn, "SELECT count(response_hash) FROM costkey.call WHERE response_id LIKE 'same%'"), name)
		}
		requireSums(t, conn)
	}
	require.Zero(t, one[int](t, conn, "SELECT count(*) FROM costkey.dead_letter"))
}

func others() []storage.Call { return calls(1000, 1030) }

// TestASpanWhoseAnswersHashAnotherHoldsIsStillJoined writes two spans of one call beside a call with another id and the same
// hash.
func TestASpanWhoseAnswersHashAnotherHoldsIsStillJoined(t *testing.T) {
	t.Parallel()
	s, conn := open(t)
	collide(s)
	write(t, s, span(1, 0, inTrace(1), answeredBy("same-a")))
	require.Equal(t, storage.WriteResult{Written: 1}, write(t, s, span(1, 0, inTrace(2), long, answeredBy("same-b"))))
	require.Equal(t, storage.WriteResult{Joined: 1}, write(t, s, span(2, 1, inTrace(2), answeredBy("same-b"))))
	require.Equal(t, "1 "+price, rowsOf(t, conn, 1))
	require.Equal(t, "2 "+price, rowsOf(t, conn, 2))
	requireSums(t, conn)
}
