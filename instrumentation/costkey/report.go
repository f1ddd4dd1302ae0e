package costkey

import (
	"context"
	"log/slog"
	"sync"
)

// reporter says each kind of trouble once. It is safe for concurrent use.
type reporter struct {
	log  *slog.Logger
	said sync.Map
}

func (r *reporter) once(level slog.Level, kind, msg string, args ...any) {
	if _, before := r.said.LoadOrStore(kind, true); !before {
		r.log.Log(context.Background(), level, "costkey: "+msg, args...)
	}
}
