package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/eagate/eagate/internal/record"
	"github.com/eagate/eagate/store"
)

var grantKind = kind[store.Grant]{
	name:    "a grant",
	table:   "eagate_grants",
	key:     "id",
	id:      func(g *store.Grant) *string { return &g.ID },
	version: func(g *store.Grant) *uint64 { return &g.Version },
	fields:  record.Grant,
}

// grants is the statements on grants.
type grants struct {
	*volatile[store.Grant]
	deleteOne *sql.Stmt
}

func newGrants(ctx context.Context, db *database) (grants, error) {
	v, err := newVolatile(ctx, db, grantKind, "expires_at")
	deleteOne, deleteErr := db.prepare(ctx, "DELETE FROM eagate_grants WHERE id = "+db.param(1))
	return grants{v, deleteOne}, errors.Join(err, deleteErr)
}

// CreateGrant implements [store.Grants].
func (s *Store) CreateGrant(ctx context.Context, g store.Grant) error {
	return s.grants.createNew(ctx, g)
}

// Grant implements [store.Grants].
func (s *Store) Grant(ctx context.Context, id string) (store.Grant, error) {
	return s.grants.read(ctx, id)
}

// UpdateGrant implements [store.Grants]. It holds no lock and no connection
// while change runs.
func (s *Store) UpdateGrant(ctx context.Context, id string, change func(*store.Grant) error) error {
	return s.grants.changeExisting(ctx, id, change)
}

// DeleteGrant implements [store.Grants].
func (s *Store) DeleteGrant(ctx context.Context, id string) error {
	if store.CheckID(id) != nil {
		return ctx.Err() // there is none
	}
	err := s.db.retry(ctx, func() error {
		_, err := s.db.exec(ctx, s.grants.deleteOne, id)
		return err
	})
	if err != nil {
		return wrap(ctx, "deleting a grant", err)
	}
	return nil
}
