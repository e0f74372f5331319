package storetest

import (
	"context"
	"errors"
	"fmt"

	"github.com/eagate/eagate/store"
)

// What is asked of one kind of record only.
var (
	accountClauses = []clause{
		{"Account/odd-keys", oddKeys},
		{"Account/long-values", longValues},
		{"UpdateAccount/creates", updateCreates},
		{"UpdateAccount/error-when-unseen", failingWhenUnseen},
		{"UpdateAccount/replay", replay},
		{"UpdateAccount/budget", budget},
		{"UpdateAccount/independent", independent},
	}
	challengeClauses = []clause{
		{"UpdateChallenge/missing", updateMissing},
		{"UpdateChallenge/consume-once", consumeOnce},
	}
	grantClauses = []clause{
		{"DeleteGrant/deletes", deleteGrant},
		{"DeleteGrant/missing", deleteMissing},
	}
)

// updateCreates: the first update of a user starts from the zero account.
func updateCreates(ctx context.Context, s Subject) error {
	id := newKey()
	if err := accounts.expectNone(ctx, s, id); err != nil {
		return err
	}
	var wrong error
	err := s.first().UpdateAccount(ctx, id, func(a *store.Account) error {
		wrong = accounts.absent(*a, nil, id)
		a.State = store.On
		return nil
	})
	if err != nil {
		return fmt.Errorf("UpdateAccount returned the error %w for a user never seen: it must create the account", err)
	}
	if wrong != nil {
		return fmt.Errorf("what the change was given: %w", wrong)
	}
	if err := accounts.expect(ctx, s, store.Account{UserID: id, State: store.On}); err != nil {
		return err
	}
	a, err := s.last().Account(ctx, id)
	if err != nil {
		return err
	}
	if a.Version != 1 {
		return fmt.Errorf("Version is %d after the first change: want 1", a.Version)
	}
	return nil
}

// failingWhenUnseen: a first update that fails leaves no account behind.
func failingWhenUnseen(ctx context.Context, s Subject) error {
	id, refused := newKey(), errors.New("refused")
	for range 2 {
		err := s.first().UpdateAccount(ctx, id, func(a *store.Account) error {
			a.State = store.On
			return refused
		})
		if !errors.Is(err, refused) {
			return fmt.Errorf("UpdateAccount returned the error %v where the change had returned another: it must return that one", err)
		}
		if err := accounts.expectNone(ctx, s, id); err != nil {
			return fmt.Errorf("after a first change that returned an error: %w", err)
		}
	}
	return nil
}

// updateMissing: a challenge that doesn't exist isn't updated.
func updateMissing(ctx context.Context, s Subject) error {
	id, called := newKey(), false
	err := s.first().UpdateChallenge(ctx, id, func(*store.Challenge) error {
		called = true
		return nil
	})
	if err := notFound("UpdateChallenge", err); err != nil {
		return err
	}
	if called {
		return errors.New("UpdateChallenge called the change where there is no challenge")
	}
	if err := challenges.expectNone(ctx, s, id); err != nil {
		return fmt.Errorf("UpdateChallenge created a challenge: %w", err)
	}
	return nil
}

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
