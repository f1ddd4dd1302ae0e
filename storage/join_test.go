package storage_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/pricing"
	"github.com/costkey/costkey-otel/storage"
	"github.com/costkey/costkey-otel/usage"
)

// span returns the n-th span of one trace, inside the span parent, 0 for none: a call whose start is n × 10 ms after the
// first, told by a scope of its own.
func span(n, parent uint64, change ...func(*storage.Call)) storage.Call {
	c := call(0)
	c.TraceID = [16]byte{1}
	c.SpanID, c.ParentSpanID = [8]byte{}, [8]byte{}
	binary.BigEndian.PutUint64(c.SpanID[:], n)
	binary.BigEndian.PutUint64(c.ParentSpanID[:], parent)
	c.StartMicros = noon.UnixMicro() + int64(n)*10_000
	c.ScopeName, c.ResponseID = fmt.Sprint("scope-", n), "chatcmpl-a"
	for _, f := range change {
		f(&c)
	}
	return c
}

// withoutAnswer takes away what a span that saw no answer doesn't know.
func withoutAnswer(c *storage.Call) {
	c.Usage, c.UsageObject, c.ResponseID, c.ResponseModel = usage.Usage{}, "", "", ""
	c.CostUSD, c.CostKnown, c.CostStatus, c.PricedModel, c.Catalogue = pricing.Money{}, false, "no_usage", "", ""
}

func withoutID(c *storage.Call) { c.ResponseID = "" }

func withoutCode(c *storage.Call) {
	c.FunctionName, c.FilePath, c.LineNumber, c.CallPath = "", "", 0, nil
	c.SessionID, c.UserID, c.Tags = "", "", nil
}

// refused is a try that the provider refused: it costs nothing, and that is known.
func refused(status int) func(*storage.Call) {
	return func(c *storage.Call) {
		withoutAnswer(c)
		c.HTTPStatus, c.ErrorType = status, fmt.Sprint(status)
		c.CostKnown, c.CostStatus, c.ScopeName = true, "not_billed", "http"
	}
}

// requireBill holds the rows of project default, told by the last digit of their spans and their costs, against want.
func requireBill(t testing.TB, conn *pgx.Conn, want ...string) {
	t.Helper()
	rows, err := conn.Query(context.Background(), `SELECT right(span_id, 1) || ' ' || coalesce(cost_usd::text, cost_status)
		FROM costkey.calls WHERE project = 'default' ORDER BY 1`)
	require.NoError(t, err)
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Equal(t, want, got, "span and cost of each row")
	requireSums(t, conn)
}

// price is what one answered call of these tests costs.
const price = "0.0031675"

func orders(n int) [][]int {
	if n == 0 {
		return [][]int{{}}
	}
	var out [][]int
	for _, o := range orders(n - 1) {
		for i := range n {
			out = append(out, slices.Insert(slices.Clone(o), i, n-1))
		}
	}
	return out
}

// eachOrder runs test with every order of n numbers, on a database without calls and a store that met none.
func eachOrder(t *testing.T, n int, test func(t *testing.T, s *storage.Store, conn *pgx.Conn, order []int)) {
	t.Helper()
	dsn := migrated(t)
	for _, order := range orders(n) {
		t.Run(fmt.Sprint(order), func(t *testing.T) {
			s, conn := openAt(t, dsn), connect(t, dsn)
			_, err := conn.Exec(context.Background(),
				"TRUNCATE costkey.call, costkey.call_body, costkey.hourly, costkey.hourly_delta, costkey.pending_trace, costkey.trace_node")
			require.NoError(t, err)
			test(t, s, conn, order)
		})
	}
}

