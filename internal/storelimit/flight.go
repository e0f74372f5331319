package storelimit

import (
	"context"
	"sync"
	"time"

	"github.com/eagate/eagate/store"
)

// A question is a read of one document.
type question struct {
	kind store.Kind
	id   string
}

// flights join concurrent reads of the same document. A read after a write must see it,
// so it can't join a call that has started: for each question, one call is running and
// one is next.
type flights struct {
	mu sync.Mutex
	by map[question]*pair
}

type pair struct{ running, next *flight }

// A flight is one call, for all callers that joined it before it started.
type flight struct {
	done chan struct{}

	// Set before done is closed. shared is false if there is no result for others: the
	// call was not made, or its caller has cancelled it.
	docs   []store.Document
	err    error
	shared bool
}

// get calls ask, or returns the result of another caller's ask. ask must call started
// when the call starts. patience is how long the next call waits for the running one.
func (f *flights) get(ctx context.Context, q question, patience time.Duration, join bool, ask func(started func()) ([]store.Document, error)) ([]store.Document, error) {
	if !join {
		return ask(func() {})
	}
	for {
		own, running, next := f.enter(q)
		if next != nil {
			select {
			case <-next.done:
				if next.shared {
					return next.docs, next.err
				}
				continue
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		return f.fly(ctx, q, own, running, patience, ask)
	}
}

// enter returns the flight to join, or a new one of the caller and the one that is
// running before it, if any.
func (f *flights) enter(q question) (own, running, next *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.by[q]
	if p == nil {
		p = new(pair)
		f.by[q] = p
	}
	if p.next != nil {
		return nil, nil, p.next
	}
	p.next = &flight{done: make(chan struct{})}
	return p.next, p.running, nil
}

func (f *flights) fly(ctx context.Context, q question, own, running *flight, patience time.Duration, ask func(started func()) ([]store.Document, error)) ([]store.Document, error) {
	started := false
	defer func() { // also if ask panics
		f.mu.Lock()
		defer f.mu.Unlock()
		close(own.done)
		p := f.by[q]
		if p == nil { // another didn't wait for this one, and is done
			return
		}
		if p.next == own {
			p.next = nil
		}
		if p.running == own {
			p.running = nil
		}
		if *p == (pair{}) {
			delete(f.by, q)
		}
	}()
	if running != nil {
		wait := time.NewTimer(patience)
		defer wait.Stop()
		select {
		case <-running.done:
		case <-wait.C: // it may never end
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	docs, err := ask(func() {
		started = true
		f.mu.Lock()
		defer f.mu.Unlock()
		p := f.by[q]
		p.next, p.running = nil, own
	})
	own.docs, own.err, own.shared = docs, err, started && (err == nil || ctx.Err() == nil)
	return docs, err
}
