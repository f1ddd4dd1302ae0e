package write

import (
	"context"

	"github.com/costkey/costkey-otel/storage/internal/calls"
	"github.com/costkey/costkey-otel/storage/internal/database"
)

// writeRows writes prepared rows. A refused value is narrowed down to its row, which becomes a dead letter; all others are
// written.
func (w *Writer) writeRows(ctx context.Context, batch []calls.Row, res *calls.WriteResult) error {
	if len(batch) == 0 {
		return nil
	}
	err := w.tryRows(ctx, batch, res)
	switch {
	case !database.IsValueError(err):
		return err
	case len(batch) == 1:
		if err := w.probe(ctx); err != nil {
			return err // no row is to blame
		}
		return w.bury(ctx, callsOf(batch), calls.ReasonBadValue, err, res)
	}
	half := len(batch) / 2
	if err := w.writeRows(ctx, batch[:half], res); err != nil {
		return err
	}
	return w.writeRows(ctx, batch[half:], res)
}
