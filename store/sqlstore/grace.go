package sqlstore

import (
	"context"
	"time"
)

// A graceContext ends a second after another context. Drivers abandon a connection when
// the context of its statement ends, and the server may execute the statement later;
// usually the response arrives within this second. (The standard library's contexts could
// do the same, but cost a tenth of a write's time.)
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
