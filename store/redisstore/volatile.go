package redisstore

import (
	"context"
	"time"

	"github.com/eagate/eagate/store"
)

// CreateChallenge implements [store.Challenges].
func (v *Volatile) CreateChallenge(ctx context.Context, c store.Challenge) error {
	return create(ctx, challenges, v.challenge(c.ID), c)
}

// Challenge implements [store.Challenges].
func (v *Volatile) Challenge(ctx context.Context, id string) (store.Challenge, error) {
	return read(ctx, challenges, v.challenge(id))
}

// UpdateChallenge implements [store.Challenges].
func (v *Volatile) UpdateChallenge(ctx context.Context, id string, change func(*store.Challenge) error) error {
	return update(ctx, challenges, v.challenge(id), change)
}

// CreateGrant implements [store.Grants].
func (v *Volatile) CreateGrant(ctx context.Context, g store.Grant) error {
	return create(ctx, grants, v.grant(g.ID), g)
}

// Grant implements [store.Grants].
func (v *Volatile) Grant(ctx context.Context, id string) (store.Grant, error) {
	return read(ctx, grants, v.grant(id))
}

// UpdateGrant implements [store.Grants].
func (v *Volatile) UpdateGrant(ctx context.Context, id string, change func(*store.Grant) error) error {
	return update(ctx, grants, v.grant(id), change)
}

// DeleteGrant implements [store.Grants].
func (v *Volatile) DeleteGrant(ctx context.Context, id string) error {
	p := v.grant(id)
	if err := check(ctx, p); err != nil {
		return err
	}
	if err := v.client.Del(ctx, p.keys...).Err(); err != nil {
		return fault(ctx, "deleting the grant", err)
	}
	return nil
}

// DeleteExpired implements [store.Volatile]. Redis forgets by itself, so that it
// has nothing to do; it only asks whether Redis is there.
func (v *Volatile) DeleteExpired(ctx context.Context, _ time.Time, _ int) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if err := v.client.Ping(ctx).Err(); err != nil {
		return 0, fault(ctx, "deleting what has expired", err)
	}
	return 0, nil
}

func (v *Volatile) challenge(id string) place {
	return place{client: v.client, id: id, keys: []string{v.keys.challenge(id)}}
}

func (v *Volatile) grant(id string) place {
	return place{client: v.client, id: id, keys: []string{v.keys.grant(id)}}
}