func TestTrapA2_AnOuterAndAnInnerSpanInTwoBatchesAreOneRow(t *testing.T) {
	t.Parallel()
	outer := func() storage.Call { return span(1, 0) }
	for name, test := range map[string]struct {
		inner func() storage.Call
	}{
		"with one id":                     {func() storage.Call { return span(2, 1, withoutCode) }},
		"the inner one without an id":     {func() storage.Call { return span(2, 1, withoutCode, withoutID) }},
		"the inner one without an answer": {func() storage.Call { return span(2, 1, withoutCode, withoutAnswer) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachOrder(t, 2, func(t *testing.T, s *storage.Store, conn *pgx.Conn, order []int) {
				spans := [](func() storage.Call){outer, test.inner}
				require.Equal(t, storage.WriteResult{Written: 1}, write(t, s, spans[order[0]]()))
				requireSums(t, conn)
				require.Equal(t, storage.WriteResult{Joined: 1}, write(t, s, spans[order[1]]()))
				requireBill(t, conn, "2 "+price)
				require.Equal(t, "s-1 github.com/acme/shop.Describe chatcmpl-a", one[string](t, conn, `SELECT
					session_id || ' ' || function_name || ' ' || response_id FROM costkey.calls WHERE project = 'default'`))
			})
		})
	}
}

func TestTrapA2_AncestorsAreFoundThroughStoredCalls(t *testing.T) {
	t.Parallel()
	eachOrder(t, 3, func(t *testing.T, s *storage.Store, conn *pgx.Conn, order []int) {
		for _, n := range order {
			write(t, s, []storage.Call{span(1, 0, withoutID), span(2, 1, withoutAnswer), span(3, 2)}[n])
			requireSums(t, conn)
		}
		requireBill(t, conn, "3 "+price)
	})
}

func TestTrapA2_ThreeSpansOfOneCallWithOneIDAreOneRowThoughTheChainIsBroken(t *testing.T) {
	t.Parallel()
	eachOrder(t, 3, func(t *testing.T, s *storage.Store, conn *pgx.Conn, order []int) {
		for _, n := range order {
			write(t, s, []storage.Call{span(1, 0), span(2, 1, withoutAnswer), span(3, 2)}[n])
			requireSums(t, conn)
		}
		require.Equal(t, "1 "+price, one[string](t, conn, `SELECT count(*) || ' ' || sum(cost_usd)::text
			FROM costkey.calls WHERE project = 'default'`))
	})
}

func TestTrapA2_TwoInstrumentationsSideBySideAreOneRow(t *testing.T) {
	t.Parallel()
	eachOrder(t, 2, func(t *testing.T, s *storage.Store, conn *pgx.Conn, order []int) {
		for _, n := range order {
			write(t, s, []storage.Call{span(1, 9, withoutAnswer), span(2, 9)}[n])
			requireSums(t, conn)
		}
		requireBill(t, conn, "2 "+price)
		require.Equal(t, span(1, 9).StartMicros, one[time.Time](t, conn,
			"SELECT started_at FROM costkey.calls WHERE project = 'default'").UnixMicro(), "the earlier start is kept")
		require.Equal(t, storage.WriteResult{Duplicate: 1}, write(t, s, span(2, 9)), "the kept span resent")
		require.Equal(t, storage.WriteResult{Joined: 1}, write(t, s, span(1, 9, withoutAnswer)), "the other resent")
		requireBill(t, conn, "2 "+price)
	})
}

func TestTrapA3_AnAppAndItsGatewayAreOneRowAndTheAppsIsKept(t *testing.T) {
	t.Parallel()
	app := func() storage.Call { return span(1, 0) }
	for name, gateway := range map[string]func(*storage.Call){
		"in one trace": func(c *storage.Call) { c.ServiceName = "gateway" },
		"in two traces, joined by the id": func(c *storage.Call) {
			c.ServiceName, c.Client, c.TraceID, c.ParentSpanID = "gateway", false, [16]byte{2}, [8]byte{}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachOrder(t, 2, func(t *testing.T, s *storage.Store, conn *pgx.Conn, order []int) {
				for _, n := range order {
					write(t, s, []storage.Call{app(), span(2, 1, withoutCode, gateway)}[n])
					requireSums(t, conn)
				}
				requireBill(t, conn, "1 "+price)
				require.Equal(t, "shop", one[string](t, conn, "SELECT service_name FROM costkey.calls"))
				require.Equal(t, "gateway", one[string](t, conn, "SELECT tags ->> 'via' FROM costkey.calls"))
			})
		})
	}
}

