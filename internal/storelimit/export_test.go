package storelimit

import (
	"context"
	"time"
)

// WithLazyTimeout returns a lazy context, and what ends it.
func WithLazyTimeout(ctx context.Context, d time.Duration) (lazy context.Context, end func()) {
	c := withLazyTimeout(ctx, d)
	return c, c.end
}
