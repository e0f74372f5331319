package storetest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/eagate/eagate/store"
)

var expiryClauses = []clause{
	{"DeleteExpired/which", expiredWhich},
	{"DeleteExpired/limit", expiredLimit},
	{"DeleteExpired/follows", expiredFollows},
	{"DeleteExpired/accounts", expiredAccounts},
	{"DeleteExpired/race", expiredRace},
	{"DeleteExpired/extended", expiredExtended},
}

// expiredWhich: what has expired is deleted, and nothing else.
func expiredWhich(ctx context.Context, s Subject) error {
	now, err := emptied(ctx, s)
	if err != nil {
		return err
	}
	var all []expiring
	for _, when := range []struct {
		what string
		at   time.Time
		gone bool
	}{
		{"a day ago", now.Add(-24 * time.Hour).UTC(), true},
		{"a microsecond ago", now.Add(-tick), true},
		{"at this moment", now.UTC(), true},
		{"in a microsecond", now.Add(tick).UTC(), false},
		{"in an hour", now.Add(time.Hour), false},
	} {
		// By its own clock, a store may have reached such a time already.
		if d := when.at.Sub(now).Abs(); s.SelfExpiring && d < time.Hour {
			continue
		}
		c, g, err := createExpiring(ctx, s, now, when.at)
		if err != nil {
			return err
		}
		all = append(all,
			expiring{"a challenge whose ForgetAt is " + when.what, challenges.found(c.ID), when.gone},
			expiring{"a grant whose ExpiresAt is " + when.what, grants.found(g.ID), when.gone})
	}
	n, err := s.first().DeleteExpired(ctx, now, 1000)
	if err != nil {
		return err
	}
	want := 0
	for _, e := range all {
		exists, err := e.exists(ctx, s)
		if err != nil {
			return err
		}
		switch {
		case exists && e.gone:
			return fmt.Errorf("%s is still there: what is not after now must be deleted", e.what)
		case !exists && !e.gone:
			return fmt.Errorf("%s was deleted: only what is not after now may be", e.what)
		}
		if e.gone {
			want++
		}
	}
	if !s.SelfExpiring && n != want {
		return fmt.Errorf("DeleteExpired returned %d, and deleted %d: it must return how many it deleted", n, want)
	}
	return nil
}

type expiring struct {
	what   string
	exists func(context.Context, Subject) (bool, error)
	gone   bool
}

// expiredLimit: no more than limit are deleted, and calling again deletes all.
func expiredLimit(ctx context.Context, s Subject) error {
	if s.SelfExpiring {
		return skipped("the store forgets by itself")
	}
	now, err := emptied(ctx, s)
	if err != nil {
		return err
	}
	const each = 5
	var all []func(context.Context, Subject) (bool, error)
	for range each {
		c, g, err := createExpiring(ctx, s, now, now)
		if err != nil {
			return err
		}
		all = append(all, challenges.found(c.ID), grants.found(g.ID))
	}
	left := len(all)
	for _, limit := range []int{0, 1, 3, 7, 7, 7, 7, 7, 7} {
		n, err := s.first().DeleteExpired(ctx, now, limit)
		if err != nil {
			return err
		}
		still := 0
		for _, exists := range all {
			ok, err := exists(ctx, s)
			if err != nil {
				return err
			}
			if ok {
				still++
			}
		}
		switch {
		case left-still > limit:
			return fmt.Errorf("with limit %d, %d were deleted: there may be no more than the limit", limit, left-still)
		case n != left-still:
			return fmt.Errorf("DeleteExpired returned %d, and deleted %d: it must return how many it deleted", n, left-still)
		case n == 0 && limit > 0 && left > 0:
			return fmt.Errorf("with limit %d, of %d expired ones none was deleted", limit, left)
		}
		left = still
	}
	if left > 0 {
		return fmt.Errorf("%d expired ones are still there after calling DeleteExpired over and over", left)
	}
	return nil
}

// expiredFollows: an update moves the time at which a record expires.
func expiredFollows(ctx context.Context, s Subject) error {
	now, err := emptied(ctx, s)
	if err != nil {
		return err
	}
	return errors.Join(challenges.expiryFollows(ctx, s, now), grants.expiryFollows(ctx, s, now))
}

func (m mutable[R]) expiryFollows(ctx context.Context, s Subject, now time.Time) error {
	past, future := now.Add(-30*time.Minute), now.Add(time.Hour)
	shortened, err := m.moved(ctx, s, future, past)
	if err != nil {
		return err
	}
	var extended R
	if s.SelfExpiring {
		extended, err = m.outlived(ctx, s)
	} else {
		extended, err = m.moved(ctx, s, past, future)
	}
	if err != nil {
		return err
	}
	if _, err := s.first().DeleteExpired(ctx, now, 1000); err != nil {
		return err
	}
	if err := m.expectNone(ctx, s, *m.key(&shortened)); err != nil {
		return fmt.Errorf("a %s whose time was moved into the past: %w: the newest time must count", m.name, err)
	}
	if err := m.expect(ctx, s, extended); err != nil {
		return fmt.Errorf("a %s whose time was moved into the future: %w: the newest time must count", m.name, err)
	}
	return nil
}

