package storelimit

import (
	"context"
	"sync"
	"time"
)

// A lazy context has a deadline, like one of [context.WithDeadline], but starts its timer
// only when Done is called.
type lazy struct {
	context.Context
	until time.Time

	mu    sync.Mutex
	err   error           // after end, if Done was not called
	timed context.Context // nil until Done is called
	stop  context.CancelFunc
}

func withLazyTimeout(ctx context.Context, d time.Duration) *lazy {
	until := time.Now().Add(d)
	if earlier, ok := ctx.Deadline(); ok && earlier.Before(until) {
		until = earlier
	}
	return &lazy{Context: ctx, until: until}
}

// end must be called when the work is done.
func (c *lazy) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timed != nil {
		c.stop()
	} else if c.err = c.why(); c.err == nil {
		c.err = context.Canceled
	}
}

// why returns the error if the context is done, or nil. c.mu must be held.
func (c *lazy) why() error {
	if c.err != nil {
		return c.err
	}
	if err := c.Context.Err(); err != nil {
		return err
	}
	if !time.Now().Before(c.until) {
		return context.DeadlineExceeded
	}
	return nil
}

// Deadline implements [context.Context].
func (c *lazy) Deadline() (time.Time, bool) { return c.until, true }

// Done implements [context.Context].
func (c *lazy) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timed == nil {
		c.timed, c.stop = context.WithDeadline(c.Context, c.until)
		if c.err != nil {
			c.stop()
		}
	}
	return c.timed.Done()
}

// Err implements [context.Context].
func (c *lazy) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timed != nil && c.err == nil {
		return c.timed.Err()
	}
	return c.why()
}

// Value implements [context.Context]. A context derived from this one finds the timed
// one, and needs no goroutine to end with it.
func (c *lazy) Value(key any) any {
	c.mu.Lock()
	timed := c.timed
	c.mu.Unlock()
	if timed != nil {
		return timed.Value(key)
	}
	return c.Context.Value(key)
}
