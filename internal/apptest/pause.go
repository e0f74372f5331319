package apptest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/eagate/eagate/store"
)

// A Pause holds one access to a store, before it is made, until the test goes on: what
// else happens at that moment is then no matter of luck.
type Pause struct {
	store.Backend
	t       testing.TB
	at      func(Op, store.Kind, string) bool
	mu      sync.Mutex // of at
	found   bool
	reached chan struct{}
	proceed chan struct{}
	once    sync.Once
}

// Pause holds the first access, of one document, that at reports true for. Only one of
// several accesses at once is asked about.
func (w *World) Pause(t testing.TB, at func(op Op, kind store.Kind, id string) bool) *Pause {
	t.Helper()
	p := &Pause{Backend: w.Store.Inner(), t: t, at: at, reached: make(chan struct{}), proceed: make(chan struct{})}
	w.Store.SetInner(p)
	t.Cleanup(p.Go)
	return p
}

// Nth is true at the nth access of that kind.
func Nth(n int, op Op, kind store.Kind) func(Op, store.Kind, string) bool {
	return func(o Op, k store.Kind, _ string) bool {
		if o == op && k == kind {
			n--
		}
		return n == 0
	}
}

// Wait waits until the access is held.
func (p *Pause) Wait() {
	p.t.Helper()
	select {
	case <-p.reached:
	case <-time.After(5 * time.Second):
		p.t.Fatal("the access that was to be held didn't come")
	}
}

// Go lets the access happen, and all others.
func (p *Pause) Go() { p.once.Do(func() { close(p.proceed) }) }

func (p *Pause) hold(op Op, kind store.Kind, id string) {
	p.mu.Lock()
	found := !p.found && p.at(op, kind, id)
	p.found = p.found || found
	p.mu.Unlock()
	if found {
		close(p.reached)
		<-p.proceed
	}
}

func (p *Pause) Get(ctx context.Context, kind store.Kind, ids ...string) ([]store.Document, error) {
	if len(ids) == 1 {
		p.hold(Reads, kind, ids[0])
	}
	return p.Backend.Get(ctx, kind, ids...)
}

func (p *Pause) Put(ctx context.Context, kind store.Kind, doc store.Document) (uint64, error) {
	p.hold(Writes, kind, doc.ID)
	return p.Backend.Put(ctx, kind, doc)
}