func TestTrapA4_ALeafThatSumsTheLeavesInsideHasNoRow(t *testing.T) {
	t.Parallel()
	counts := func(id string, input, output int64) func(*storage.Call) {
		return func(c *storage.Call) {
			c.ResponseID, c.Usage = id, usage.Usage{Input: usage.Known(input), Output: usage.Known(output)}
			c.ScopeName = "scope"
		}
	}
	eachOrder(t, 3, func(t *testing.T, s *storage.Store, conn *pgx.Conn, order []int) {
		for _, n := range order {
			write(t, s, []storage.Call{
				span(1, 0, counts("", 30, 12)), span(2, 1, counts("a", 10, 5)), span(3, 1, counts("b", 20, 7)),
			}[n])
			requireSums(t, conn)
		}
		requireBill(t, conn, "2 "+price, "3 "+price)
	})
}

func TestTrapA7_AnOuterSpanThatWasReplacedAddsNothingWhenItIsResent(t *testing.T) {
	t.Parallel()
	s, conn := open(t)
	write(t, s, span(1, 0))
	write(t, s, span(2, 1))
	before := one[string](t, conn, "SELECT to_jsonb(c)::text FROM costkey.calls c")
	for range 3 {
		require.Equal(t, storage.WriteResult{Joined: 1}, write(t, s, span(1, 0)))
		require.Equal(t, storage.WriteResult{Duplicate: 1}, write(t, s, span(2, 1)))
		require.Equal(t, storage.WriteResult{Joined: 1, Duplicate: 1}, write(t, s, span(1, 0), span(2, 1)))
	}
	requireBill(t, conn, "2 "+price)
	require.Equal(t, before, one[string](t, conn, "SELECT to_jsonb(c)::text FROM costkey.calls c"))
}

func TestTrapA8_AnOuterAndAnInnerSpanFromTwoCollectorsAtOnceAreOneRow(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	conn := connect(t, dsn)
	collectors := []*storage.Store{openAt(t, dsn), openAt(t, dsn)}
	const traces = 200
	spanOf := func(i int, n, parent uint64) storage.Call {
		return span(n, parent, func(c *storage.Call) {
			binary.BigEndian.PutUint32(c.TraceID[:], uint32(i)+1)
			c.ResponseID = fmt.Sprint("chatcmpl-", i)
		})
	}
	var wg sync.WaitGroup
	for at, s := range collectors {
		wg.Go(func() {
			for from := 0; from < traces; from += 20 {
				for written := false; !written; {
					var batch []storage.Call
					for i := from; i < from+20; i++ {
						batch = append(batch, spanOf(i, uint64(at)+1, uint64(at)))
					}
					_, err := s.WriteCalls(context.Background(), batch)
					written = err == nil || !assert.True(t, storage.IsRetryable(err), err)
				}
			}
		})
	}
	wg.Wait()
	requireSums(t, conn)
	require.Equal(t, traces, one[int](t, conn, "SELECT count(*) FROM costkey.calls"))
	require.Equal(t, traces, one[int](t, conn, "SELECT count(*) FROM costkey.calls WHERE span_id = '0000000000000002'"))
}

func TestTrapA8_AnOuterSpanWhoseInnerOneNeverArrivesCountsOnce(t *testing.T) {
	t.Parallel()
	s, conn := open(t)
	require.Equal(t, storage.WriteResult{Written: 1}, write(t, s, span(1, 0)))
	require.Equal(t, storage.WriteResult{Duplicate: 1}, write(t, s, span(1, 0)))
	requireBill(t, conn, "1 "+price)
}

