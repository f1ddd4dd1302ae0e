package costkeystorage

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"
)

const (
	// checkEvery is how often the database is asked whether it is there; it bounds how late the status is.
	checkEvery = 10 * time.Second
	// checkTimeout bounds one question.
	checkTimeout = 5 * time.Second
	// prepareTimeout bounds one try to prepare the schema, which may wait for another collector's.
	prepareTimeout = 5 * time.Minute
	retryFirst     = 500 * time.Millisecond
	retryMax       = 10 * time.Second
)

// watch looks after the store until ctx is done: it waits for the schema, starts maintenance, revives a private server that
// ended by itself, and reports the database's comings and goings.
func (e *storageExtension) watch(ctx context.Context, ready bool) {
	if !ready && !e.untilPrepared(ctx) {
		return
	}
	away := !ready
	if away {
		e.reportBack(&away)
	}
	e.watching.Go(func() { e.newMaintainer().run(ctx) })
	check := time.NewTicker(checkEvery)
	defer check.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.serverExited():
			if !e.revive(ctx) {
				return
			}
		case <-check.C:
			e.check(ctx, &away)
		}
	}
}

// untilPrepared tries until the schema is ready. It reports false where that will not be: ctx is done, or the database
// turned out to be one that this version must not touch, after which the store is closed.
func (e *storageExtension) untilPrepared(ctx context.Context) bool {
	var last string
	prepared := retry(ctx, func() (again bool) {
		tryCtx, cancel := context.WithTimeout(ctx, prepareTimeout)
		defer cancel()
		err := e.prepare(tryCtx)
		switch {
		case err == nil:
			return false
		case !isTransient(err):
			e.giveUp(err)
			return true
		case ctx.Err() == nil && err.Error() != last:
			last = err.Error()
			e.logger.Warn("the database is not ready yet", zap.Error(err))
		}
		return true
	})
	return prepared
}

// giveUp ends the work with a database that this version must not touch. The store is closed, so that exporters' calls
// stay in their queues until another version, or another database, takes them.
func (e *storageExtension) giveUp(err error) {
	e.givingUp.Do(func() {
		e.stop()
		e.logger.Error("the database cannot be used", zap.Error(err))
		e.report(componentstatus.NewPermanentErrorEvent(err))
		e.store.Close()
	})
}

// serverExited is closed once the private server has ended; with an external database it blocks for ever.
func (e *storageExtension) serverExited() <-chan struct{} {
	if e.server == nil {
		return nil
	}
	return e.server.Exited()
}

// revive starts the private server again. It reports false once ctx is done.
func (e *storageExtension) revive(ctx context.Context) bool {
	err := fmt.Errorf("the private PostgreSQL under data_dir %s ended by itself", e.cfg.DataDir)
	e.logger.Error("the private PostgreSQL ended by itself; starting it again")
	e.report(componentstatus.NewRecoverableErrorEvent(err))
	alive := retry(ctx, func() (again bool) {
		if err := e.server.Restart(ctx); err != nil {
			if ctx.Err() == nil {
				e.logger.Error("the private PostgreSQL does not start", zap.Error(err))
			}
			return true
		}
		return false
	})
	// Connections to the server that ended fail once each; the database is back when one has answered.
	answers := alive && retry(ctx, func() (again bool) {
		askCtx, cancel := context.WithTimeout(ctx, checkTimeout)
		defer cancel()
		return e.store.Ping(askCtx) != nil
	})
	if answers {
		e.report(componentstatus.NewEvent(componentstatus.StatusOK))
	}
	return answers
}

// check asks whether the database is there, and reports a change.
func (e *storageExtension) check(ctx context.Context, away *bool) {
	askCtx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	err := e.store.Ping(askCtx)
	switch {
	case ctx.Err() != nil:
	case isUnusable(err):
		e.giveUp(err)
	case err == nil && *away:
		e.reportBack(away)
	case err != nil && !*away:
		*away = true
		e.reportAway(err)
	}
}

func (e *storageExtension) reportBack(away *bool) {
	*away = false
	e.logger.Info("the database is there")
	e.report(componentstatus.NewEvent(componentstatus.StatusOK))
}

func (e *storageExtension) newMaintainer() *maintainer {
	return &maintainer{
		store: e.store, enabled: e.cfg.Maintenance, interval: e.cfg.MaintenanceInterval,
		logger: e.logger, telemetry: e.telemetry, unusable: e.giveUp,
	}
}

// retry calls try, with growing pauses, until it wants no more. It reports false once ctx is done.
func retry(ctx context.Context, try func() (again bool)) bool {
	for wait := retryFirst; try(); wait = min(2*wait, retryMax) {
		timer := time.NewTimer(jittered(wait))
		select {
		case <-ctx.Done():
			timer.Stop()
			return false
		case <-timer.C:
		}
	}
	return true
}

// jittered moves d by up to a tenth, so that collectors that started together do not stay in step.
func jittered(d time.Duration) time.Duration {
	return d + time.Duration((rand.Float64()-0.5)*0.2*float64(d))
}
