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
		{"Account/longest-values", longestValues},
		{"UpdateAccount/creates", updateCreates},
		{"UpdateAccount/error-when-unseen", failingWhenUnseen},
		{"UpdateAccount/replay", replay},
		{"UpdateAccount/budget", budget},
		{"UpdateAccount/independent", independent},
	}
	challengeClauses = []clause{
		{"UpdateChallenge/missing", challenges.updateMissing},
		{"UpdateChallenge/consume-once", consumeOnce},
	}
	grantClauses = []clause{
		{"UpdateGrant/missing", grants.updateMissing},
		{"DeleteGrant/deletes", deleteGrant},
		{"DeleteGrant/missing", deleteMissing},
		{"DeleteGrant/final", deleteFinal},
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
