package storetest

import (
	"context"
	"errors"
	"fmt"

	"github.com/eagate/eagate/store"
)

// clauses returns what is asked of every kind of record.
func (k kind[R]) clauses() []clause {
	return []clause{
		{k.name + "/missing", k.missing},
		{k.name + "/round-trip", k.roundTrip},
		{k.name + "/keys", k.keys},
		{k.name + "/long-values", k.longValues},
	}
}

// missing: a key without a record reads as the contract says, and reading
// stores nothing.
func (k kind[R]) missing(ctx context.Context, s Subject) error {
	key := newKey()
	for range 2 {
		for _, h := range s.Handles {
			got, err := k.read(h, ctx, key)
			if err := k.absent(got, err, key); err != nil {
				return err
			}
		}
	}
	return nil
}

// roundTrip: a record comes back as it was stored, in every field.
func (k kind[R]) roundTrip(ctx context.Context, s Subject) error {
	filled, err := k.given(ctx, s, 1)
	if err != nil {
		return err
	}
	zero := k.zero(newKey())
	if err := k.create(s.first(), ctx, zero); err != nil {
		return fmt.Errorf("can't create a record whose fields are zero: %w", err)
	}
	for _, want := range []R{filled, zero} {
		if err := k.expect(ctx, s, want); err != nil {
			return fmt.Errorf("%w: every field must be kept, times to the microsecond", err)
		}
	}
	return nil
}

var sharingClauses = []clause{
	{"Records/no-shared-memory", noSharedMemory},
}

// noSharedMemory: records go in and out by value.
func noSharedMemory(ctx context.Context, s Subject) error {
	return errors.Join(
		accounts.noSharedMemory(ctx, s), accounts.updateSharesNoMemory(ctx, s),
		challenges.noSharedMemory(ctx, s), challenges.updateSharesNoMemory(ctx, s),
		grants.noSharedMemory(ctx, s), grants.updateSharesNoMemory(ctx, s),
	)
}

func (k kind[R]) noSharedMemory(ctx context.Context, s Subject) error {
	want := k.record(newKey(), 1)
	in := k.record(*k.key(&want), 1)
	if err := k.create(s.first(), ctx, in); err != nil {
		return err
	}
	scribble(&in)
	if err := k.expect(ctx, s, want); err != nil {
		return fmt.Errorf("the stored record changed with the one that was handed in: %w: the store must keep a copy", err)
	}
	for _, h := range s.Handles {
		got, err := k.read(h, ctx, *k.key(&want))
		if err != nil {
			return err
		}
		scribble(&got)
		if got, err = k.read(h, ctx, *k.key(&want)); err != nil {
			return err
		}
		if err := diff(got, want); err != nil {
			return fmt.Errorf("the stored record changed with the one that was returned: %w: the store must return a copy", err)
		}
	}
	return nil
}

func (m mutable[R]) updateSharesNoMemory(ctx context.Context, s Subject) error {
	want, err := m.given(ctx, s, 1)
	if err != nil {
		return err
	}
	var kept *R
	err = m.update(s.first(), ctx, *m.key(&want), func(r *R) error {
		*m.left(r) = "changed"
		kept = r
		return nil
	})
	if err != nil {
		return err
	}
	scribble(kept)
	*m.left(&want) = "changed"
	if err := m.expect(ctx, s, want); err != nil {
		return fmt.Errorf("the stored record changed with the one that the change was given: %w: the store must keep a copy", err)
	}
	return nil
}

var handleClauses = []clause{
	{"Handles/agree", handlesAgree},
}

// handlesAgree: what was written through one handle is read through each other,
// at once.
func handlesAgree(ctx context.Context, s Subject) error {
	const must = "what one handle has stored, every other must see at once"
	for i, w := range s.Handles {
		for j, r := range s.Handles {
			var (
				pair  = Subject{Handles: []store.Store{w, r}}
				at    = fmt.Sprintf("written through handle %d, read through handle %d", i, j)
				fault = func(err error) error { return fmt.Errorf("%s: %w: %s", at, err, must) }
			)
			if err := errors.Join(
				accounts.updatesSeen(ctx, pair),
				challenges.updatesSeen(ctx, pair),
				grants.updatesSeen(ctx, pair),
			); err != nil {
				return fault(err)
			}
			g, err := grants.given(ctx, pair, 1)
			if err != nil {
				return fault(err)
			}
			if err := grants.expect(ctx, pair, g); err != nil {
				return fault(err)
			}
			if err := w.DeleteGrant(ctx, g.ID); err != nil {
				return fault(err)
			}
			if err := grants.expectNone(ctx, pair, g.ID); err != nil {
				return fault(err)
			}
		}
	}
	return nil
}

func (m mutable[R]) updatesSeen(ctx context.Context, s Subject) error {
	r, err := m.given(ctx, s, 1)
	if err != nil {
		return err
	}
	key := *m.key(&r)
	if err := m.expect(ctx, s, r); err != nil {
		return err
	}
	for seed := 2; seed < 4; seed++ {
		want := m.record(key, seed)
		if err := m.update(s.first(), ctx, key, func(r *R) error { *r = m.record(key, seed); return nil }); err != nil {
			return err
		}
		if err := m.expect(ctx, s, want); err != nil {
			return err
		}
	}
	return nil
}
