package storetest_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/storetest"
)

// TestBrokenStores proves that each clause can fail: every store here breaks the
// contract in one way, and the suite must say so by the clause's name.
func TestBrokenStores(t *testing.T) {
	all := slices.Concat(
		brokenAccounts, brokenKeys, brokenUnsynced, brokenLists, brokenChallenges, brokenGrants, brokenUpdates, brokenExpiry,
		brokenFaults, brokenAltogether,
	)
	for _, b := range all {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			for _, clause := range b.breaks {
				err := storetest.Check(clause, b.subject())
				var v *storetest.Violation
				if !errors.As(err, &v) || v.Clause != clause {
					t.Errorf("%s: got %v, want a violation", clause, err)
					continue
				}
				t.Log(err)
			}
		})
	}

	t.Run("together they break every clause", func(t *testing.T) {
		var broken []string
		for _, b := range all {
			broken = append(broken, b.breaks...)
		}
		for _, clause := range storetest.Clauses() {
			if !slices.Contains(broken, clause) {
				t.Errorf("no store here breaks %s", clause)
			}
		}
		for _, clause := range broken {
			if !slices.Contains(storetest.Clauses(), clause) {
				t.Errorf("there is no clause %s", clause)
			}
		}
	})
}

// A broken store is one that must fail the clauses it breaks.
type broken struct {
	name    string
	subject func() storetest.Subject
	breaks  []string
}

// breaking returns a store in memory that one function breaks.
func breaking(f func(*hooked)) func() storetest.Subject {
	return func() storetest.Subject {
		h := &hooked{Memory: store.NewMemory()}
		f(h)
		return storetest.Subject{Handles: []store.Store{h}}
	}
}

// hooked is a store in memory of which each method can be replaced.
type hooked struct {
	*store.Memory
	account          func(context.Context, string) (store.Account, error)
	updateAccount    func(context.Context, string, func(*store.Account) error) error
	unsyncedAccounts func(context.Context, time.Time, int) ([]string, error)
	listAccounts     func(context.Context, store.AccountFilter, string, int) ([]store.Account, string, error)
	createChallenge  func(context.Context, store.Challenge) error
	challenge        func(context.Context, string) (store.Challenge, error)
	updateChallenge  func(context.Context, string, func(*store.Challenge) error) error
	createGrant      func(context.Context, store.Grant) error
	grant            func(context.Context, string) (store.Grant, error)
	updateGrant      func(context.Context, string, func(*store.Grant) error) error
	deleteGrant      func(context.Context, string) error
	deleteExpired    func(context.Context, time.Time, int) (int, error)
}

func (h *hooked) Account(ctx context.Context, id string) (store.Account, error) {
	if h.account != nil {
		return h.account(ctx, id)
	}
	return h.Memory.Account(ctx, id)
}

func (h *hooked) UpdateAccount(ctx context.Context, id string, change func(*store.Account) error) error {
	if h.updateAccount != nil {
		return h.updateAccount(ctx, id, change)
	}
	return h.Memory.UpdateAccount(ctx, id, change)
}

func (h *hooked) UnsyncedAccounts(ctx context.Context, now time.Time, limit int) ([]string, error) {
	if h.unsyncedAccounts != nil {
		return h.unsyncedAccounts(ctx, now, limit)
	}
	return h.Memory.UnsyncedAccounts(ctx, now, limit)
}

func (h *hooked) ListAccounts(ctx context.Context, filter store.AccountFilter, from string, limit int) ([]store.Account, string, error) {
	if h.listAccounts != nil {
		return h.listAccounts(ctx, filter, from, limit)
	}
	return h.Memory.ListAccounts(ctx, filter, from, limit)
}

func (h *hooked) CreateChallenge(ctx context.Context, c store.Challenge) error {
	if h.createChallenge != nil {
		return h.createChallenge(ctx, c)
	}
	return h.Memory.CreateChallenge(ctx, c)
}

func (h *hooked) Challenge(ctx context.Context, id string) (store.Challenge, error) {
	if h.challenge != nil {
		return h.challenge(ctx, id)
	}
	return h.Memory.Challenge(ctx, id)
}

func (h *hooked) UpdateChallenge(ctx context.Context, id string, change func(*store.Challenge) error) error {
	if h.updateChallenge != nil {
		return h.updateChallenge(ctx, id, change)
	}
	return h.Memory.UpdateChallenge(ctx, id, change)
}

func (h *hooked) CreateGrant(ctx context.Context, g store.Grant) error {
	if h.createGrant != nil {
		return h.createGrant(ctx, g)
	}
	return h.Memory.CreateGrant(ctx, g)
}

func (h *hooked) Grant(ctx context.Context, id string) (store.Grant, error) {
	if h.grant != nil {
		return h.grant(ctx, id)
	}
	return h.Memory.Grant(ctx, id)
}

func (h *hooked) UpdateGrant(ctx context.Context, id string, change func(*store.Grant) error) error {
	if h.updateGrant != nil {
		return h.updateGrant(ctx, id, change)
	}
	return h.Memory.UpdateGrant(ctx, id, change)
}

func (h *hooked) DeleteGrant(ctx context.Context, id string) error {
	if h.deleteGrant != nil {
		return h.deleteGrant(ctx, id)
	}
	return h.Memory.DeleteGrant(ctx, id)
}

func (h *hooked) DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error) {
	if h.deleteExpired != nil {
		return h.deleteExpired(ctx, now, limit)
	}
	return h.Memory.DeleteExpired(ctx, now, limit)
}
