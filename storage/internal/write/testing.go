package write

import (
	"context"

	"github.com/costkey/costkey-otel/storage/internal/calls"
)

// Step is a moment of a batch, outside of any transaction.
type Step string

// The steps of a batch.
const (
	StepPrepared Step = "prepared" // cleaned and interned
	StepDivided  Step = "divided"  // it is known which rows are stored, as far as was asked
	StepJudged   Step = "judged"   // its peers were read and judged
	StepApplying Step = "applying" // what was judged is about to be written
	StepWritten  Step = "written"  // its rows are committed
	StepLooked   Step = "looked"   // it is known which of its traces hold more
)

// Testing lets tests choose moments and sizes. The zero value changes nothing.
type Testing struct {
	// Pause is called at each step with the context of the batch.
	Pause func(ctx context.Context, at Step)
	// ShortTrace takes the place of [peers.ShortTrace] where it is not 0.
	ShortTrace int
	// Hash takes the place of the hash of answers' ids.
	Hash calls.Hasher
}

// SetTesting must be called before the writer is used.
func (w *Writer) SetTesting(t Testing) { w.testing = t }

func (w *Writer) pause(ctx context.Context, at Step) {
	if w.testing.Pause != nil {
		w.testing.Pause(ctx, at)
	}
}

func (w *Writer) hasher(key [16]byte) calls.Hasher {
	if w.testing.Hash != nil {
		return w.testing.Hash
	}
	return calls.NewHasher(key)
}
