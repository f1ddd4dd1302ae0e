package storage

import (
	"context"
	"errors"
	"fmt"

	"github.com/costkey/costkey-otel/storage/internal/deadletters"
)

type (
	// DeadLetter is a call that could not be written.
	DeadLetter = deadletters.Letter
	// DeadLetterCount is how many dead letters a project has for a reason.
	DeadLetterCount = deadletters.Count
)

// DeadLetters returns up to limit dead letters behind the id after, the oldest first. An empty project or reason means all.
func (s *Store) DeadLetters(ctx context.Context, project string, reason Reason, after int64, limit int) ([]DeadLetter, error) {
	return deadletters.List(ctx, s.db.Pool(), project, reason, after, limit)
}

// DeadLetterCounts returns the numbers of dead letters by project and reason.
func (s *Store) DeadLetterCounts(ctx context.Context) ([]DeadLetterCount, error) {
	return deadletters.Counts(ctx, s.db.Pool())
}

// DeleteDeadLetters deletes dead letters by id and returns how many there were.
func (s *Store) DeleteDeadLetters(ctx context.Context, ids []int64) (int64, error) {
	return deadletters.Delete(ctx, s.db.Pool(), ids)
}

// replayedAtOnce bounds how many dead letters are in memory.
const replayedAtOnce = 500

// ReplayDeadLetters writes the dead letters of a project and a reason again, empty for all, one after the other, and deletes
// those that are stored then. It returns how many were written, stored before, or joined with another span of their call,
// and how many are left, with the last reason why.
func (s *Store) ReplayDeadLetters(ctx context.Context, project string, reason Reason) (replayed, left int, err error) {
	var last error
	for after := int64(0); ; {
		letters, err := s.DeadLetters(ctx, project, reason, after, replayedAtOnce)
		if err != nil {
			return replayed, left, err
		}
		for i := range letters {
			after = letters[i].ID
			if err := s.replay(ctx, &letters[i]); err != nil {
				left, last = left+1, err
			} else {
				replayed++
			}
			if ctx.Err() != nil {
				return replayed, left, ctx.Err()
			}
		}
		if len(letters) < replayedAtOnce {
			return replayed, left, last
		}
	}
}

// errStillDead says that a replayed call was not stored.
var errStillDead = errors.New("still can't be written")

// replay writes one dead letter and deletes it if it is stored.
func (s *Store) replay(ctx context.Context, l *DeadLetter) error {
	c, err := l.Call()
	if err != nil {
		return err
	}
	res, err := s.WriteCalls(ctx, []Call{c})
	if err != nil {
		return fmt.Errorf("replay dead letter %d: %w", l.ID, err)
	}
	if len(res.SetAside)+len(res.DeadLettered) > 0 {
		return fmt.Errorf("replay dead letter %d: %w", l.ID, errStillDead)
	}
	_, err = s.DeleteDeadLetters(ctx, []int64{l.ID})
	return err
}
