package apptest

import (
	"context"
	"sync"

	"github.com/eagate/eagate/store"
)

// A Spy writes down what is changed in a store.
type Spy struct {
	store.Store

	mu         sync.Mutex
	moves      map[Move]int
	challenges int
	accounts   int
	grants     int // but for marks
	marks      int
	lookups    int
}

// A Move is a challenge's change of state.
type Move struct{ From, To store.ChallengeState }

// Spy begins to watch the world's store.
func (w *World) Spy() *Spy {
	s := &Spy{Store: w.Store.Store, moves: make(map[Move]int)}
	w.Store.Store = s
	return s
}

// Moves is how many challenges went from one state to another.
func (s *Spy) Moves(from, to store.ChallengeState) int {
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

// Lookups is how many challenges were asked for in order to be changed.
func (s *Spy) Lookups() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lookups
}

func (s *Spy) count(n *int, by int, err error) error {
	if err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		*n += by
	}
	return err
}

func (s *Spy) UpdateAccount(ctx context.Context, id string, change func(*store.Account) error) error {
	return s.count(&s.accounts, 1, s.Store.UpdateAccount(ctx, id, change))
}

func (s *Spy) CreateChallenge(ctx context.Context, c store.Challenge) error {
	return s.count(&s.challenges, 1, s.Store.CreateChallenge(ctx, c))
}

func (s *Spy) UpdateChallenge(ctx context.Context, id string, change func(*store.Challenge) error) error {
	_ = s.count(&s.lookups, 1, nil)
	var m Move
	err := s.Store.UpdateChallenge(ctx, id, func(c *store.Challenge) error {
		m.From = c.State
		err := change(c)
		m.To = c.State
		return err
	})
	if err == nil && m.From != m.To {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.moves[m]++
	}
	return err
}

func (s *Spy) CreateGrant(ctx context.Context, g store.Grant) error {
	if g.Kind != store.KindProof {
		return s.count(&s.marks, 1, s.Store.CreateGrant(ctx, g))
	}
	return s.count(&s.grants, 1, s.Store.CreateGrant(ctx, g))
}

func (s *Spy) DeleteGrant(ctx context.Context, id string) error {
	return s.count(&s.grants, -1, s.Store.DeleteGrant(ctx, id))
}
