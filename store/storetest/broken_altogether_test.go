package storetest_test

import (
	"context"
	"errors"
	"time"

	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/storetest"
)

var brokenAltogether = []broken{
	{"two nodes, each with its own memory", func() storetest.Subject {
		return storetest.Subject{Handles: []store.Store{store.NewMemory(), store.NewMemory()}}
	}, []string{"Handles/agree"}},

	{"two nodes, one with a cache", func() storetest.Subject {
		m := store.NewMemory()
		cached := &hooked{Memory: m}
		seen := map[string]store.Grant{}
		cached.grant = func(ctx ctx, id string) (store.Grant, error) {
			if g, ok := seen[id]; ok {
				return g, ctx.Err()
			}
			g, err := m.Grant(ctx, id)
			if err == nil {
				seen[id] = g
			}
			return g, err
		}
		return storetest.Subject{Handles: []store.Store{m, cached}}
	}, []string{"Handles/agree", "DeleteGrant/deletes"}},

	{"contexts are ignored", breaking(func(h *hooked) {
		ignore := context.WithoutCancel
		h.account = func(ctx ctx, id string) (store.Account, error) { return h.Memory.Account(ignore(ctx), id) }
		h.deleteGrant = func(ctx ctx, id string) error { return h.Memory.DeleteGrant(ignore(ctx), id) }
	}), []string{"Context/ended"}},

	{"contexts are looked at too late", breaking(func(h *hooked) {
		h.createChallenge = func(ctx ctx, c store.Challenge) error {
			return errors.Join(h.Memory.CreateChallenge(context.WithoutCancel(ctx), c), ctx.Err())
		}
	}), []string{"Context/ended"}},

	{"context errors are replaced", breaking(func(h *hooked) {
		h.grant = func(ctx ctx, id string) (store.Grant, error) {
			g, err := h.Memory.Grant(ctx, id)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				err = errors.New("connection closed")
			}
			return g, err
		}
	}), []string{"Context/ended"}},

	{"a fault passes for a user without a second factor", unreachable(func(h *hooked) {
		h.account = func(_ ctx, id string) (store.Account, error) { return store.Account{UserID: id}, nil }
	}), []string{"Fault/is-an-error"}},

	{"a fault passes for a missing grant", unreachable(func(h *hooked) {
		h.grant = func(ctx, string) (store.Grant, error) { return store.Grant{}, store.ErrNotFound }
	}), []string{"Fault/is-an-error"}},

	{"a fault passes for nothing due", unreachable(func(h *hooked) {
		h.unsyncedAccounts = func(ctx, time.Time, int) ([]string, error) { return nil, nil }
	}), []string{"Fault/is-an-error"}},

	{"no handles", func() storetest.Subject { return storetest.Subject{} }, []string{"Account/missing"}},
}

// unreachable returns a store that is in order as long as its storage can be
// reached, and otherwise broken by a function.
func unreachable(f func(*hooked)) func() storetest.Subject {
	return func() storetest.Subject {
		h := closed()
		f(h)
		return storetest.Subject{Handles: []store.Store{store.NewMemory()}, Unreachable: h}
	}
}

// closed returns a store whose storage can't be reached, and that says so.
func closed() *hooked {
	fault := errors.New("storage closed")
	return &hooked{
		account:          func(ctx, string) (store.Account, error) { return store.Account{}, fault },
		updateAccount:    func(ctx, string, accountChange) error { return fault },
		unsyncedAccounts: func(ctx, time.Time, int) ([]string, error) { return nil, fault },
		listAccounts: func(ctx, store.AccountFilter, string, int) ([]store.Account, string, error) {
			return nil, "", fault
		},
		createChallenge: func(ctx, store.Challenge) error { return fault },
		challenge:       func(ctx, string) (store.Challenge, error) { return store.Challenge{}, fault },
		updateChallenge: func(ctx, string, challengeChange) error { return fault },
		createGrant:     func(ctx, store.Grant) error { return fault },
		grant:           func(ctx, string) (store.Grant, error) { return store.Grant{}, fault },
		updateGrant:     func(ctx, string, grantChange) error { return fault },
		deleteGrant:     func(ctx, string) error { return fault },
		deleteExpired:   func(ctx, time.Time, int) (int, error) { return 0, fault },
	}
}
