package storetest_test

import (
	"context"

	"github.com/eagate/eagate/store"
)

type (
	ctx             = context.Context
	accountChange   = func(*store.Account) error
	challengeChange = func(*store.Challenge) error
	grantChange     = func(*store.Grant) error
)

// A kind says what a store has to do with one sort of record, so that all sorts
// can be broken alike.
type kind[R any] struct {
	name string

	// What the store in memory does, and where a hooked one does something else.
	read       func(*store.Memory, ctx, string) (R, error)
	update     func(*store.Memory, ctx, string, func(*R) error) error
	readHook   func(*hooked) *func(ctx, string) (R, error)
	updateHook func(*hooked) *func(ctx, string, func(*R) error) error

	key     func(*R) *string
	version func(*R) *uint64
	text    func(*R) *string // a field of the record
	clone   func(R) R

	// also names clauses about this kind alone that are broken with one that
	// all kinds have.
	also map[string][]string
}

var accounts = kind[store.Account]{
	name:       "Account",
	read:       (*store.Memory).Account,
	update:     (*store.Memory).UpdateAccount,
	readHook:   func(h *hooked) *func(ctx, string) (store.Account, error) { return &h.account },
	updateHook: func(h *hooked) *func(ctx, string, accountChange) error { return &h.updateAccount },
	key:        func(a *store.Account) *string { return &a.UserID },
	version:    func(a *store.Account) *uint64 { return &a.Version },
	text:       func(a *store.Account) *string { return &a.Email },
	clone:      store.Account.Clone,
	also: map[string][]string{
		"error":       {"UpdateAccount/error-when-unseen"},
		"lost-update": {"UpdateAccount/replay", "UpdateAccount/budget"},
	},
}

var challenges = kind[store.Challenge]{
	name:       "Challenge",
	read:       (*store.Memory).Challenge,
	update:     (*store.Memory).UpdateChallenge,
	readHook:   func(h *hooked) *func(ctx, string) (store.Challenge, error) { return &h.challenge },
	updateHook: func(h *hooked) *func(ctx, string, challengeChange) error { return &h.updateChallenge },
	key:        func(c *store.Challenge) *string { return &c.ID },
	version:    func(c *store.Challenge) *uint64 { return &c.Version },
	text:       func(c *store.Challenge) *string { return &c.Number },
	clone:      func(c store.Challenge) store.Challenge { return c },
	also:       map[string][]string{"lost-update": {"UpdateChallenge/consume-once"}},
}

var grants = kind[store.Grant]{
	name:       "Grant",
	read:       (*store.Memory).Grant,
	update:     (*store.Memory).UpdateGrant,
	readHook:   func(h *hooked) *func(ctx, string) (store.Grant, error) { return &h.grant },
	updateHook: func(h *hooked) *func(ctx, string, grantChange) error { return &h.updateGrant },
	key:        func(g *store.Grant) *string { return &g.ID },
	version:    func(g *store.Grant) *uint64 { return &g.Version },
	text:       func(g *store.Grant) *string { return &g.Binding },
	clone:      func(g store.Grant) store.Grant { return g },
}

// rightly is a store in memory that keeps the contract, as far as one kind of
// record goes.
type rightly[R any] struct {
	m *store.Memory
	k kind[R]
}

func (r rightly[R]) read(ctx ctx, id string) (R, error) { return r.k.read(r.m, ctx, id) }

func (r rightly[R]) update(ctx ctx, id string, change func(*R) error) error {
	return r.k.update(r.m, ctx, id, change)
}

// after runs spoil behind a change that returned no error.
func after[R any](change func(*R) error, spoil func(*R)) func(*R) error {
	return func(r *R) error {
		err := change(r)
		if err == nil {
			spoil(r)
		}
		return err
	}
}
