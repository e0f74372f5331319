package sqlstore

import (
	"context"

	"github.com/eagate/eagate/internal/record"
	"github.com/eagate/eagate/store"
)

var challengeKind = kind[store.Challenge]{
	name:    "a challenge",
	table:   "eagate_challenges",
	key:     "id",
	id:      func(c *store.Challenge) *string { return &c.ID },
	version: func(c *store.Challenge) *uint64 { return &c.Version },
	fields:  record.Challenge,
}

func newChallenges(ctx context.Context, db *database) (*volatile[store.Challenge], error) {
	return newVolatile(ctx, db, challengeKind, "forget_at")
}

// CreateChallenge implements [store.Challenges].
func (s *Store) CreateChallenge(ctx context.Context, c store.Challenge) error {
	return s.challenges.createNew(ctx, c)
}

// Challenge implements [store.Challenges].
func (s *Store) Challenge(ctx context.Context, id string) (store.Challenge, error) {
	return s.challenges.read(ctx, id)
}

// UpdateChallenge implements [store.Challenges]. It holds no lock and no
// connection while change runs.
func (s *Store) UpdateChallenge(ctx context.Context, id string, change func(*store.Challenge) error) error {
	return s.challenges.changeExisting(ctx, id, change)
}
