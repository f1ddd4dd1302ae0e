package costkeystorage

import (
	"context"
	"errors"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/costkey/costkey-otel/storage"
)

const (
	// roundTimeout bounds a round: each of its tasks is bounded to a minute, but may wait for a lock before it begins.
	roundTimeout = 15 * time.Minute
	// countTimeout bounds one count of the dead letters.
	countTimeout = 30 * time.Second
	// maxClockSkew is how far the clocks of this machine and of the database may be apart without a warning.
	maxClockSkew = 5 * time.Minute
)

// maintainer does maintenance and observes the database for the metrics. It works in a goroutine of its own, so that no
// round keeps the extension from seeing that the database is gone. Only that goroutine uses it.
type maintainer struct {
	store     *storage.Store
	enabled   bool // false: it observes only
	interval  time.Duration
	logger    *zap.Logger
	telemetry *telemetry
	unusable  func(error) // is called once the database turns out to be one that this version must not touch

	failed map[string]bool // the tasks that failed in the last round
	skewed bool            // whether the clocks were too far apart at the last look
}

// run works until ctx is done, or the database can't be used any more.
func (m *maintainer) run(ctx context.Context) {
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		}
		var err error
		if m.enabled {
			err = m.maintain(ctx)
		}
		err = errors.Join(err, m.observe(ctx))
		if isUnusable(err) {
			m.unusable(err)
			return
		}
		next.Reset(jittered(m.interval))
	}
}

// maintain does one round.
func (m *maintainer) maintain(ctx context.Context) error {
	start := time.Now()
	limited, cancel := context.WithTimeout(ctx, roundTimeout)
	defer cancel()
	report, err := m.store.Maintain(limited)
	if ctx.Err() != nil {
		return nil // cut short by the shutdown
	}
	m.telemetry.maintained(ctx, time.Since(start), report, err)
	m.logRound(err)
	return err
}

// logRound writes a line for each task that failed and did not in the round before: a long backup makes hundreds of rounds
// fail.
func (m *maintainer) logRound(err error) {
	failed := make(map[string]bool)
	for _, err := range failedTasks(err) {
		task, _, _ := strings.Cut(err.Error(), ": ")
		failed[task] = true
		if !m.failed[task] {
			m.logger.Warn("maintenance failed; the next round tries it again", zap.String("task", task), zap.Error(err))
		}
	}
	if len(failed) == 0 && len(m.failed) > 0 {
		m.logger.Info("maintenance works again")
	}
	m.failed = failed
}

// failedTasks takes the error of a round apart: each begins with the name of its task.
func failedTasks(err error) []error {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}

// observe reads what the metrics show of the database. A count that fails leaves the last one.
func (m *maintainer) observe(ctx context.Context) error {
	m.warnOfSkew(m.store.ClockSkew())
	ctx, cancel := context.WithTimeout(ctx, countTimeout)
	defer cancel()
	counts, err := m.store.DeadLetterCounts(ctx)
	if err != nil {
		m.logger.Debug("the dead letters were not counted", zap.Error(err))
		return err
	}
	m.telemetry.setDeadLetters(counts)
	return nil
}

// warnOfSkew warns once each time the clocks come to differ.
func (m *maintainer) warnOfSkew(skew time.Duration) {
	skewed := skew.Abs() > maxClockSkew
	if skewed && !m.skewed {
		m.logger.Warn("the clocks of this machine and of the database differ; set them by NTP: beyond an hour, maintenance deletes nothing for its age",
			zap.Duration("ahead_of_database", skew.Round(time.Second)))
	}
	m.skewed = skewed
}