// moved creates a record that expires at one time, and has it expire at another.
func (m mutable[R]) moved(ctx context.Context, s Subject, from, to time.Time) (R, error) {
	r := m.record(newKey(), 1)
	*m.until(&r) = from
	if err := m.create(s.first(), ctx, r); err != nil {
		return r, err
	}
	*m.until(&r) = to
	return r, m.update(s.first(), ctx, *m.key(&r), func(stored *R) error {
		*m.until(stored) = to
		return nil
	})
}

// outlived has a record live longer just before it expires, and waits until that
// time is over.
func (m mutable[R]) outlived(ctx context.Context, s Subject) (r R, err error) {
	for life := 200 * time.Millisecond; life < 5*time.Second; life *= 2 {
		until := time.Now().Add(life).Truncate(tick)
		r, err = m.moved(ctx, s, until, horizon)
		if errors.Is(err, store.ErrNotFound) && !time.Now().Before(until) {
			continue // too late
		}
		if err != nil {
			return r, err
		}
		select {
		case <-time.After(time.Until(until.Add(grace))):
		case <-ctx.Done():
		}
		return r, ctx.Err()
	}
	return r, fmt.Errorf("can't put off when a %s expires: %w", m.name, err)
}

// expiredAccounts: accounts are never deleted.
func expiredAccounts(ctx context.Context, s Subject) error {
	now, err := emptied(ctx, s)
	if err != nil {
		return err
	}
	past := now.Add(-1000 * time.Hour)
	a := store.Account{
		UserID: newKey(), State: store.On, EnabledAt: past, LockedUntil: past,
		Staged: &store.Staged{Binding: "b", ExpiresAt: past},
		Push:   store.Push{ReservedUntil: past, PausedUntil: past, Sent: []time.Time{past}},
		Sync:   store.Sync{Since: past, NextAt: past},
	}
	if err := accounts.create(s.first(), ctx, a.Clone()); err != nil {
		return err
	}
	n, err := s.first().DeleteExpired(ctx, now, 1000)
	if err != nil {
		return err
	}
	if err := accounts.expect(ctx, s, a); err != nil {
		return fmt.Errorf("DeleteExpired touched an account: %w: accounts never expire", err)
	}
	if n != 0 && !s.SelfExpiring {
		return fmt.Errorf("DeleteExpired returned %d where only an account was there: accounts never expire", n)
	}
	return nil
}

// emptied returns a now, and deletes what has expired by then, so that a clause
// can count. It lies ahead of the wall clock, because a store may hide what has
// expired by that; but not where the store deletes by it.
func emptied(ctx context.Context, s Subject) (time.Time, error) {
	now := time.Now().Truncate(tick).In(time.FixedZone("", 9*3600))
	if !s.SelfExpiring {
		now = now.Add(time.Hour)
	}
	for range 1000 {
		n, err := s.first().DeleteExpired(ctx, now, 1000)
		if err != nil {
			return now, fmt.Errorf("DeleteExpired returned the error %w", err)
		}
		if n == 0 {
			return now, nil
		}
	}
	return now, errors.New("DeleteExpired claims to have deleted something each time it is called")
}

// found returns a function that reports whether a record is there.
func (k kind[R]) found(key string) func(context.Context, Subject) (bool, error) {
	return func(ctx context.Context, s Subject) (bool, error) {
		_, err := k.read(s.last(), ctx, key)
		if errors.Is(err, store.ErrNotFound) {
			return false, nil
		}
		return err == nil, err
	}
}

// createExpiring creates a challenge and a grant that expire at a time, while
// all their other times would have it otherwise.
func createExpiring(ctx context.Context, s Subject, now, at time.Time) (store.Challenge, store.Grant, error) {
	other := now.Add(-10 * time.Minute)
	if !at.After(now) {
		other = now.Add(10 * time.Minute)
	}
	c := store.Challenge{ID: newKey(), CreatedAt: other, DecidedAt: other, ExpiresAt: other, ForgetAt: at}
	if err := s.first().CreateChallenge(ctx, c); err != nil {
		return c, store.Grant{}, err
	}
	g := store.Grant{ID: newKey(), VerifiedAt: other, ExpiresAt: at}
	return c, g, s.first().CreateGrant(ctx, g)
}
