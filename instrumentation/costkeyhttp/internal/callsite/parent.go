package callsite

import "context"

type parentKey struct{}

// WithParent returns a context in which the paths that Capture finds begin with site's path: for a goroutine, whose own
// stack does not show who started it. A nil site changes nothing.
func WithParent(ctx context.Context, site *Site) context.Context {
	if site == nil {
		return ctx
	}
	return context.WithValue(ctx, parentKey{}, site)
}

func parentOf(ctx context.Context) *Site {
	if ctx == nil {
		return nil
	}
	site, _ := ctx.Value(parentKey{}).(*Site)
	return site
}
