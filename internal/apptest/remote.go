package apptest

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eagate/eagate/store"
)

// A Remote is a store behind a pool of connections and a network that can be slow,
// stall, or be cut. It stands for a database and its driver.
type Remote struct {
	store.Backend
	pool  chan struct{}
	asked atomic.Int64
	open  atomic.Int64

	mu      sync.Mutex
	delay   time.Duration
	trouble Trouble
	healed  chan struct{} // closed when a stall is over
}

// Trouble is what is wrong with a network.
type Trouble uint8

// The troubles.
const (
	None    Trouble = iota
	Stalled         // nothing arrives until it is over
	Lost            // what was sent never arrives
	Cut             // connections break at once
)

// NewRemote returns a store that takes so long for each call.
func NewRemote(b store.Backend, connections int, delay time.Duration) *Remote {
	return &Remote{Backend: b, pool: make(chan struct{}, connections), delay: delay, healed: make(chan struct{})}
}

// Set changes the network.
func (r *Remote) Set(trouble Trouble, delay time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.trouble, r.delay = trouble, delay
	if trouble != Stalled {
		close(r.healed)
		r.healed = make(chan struct{})
	}
}

// Asked is how many calls have got a connection.
func (r *Remote) Asked() int64 { return r.asked.Load() }

// UnderWay is how many calls haven't returned, those included that wait for a
// connection.
func (r *Remote) UnderWay() int64 { return r.open.Load() }

func (r *Remote) travel(ctx context.Context) error {
	r.open.Add(1)
	defer r.open.Add(-1)
	select {
	case r.pool <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-r.pool }()
	r.asked.Add(1)
	for {
		r.mu.Lock()
		trouble, delay, healed := r.trouble, r.delay, r.healed
		r.mu.Unlock()
		switch trouble {
		case Cut:
			return ErrFault
		case Lost:
			<-ctx.Done()
			return ctx.Err()
		case Stalled:
			select {
			case <-healed:
				continue
			case <-ctx.Done():
				return ctx.Err()
			}
		case None:
		}
		if delay == 0 {
			return ctx.Err()
		}
		timer := time.NewTimer(delay)
		defer timer.Stop()
		select {
		case <-timer.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Get implements [store.Backend].
func (r *Remote) Get(ctx context.Context, kind store.Kind, ids ...string) ([]store.Document, error) {
	if err := r.travel(ctx); err != nil {
		return nil, err
	}
	return r.Backend.Get(ctx, kind, ids...)
}

// Put implements [store.Backend].
func (r *Remote) Put(ctx context.Context, kind store.Kind, doc store.Document) (uint64, error) {
	if err := r.travel(ctx); err != nil {
		return 0, err
	}
	return r.Backend.Put(ctx, kind, doc)
}

// Delete implements [store.Backend].
func (r *Remote) Delete(ctx context.Context, kind store.Kind, id string, version uint64) error {
	if err := r.travel(ctx); err != nil {
		return err
	}
	return r.Backend.Delete(ctx, kind, id, version)
}

// Due implements [store.Backend].
func (r *Remote) Due(ctx context.Context, kind store.Kind, now time.Time, limit int) ([]string, error) {
	if err := r.travel(ctx); err != nil {
		return nil, err
	}
	return r.Backend.Due(ctx, kind, now, limit)
}

// DeleteDue implements [store.Backend].
func (r *Remote) DeleteDue(ctx context.Context, kind store.Kind, now time.Time, limit int) (int, error) {
	if err := r.travel(ctx); err != nil {
		return 0, err
	}
	return r.Backend.DeleteDue(ctx, kind, now, limit)
}

// List implements [store.Backend].
func (r *Remote) List(ctx context.Context, kind store.Kind, after string, limit int) ([]store.Document, string, error) {
	if err := r.travel(ctx); err != nil {
		return nil, "", err
	}
	return r.Backend.List(ctx, kind, after, limit)
}
