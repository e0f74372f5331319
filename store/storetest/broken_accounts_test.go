package storetest_test

import (
	"errors"
	"maps"
	"sync"
	"time"

	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/storetest"
)

var brokenAccounts = []broken{
	{"account missing is an error", breaking(func(h *hooked) {
		h.account = func(ctx ctx, id string) (store.Account, error) {
			a, err := h.Memory.Account(ctx, id)
			if err == nil && a.Version == 0 {
				return a, store.ErrNotFound
			}
			return a, err
		}
	}), []string{"Account/missing"}},

	{"account missing has no user ID", breaking(func(h *hooked) {
		h.account = func(ctx ctx, id string) (store.Account, error) {
			a, err := h.Memory.Account(ctx, id)
			if a.Version == 0 {
				a.UserID = ""
			}
			return a, err
		}
	}), []string{"Account/missing"}},

	{"account stored by reading", breaking(func(h *hooked) {
		h.account = func(ctx ctx, id string) (store.Account, error) {
			a, err := h.Memory.Account(ctx, id)
			if err == nil && a.Version == 0 {
				err = h.Memory.UpdateAccount(ctx, id, func(*store.Account) error { return nil })
			}
			return a, err
		}
	}), []string{"Account/missing"}},

	{"account loses a field", breaking(func(h *hooked) {
		h.account = func(ctx ctx, id string) (store.Account, error) {
			a, err := h.Memory.Account(ctx, id)
			a.Sync.LastErr = ""
			return a, err
		}
	}), []string{"Account/round-trip", "UpdateAccount/fields", "Handles/agree"}},

	{"account times in seconds", breaking(func(h *hooked) {
		h.account = func(ctx ctx, id string) (store.Account, error) {
			a, err := h.Memory.Account(ctx, id)
			a.LockedUntil = a.LockedUntil.Truncate(time.Second)
			return a, err
		}
	}), []string{"Account/round-trip"}},

	{"account cuts texts off", cuttingOff(200), []string{"Account/long-values", "Account/longest-values"}},

	{"account cuts texts off at 64 KiB", cuttingOff(1<<16 - 1), []string{"Account/longest-values"}},

	{"account shares memory", breaking(func(h *hooked) {
		var mu sync.Mutex
		records := map[string]store.Account{}
		h.account = func(ctx ctx, id string) (store.Account, error) {
			mu.Lock()
			defer mu.Unlock()
			a := records[id]
			a.UserID = id
			return a, ctx.Err()
		}
		h.updateAccount = func(ctx ctx, id string, change accountChange) error {
			mu.Lock()
			defer mu.Unlock()
			a := records[id]
			a.UserID = id
			version := a.Version
			if err := errors.Join(ctx.Err(), change(&a), ctx.Err()); err != nil {
				return err
			}
			a.UserID, a.Version = id, version+1
			records[id] = a
			return nil
		}
	}), []string{"Records/no-shared-memory", "UpdateAccount/error"}},

	{"update of an account creates none", breaking(func(h *hooked) {
		h.updateAccount = func(ctx ctx, id string, change accountChange) error {
			return h.Memory.UpdateAccount(ctx, id, func(a *store.Account) error {
				if a.Version == 0 {
					return store.ErrNotFound
				}
				return change(a)
			})
		}
	}), []string{"UpdateAccount/creates"}},

	{"account's first version isn't 1", breaking(func(h *hooked) {
		h.account = func(ctx ctx, id string) (store.Account, error) {
			a, err := h.Memory.Account(ctx, id)
			if a.Version > 0 {
				a.Version += 7
			}
			return a, err
		}
	}), []string{"UpdateAccount/creates"}},

	{"update of an account writes all accounts", breaking(func(h *hooked) {
		var (
			mu    sync.Mutex
			file  = map[string]store.Account{}
			locks sync.Map
		)
		h.account = func(ctx ctx, id string) (store.Account, error) {
			mu.Lock()
			defer mu.Unlock()
			a := file[id].Clone()
			a.UserID = id
			return a, ctx.Err()
		}
		h.updateAccount = func(ctx ctx, id string, change accountChange) error {
			lock, _ := locks.LoadOrStore(id, new(sync.Mutex))
			lock.(*sync.Mutex).Lock()
			defer lock.(*sync.Mutex).Unlock()
			mu.Lock()
			all := maps.Clone(file)
			mu.Unlock()
			a := all[id].Clone()
			a.UserID = id
			version := a.Version
			if err := errors.Join(ctx.Err(), change(&a), ctx.Err()); err != nil {
				return err
			}
			a.UserID, a.Version = id, version+1
			all[id] = a.Clone()
			mu.Lock()
			defer mu.Unlock()
			file = all
			return nil
		}
	}), []string{"UpdateAccount/independent"}},
}

// cuttingOff returns a store that keeps only the beginning of a text.
func cuttingOff(size int) func() storetest.Subject {
	return breaking(func(h *hooked) {
		h.updateAccount = func(ctx ctx, id string, change accountChange) error {
			return h.Memory.UpdateAccount(ctx, id, after(change, func(a *store.Account) {
				a.Sync.LastErr = a.Sync.LastErr[:min(len(a.Sync.LastErr), size)]
			}))
		}
	})
}
