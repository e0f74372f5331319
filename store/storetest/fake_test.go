package storetest_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"

	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/storetest"
)

type (
	ctx  = context.Context
	kind = store.Kind
	doc  = store.Document
)

var errBroken = errors.New("connection broken")

// A fake is one handle to a server in memory, over a connection that can break. It
// keeps the contract, unless one of its functions is replaced.
type fake struct {
	*server
	get       func(ctx, kind, ...string) ([]doc, error)
	put       func(ctx, kind, doc) (uint64, error)
	delete    func(ctx, kind, string, uint64) error
	due       func(ctx, kind, time.Time, int) ([]string, error)
	deleteDue func(ctx, kind, time.Time, int) (int, error)
	list      func(ctx, kind, string, int) ([]doc, string, error)
	watch     func(ctx, kind, func(string)) error

	mu      sync.Mutex
	noticed int  // how many kills its connection has noticed
	down    bool // it never gets a connection
}

func (f *fake) Get(c ctx, k kind, ids ...string) ([]doc, error)         { return f.get(c, k, ids...) }
func (f *fake) Put(c ctx, k kind, d doc) (uint64, error)                { return f.put(c, k, d) }
func (f *fake) Delete(c ctx, k kind, id string, v uint64) error         { return f.delete(c, k, id, v) }
func (f *fake) Due(c ctx, k kind, t time.Time, n int) ([]string, error) { return f.due(c, k, t, n) }
func (f *fake) DeleteDue(c ctx, k kind, t time.Time, n int) (int, error) {
	return f.deleteDue(c, k, t, n)
}
func (f *fake) List(c ctx, k kind, after string, n int) ([]doc, string, error) {
	return f.list(c, k, after, n)
}
func (f *fake) Watch(c ctx, k kind, changed func(string)) error { return f.watch(c, k, changed) }

// A server is what the handles share.
type server struct {
	*store.Memory
	mu      sync.Mutex
	kills   int
	watches map[*subscription]bool

	// For what a broken one remembers.
	state map[string]doc
}

type subscription struct {
	kind  kind
	queue chan string // closed when the connection is killed
}

func (s *server) kill() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kills++
	for w := range s.watches {
		delete(s.watches, w)
		close(w.queue)
	}
	return nil
}

func (s *server) notify(k kind, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for w := range s.watches {
		if w.kind == k {
			w.queue <- id
		}
	}
}

func (s *server) subscribe(k kind) *subscription {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := &subscription{k, make(chan string, 1000)}
	s.watches[w] = true
	return w
}

func (s *server) unsubscribe(w *subscription) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.watches, w)
}

// over runs an operation over the connection. If that was killed before, the first
// operation fails, and has happened all the same after two of four kills. If it is
// killed meanwhile, all operations fail that have happened meanwhile.
func over[T any](f *fake, c ctx, op func() (T, error)) (answer T, err error) {
	if c.Err() != nil {
		return answer, c.Err()
	}
	kills := f.killed()
	f.mu.Lock()
	broken := f.noticed < kills
	f.noticed = max(f.noticed, kills)
	f.mu.Unlock()
	if f.down || broken && kills%4 >= 2 {
		return answer, errBroken
	}
	runtime.Gosched()
	answer, err = op()
	runtime.Gosched()
	if broken || f.killed() != kills {
		err = errBroken
	}
	return answer, err
}

func (s *server) killed() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kills
}

func newFake(s *server) *fake {
	f, m := &fake{server: s}, s.Memory
	f.get = func(c ctx, k kind, ids ...string) ([]doc, error) {
		return over(f, c, func() ([]doc, error) { return m.Get(c, k, ids...) })
	}
	f.put = func(c ctx, k kind, d doc) (uint64, error) {
		return over(f, c, func() (uint64, error) {
			v, err := m.Put(c, k, d)
			if err == nil && d.Notify {
				s.notify(k, d.ID)
			}
			return v, err
		})
	}
	f.delete = func(c ctx, k kind, id string, v uint64) error {
		_, err := over(f, c, func() (any, error) { return nil, m.Delete(c, k, id, v) })
		return err
	}
	f.due = func(c ctx, k kind, now time.Time, limit int) ([]string, error) {
		return over(f, c, func() ([]string, error) { return m.Due(c, k, now, limit) })
	}
	f.deleteDue = func(c ctx, k kind, now time.Time, limit int) (int, error) {
		return over(f, c, func() (int, error) { return m.DeleteDue(c, k, now, limit) })
	}
	f.list = func(c ctx, k kind, after string, limit int) (page []doc, next string, err error) {
		page, err = over(f, c, func() (_ []doc, err error) { page, next, err = m.List(c, k, after, limit); return page, err })
		return page, next, err
	}
	f.watch = func(c ctx, k kind, changed func(string)) error {
		w := s.subscribe(k)
		defer s.unsubscribe(w)
		for id := ""; ; {
			changed(id)
			var ok bool
			select {
			case id, ok = <-w.queue:
				if !ok {
					return errBroken
				}
			case <-c.Done():
				return c.Err()
			}
		}
	}
	return f
}

// subject returns two handles to a server that are broken in one way.
func subject(breaks func(*fake)) storetest.Subject {
	s := &server{Memory: store.NewMemory(), watches: map[*subscription]bool{}, state: map[string]doc{}}
	a, b, unreachable := newFake(s), newFake(s), newFake(s)
	unreachable.down = true
	for _, f := range []*fake{a, b, unreachable} {
		breaks(f)
	}
	return storetest.Subject{Handles: []store.Backend{a, b}, Unreachable: unreachable, Kill: s.kill}
}
