package storetest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/eagate/eagate/store"
)

// deleteGrant: a grant that was deleted is gone, and no other is.
func deleteGrant(ctx context.Context, s Subject) error {
	gone, err := grants.given(ctx, s, 1)
	if err != nil {
		return err
	}
	stays := grants.record(newKey(), 2)
	stays.UserID, stays.Binding = gone.UserID, gone.Binding
	if err := s.first().CreateGrant(ctx, stays); err != nil {
		return err
	}
	if err := grants.expect(ctx, s, gone); err != nil { // a cache may remember it from now on
		return err
	}
	if err := s.first().DeleteGrant(ctx, gone.ID); err != nil {
		return err
	}
	if err := grants.expectNone(ctx, s, gone.ID); err != nil {
		return fmt.Errorf("after DeleteGrant: %w", err)
	}
	if err := grants.expect(ctx, s, stays); err != nil {
		return fmt.Errorf("after DeleteGrant of another grant: %w", err)
	}
	return nil
}

// deleteMissing: to delete a grant that doesn't exist is no error.
func deleteMissing(ctx context.Context, s Subject) error {
	g, err := grants.given(ctx, s, 1)
	if err != nil {
		return err
	}
	for _, id := range []string{newKey(), g.ID, g.ID} {
		if err := s.first().DeleteGrant(ctx, id); err != nil {
			return fmt.Errorf("DeleteGrant returned the error %w where there is no grant: it must return none", err)
		}
	}
	return nil
}

// deleteFinal: a grant that was deleted doesn't come back by an update that had
// begun before.
func deleteFinal(ctx context.Context, s Subject) error {
	g, err := grants.given(ctx, s, 1)
	if err != nil {
		return err
	}
	var (
		deleted           = make(chan error, 1)
		deleteErr         error
		started, returned bool
	)
	err = s.first().UpdateGrant(ctx, g.ID, func(stored *store.Grant) error {
		if !started {
			started = true
			go func() { deleted <- s.last().DeleteGrant(ctx, g.ID) }()
			select {
			case deleteErr = <-deleted:
				returned = true
			case <-time.After(grace):
			}
		}
		stored.Binding = "changed"
		return nil
	})
	if !returned {
		deleteErr = <-deleted
	}
	switch {
	case deleteErr != nil:
		return fmt.Errorf("DeleteGrant returned the error %w while an update had begun: it must wait, or come first", deleteErr)
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return fmt.Errorf("UpdateGrant returned the error %w where DeleteGrant came first: it must return ErrNotFound", err)
	}
	if err := grants.expectNone(ctx, s, g.ID); err != nil {
		return fmt.Errorf("an update that had begun before DeleteGrant brought the grant back: %w", err)
	}
	if err == nil && returned {
		return errors.New("UpdateGrant returned no error where DeleteGrant had come first: it must return ErrNotFound")
	}
	return deleteRace(ctx, s)
}

func deleteRace(ctx context.Context, s Subject) error {
	const rounds, racers = 20, 6
	for range rounds {
		g, err := grants.given(ctx, s, 1)
		if err != nil {
			return err
		}
		if err := race(racers, func(i int, c *crowd) error {
			if i == 0 {
				return s.handle(i).DeleteGrant(ctx, g.ID)
			}
			err := s.handle(i).UpdateGrant(ctx, g.ID, func(g *store.Grant) error {
				c.meet()
				g.Epoch++
				return nil
			})
			if errors.Is(err, store.ErrNotFound) {
				return nil
			}
			return grants.contended(err)
		}); err != nil {
			return err
		}
		if err := grants.expectNone(ctx, s, g.ID); err != nil {
			return fmt.Errorf("a grant is still there after DeleteGrant, with updates at once: %w", err)
		}
	}
	return nil
}
