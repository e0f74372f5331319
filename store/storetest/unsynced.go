package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/eagate/eagate/store"
)

var unsyncedClauses = []clause{
	{"UnsyncedAccounts/which", unsyncedWhich},
	{"UnsyncedAccounts/order", unsyncedOrder},
	{"UnsyncedAccounts/limit", unsyncedLimit},
	{"UnsyncedAccounts/follows", unsyncedFollows},
}

// longAgo is the now of these clauses: nothing else in a storage is due then.
var longAgo = time.Date(1990, 1, 2, 3, 4, 5, 678901000, time.FixedZone("", -5*3600))

const tick = time.Microsecond

// unsyncedWhich: the accounts are those whose sync is late and due, and no
// others.
func unsyncedWhich(ctx context.Context, s Subject) (err error) {
	u := unsynced{ctx: ctx, s: s}
	defer func() { err = errors.Join(err, u.clean()) }()
	all := []struct {
		what string
		sync store.Sync
		want bool
	}{
		{"late, due at this moment", store.Sync{Wanted: 1, NextAt: longAgo.UTC()}, true},
		{"late, due a microsecond ago", store.Sync{Wanted: 1, NextAt: longAgo.Add(-tick)}, true},
		{"late, due in a microsecond", store.Sync{Wanted: 1, NextAt: longAgo.Add(tick)}, false},
		{"late, due in an hour", store.Sync{Wanted: 1, NextAt: longAgo.Add(time.Hour).UTC()}, false},
		{"late, NextAt zero", store.Sync{Wanted: 3, Confirmed: 2}, true},
		{"late, Wanted below Confirmed", store.Sync{Wanted: 1, Confirmed: 2}, true},
		{"late, after failed attempts", store.Sync{Wanted: 2, Confirmed: 1, Attempts: 9, LastErr: "down", NextAt: longAgo}, true},
		{"not late, NextAt past", store.Sync{Wanted: 7, Confirmed: 7, NextAt: longAgo.Add(-time.Hour)}, false},
		{"not late, all zero", store.Sync{}, false},
	}
	for _, a := range all {
		if err := u.set(u.add(), a.sync); err != nil {
			return err
		}
	}
	found, err := u.due(longAgo, 10_000)
	if err != nil {
		return err
	}
	for i, a := range all {
		n := 0
		for _, f := range found {
			if f == u.ids[i] {
				n++
			}
		}
		switch {
		case a.want && n == 0:
			return fmt.Errorf("an account isn't returned (%s): the late ones whose NextAt is not after now must be", a.what)
		case a.want && n > 1:
			return fmt.Errorf("an account is returned %d times (%s)", n, a.what)
		case !a.want && n > 0:
			return fmt.Errorf("an account is returned (%s): only the late ones whose NextAt is not after now may be", a.what)
		}
	}
	return nil
}

// unsyncedOrder: the longest due comes first.
func unsyncedOrder(ctx context.Context, s Subject) (err error) {
	u := unsynced{ctx: ctx, s: s}
	defer func() { err = errors.Join(err, u.clean()) }()
	want, err := u.queue(24)
	if err != nil {
		return err
	}
	found, err := u.due(longAgo, 10_000)
	if err != nil {
		return err
	}
	if !slices.Equal(found, want) {
		return fmt.Errorf("%d accounts, each due at another time, are returned as %d in another order: the longest due must come first", len(want), len(found))
	}
	return nil
}

// unsyncedLimit: at most limit accounts are returned, and those are the longest
// due.
func unsyncedLimit(ctx context.Context, s Subject) (err error) {
	u := unsynced{ctx: ctx, s: s}
	defer func() { err = errors.Join(err, u.clean()) }()
	want, err := u.queue(9)
	if err != nil {
		return err
	}
	for _, limit := range []int{0, 1, 4} {
		found, err := s.last().UnsyncedAccounts(ctx, longAgo, limit)
		if err != nil {
			return err
		}
		if !slices.Equal(found, want[:limit]) {
			return fmt.Errorf("with limit %d, of %d due accounts %d are returned: it must be the %d longest due", limit, len(want), len(found), limit)
		}
	}
	return nil
}

// unsyncedFollows: what is due changes with the accounts.
func unsyncedFollows(ctx context.Context, s Subject) (err error) {
	u := unsynced{ctx: ctx, s: s}
	defer func() { err = errors.Join(err, u.clean()) }()
	id := u.add()
	late := store.Sync{Wanted: 2, Confirmed: 1, NextAt: longAgo}
	synced, putOff := late, late
	synced.Confirmed = 2
	putOff.NextAt = longAgo.Add(time.Hour)
	for _, step := range []struct {
		what string
		sync store.Sync
		want bool
	}{
		{"is late", late, true},
		{"was put off", putOff, false},
		{"is due again", late, true},
		{"was synced", synced, false},
		{"is late again", late, true},
	} {
		if err := u.set(id, step.sync); err != nil {
			return err
		}
		found, err := u.due(longAgo, 10_000)
		if err != nil {
			return err
		}
		if got := len(found) > 0; got != step.want {
			return fmt.Errorf("an account that %s is returned: %v, want %v: the answer must follow each update", step.what, got, step.want)
		}
	}
	return nil
}

// unsynced keeps the accounts of one clause, to tell them from others and to
// clean up behind it.
type unsynced struct {
	ctx context.Context
	s   Subject
	ids []string
}

func (u *unsynced) add() string {
	id := newKey()
	u.ids = append(u.ids, id)
	return id
}

func (u *unsynced) set(id string, sync store.Sync) error {
	return u.s.first().UpdateAccount(u.ctx, id, func(a *store.Account) error {
		a.Sync = sync
		return nil
	})
}

// queue adds n accounts, due at different times, and returns them in the order
// in which they are due.
func (u *unsynced) queue(n int) ([]string, error) {
	want := make([]string, n)
	for i := range n {
		place := (i*5 + 3) % n // 5 has no factor in common with n
		sync := store.Sync{Wanted: 1}
		if place > 0 { // the first has no time at all
			sync.NextAt = longAgo.Add(time.Duration(place-n) * tick)
			if place%2 == 0 {
				sync.NextAt = sync.NextAt.UTC()
			}
		}
		want[place] = u.add()
		if err := u.set(want[place], sync); err != nil {
			return nil, err
		}
	}
	return want, nil
}

// due returns those of the clause's accounts that are due.
func (u *unsynced) due(now time.Time, limit int) ([]string, error) {
	found, err := u.s.last().UnsyncedAccounts(u.ctx, now, limit)
	return slices.DeleteFunc(slices.Clone(found), func(id string) bool { return !slices.Contains(u.ids, id) }), err
}

func (u *unsynced) clean() error {
	var errs []error
	for _, id := range u.ids {
		errs = append(errs, u.set(id, store.Sync{}))
	}
	return errors.Join(errs...)
}
