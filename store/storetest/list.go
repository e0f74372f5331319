package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/eagate/eagate/store"
)

var listClauses = []clause{
	{"ListAccounts/none", listNone},
	{"ListAccounts/round-trip", listRoundTrip},
	{"ListAccounts/pages", listPages},
	{"ListAccounts/limit", listLimit},
	{"ListAccounts/keys", listKeys},
	{"ListAccounts/late", listLate},
	{"ListAccounts/follows", listFollows},
	{"ListAccounts/changes", listChanges},
}

// listNone: a walk comes to its end, be there accounts or not.
func listNone(ctx context.Context, s Subject) error {
	for _, h := range s.Handles {
		for _, late := range []bool{false, true} {
			w := everyone
			w.filter.Late = late
			if _, err := w.accounts(ctx, h); err != nil {
				return err
			}
		}
	}
	return nil
}

// listRoundTrip: accounts are listed whole, and as copies.
func listRoundTrip(ctx context.Context, s Subject) error {
	filled, err := accounts.given(ctx, s, 1)
	if err != nil {
		return err
	}
	zero := accounts.zero(newKey())
	if err := accounts.create(s.first(), ctx, zero); err != nil {
		return err
	}
	if err := accounts.create(s.first(), ctx, accounts.record(filled.UserID, 1)); err != nil { // as version 2
		return err
	}
	for range 2 {
		all, err := everyone.accounts(ctx, s.last())
		if err != nil {
			return err
		}
		for _, want := range []store.Account{filled, zero} {
			got, err := only(all, want.UserID)
			if err != nil {
				return err
			}
			if err := diff(*got, want); err != nil {
				return fmt.Errorf("a listed account isn't what was stored: %w", err)
			}
			version, err := accounts.versionOf(ctx, s, want.UserID)
			if err != nil {
				return err
			}
			if got.Version != version {
				return fmt.Errorf("a listed account has Version %d: want %d, as Account has it", got.Version, version)
			}
			scribble(got)
		}
	}
	return nil
}

// listPages: with pages of any size, each account is listed once.
func listPages(ctx context.Context, s Subject) error {
	ids, err := several(ctx, s, 10)
	if err != nil {
		return err
	}
	for _, limit := range []int{1, 3, 10, 1000} {
		w, err := walk{limit: limit}.bounded(ctx, s.last())
		if err != nil {
			return err
		}
		all, err := w.accounts(ctx, s.last())
		if err != nil {
			return err
		}
		if err := each(all, ids); err != nil {
			return fmt.Errorf("with pages of %d: %w", w.limit, err)
		}
	}
	return nil
}

// listLimit: a limit below 1 is an error.
func listLimit(ctx context.Context, s Subject) error {
	if _, err := several(ctx, s, 1); err != nil {
		return err
	}
	for _, limit := range []int{0, -1} {
		if _, _, err := s.last().ListAccounts(ctx, store.AccountFilter{}, "", limit); err == nil {
			return fmt.Errorf("ListAccounts returned no error for limit %d: it must, for no walk would come to its end", limit)
		}
	}
	return nil
}

// listKeys: a page may end behind any user ID.
func listKeys(ctx context.Context, s Subject) error {
	ids := userIDTwins(newKey())
	for i, id := range ids {
		if err := accounts.create(s.first(), ctx, accounts.record(id, i)); err != nil {
			return err
		}
	}
	for _, limit := range []int{1, 2} {
		w, err := walk{limit: limit}.bounded(ctx, s.last())
		if err != nil {
			return err
		}
		all, err := w.accounts(ctx, s.last())
		if err != nil {
			return err
		}
		if err := each(all, ids); err != nil {
			return fmt.Errorf("with pages of %d: %w", w.limit, err)
		}
	}
	return nil
}

// listLate: the filter lets through the accounts that are late, due or not, and
// no others.
func listLate(ctx context.Context, s Subject) (err error) {
	u := unsynced{ctx: ctx, s: s}
	defer func() { err = errors.Join(err, u.clean()) }()
	all := []struct {
		what string
		sync store.Sync
		late bool
	}{
		{"late, due", store.Sync{Wanted: 1, NextAt: longAgo}, true},
		{"late, due tomorrow", store.Sync{Wanted: 1, NextAt: horizon}, true},
		{"late, NextAt zero", store.Sync{Wanted: 3, Confirmed: 2}, true},
		{"late, Wanted below Confirmed", store.Sync{Wanted: 1, Confirmed: 2, NextAt: horizon}, true},
		{"late, claimed", store.Sync{Wanted: 1, NextAt: horizon, ClaimedUntil: horizon}, true},
		{"not late, due", store.Sync{Wanted: 7, Confirmed: 7, NextAt: longAgo}, false},
		{"not late, all zero", store.Sync{}, false},
	}
	all = slices.Concat(all, all, all) // so that they mix in whatever order they are listed
	for _, a := range all {
		if err := u.set(u.add(), a.sync); err != nil {
			return err
		}
	}
	for _, late := range []bool{false, true} {
		for _, limit := range []int{1, 3, 1000} {
			w, err := walk{filter: store.AccountFilter{Late: late}, limit: limit}.bounded(ctx, s.last())
			if err != nil {
				return err
			}
			found, err := w.accounts(ctx, s.last())
			if err != nil {
				return err
			}
			for i, a := range all {
				switch n := count(found, u.ids[i]); {
				case (a.late || !late) && n != 1:
					return fmt.Errorf("an account (%s) is listed %d times with Late %v: it must be once", a.what, n, late)
				case late && !a.late && n > 0:
					return fmt.Errorf("an account (%s) is listed with Late: only those may be whose Wanted isn't Confirmed", a.what)
				}
			}
		}
	}
	return nil
}

