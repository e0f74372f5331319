package storetest_test

import (
	"errors"
	"strings"
	"sync"

	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/storetest"
)

var brokenChallenges = []broken{
	{"challenge missing is no error", breaking(func(h *hooked) {
		h.challenge = func(ctx ctx, id string) (store.Challenge, error) {
			c, err := h.Memory.Challenge(ctx, id)
			if errors.Is(err, store.ErrNotFound) {
				return c, nil
			}
			return c, err
		}
	}), []string{"Challenge/missing"}},

	{"challenge missing is another error", breaking(func(h *hooked) {
		h.challenge = func(ctx ctx, id string) (store.Challenge, error) {
			c, err := h.Memory.Challenge(ctx, id)
			if errors.Is(err, store.ErrNotFound) {
				return c, errors.New("no rows")
			}
			return c, err
		}
	}), []string{"Challenge/missing"}},

	{"challenge loses a field", breaking(func(h *hooked) {
		h.createChallenge = func(ctx ctx, c store.Challenge) error {
			c.Number = ""
			return h.Memory.CreateChallenge(ctx, c)
		}
	}), []string{"Challenge/round-trip"}},

	{"challenge refuses long texts", breaking(func(h *hooked) {
		h.createChallenge = func(ctx ctx, c store.Challenge) error {
			if len(c.UserID) > 200 {
				return errors.New("data too long for column user_id")
			}
			return h.Memory.CreateChallenge(ctx, c)
		}
	}), []string{"Challenge/long-values"}},

	{"challenge case-insensitive", breaking(func(h *hooked) {
		h.createChallenge = func(ctx ctx, c store.Challenge) error {
			c.ID = strings.ToLower(c.ID)
			return h.Memory.CreateChallenge(ctx, c)
		}
		h.challenge = func(ctx ctx, id string) (store.Challenge, error) {
			c, err := h.Memory.Challenge(ctx, strings.ToLower(id))
			c.ID = id
			return c, err
		}
		h.updateChallenge = func(ctx ctx, id string, change challengeChange) error {
			return h.Memory.UpdateChallenge(ctx, strings.ToLower(id), change)
		}
	}), []string{"Challenge/keys"}},

	{"challenge trims spaces", breaking(func(h *hooked) {
		h.challenge = func(ctx ctx, id string) (store.Challenge, error) {
			return h.Memory.Challenge(ctx, strings.TrimSpace(id))
		}
	}), []string{"Challenge/keys"}},

	{"creation of a challenge overwrites", breaking(func(h *hooked) {
		h.createChallenge = func(ctx ctx, c store.Challenge) error {
			err := h.Memory.CreateChallenge(ctx, c)
			if errors.Is(err, store.ErrExists) {
				return h.Memory.UpdateChallenge(ctx, c.ID, func(stored *store.Challenge) error { *stored = c; return nil })
			}
			return err
		}
	}), []string{"CreateChallenge/exists"}},

	{"creation of a challenge ignores that there is one", breaking(func(h *hooked) {
		h.createChallenge = func(ctx ctx, c store.Challenge) error {
			if err := h.Memory.CreateChallenge(ctx, c); !errors.Is(err, store.ErrExists) {
				return err
			}
			return nil
		}
	}), []string{"CreateChallenge/exists"}},

	{"creation of a challenge looks first", breaking(func(h *hooked) {
		var crowds sync.Map
		h.createChallenge = func(ctx ctx, c store.Challenge) error {
			if _, err := h.Memory.Challenge(ctx, c.ID); err == nil {
				return store.ErrExists
			}
			crowd, _ := crowds.LoadOrStore(c.ID, new(storetest.Crowd))
			crowd.(*storetest.Crowd).Meet()
			err := h.Memory.CreateChallenge(ctx, c)
			if errors.Is(err, store.ErrExists) {
				return h.Memory.UpdateChallenge(ctx, c.ID, func(stored *store.Challenge) error { *stored = c; return nil })
			}
			return err
		}
	}), []string{"CreateChallenge/race"}},

	{"creation of a challenge keeps the caller's version", breaking(func(h *hooked) {
		var versions sync.Map
		h.createChallenge = func(ctx ctx, c store.Challenge) error {
			versions.Store(c.ID, c.Version)
			return h.Memory.CreateChallenge(ctx, c)
		}
		h.challenge = func(ctx ctx, id string) (store.Challenge, error) {
			c, err := h.Memory.Challenge(ctx, id)
			if v, ok := versions.Load(id); ok {
				c.Version += v.(uint64)
			}
			return c, err
		}
	}), []string{"UpdateChallenge/version"}},

	{"update of a challenge works on the stored record", breaking(func(h *hooked) {
		var mu sync.Mutex
		records := map[string]*store.Challenge{}
		h.createChallenge = func(ctx ctx, c store.Challenge) error {
			mu.Lock()
			defer mu.Unlock()
			if err := ctx.Err(); err != nil {
				return err
			}
			if records[c.ID] != nil {
				return store.ErrExists
			}
			records[c.ID] = &c
			return nil
		}
		h.challenge = func(ctx ctx, id string) (store.Challenge, error) {
			mu.Lock()
			defer mu.Unlock()
			if c := records[id]; c != nil {
				return *c, ctx.Err()
			}
			return store.Challenge{}, errors.Join(ctx.Err(), store.ErrNotFound)
		}
		h.updateChallenge = func(ctx ctx, id string, change challengeChange) error {
			mu.Lock()
			defer mu.Unlock()
			if err := ctx.Err(); err != nil {
				return err
			}
			c := records[id]
			if c == nil {
				return store.ErrNotFound
			}
			return change(c)
		}
	}), []string{
		"UpdateChallenge/error", "UpdateChallenge/panic", "UpdateChallenge/key", "UpdateChallenge/version",
		"Records/no-shared-memory",
	}},
}
