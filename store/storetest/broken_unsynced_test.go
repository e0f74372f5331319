package storetest_test

import (
	"slices"
	"sync"
	"time"

	"github.com/eagate/eagate/store"
)

var brokenUnsynced = []broken{
	{"unsynced accounts not filtered by lateness", breaking(func(h *hooked) {
		remember := rememberIDs(h)
		h.unsyncedAccounts = func(ctx ctx, now time.Time, limit int) ([]string, error) {
			return remember(ctx, limit, func(s store.Sync) bool { return !s.NextAt.After(now) })
		}
	}), []string{"UnsyncedAccounts/which"}},

	{"unsynced accounts not filtered by time", breaking(func(h *hooked) {
		remember := rememberIDs(h)
		h.unsyncedAccounts = func(ctx ctx, _ time.Time, limit int) ([]string, error) {
			return remember(ctx, limit, store.Sync.Late)
		}
	}), []string{"UnsyncedAccounts/which", "UnsyncedAccounts/follows"}},

	{"unsynced accounts late only if wanted is greater", breaking(func(h *hooked) {
		remember := rememberIDs(h)
		h.unsyncedAccounts = func(ctx ctx, now time.Time, limit int) ([]string, error) {
			return remember(ctx, limit, func(s store.Sync) bool { return s.Wanted > s.Confirmed && !s.NextAt.After(now) })
		}
	}), []string{"UnsyncedAccounts/which"}},

	{"unsynced accounts due only after their time", breaking(func(h *hooked) {
		remember := rememberIDs(h)
		h.unsyncedAccounts = func(ctx ctx, now time.Time, limit int) ([]string, error) {
			return remember(ctx, limit, func(s store.Sync) bool { return s.Late() && s.NextAt.Before(now) })
		}
	}), []string{"UnsyncedAccounts/which"}},

	{"unsynced accounts twice", breaking(func(h *hooked) {
		h.unsyncedAccounts = func(ctx ctx, now time.Time, limit int) ([]string, error) {
			ids, err := h.Memory.UnsyncedAccounts(ctx, now, limit)
			return append(ids, ids...), err
		}
	}), []string{"UnsyncedAccounts/which"}},

	{"unsynced accounts unordered", breaking(func(h *hooked) {
		h.unsyncedAccounts = func(ctx ctx, now time.Time, limit int) ([]string, error) {
			ids, err := h.Memory.UnsyncedAccounts(ctx, now, limit)
			slices.Sort(ids)
			return ids, err
		}
	}), []string{"UnsyncedAccounts/order"}},

	{"unsynced accounts newest first", breaking(func(h *hooked) {
		h.unsyncedAccounts = func(ctx ctx, now time.Time, limit int) ([]string, error) {
			ids, err := h.Memory.UnsyncedAccounts(ctx, now, 1<<30)
			slices.Reverse(ids)
			return ids[:min(len(ids), limit)], err
		}
	}), []string{"UnsyncedAccounts/order", "UnsyncedAccounts/limit"}},

	{"unsynced accounts unlimited", breaking(func(h *hooked) {
		h.unsyncedAccounts = func(ctx ctx, now time.Time, _ int) ([]string, error) {
			return h.Memory.UnsyncedAccounts(ctx, now, 1<<30)
		}
	}), []string{"UnsyncedAccounts/limit"}},

	{"unsynced accounts limited before sorting", breaking(func(h *hooked) {
		h.unsyncedAccounts = func(ctx ctx, now time.Time, limit int) ([]string, error) {
			ids, err := h.Memory.UnsyncedAccounts(ctx, now, 1<<30)
			return ids[max(0, len(ids)-limit):], err
		}
	}), []string{"UnsyncedAccounts/limit"}},

	{"unsynced accounts by the first update", breaking(func(h *hooked) {
		var indexed sync.Map
		h.updateAccount = func(ctx ctx, id string, change accountChange) error {
			return h.Memory.UpdateAccount(ctx, id, after(change, func(a *store.Account) { indexed.LoadOrStore(id, a.Sync) }))
		}
		h.unsyncedAccounts = func(ctx ctx, now time.Time, limit int) ([]string, error) {
			var ids []string
			indexed.Range(func(id, s any) bool {
				if s := s.(store.Sync); s.Late() && !s.NextAt.After(now) {
					ids = append(ids, id.(string))
				}
				return true
			})
			return ids, ctx.Err()
		}
	}), []string{"UnsyncedAccounts/follows"}},
}

// rememberIDs returns a query over all accounts that is right but for its filter.
func rememberIDs(h *hooked) func(ctx ctx, limit int, filter func(store.Sync) bool) ([]string, error) {
	var seen sync.Map
	h.updateAccount = func(ctx ctx, id string, change accountChange) error {
		seen.Store(id, true)
		return h.Memory.UpdateAccount(ctx, id, change)
	}
	return func(ctx ctx, limit int, filter func(store.Sync) bool) ([]string, error) {
		var found []store.Account
		for id := range seen.Range {
			a, err := h.Memory.Account(ctx, id.(string))
			if err != nil {
				return nil, err
			}
			if filter(a.Sync) {
				found = append(found, a)
			}
		}
		slices.SortFunc(found, func(a, b store.Account) int { return a.Sync.NextAt.Compare(b.Sync.NextAt) })
		var ids []string
		for _, a := range found[:min(len(found), limit)] {
			ids = append(ids, a.UserID)
		}
		return ids, ctx.Err()
	}
}