func TestTrapA9_ARetriedCallIsBilledOnceInEveryOrderOfArrival(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answered []func(*storage.Call) // what the last try saw
	}{
		"the last try with the answer":    {nil},
		"the last try without an id":      {[]func(*storage.Call){withoutID}},
		"the last try without the answer": {[]func(*storage.Call){withoutAnswer}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, conn := open(t)
			for i, order := range orders(4) {
				inTrace := func(c *storage.Call) { c.TraceID, c.ScopeName = [16]byte{1, byte(i)}, "http" }
				id := func(c *storage.Call) {
					if c.ResponseID != "" {
						c.ResponseID = fmt.Sprint("msg_", i)
					}
				}
				spans := []storage.Call{
					span(1, 0, inTrace, id, func(c *storage.Call) { c.ScopeName, c.DurationMicros = "sdk", 2_000_000 }),
					span(2, 1, inTrace, refused(429)), span(3, 1, inTrace, refused(500)),
					span(4, 1, append(test.answered, inTrace, id)...),
				}
				for _, n := range order {
					write(t, s, spans[n])
					requireSums(t, conn)
				}
				require.Equal(t, "2 0, 3 0, 4 "+price, one[string](t, conn, `SELECT
					string_agg(right(span_id, 1) || ' ' || coalesce(cost_usd::text, cost_status), ', ' ORDER BY span_id)
					FROM costkey.calls WHERE trace_id = $1`, fmt.Sprintf("01%02x%028x", i, 0)), "order %v", order)
			}
		})
	}
}

// TestTrapA9_HoweverTheSpansOfACallAreSplitIntoBatchesTheBillIsTheSame lets a framework's span, an SDK's, the tries inside
// and the gateway's span come in any order and company.
func TestTrapA9_HoweverTheSpansOfACallAreSplitIntoBatchesTheBillIsTheSame(t *testing.T) {
	t.Parallel()
	s, conn := open(t)
	r := rand.New(rand.NewPCG(1, 9))
	const rounds = 60
	for round := range rounds {
		place := func(name string) func(*storage.Call) {
			return func(c *storage.Call) {
				c.TraceID, c.ScopeName, c.DurationMicros = [16]byte{2, byte(round)}, name, 2_000_000
				if c.ResponseID != "" {
					c.ResponseID = fmt.Sprint("msg_", round)
				}
			}
		}
		spans := []storage.Call{
			span(1, 9, place("framework")), span(2, 1, place("sdk")), span(3, 2, place("http"), refused(429)),
			span(4, 2, place("http"), refused(500)), span(5, 2, place("http")),
			span(6, 5, place("gateway"), withoutCode, func(c *storage.Call) { c.ServiceName = "gateway" }),
		}
		r.Shuffle(len(spans), func(i, j int) { spans[i], spans[j] = spans[j], spans[i] })
		var order []string
		for len(spans) > 0 {
			n := 1 + r.IntN(len(spans))
			for i := range spans[:n] {
				order = append(order, fmt.Sprint(spans[i].SpanID[7]))
			}
			order = append(order, "|")
			write(t, s, slices.Clone(spans[:n])...)
			spans = spans[n:]
		}
		require.Equal(t, "3 rows, 1 billed at "+price, one[string](t, conn, `SELECT
			count(*) || ' rows, ' || count(*) FILTER (WHERE cost_usd > 0) || ' billed at ' || sum(cost_usd)::text
			FROM costkey.calls WHERE trace_id = $1`, fmt.Sprintf("02%02x%028x", round, 0)), "spans came as %v", order)
	}
	requireSums(t, conn)
}

