package gatetest

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
	states     map[string]records.ChallengeState // of challenges, as they were written last
	moves      map[Move]int
	challenges int
	accounts   int
	grants     int // but for marks
	marks      int
	lookups    int
}

// A Move is a challenge's change of state.
type Move struct{ From, To records.ChallengeState }

// Spy begins to watch the world's store.
func (w *World) Spy(t testing.TB) *Spy {
	s := &Spy{Backend: w.Store.Backend, t: t, states: make(map[string]records.ChallengeState), moves: make(map[Move]int)}
	w.Store.Backend = s
	return s
}

// Moves is how many challenges went from one state to another.
func (s *Spy) Moves(from, to records.ChallengeState) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.moves[Move{from, to}]
}

// Changes is how many records were made or changed, in all.
func (s *Spy) Changes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.challenges + s.accounts + s.marks + max(s.grants, -s.grants)
	for _, moves := range s.moves {
		n += moves
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
	if kind == store.Challenges {
		s.mu.Lock()
		s.lookups += len(ids)
		s.mu.Unlock()
	}
	return s.Backend.Get(ctx, kind, ids...)
}

func (s *Spy) Put(ctx context.Context, kind store.Kind, doc store.Document) (uint64, error) {
	version, err := s.Backend.Put(ctx, kind, doc)
	if err != nil {
		return version, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch kind {
	case store.Accounts:
		s.accounts++
	case store.Challenges:
		c := DecodeChallenge(s.t, doc)
		from, known := s.states[doc.ID]
		s.states[doc.ID] = c.State
		if doc.Version == 0 {
			s.challenges++
		} else if known && from != c.State {
			s.moves[Move{from, c.State}]++
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
	}
	return version, err
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
