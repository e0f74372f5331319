package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/eagate/eagate/store"
)

// createClauses returns what is asked of records that are created only once.
func (k kind[R]) createClauses() []clause {
	return []clause{
		{"Create" + k.name + "/exists", k.exists},
		{"Create" + k.name + "/race", k.createRace},
	}
}

// exists: a second record with the same key is refused, and the first stays.
func (k kind[R]) exists(ctx context.Context, s Subject) error {
	want, err := k.given(ctx, s, 1)
	if err != nil {
		return err
	}
	for _, h := range s.Handles {
		err := k.create(h, ctx, k.record(*k.key(&want), 2))
		switch {
		case err == nil:
			return fmt.Errorf("Create%s returned no error for an ID that is taken: it must return ErrExists", k.name)
		case !errors.Is(err, store.ErrExists):
			return fmt.Errorf("Create%s returned the error %w for an ID that is taken: it must return ErrExists", k.name, err)
		}
	}
	if err := k.expect(ctx, s, want); err != nil {
		return fmt.Errorf("the first record isn't what it was: %w: a refused Create%s must change nothing", err, k.name)
	}
	return nil
}

// createRace: of many that create the same record at once, one succeeds.
func (k kind[R]) createRace(ctx context.Context, s Subject) error {
	const rounds, racers = 20, 16
	for range rounds {
		var (
			key     = newKey()
			winners atomic.Int32
			winner  atomic.Int32
		)
		err := race(racers, func(i int, _ *crowd) error {
			r := k.record(key, i)
			err := k.create(s.handle(i), ctx, r)
			switch {
			case err == nil:
				winners.Add(1)
				winner.Store(int32(i))
			case !errors.Is(err, store.ErrExists):
				return fmt.Errorf("Create%s returned the error %w to one of many at once: it must return ErrExists to all but one", k.name, err)
			}
			return nil
		})
		if err != nil {
			return err
		}
		if n := winners.Load(); n != 1 {
			return fmt.Errorf("%d of %d that created the same record at once succeeded: it must be exactly one", n, racers)
		}
		if err := k.expect(ctx, s, k.record(key, int(winner.Load()))); err != nil {
			return fmt.Errorf("what is stored isn't what the one that succeeded had created: %w", err)
		}
	}
	return nil
}