func TestTrapA9_CountsThatAnOuterSpanToldAreTakenBackWhereAnotherTryHasThem(t *testing.T) {
	t.Parallel()
	http := func(c *storage.Call) { c.ScopeName = "http" }
	for name, test := range map[string]struct {
		second func() storage.Call
		want   []string
	}{
		"with counts of its own": {func() storage.Call { return span(3, 1, http) }, []string{"2 no_usage", "3 " + price}},
		"without, but later":     {func() storage.Call { return span(3, 1, withoutAnswer, http) }, []string{"2 no_usage", "3 " + price}},
		"without, and refused":   {func() storage.Call { return span(3, 1, refused(500)) }, []string{"2 " + price, "3 0"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachOrder(t, 3, func(t *testing.T, s *storage.Store, conn *pgx.Conn, order []int) {
				for _, n := range order {
					write(t, s, []storage.Call{span(1, 0), span(2, 1, withoutAnswer, http), test.second()}[n])
					requireSums(t, conn)
				}
				requireBill(t, conn, test.want...)
				require.Equal(t, storage.WriteResult{Joined: 1}, write(t, s, span(1, 0)), "the outer one resent")
				requireBill(t, conn, test.want...)
			})
		})
	}
}

func TestTrapA11_ARepeatedResponseIDIsTwoCalls(t *testing.T) {
	t.Parallel()
	strangers := func(c *storage.Call) { c.TraceID = [16]byte{2} }
	for name, second := range map[string]func(*storage.Call){
		"of one scope, at once":            func(c *storage.Call) { c.ScopeName = "scope-1" },
		"of two scopes, minutes apart":     func(c *storage.Call) { c.StartMicros -= 5 * 60_000_000 },
		"of two scopes, hours apart":       func(c *storage.Call) { c.StartMicros -= 5 * 3600_000_000 },
		"of two scopes, with other counts": func(c *storage.Call) { c.Usage.Output = usage.Known(144) },
		"of two scopes, of other models": func(c *storage.Call) {
			c.RequestModel, c.ResponseModel = "gpt-4o-mini", "gpt-4o-mini"
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachOrder(t, 2, func(t *testing.T, s *storage.Store, conn *pgx.Conn, order []int) {
				for _, n := range order {
					res := write(t, s, []storage.Call{span(1, 0), span(2, 0, strangers, second)}[n])
					require.Equal(t, storage.WriteResult{Written: 1}, res)
				}
				requireBill(t, conn, "1 "+price, "2 "+price)
				require.Equal(t, storage.WriteResult{Duplicate: 2}, write(t, s, span(1, 0), span(2, 0, strangers, second)))
				requireBill(t, conn, "1 "+price, "2 "+price)
			})
		})
	}
}

func TestSpansOfOneCallAreJoinedOverMidnight(t *testing.T) {
	t.Parallel()
	midnight := noon.Truncate(24 * time.Hour).UnixMicro()
	outer := func(c *storage.Call) { c.StartMicros, c.DurationMicros = midnight-30_000, 2_000_000 }
	inner := func(c *storage.Call) { c.StartMicros = midnight + 20_000 }
	for name, inner := range map[string][]func(*storage.Call){
		"nested":       {inner},
		"side by side": {inner, func(c *storage.Call) { c.ParentSpanID, c.Client = [8]byte{}, true }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachOrder(t, 2, func(t *testing.T, s *storage.Store, conn *pgx.Conn, order []int) {
				spans := []storage.Call{span(1, 0, outer, func(c *storage.Call) { c.Client = false }), span(2, 1, inner...)}
				for _, n := range order {
					write(t, s, spans[n])
					requireSums(t, conn)
				}
				requireBill(t, conn, "2 "+price)
			})
		})
	}
}

func TestSpansOfTwoProjectsAreNeverOneCall(t *testing.T) {
	t.Parallel()
	s, conn := open(t)
	other := func(c *storage.Call) { c.Project = "other" }
	require.Equal(t, storage.WriteResult{Written: 2}, write(t, s, span(1, 0), span(2, 1, other)))
	require.Equal(t, storage.WriteResult{Written: 0, Joined: 2}, write(t, s, span(1, 0, other), span(2, 1)))
	requireBill(t, conn, "2 "+price)
	require.Equal(t, "0000000000000002", one[string](t, conn, "SELECT span_id FROM costkey.calls WHERE project = 'other'"))
}