// listFollows: what is listed changes with the accounts.
func listFollows(ctx context.Context, s Subject) (err error) {
	u := unsynced{ctx: ctx, s: s}
	defer func() { err = errors.Join(err, u.clean()) }()
	id := u.add()
	w := walk{filter: store.AccountFilter{Late: true}, limit: 1000}
	for n, sync := range []store.Sync{
		{Wanted: 1, NextAt: horizon},
		{Wanted: 1, Confirmed: 1},
		{Wanted: 2, Confirmed: 1, NextAt: horizon.Add(time.Hour), LastErr: "down"},
		{Wanted: 2, Confirmed: 2},
	} {
		if err := u.set(id, sync); err != nil {
			return err
		}
		found, err := w.accounts(ctx, s.last())
		if err != nil {
			return err
		}
		if listed := count(found, id) > 0; listed != sync.Late() {
			return fmt.Errorf("after change %d, an account is listed as late: %v, want %v: the answer must follow each update", n+1, listed, sync.Late())
		}
		if found, err = everyone.accounts(ctx, s.last()); err != nil {
			return err
		}
		got, err := only(found, id)
		if err != nil {
			return err
		}
		if err := diff(*got, store.Account{UserID: id, Sync: sync}); err != nil {
			return fmt.Errorf("a listed account isn't the newest: %w", err)
		}
	}
	return nil
}

// listChanges: what changes between two pages makes the walk neither miss an
// account that was there, and let through, all the time nor list it twice.
func listChanges(ctx context.Context, s Subject) (err error) {
	for _, late := range []bool{false, true} {
		if err := listWhileChanging(ctx, s, late); err != nil {
			return fmt.Errorf("with Late %v: %w", late, err)
		}
	}
	return nil
}

func listWhileChanging(ctx context.Context, s Subject, late bool) (err error) {
	const stay, turn = 12, 4
	u := unsynced{ctx: ctx, s: s}
	defer func() { err = errors.Join(err, u.clean()) }()
	for i := range stay + turn {
		if err := u.set(u.add(), store.Sync{Wanted: 1, NextAt: horizon.Add(time.Duration(i) * time.Minute)}); err != nil {
			return err
		}
	}
	ids := slices.Clone(u.ids[:stay])
	w, err := walk{filter: store.AccountFilter{Late: late}, limit: 3}.bounded(ctx, s.last())
	if err != nil {
		return err
	}
	w.between = func(page int) error {
		if page > 2*stay {
			return nil // or a walk that is always overtaken would never end
		}
		// Those that stay change in all that a store may go by: their times to and
		// fro, and which was changed last.
		for i := range 4 {
			n := page*4 + i
			at := horizon.Add(time.Duration(n*7%stay-stay/2) * time.Hour)
			if err := u.set(ids[n%stay], store.Sync{Wanted: uint64(n + 2), Since: at, NextAt: at, Attempts: page}); err != nil {
				return err
			}
		}
		if page < turn {
			if err := u.set(u.ids[stay+page], store.Sync{}); err != nil { // late no more
				return err
			}
			for _, first := range []string{"!", "M", "~"} {
				u.ids = append(u.ids, first+newKey())
				if err := u.set(u.ids[len(u.ids)-1], store.Sync{Wanted: 1, NextAt: horizon}); err != nil {
					return err
				}
			}
		}
		return nil
	}
	all, err := w.accounts(ctx, s.last())
	if err != nil {
		return err
	}
	if err := each(all, ids); err != nil {
		return fmt.Errorf("with pages of %d, and changes between them: %w", w.limit, err)
	}
	return nil
}

// several creates n accounts, and returns their user IDs.
func several(ctx context.Context, s Subject, n int) ([]string, error) {
	var ids []string
	for i := range n {
		a, err := accounts.given(ctx, s, i)
		if err != nil {
			return nil, err
		}
		ids = append(ids, a.UserID)
	}
	return ids, nil
}
