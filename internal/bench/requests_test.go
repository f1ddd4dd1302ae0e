package bench

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/costkey/costkey-otel/storage/storagetest"
)

// manySenders is how many programs send at once, each on a connection of its own.
const (
	manySenders     = 32
	manySendersRuns = 5
)

// BenchmarkRequestsOfManySenders is OTLP/gRPC from 32 senders → the built collector with its shipped configuration, its queue
// on disk with fsync → PostgreSQL, by the number of spans in a request. A sender's next request follows the answer to the
// last. Metrics: "requests/s" until the last request was answered, and "spans/s" until every call is stored, both without the
// senders' own processor time. It needs bin/otelcol-costkey: `make bench` builds it.
func BenchmarkRequestsOfManySenders(b *testing.B) {
	server := storagetest.NewDurableServer(b)
	today := time.Now().UTC().Truncate(24 * time.Hour)
	for _, load := range []struct{ spans, requests int }{{10, 16_000}, {100, 2_000}, {1000, 200}} {
		b.Run(fmt.Sprintf("spans=%d", load.spans), func(b *testing.B) {
			dsn := server.Database(b)
			seen := benchStore(b, dsn, today)
			senders := connectSenders(b, launchCollector(b, dsn))
			var answered, stored []float64
			for range b.N {
				for run := range manySendersRuns {
					requests := make([][]byte, load.requests)
					for i := range requests {
						requests[i] = marshal(b, spansOf(today.Add(time.Hour), run*load.requests+i, load.spans))
					}
					a, s := sendAll(b, senders, requests, load.spans)
					answered, stored = append(answered, a), append(stored, s)
				}
			}
			calls, err := seen.CountCalls(b.Context(), "", today)
			require.NoError(b, err)
			require.EqualValues(b, manySendersRuns*load.requests*load.spans, calls)
			b.ReportMetric(float64(load.requests)/median(answered), "requests/s")
			b.ReportMetric(float64(load.requests*load.spans)/median(stored), "spans/s")
		})
	}
}

func connectSenders(b *testing.B, at endpoints) []*collectorClient {
	b.Helper()
	senders := make([]*collectorClient, manySenders)
	for i := range senders {
		conn, err := grpc.NewClient(at.grpc, grpc.WithTransportCredentials(insecure.NewCredentials()))
		require.NoError(b, err)
		b.Cleanup(func() { require.NoError(b, conn.Close()) })
		senders[i] = &collectorClient{conn: conn, at: at}
	}
	return senders
}

// sendAll sends the requests and returns the seconds until all are answered and until all calls are stored.
func sendAll(b *testing.B, senders []*collectorClient, requests [][]byte, spans int) (answered, stored float64) {
	b.Helper()
	at := senders[0].at
	want := at.written(b) + int64(len(requests)*spans)
	runtime.GC()
	began, used := time.Now(), processorTime(b)
	var next atomic.Int32
	var wg sync.WaitGroup
	for _, sender := range senders {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(requests); i = int(next.Add(1)) - 1 {
				for sender.send(requests[i]) != nil { // the queue is full: an SDK tries again too
					runtime.Gosched()
				}
			}
		})
	}
	wg.Wait()
	own := (processorTime(b) - used).Seconds() / float64(runtime.NumCPU())
	answered = time.Since(began).Seconds() - own
	at.await(b, want)
	return answered, time.Since(began).Seconds() - own
}
