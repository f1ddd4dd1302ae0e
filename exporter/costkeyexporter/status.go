package costkeyexporter

import (
	"errors"
	"sync"

	"go.opentelemetry.io/collector/component/componentstatus"
)

// status is what the exporter tells the collector of itself: one status, out of what its parts say. Safe for concurrent use.
type status struct {
	mu     sync.Mutex
	report func(*componentstatus.Event) // nil before start and after stop
	prices *componentstatus.Event       // the last of the prices; nil before there is one
	writes error                        // why no batch is written, nil while some are
}

// start sends what the parts say to report, from now on.
func (s *status) start(report func(*componentstatus.Event)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.report = report
}

// stop ends that: a component that is stopping has no other status.
func (s *status) stop() { s.start(nil) }

// ofPrices takes what the prices say, with attributes that every later status has too.
func (s *status) ofPrices(e *componentstatus.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.prices = e
	s.tell()
}

// ofWrites takes why no batch is written, or nil where one was.
func (s *status) ofWrites(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes = err
	s.tell()
}

func (s *status) tell() {
	if s.report == nil {
		return
	}
	kind, err := componentstatus.StatusOK, s.writes
	var options []componentstatus.EventBuilderOption
	if s.prices != nil {
		err = errors.Join(err, s.prices.Err())
		options = append(options, componentstatus.WithAttributes(s.prices.Attributes()))
	}
	if err != nil {
		kind = componentstatus.StatusRecoverableError
		options = append(options, componentstatus.WithError(err))
	}
	s.report(componentstatus.NewEvent(kind, options...))
}
