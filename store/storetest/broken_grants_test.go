package storetest_test

import (
	"errors"
	"strings"
	"time"

	"github.com/eagate/eagate/store"
)

var brokenGrants = []broken{
	{"grant missing is no error", breaking(func(h *hooked) {
		h.grant = func(ctx ctx, id string) (store.Grant, error) {
			g, err := h.Memory.Grant(ctx, id)
			if errors.Is(err, store.ErrNotFound) {
				return g, nil
			}
			return g, err
		}
	}), []string{"Grant/missing"}},

	{"grant loses a field", breaking(func(h *hooked) {
		h.grant = func(ctx ctx, id string) (store.Grant, error) {
			g, err := h.Memory.Grant(ctx, id)
			g.Epoch = 0
			return g, err
		}
	}), []string{"Grant/round-trip"}},

	{"grant numbers through floats", breaking(func(h *hooked) {
		h.grant = func(ctx ctx, id string) (store.Grant, error) {
			g, err := h.Memory.Grant(ctx, id)
			g.Epoch = uint64(float64(g.Epoch))
			return g, err
		}
	}), []string{"Grant/round-trip"}},

	{"grant case-insensitive", breaking(func(h *hooked) {
		h.createGrant = func(ctx ctx, g store.Grant) error {
			g.ID = strings.ToLower(g.ID)
			return h.Memory.CreateGrant(ctx, g)
		}
		h.grant = func(ctx ctx, id string) (store.Grant, error) {
			g, err := h.Memory.Grant(ctx, strings.ToLower(id))
			g.ID = id
			return g, err
		}
		h.deleteGrant = func(ctx ctx, id string) error { return h.Memory.DeleteGrant(ctx, strings.ToLower(id)) }
	}), []string{"Grant/keys"}},

	{"creation of a grant overwrites", breaking(func(h *hooked) {
		h.createGrant = func(ctx ctx, g store.Grant) error {
			if err := h.Memory.DeleteGrant(ctx, g.ID); err != nil {
				return err
			}
			return h.Memory.CreateGrant(ctx, g)
		}
	}), []string{"CreateGrant/exists", "CreateGrant/race"}},

	{"deletion of a grant does nothing", breaking(func(h *hooked) {
		h.deleteGrant = func(ctx ctx, _ string) error { return ctx.Err() }
	}), []string{"DeleteGrant/deletes"}},

	{"deletion of a missing grant is an error", breaking(func(h *hooked) {
		h.deleteGrant = func(ctx ctx, id string) error {
			if _, err := h.Memory.Grant(ctx, id); err != nil {
				return err
			}
			return h.Memory.DeleteGrant(ctx, id)
		}
	}), []string{"DeleteGrant/missing"}},

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

	{"deletes by the first time", breaking(func(h *hooked) {
		h.updateChallenge = func(ctx ctx, id string, change func(*store.Challenge) error) error {
			return h.Memory.UpdateChallenge(ctx, id, func(c *store.Challenge) error {
				at := c.ForgetAt
				err := change(c)
				c.ForgetAt = at
				return err
			})
		}
	}), []string{"DeleteExpired/follows"}},

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
