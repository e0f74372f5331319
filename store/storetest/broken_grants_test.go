package storetest_test

import (
	"errors"
	"strings"

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

	{"grant cuts texts off", breaking(func(h *hooked) {
		h.createGrant = func(ctx ctx, g store.Grant) error {
			g.Binding = g.Binding[:min(len(g.Binding), 200)]
			return h.Memory.CreateGrant(ctx, g)
		}
	}), []string{"Grant/long-values"}},

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

	{"deletion of a grant is undone by an update", breaking(func(h *hooked) {
		h.updateGrant = func(ctx ctx, id string, change grantChange) error {
			g, err := h.Memory.Grant(ctx, id)
			if err != nil {
				return err
			}
			if err := change(&g); err != nil {
				return err
			}
			return errors.Join(h.Memory.DeleteGrant(ctx, id), h.Memory.CreateGrant(ctx, g))
		}
	}), []string{"DeleteGrant/final"}},

	{"deletion of a grant is unknown to an update", breaking(func(h *hooked) {
		h.updateGrant = func(ctx ctx, id string, change grantChange) error {
			g, err := h.Memory.Grant(ctx, id)
			if err != nil {
				return err
			}
			if err := change(&g); err != nil {
				return err
			}
			err = h.Memory.UpdateGrant(ctx, id, func(stored *store.Grant) error { *stored = g; return nil })
			if errors.Is(err, store.ErrNotFound) {
				return nil // no row matched
			}
			return err
		}
	}), []string{"DeleteGrant/final"}},
}
