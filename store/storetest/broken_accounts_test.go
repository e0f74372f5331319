package storetest_test

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"github.com/eagate/eagate/store"
)

type (
	accountChange = func(*store.Account) error
	ctx           = context.Context
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

	{"account cuts texts off", breaking(func(h *hooked) {
		h.updateAccount = func(ctx ctx, id string, change accountChange) error {
			return h.Memory.UpdateAccount(ctx, id, after(change, func(a *store.Account) {
				a.Sync.LastErr = a.Sync.LastErr[:min(len(a.Sync.LastErr), 255)]
			}))
		}
	}), []string{"Account/long-values"}},

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

	{"update of an account sees another record", breaking(func(h *hooked) {
		h.updateAccount = func(ctx ctx, id string, change accountChange) error {
			return h.Memory.UpdateAccount(ctx, id, func(a *store.Account) error {
				a.EnabledAt = time.Time{}
				return change(a)
			})
		}
	}), []string{"UpdateAccount/fields"}},

	{"update of an account merges", breaking(func(h *hooked) {
		h.updateAccount = func(ctx ctx, id string, change accountChange) error {
			return h.Memory.UpdateAccount(ctx, id, func(a *store.Account) error {
				staged := a.Staged
				err := change(a)
				if a.Staged == nil {
					a.Staged = staged
				}
				return err
			})
		}
	}), []string{"UpdateAccount/zero"}},

	{"update of an account stores in spite of the error", breaking(func(h *hooked) {
		h.updateAccount = func(ctx ctx, id string, change accountChange) error {
			var failed error
			err := h.Memory.UpdateAccount(ctx, id, func(a *store.Account) error {
				failed = change(a)
				return nil
			})
			return errors.Join(failed, err)
		}
	}), []string{"UpdateAccount/error", "UpdateAccount/error-when-unseen"}},

	{"update of an account counts in spite of the error", breaking(func(h *hooked) {
		h.updateAccount = func(ctx ctx, id string, change accountChange) error {
			var failed error
			err := h.Memory.UpdateAccount(ctx, id, func(a *store.Account) error {
				old := a.Clone()
				if failed = change(a); failed != nil {
					*a = old
				}
				return nil
			})
			return errors.Join(failed, err)
		}
	}), []string{"UpdateAccount/error", "UpdateAccount/error-when-unseen"}},

	{"update of an account swallows the error", breaking(func(h *hooked) {
		h.updateAccount = func(ctx ctx, id string, change accountChange) error {
			var failed error
			err := h.Memory.UpdateAccount(ctx, id, func(a *store.Account) error {
				failed = change(a)
				return failed
			})
			if failed != nil {
				return nil
			}
			return err
		}
	}), []string{"UpdateAccount/error", "UpdateAccount/error-when-unseen"}},

	{"update of an account hides the error", breaking(func(h *hooked) {
		h.updateAccount = func(ctx ctx, id string, change accountChange) error {
			err := h.Memory.UpdateAccount(ctx, id, change)
			if err != nil && ctx.Err() == nil {
				return errors.New("transaction rolled back: " + err.Error())
			}
			return err
		}
	}), []string{"UpdateAccount/error", "UpdateAccount/error-when-unseen"}},

	{"update of an account stores what a panic left", breaking(func(h *hooked) {
		h.updateAccount = func(ctx ctx, id string, change accountChange) error {
			var panicked any
			err := h.Memory.UpdateAccount(ctx, id, func(a *store.Account) error {
				defer func() { panicked = recover() }()
				return change(a)
			})
			if panicked != nil {
				panic(panicked)
			}
			return err
		}
	}), []string{"UpdateAccount/panic"}},

	{"update of an account leaves its transaction open after a panic", breaking(func(h *hooked) {
		var open sync.Map
		h.updateAccount = func(ctx ctx, id string, change accountChange) error {
			if _, ok := open.Load(id); ok {
				return errors.New("the database is locked")
			}
			return h.Memory.UpdateAccount(ctx, id, func(a *store.Account) error {
				open.Store(id, true)
				err := change(a)
				open.Delete(id)
				return err
			})
		}
	}), []string{"UpdateAccount/panic"}},

	{"update of an account swallows a panic", breaking(func(h *hooked) {
		h.updateAccount = func(ctx ctx, id string, change accountChange) error {
			defer func() { _ = recover() }()
			return h.Memory.UpdateAccount(ctx, id, change)
		}
	}), []string{"UpdateAccount/panic"}},

	{"update of an account fails but is stored when cancelled", breaking(func(h *hooked) {
		h.updateAccount = func(ctx ctx, id string, change accountChange) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return errors.Join(h.Memory.UpdateAccount(context.WithoutCancel(ctx), id, change), ctx.Err())
		}
	}), []string{"UpdateAccount/cancelled"}},

	{"update of an account succeeds but isn't stored when cancelled", breaking(func(h *hooked) {
		h.updateAccount = func(ctx ctx, id string, change accountChange) error {
			rolledBack := errors.New("rolled back")
			err := h.Memory.UpdateAccount(ctx, id, func(a *store.Account) error {
				if err := change(a); err != nil {
					return err
				}
				if ctx.Err() != nil {
					return rolledBack
				}
				return nil
			})
			if errors.Is(err, rolledBack) {
				return nil
			}
			return err
		}
	}), []string{"UpdateAccount/cancelled"}},

	{"account doesn't count versions", breaking(func(h *hooked) {
		h.account = func(ctx ctx, id string) (store.Account, error) {
			a, err := h.Memory.Account(ctx, id)
			a.Version = min(a.Version, 1)
			return a, err
		}
	}), []string{"UpdateAccount/version"}},

	{"account's first version isn't 1", breaking(func(h *hooked) {
		h.account = func(ctx ctx, id string) (store.Account, error) {
			a, err := h.Memory.Account(ctx, id)
			if a.Version > 0 {
				a.Version += 7
			}
			return a, err
		}
	}), []string{"UpdateAccount/creates"}},

	{"update of an account moves it", breaking(func(h *hooked) {
		h.updateAccount = func(ctx ctx, id string, change accountChange) error {
			var left store.Account
			err := h.Memory.UpdateAccount(ctx, id, func(a *store.Account) error {
				err := change(a)
				left = a.Clone()
				return err
			})
			if err == nil && left.UserID != id && left.UserID != "" {
				return h.Memory.UpdateAccount(ctx, left.UserID, func(a *store.Account) error { *a = left; return nil })
			}
			return err
		}
	}), []string{"UpdateAccount/key"}},

	{"update of an account writes blindly", breaking(func(h *hooked) {
		h.updateAccount = func(ctx ctx, id string, change accountChange) error {
			a, err := h.Memory.Account(ctx, id)
			if err != nil {
				return err
			}
			if err := change(&a); err != nil {
				return err
			}
			return h.Memory.UpdateAccount(ctx, id, func(stored *store.Account) error { *stored = a; return nil })
		}
	}), []string{"UpdateAccount/newest", "UpdateAccount/lost-update", "UpdateAccount/replay", "UpdateAccount/budget"}},

	{"update of an account gives up", breaking(func(h *hooked) {
		h.updateAccount = func(ctx ctx, id string, change accountChange) error {
			a, err := h.Memory.Account(ctx, id)
			if err != nil {
				return err
			}
			version := a.Version
			if err := change(&a); err != nil {
				return err
			}
			return h.Memory.UpdateAccount(ctx, id, func(stored *store.Account) error {
				if stored.Version != version {
					return errors.New("conflict")
				}
				*stored = a
				return nil
			})
		}
	}), []string{"UpdateAccount/newest", "UpdateAccount/lost-update"}},

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
