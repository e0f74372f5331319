package storetest_test

import (
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/storetest"
)

var brokenExpiry = []broken{
	{"deletes too early", breaking(func(h *hooked) {
		h.deleteExpired = func(ctx ctx, now time.Time, limit int) (int, error) {
			return h.Memory.DeleteExpired(ctx, now.Add(time.Second), limit)
		}
	}), []string{"DeleteExpired/which"}},

	{"deletes too late", breaking(func(h *hooked) {
		h.deleteExpired = func(ctx ctx, now time.Time, limit int) (int, error) {
			return h.Memory.DeleteExpired(ctx, now.Add(-time.Nanosecond), limit)
		}
	}), []string{"DeleteExpired/which"}},

	{"deletes by the wall clock", breaking(func(h *hooked) {
		h.deleteExpired = func(ctx ctx, _ time.Time, limit int) (int, error) {
			return h.Memory.DeleteExpired(ctx, time.Now(), limit)
		}
	}), []string{"DeleteExpired/which"}},

	{"deletes challenges when their answer is due", breaking(func(h *hooked) {
		h.createChallenge = func(ctx ctx, c store.Challenge) error {
			c.ForgetAt = c.ExpiresAt
			return h.Memory.CreateChallenge(ctx, c)
		}
	}), []string{"DeleteExpired/which"}},

	{"deletes and doesn't count", breaking(func(h *hooked) {
		h.deleteExpired = func(ctx ctx, now time.Time, limit int) (int, error) {
			_, err := h.Memory.DeleteExpired(ctx, now, limit)
			return 0, err
		}
	}), []string{"DeleteExpired/which", "DeleteExpired/limit"}},

	{"deletes without limit", breaking(func(h *hooked) {
		h.deleteExpired = func(ctx ctx, now time.Time, _ int) (int, error) {
			return h.Memory.DeleteExpired(ctx, now, 1<<30)
		}
	}), []string{"DeleteExpired/limit"}},

	{"deletes challenges by their first time", breaking(func(h *hooked) {
		firstTime(h, challenges, func(c *store.Challenge) *time.Time { return &c.ForgetAt })
	}), []string{"DeleteExpired/follows"}},

	{"deletes grants by their first time", breaking(func(h *hooked) {
		firstTime(h, grants, func(g *store.Grant) *time.Time { return &g.ExpiresAt })
	}), []string{"DeleteExpired/follows"}},

	{"forgets by itself what has been put off", forgetful(func(h *hooked) {
		first := map[string]time.Time{}
		h.createGrant = func(ctx ctx, g store.Grant) error {
			first[g.ID] = g.ExpiresAt
			return h.Memory.CreateGrant(ctx, g)
		}
		newest := h.grant
		h.grant = func(ctx ctx, id string) (store.Grant, error) {
			if at, ok := first[id]; ok && !at.After(time.Now()) {
				return store.Grant{}, store.ErrNotFound
			}
			return newest(ctx, id)
		}
	}), []string{"DeleteExpired/follows"}},

	{"never forgets by itself", func() storetest.Subject {
		h := &hooked{Memory: store.NewMemory()}
		h.deleteExpired = func(ctx ctx, _ time.Time, _ int) (int, error) { return 0, ctx.Err() }
		return storetest.Subject{Handles: []store.Store{h}, SelfExpiring: true}
	}, []string{"DeleteExpired/which", "DeleteExpired/follows"}},

	{"deletes what it has found, and doesn't look again", breaking(findsFirst), []string{"DeleteExpired/race", "DeleteExpired/extended"}},

	{"deletes accounts", breaking(func(h *hooked) {
		remember := rememberIDs(h)
		h.deleteExpired = func(ctx ctx, now time.Time, limit int) (int, error) {
			n, err := h.Memory.DeleteExpired(ctx, now, limit)
			if err != nil {
				return n, err
			}
			ids, err := remember(ctx, 1<<30, func(s store.Sync) bool { return s.Since.Before(now) && !s.Since.IsZero() })
			for _, id := range ids {
				err = errors.Join(err, h.Memory.UpdateAccount(ctx, id, func(a *store.Account) error {
					*a = store.Account{}
					return nil
				}))
			}
			return n, err
		}
	}), []string{"DeleteExpired/accounts"}},
}

// firstTime has a store go by the first time of each record for ever.
func firstTime[R any](h *hooked, k kind[R], until func(*R) *time.Time) {
	*k.updateHook(h) = func(ctx ctx, id string, change func(*R) error) error {
		return k.update(h.Memory, ctx, id, func(r *R) error {
			at := *until(r)
			err := change(r)
			*until(r) = at
			return err
		})
	}
}

// forgetful returns a store that forgets by itself, and that one function breaks.
func forgetful(f func(*hooked)) func() storetest.Subject {
	return func() storetest.Subject {
		h := &hooked{Memory: store.NewMemory()}
		forgets(h, challenges, func(c *store.Challenge) *time.Time { return &c.ForgetAt })
		forgets(h, grants, func(g *store.Grant) *time.Time { return &g.ExpiresAt })
		h.deleteExpired = func(ctx ctx, _ time.Time, _ int) (int, error) { return 0, ctx.Err() }
		f(h)
		return storetest.Subject{Handles: []store.Store{h}, SelfExpiring: true}
	}
}

func forgets[R any](h *hooked, k kind[R], until func(*R) *time.Time) {
	*k.readHook(h) = func(ctx ctx, id string) (R, error) {
		r, err := k.read(h.Memory, ctx, id)
		if err == nil && !until(&r).After(time.Now()) {
			return *new(R), store.ErrNotFound
		}
		return r, err
	}
}

// findsFirst has a store look for expired grants, and then delete those that it
// has found. Another writer comes in between.
func findsFirst(h *hooked) {
	// The challenges are elsewhere, so that Memory's DeleteExpired leaves the
	// grants alone.
	elsewhere := store.NewMemory()
	h.createChallenge = elsewhere.CreateChallenge
	h.challenge = elsewhere.Challenge
	h.updateChallenge = elsewhere.UpdateChallenge

	var ids, before, between sync.Map
	meet := func(where *sync.Map, id string) {
		c, _ := where.LoadOrStore(id, new(storetest.Crowd))
		c.(*storetest.Crowd).Meet()
	}
	h.createGrant = func(ctx ctx, g store.Grant) error {
		ids.Store(g.ID, true)
		return h.Memory.CreateGrant(ctx, g)
	}
	h.updateGrant = func(ctx ctx, id string, change grantChange) error {
		meet(&before, id)
		defer meet(&between, id)
		return h.Memory.UpdateGrant(ctx, id, change)
	}
	h.deleteExpired = func(ctx ctx, now time.Time, limit int) (int, error) {
		n, err := elsewhere.DeleteExpired(ctx, now, limit)
		if err != nil {
			return n, err
		}
		var expired []string
		for id := range ids.Range {
			g, err := h.Memory.Grant(ctx, id.(string))
			if err == nil && !g.ExpiresAt.After(now) {
				expired = append(expired, g.ID)
			}
		}
		slices.Sort(expired)
		for _, id := range expired[:min(len(expired), max(0, limit-n))] {
			meet(&before, id)
			meet(&between, id)
			if err := h.Memory.DeleteGrant(ctx, id); err != nil {
				return n, err
			}
			n++
		}
		return n, nil
	}
}
