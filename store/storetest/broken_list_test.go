package storetest_test

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/storetest"
)

var brokenLists = []broken{
	{"list of none is an error", listing(func(right lister, ctx ctx, q query) ([]store.Account, string, error) {
		page, next, err := right(ctx, q)
		if err == nil && len(page) == 0 {
			err = store.ErrNotFound
		}
		return page, next, err
	}), []string{"ListAccounts/none"}},

	{"list begins again at its end", listing(func(right lister, ctx ctx, q query) ([]store.Account, string, error) {
		page, next, err := right(ctx, q)
		return page, cmp.Or(next, " "), err
	}), []string{"ListAccounts/none", "ListAccounts/pages"}},

	{"list leaves a field out", listed(func(a *store.Account) {
		a.Sync.LastErr = ""
	}), []string{"ListAccounts/round-trip"}},

	{"list leaves the version out", listed(func(a *store.Account) {
		a.Version = 0
	}), []string{"ListAccounts/round-trip"}},

	{"list shares memory", func() storetest.Subject {
		var cache sync.Map
		return listed(func(a *store.Account) {
			cached, _ := cache.LoadOrStore(a.UserID, *a)
			*a = cached.(store.Account)
		})()
	}, []string{"ListAccounts/round-trip"}},

	{"list forgets its last page", listing(func(right lister, ctx ctx, q query) ([]store.Account, string, error) {
		page, next, err := right(ctx, q)
		if q.from != "" && next == "" {
			page = nil
		}
		return page, next, err
	}), []string{"ListAccounts/pages", "ListAccounts/late"}},

	{"list repeats the account between two pages", listing(func(right lister, ctx ctx, q query) ([]store.Account, string, error) {
		page, next, err := right(ctx, q)
		if len(page) > 1 && next != "" {
			next = page[len(page)-2].UserID
		}
		return page, next, err
	}), []string{"ListAccounts/pages", "ListAccounts/keys"}},

	{"list is longer than the limit", listing(func(right lister, ctx ctx, q query) ([]store.Account, string, error) {
		q.limit++
		return right(ctx, q)
	}), []string{"ListAccounts/pages"}},

	{"list without a limit holds all", listing(func(right lister, ctx ctx, q query) ([]store.Account, string, error) {
		if q.limit < 1 {
			q.limit = math.MaxInt
		}
		return right(ctx, q)
	}), []string{"ListAccounts/limit"}},

	{"list trims the place where it goes on", listing(func(right lister, ctx ctx, q query) ([]store.Account, string, error) {
		q.from = strings.TrimSpace(q.from)
		return right(ctx, q)
	}), []string{"ListAccounts/keys"}},

	{"list reads the place where it goes on as ASCII", listing(func(right lister, ctx ctx, q query) ([]store.Account, string, error) {
		q.from = strings.Map(func(r rune) rune { return min(r, '~') }, q.from)
		return right(ctx, q)
	}), []string{"ListAccounts/keys"}},

	{"list not filtered", listing(func(right lister, ctx ctx, q query) ([]store.Account, string, error) {
		q.filter.Late = false
		return right(ctx, q)
	}), []string{"ListAccounts/late", "ListAccounts/follows"}},

	{"list always filtered", listing(func(right lister, ctx ctx, q query) ([]store.Account, string, error) {
		q.filter.Late = true
		return right(ctx, q)
	}), []string{"ListAccounts/late", "ListAccounts/follows"}},

	{"list of the late if wanted is greater", lateListing(func(s store.Sync) bool {
		return s.Wanted > s.Confirmed
	}), []string{"ListAccounts/late"}},

	{"list of the late if due", lateListing(func(s store.Sync) bool {
		return s.Late() && !s.NextAt.After(time.Now())
	}), []string{"ListAccounts/late", "ListAccounts/follows"}},

	{"list ends with a page of which the filter leaves nothing", listing(func(right lister, ctx ctx, q query) ([]store.Account, string, error) {
		page, next, err := right(ctx, query{store.AccountFilter{}, q.from, q.limit})
		page = slices.DeleteFunc(page, func(a store.Account) bool { return !q.filter.Match(a) })
		if len(page) == 0 {
			next = ""
		}
		return page, next, err
	}), []string{"ListAccounts/late"}},

	{"list of the first versions", func() storetest.Subject {
		var first sync.Map
		return listed(func(a *store.Account) {
			seen, _ := first.LoadOrStore(a.UserID, a.Clone())
			*a = seen.(store.Account).Clone()
		})()
	}, []string{"ListAccounts/follows"}},

	{"list goes on by number", listing(func(right lister, ctx ctx, q query) ([]store.Account, string, error) {
		all, _, err := right(ctx, query{q.filter, "", math.MaxInt})
		n, _ := strconv.Atoi(q.from)
		all = all[min(n, len(all)):]
		if len(all) <= q.limit {
			return all, "", err
		}
		return all[:q.limit], strconv.Itoa(n + q.limit), err
	}), []string{"ListAccounts/changes"}},

	{"list goes on by time", listing(func(right lister, ctx ctx, q query) ([]store.Account, string, error) {
		all, _, err := right(ctx, query{q.filter, "", math.MaxInt})
		place := func(a store.Account) string { return a.Sync.NextAt.UTC().Format(time.RFC3339) + a.UserID }
		all = slices.DeleteFunc(all, func(a store.Account) bool { return place(a) <= q.from })
		slices.SortFunc(all, func(a, b store.Account) int { return cmp.Compare(place(a), place(b)) })
		if len(all) <= q.limit {
			return all, "", err
		}
		return all[:q.limit], place(all[q.limit-1]), err
	}), []string{"ListAccounts/changes"}},
}

// A query is what ListAccounts is asked, and a lister answers it.
type (
	query struct {
		filter store.AccountFilter
		from   string
		limit  int
	}
	lister func(ctx, query) ([]store.Account, string, error)
)

// listing returns a store that lists accounts by a function, which is given the
// right way to do it.
func listing(f func(right lister, ctx ctx, q query) ([]store.Account, string, error)) func() storetest.Subject {
	return breaking(func(h *hooked) {
		right := func(ctx ctx, q query) ([]store.Account, string, error) {
			return h.Memory.ListAccounts(ctx, q.filter, q.from, q.limit)
		}
		h.listAccounts = func(ctx ctx, filter store.AccountFilter, from string, limit int) ([]store.Account, string, error) {
			return f(right, ctx, query{filter, from, limit})
		}
	})
}

// listed returns a store that spoils each account that it lists.
func listed(spoil func(*store.Account)) func() storetest.Subject {
	return listing(func(right lister, ctx ctx, q query) ([]store.Account, string, error) {
		page, next, err := right(ctx, q)
		for i := range page {
			spoil(&page[i])
		}
		return page, next, err
	})
}

// lateListing returns a store that takes other accounts for late ones.
func lateListing(late func(store.Sync) bool) func() storetest.Subject {
	return listing(func(right lister, ctx ctx, q query) ([]store.Account, string, error) {
		page, next, err := right(ctx, query{store.AccountFilter{}, q.from, q.limit})
		page = slices.DeleteFunc(page, func(a store.Account) bool { return q.filter.Late && !late(a.Sync) })
		return page, next, err
	})
}
