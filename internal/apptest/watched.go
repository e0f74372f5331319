package apptest

import (
	"context"
	"errors"
	"sync"

	"github.com/eagate/eagate/store"
)

// Watched reports the writes to a store, as a database with watches does.
type Watched struct {
	store.Backend
	mu      sync.Mutex
	watches map[*watch]bool
	broken  error
	begun   int
}

// A watch has the IDs that were not reported yet.
type watch struct {
	kind store.Kind
	ids  []string
	more chan struct{}
}

// Watch lets nodes watch the world's store from now on.
func (w *World) Watch() *Watched {
	watched := &Watched{Backend: w.Store.Inner(), watches: make(map[*watch]bool)}
	w.Store.SetInner(watched)
	return watched
}

// Break ends all watches with that error, and each new one, until it is nil.
func (s *Watched) Break(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = err
	for w := range s.watches {
		signal(w.more)
	}
}

// Watches is how many watches go on, and how often one has begun.
func (s *Watched) Watches() (now, begun int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.watches), s.begun
}

// Put reports the write if the document has Notify.
func (s *Watched) Put(ctx context.Context, kind store.Kind, doc store.Document) (uint64, error) {
	version, err := s.Backend.Put(ctx, kind, doc)
	if err != nil || !doc.Notify {
		return version, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for w := range s.watches {
		if w.kind == kind {
			w.ids = append(w.ids, doc.ID)
			signal(w.more)
		}
	}
	return version, nil
}

// Watch implements [store.Watcher].
func (s *Watched) Watch(ctx context.Context, kind store.Kind, changed func(id string)) error {
	w := &watch{kind: kind, ids: []string{""}, more: make(chan struct{}, 1)}
	signal(w.more)
	s.mu.Lock()
	s.begun++
	s.watches[w] = true
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.watches, w)
	}()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-w.more:
		}
		s.mu.Lock()
		ids, err := w.ids, s.broken
		w.ids = nil
		s.mu.Unlock()
		if err != nil {
			return err
		}
		for _, id := range ids {
			changed(id)
		}
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Watch passes the question on to a store that can be watched.
func (f *FaultyStore) Watch(ctx context.Context, kind store.Kind, changed func(id string)) error {
	if w, ok := f.Inner().(store.Watcher); ok {
		return w.Watch(ctx, kind, changed)
	}
	return errors.ErrUnsupported
}
