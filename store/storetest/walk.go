package storetest

import (
	"context"
	"fmt"
	"slices"

	"github.com/eagate/eagate/store"
)

// A walk goes through the accounts, page by page.
type walk struct {
	filter store.AccountFilter
	limit  int

	// between, if set, is called after each page but the last, by its number.
	between func(page int) error
}

var everyone = walk{limit: 1000}

// accounts returns all accounts that the walk comes by.
func (w walk) accounts(ctx context.Context, h store.Store) ([]store.Account, error) {
	const most = 2000 // pages; a bounded walk has fewer by far
	var all []store.Account
	from := ""
	for n := range most {
		page, next, err := h.ListAccounts(ctx, w.filter, from, w.limit)
		switch {
		case err != nil:
			return nil, fmt.Errorf("ListAccounts returned the error %w for page %d", err, n)
		case len(page) > w.limit:
			return nil, fmt.Errorf("ListAccounts returned %d accounts with limit %d", len(page), w.limit)
		}
		all = append(all, page...)
		if next == "" {
			return all, nil
		}
		from = next
		if w.between != nil {
			if err := w.between(n); err != nil {
				return nil, err
			}
		}
	}
	return nil, fmt.Errorf("ListAccounts hasn't come to an end after %d pages of at most %d with %d accounts: its next must be \"\" then", most, w.limit, len(all))
}

// bounded widens the walk's pages where a storage has so many accounts, from
// earlier clauses, that the walk would take too long.
func (w walk) bounded(ctx context.Context, h store.Store) (walk, error) {
	all, err := everyone.accounts(ctx, h)
	w.limit = max(w.limit, len(all)/100)
	return w, err
}

// each checks that each of the accounts is among those found, and only once.
func each(found []store.Account, ids []string) error {
	for _, id := range ids {
		if _, err := only(found, id); err != nil {
			return err
		}
	}
	return nil
}

// only returns the one account with a user ID.
func only(found []store.Account, id string) (*store.Account, error) {
	if n := count(found, id); n != 1 {
		return nil, fmt.Errorf("the account of the user ID %s was there all the time, and is listed %d times: it must be once", short(id), n)
	}
	i := slices.IndexFunc(found, func(a store.Account) bool { return a.UserID == id })
	return &found[i], nil
}

func count(found []store.Account, id string) int {
	n := 0
	for _, a := range found {
		if a.UserID == id {
			n++
		}
	}
	return n
}
