package apptest

import (
	"context"
	"sync"
	"testing"

	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/store"
)

// A Spy writes down what is changed in a store.
type Spy struct {
	store.Backend
	t testing.TB

	mu         sync.Mutex
	states     map[version]records.ChallengeState // of challenges that were read or written
	changes    []change                           // of challenges
	challenges int                                // new ones
	accounts   int
	grants     int // but for marks
	marks      int
	lookups    int
}

// A version is one of a document.
type version struct {
	id string
	n  uint64
}

type change struct{ from, to version }

// Spy begins to watch the world's store.
func (w *World) Spy(t testing.TB) *Spy {
	s := &Spy{Backend: w.Store.Inner(), t: t, states: make(map[version]records.ChallengeState)}
	w.Store.SetInner(s)
	return s
}

// Moves is how many challenges went from one state to another.
func (s *Spy) Moves(from, to records.ChallengeState) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, c := range s.changes {
		if s.states[c.from] == from && s.states[c.to] == to {
			n++
		}
	}
	return n
}

// Changes is how many records were made or changed, in all.
func (s *Spy) Changes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.challenges + s.accounts + s.marks + max(s.grants, -s.grants)
	for _, c := range s.changes {
		if s.states[c.from] != s.states[c.to] {
			n++
		}
	}
	return n
}

// Grants is how many more grants were made than deleted.
func (s *Spy) Grants() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.grants
}

// Lookups is how many challenges were asked for.
func (s *Spy) Lookups() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lookups
}

func (s *Spy) Get(ctx context.Context, kind store.Kind, ids ...string) ([]store.Document, error) {
	docs, err := s.Backend.Get(ctx, kind, ids...)
	if kind != store.Challenges {
		return docs, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lookups += len(ids)
	for _, doc := range docs {
		if doc.Version != 0 {
			s.states[version{doc.ID, doc.Version}] = DecodeChallenge(s.t, doc).State
		}
	}
	return docs, err
}

func (s *Spy) Put(ctx context.Context, kind store.Kind, doc store.Document) (uint64, error) {
	n, err := s.Backend.Put(ctx, kind, doc)
	if err != nil {
		return n, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch kind {
	case store.Accounts:
		s.accounts++
	case store.Challenges:
		from, to := version{doc.ID, doc.Version}, version{doc.ID, n}
		s.states[to] = DecodeChallenge(s.t, doc).State
		if doc.Version == 0 {
			s.challenges++
		} else {
			s.changes = append(s.changes, change{from, to})
		}
	case store.Grants:
		if doc.Version != 0 {
			break
		}
		if DecodeGrant(s.t, doc).Kind == records.KindProof {
			s.grants++
		} else {
			s.marks++
		}
	case store.Addresses:
	}
	return n, err
}

func (s *Spy) Delete(ctx context.Context, kind store.Kind, id string, version uint64) error {
	err := s.Backend.Delete(ctx, kind, id, version)
	if err == nil && kind == store.Grants {
		s.mu.Lock()
		s.grants--
		s.mu.Unlock()
	}
	return err
}
