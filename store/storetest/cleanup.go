package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/eagate/eagate/store"
)

// expiredRace: several that clean up at once, in small batches, delete each
// record once, while others write.
func expiredRace(ctx context.Context, s Subject) error {
	if s.SelfExpiring {
		return skipped("the store forgets by itself")
	}
	now, err := emptied(ctx, s)
	if err != nil {
		return err
	}
	const expired, racers, batch = 20, 6, 3 // expired challenges, and as many grants
	var gone []func(context.Context, Subject) (bool, error)
	for range expired {
		c, g, err := createExpiring(ctx, s, now, now)
		if err != nil {
			return err
		}
		gone = append(gone, challenges.found(c.ID), grants.found(g.ID))
	}
	_, live, err := createExpiring(ctx, s, now, now.Add(tick))
	if err != nil {
		return err
	}

	var deleted, updated atomic.Int64
	cleanUp := func(h store.Store) error {
		for range 2*expired + 1 {
			n, err := h.DeleteExpired(ctx, now, batch)
			if err != nil {
				return fmt.Errorf("DeleteExpired returned the error %w to one of several at once: it must wait, or try again", err)
			}
			deleted.Add(int64(n))
			if n == 0 {
				return nil
			}
		}
		return nil
	}
	write := func(h store.Store) error {
		for range expired {
			if _, _, err := createExpiring(ctx, Subject{Handles: []store.Store{h}}, now, now.Add(tick)); err != nil {
				return err
			}
			if err := h.UpdateGrant(ctx, live.ID, func(g *store.Grant) error { g.Epoch++; return nil }); err != nil {
				return grants.contended(err)
			}
			updated.Add(1)
		}
		return nil
	}
	if err := race(racers, func(i int, _ *crowd) error {
		if i%3 == 2 {
			return write(s.handle(i))
		}
		return cleanUp(s.handle(i))
	}); err != nil {
		return err
	}
	if err := cleanUp(s.last()); err != nil { // those that the others left to one another
		return err
	}

	for _, exists := range gone {
		if found, err := exists(ctx, s); err != nil {
			return err
		} else if found {
			return errors.New("an expired record is still there after several have cleaned up at once")
		}
	}
	if n := deleted.Load(); n != 2*expired {
		return fmt.Errorf("several DeleteExpired at once returned %d in total, and deleted %d: each record must be deleted, and counted, once", n, 2*expired)
	}
	live.Epoch = uint64(updated.Load())
	if err := grants.expect(ctx, s, live); err != nil {
		return fmt.Errorf("a grant that was updated while others cleaned up: %w", err)
	}
	return nil
}

// expiredExtended: a record whose time is put off while others clean up stays,
// or the update says that it is gone.
func expiredExtended(ctx context.Context, s Subject) error {
	if s.SelfExpiring {
		return skipped("the store forgets by itself")
	}
	now, err := emptied(ctx, s)
	if err != nil {
		return err
	}
	const rounds = 20
	for range rounds {
		if err := errors.Join(challenges.extended(ctx, s, now), grants.extended(ctx, s, now)); err != nil {
			return err
		}
	}
	return nil
}

func (m mutable[R]) extended(ctx context.Context, s Subject, now time.Time) error {
	r := m.zero(newKey())
	*m.until(&r) = now
	if err := m.create(s.first(), ctx, r); err != nil {
		return err
	}
	*m.until(&r) = now.Add(time.Hour)
	var updateErr error
	if err := race(2, func(i int, _ *crowd) error {
		if i == 0 {
			_, err := s.last().DeleteExpired(ctx, now, 1000)
			return err
		}
		updateErr = m.update(s.first(), ctx, *m.key(&r), func(stored *R) error {
			*m.until(stored) = *m.until(&r)
			return nil
		})
		return nil
	}); err != nil {
		return err
	}
	if errors.Is(updateErr, store.ErrNotFound) {
		if err := m.expectNone(ctx, s, *m.key(&r)); err != nil {
			return fmt.Errorf("Update%s returned ErrNotFound, with DeleteExpired at once, and yet: %w", m.name, err)
		}
		return nil
	}
	if updateErr != nil {
		return m.contended(updateErr)
	}
	if err := m.expect(ctx, s, r); err != nil {
		return fmt.Errorf("Update%s put a record's time off, with DeleteExpired at once, and returned no error: %w: "+
			"DeleteExpired must only delete what is expired when it deletes it", m.name, err)
	}
	return nil
}
