package storetest_test

import (
	"errors"
	"time"

	"github.com/eagate/eagate/store"
)

var brokenFaults = []broken{
	{"connection stays broken", fragile(func(h *hooked, l *line) {
		h.account = func(ctx ctx, id string) (store.Account, error) {
			if l.kills.Load() > 0 {
				return store.Account{}, errBroken
			}
			return h.Memory.Account(ctx, id)
		}
	}), []string{"Fault/between-calls", "Fault/in-update", "Fault/race"}},

	{"broken connection passes for a user without a second factor", fragile(func(h *hooked, l *line) {
		h.account = func(ctx ctx, id string) (store.Account, error) {
			if l.dead() != nil {
				return store.Account{UserID: id}, nil
			}
			return h.Memory.Account(ctx, id)
		}
	}), []string{"Fault/between-calls"}},

	{"broken connection passes for a missing grant", fragile(func(h *hooked, l *line) {
		h.grant = func(ctx ctx, id string) (store.Grant, error) {
			if l.dead() != nil {
				return store.Grant{}, store.ErrNotFound
			}
			return h.Memory.Grant(ctx, id)
		}
	}), []string{"Fault/between-calls"}},

	{"broken connection passes for nothing due", fragile(func(h *hooked, l *line) {
		h.unsyncedAccounts = func(ctx ctx, now time.Time, limit int) ([]string, error) {
			if l.dead() != nil {
				return nil, nil
			}
			return h.Memory.UnsyncedAccounts(ctx, now, limit)
		}
	}), []string{"Fault/between-calls"}},

	{"broken connection passes for a deletion", fragile(func(h *hooked, l *line) {
		h.deleteGrant = func(ctx ctx, id string) error {
			if l.dead() != nil {
				return nil
			}
			return h.Memory.DeleteGrant(ctx, id)
		}
	}), []string{"Fault/between-calls"}},

	{"broken connection passes for a missing challenge in an update", fragile(func(h *hooked, l *line) {
		h.updateChallenge = func(ctx ctx, id string, change challengeChange) error {
			return h.Memory.UpdateChallenge(ctx, id, func(c *store.Challenge) error {
				err := change(c)
				if l.dead() != nil {
					return store.ErrNotFound
				}
				return err
			})
		}
	}), []string{"Fault/in-update", "Fault/race"}},

	{"broken connection leaves half a grant", fragile(func(h *hooked, l *line) {
		h.updateGrant = func(ctx ctx, id string, change grantChange) error {
			broken := error(nil)
			err := h.Memory.UpdateGrant(ctx, id, func(g *store.Grant) error {
				binding := g.Binding
				err := change(g)
				if broken = l.dead(); broken != nil {
					g.Binding = binding
				}
				return err
			})
			return errors.Join(err, broken)
		}
	}), []string{"Fault/in-update"}},

	{"broken connection leaves an account that was only begun", fragile(func(h *hooked, l *line) {
		h.updateAccount = func(ctx ctx, id string, change accountChange) error {
			begun := func(*store.Account) error { return ctx.Err() }
			if err := errors.Join(l.dead(), h.Memory.UpdateAccount(ctx, id, begun)); err != nil {
				return err
			}
			return h.Memory.UpdateAccount(ctx, id, func(a *store.Account) error {
				return errors.Join(change(a), l.dead())
			})
		}
	}), []string{"Fault/in-update"}},

	{"broken connection passes for a stored update", fragile(func(h *hooked, l *line) {
		h.updateGrant = func(ctx ctx, id string, change grantChange) error {
			err := h.Memory.UpdateGrant(ctx, id, func(g *store.Grant) error {
				return errors.Join(change(g), l.dead())
			})
			if errors.Is(err, errBroken) {
				return nil
			}
			return err
		}
	}), []string{"Fault/in-update", "Fault/race"}},

	{"update that may be stored is made again", fragile(func(h *hooked, l *line) {
		h.updateAccount = func(ctx ctx, id string, change accountChange) error {
			err := h.Memory.UpdateAccount(ctx, id, change)
			if l.dead() != nil {
				return h.Memory.UpdateAccount(ctx, id, change)
			}
			return err
		}
	}), []string{"Fault/race"}},

	{"update that may be stored is written again", fragile(func(h *hooked, l *line) {
		h.updateChallenge = func(ctx ctx, id string, change challengeChange) error {
			var added string
			err := h.Memory.UpdateChallenge(ctx, id, func(c *store.Challenge) error {
				before := len(c.Number)
				err := change(c)
				added = c.Number[min(before, len(c.Number)):]
				return err
			})
			if l.dead() != nil {
				return h.Memory.UpdateChallenge(ctx, id, func(c *store.Challenge) error {
					c.Number += added
					return nil
				})
			}
			return err
		}
	}), []string{"Fault/race"}},
}
