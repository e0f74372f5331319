package sqlstore

import (
	"context"
	"time"
)

// A graceContext ends a second after another one. Drivers give up a connection on
// which a statement runs when its context ends, and the server may execute it later
// than anybody looks. Most often the answer comes in this second. (The contexts of the
// standard library do the same, but take a tenth of the time of a write.)
type graceContext struct {
	context.Context
	done chan struct{}
}

func withGrace(ctx context.Context) (graceContext, func() bool) {
	c := graceContext{context.WithoutCancel(ctx), make(chan struct{})}
	return c, context.AfterFunc(ctx, func() { time.AfterFunc(time.Second, func() { close(c.done) }) })
}

func (c graceContext) Done() <-chan struct{} { return c.done }

func (c graceContext) Err() error {
	select {
	case <-c.done:
		return context.Canceled
	default:
		return nil
	}
}
