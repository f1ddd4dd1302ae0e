package bench

import (
	"fmt"
	"testing"
	"time"
)

// The set-up of the rows of requests: as many programs as a small company has, which send all the time.
const (
	requestPrograms = 32
	// requestTime is how long they send in a round.
	requestTime = 5 * time.Second
	// requestedSpans is how many spans are made ready for a round at most: more than any collector takes in that time.
	requestedSpans = 400_000
)

// BenchmarkRequests is requests of 10, 100 and 1,000 spans from 32 programs, by OTLP over gRPC, through the built collector
// with its shipped configuration, its queue on disk with fsync, as in BenchmarkRequests/10/empty. Metrics, of which rates
// are medians of the rounds:
//
//	requests/s       answered: what they hold is safe in the queue; without the programs' own processor time
//	spans/s          stored in PostgreSQL; without the programs' own processor time
//	wall-requests/s  answered, the programs' own processor time included
//	p99-ms           of the time that a program waited for an answer, in the worst round
//	refused          tries that the collector turned away, in all rounds
//	slowest-ms       the slowest statement that the collector sent; its text is logged
//
// It needs bin/otelcol-costkey: `make bench` builds it.
func BenchmarkRequests(b *testing.B) {
	s := startServer(b, benchDir(b), nil)
	for _, spans := range []int{10, 100, 1000} {
		for _, ground := range grounds {
			b.Run(fmt.Sprintf("%d/%s", spans, ground), func(b *testing.B) { benchmarkRequests(b, s, spans, ground) })
		}
	}
}

func benchmarkRequests(b *testing.B, s *server, spans int, ground string) {
	target := s.writing(b, ground)
	defer s.drop(b, target.database)
	collector := startCollector(b, s.at(target.database), requestPrograms)
	defer collector.stop(b)
	var requests, wall, stored []float64
	var worst time.Duration
	answered, refused := 0, 0
	mark := s.mark(b)
	for round := range benchSize(b).rounds * b.N {
		ready := requestsOf(b, target.noon, round, requestedSpans/spans, spans)
		s.checkpoint(b)
		got := collector.run(b, ready, spans, requestTime)
		n := float64(got.requests)
		requests, wall, stored = append(requests, n/got.answered), append(wall, n/got.onWall), append(stored, n*float64(spans)/got.stored)
		worst = max(worst, got.waits[len(got.waits)*99/100])
		answered, refused = answered+got.requests, refused+got.refused
	}
	slowest := mark.slowest(b, target.database)
	target.requireStored(b, answered*spans)
	b.ReportMetric(0, "ns/op") // of no meaning
	b.ReportMetric(median(requests), "requests/s")
	b.ReportMetric(median(wall), "wall-requests/s")
	b.ReportMetric(median(stored), "spans/s")
	b.ReportMetric(float64(worst.Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(refused), "refused")
	b.ReportMetric(slowest.ms, "slowest-ms")
	b.Logf("slowest statement: %s", slowest)
}
