package write

import (
	"context"
	"errors"

	"github.com/costkey/costkey-otel/storage/internal/calls"
	"github.com/costkey/costkey-otel/storage/internal/deadletters"
)

var (
	errRefused = errors.New("value refused where it is interned")
	errClocks  = errors.New("the clocks of the collector and of the database disagree whether the call's time is sane")
)

// bury keeps calls as dead letters and counts them. Where that fails nothing is lost: the batch is tried again.
func (w *Writer) bury(ctx context.Context, cs []*calls.Call, reason calls.Reason, cause error, res *calls.WriteResult) error {
	if err := deadletters.Insert(ctx, w.db.Pool(), cs, reason, cause); err != nil {
		return err
	}
	res.DeadLetters(reason, len(cs))
	return nil
}
