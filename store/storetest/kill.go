package storetest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/eagate/eagate/store"
)

// These come last, as handles may have broken connections left in their pools
// behind them.
var killClauses = []clause{
	{"Fault/between-calls", faultBetweenCalls},
	{"Fault/in-update", faultInUpdate},
	{"Fault/race", faultRace},
}

// tries is how often a method may be called until it works after a fault: a pool
// may have several connections that it doesn't know to be broken.
const tries = 10

// recovered calls a method until it works, as it soon must after a fault. Until
// then, it must not pass the fault off as an answer.
func recovered(method string, call func() error) error {
	var err error
	for range tries {
		if err = call(); err == nil {
			return nil
		}
		if err := noAnswer(method, err); err != nil {
			return err
		}
	}
	return fmt.Errorf("%s returned the error %w even to the call number %d after connections had broken: "+
		"a store must connect again by itself", method, err, tries)
}

// noAnswer returns an error if that of a method says something about the record.
func noAnswer(method string, err error) error {
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrExists) {
		return fmt.Errorf("%s returned the error %w where connections had broken: a fault must not look like an answer", method, err)
	}
	return nil
}

// These do what their namesakes do, where connections may be broken.

func (k kind[R]) createRecovered(ctx context.Context, s Subject, r R) error {
	failed := false
	return recovered("Create"+k.name, func() error {
		err := k.create(s.first(), ctx, r)
		if failed && errors.Is(err, store.ErrExists) {
			return nil // the call that failed has stored it
		}
		failed = true
		return err
	})
}

func (k kind[R]) readRecovered(ctx context.Context, s Subject, key string) (got R, err error) {
	err = recovered(k.name, func() (err error) {
		got, err = k.read(s.last(), ctx, key)
		return err
	})
	return got, err
}

func (k kind[R]) expectRecovered(ctx context.Context, s Subject, want R) error {
	got, err := k.readRecovered(ctx, s, *k.key(&want))
	if err != nil {
		return err
	}
	return diff(got, want)
}

func (m mutable[R]) updateRecovered(ctx context.Context, s Subject, want R) error {
	return recovered("Update"+m.name, func() error {
		return m.update(s.first(), ctx, *m.key(&want), func(r *R) error { *r = want; return nil })
	})
}

// faultBetweenCalls: after connections have broken, each method soon works
// again, and until then it returns errors and no wrong answers.
func faultBetweenCalls(ctx context.Context, s Subject) error {
	return s.eachHandle(func(s Subject) error {
		return errors.Join(
			accounts.recovers(ctx, s),
			challenges.recovers(ctx, s),
			grants.recovers(ctx, s),
			othersRecover(ctx, s),
		)
	})
}

// eachHandle calls f for each handle alone, if there are faults to be had.
func (s Subject) eachHandle(f func(Subject) error) error {
	if s.Kill == nil {
		return skipped("Subject.Kill is not set")
	}
	for _, h := range s.Handles {
		alone := s
		alone.Handles = []store.Store{h}
		if err := f(alone); err != nil {
			return err
		}
	}
	return nil
}

func (m mutable[R]) recovers(ctx context.Context, s Subject) error {
	key := newKey()
	for _, step := range []func() error{
		func() error { return m.createRecovered(ctx, s, m.record(key, 1)) },
		func() error { return m.expectRecovered(ctx, s, m.record(key, 1)) },
		func() error { return m.updateRecovered(ctx, s, m.record(key, 2)) },
		func() error { return m.expectRecovered(ctx, s, m.record(key, 2)) },
	} {
		if err := s.kill(); err != nil {
			return err
		}
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func othersRecover(ctx context.Context, s Subject) error {
	id, grant := newKey(), grants.record(newKey(), 1)
	late := store.Account{UserID: id, Sync: store.Sync{Wanted: 1, NextAt: longAgo}}
	if err := errors.Join(accounts.updateRecovered(ctx, s, late), grants.createRecovered(ctx, s, grant)); err != nil {
		return err
	}
	for _, o := range []struct {
		method string
		call   func(store.Store) (found bool, err error)
	}{
		{"UnsyncedAccounts", func(h store.Store) (bool, error) {
			due, err := h.UnsyncedAccounts(ctx, longAgo, 1)
			return len(due) > 0, err
		}},
		{"ListAccounts", func(h store.Store) (bool, error) {
			page, next, err := h.ListAccounts(ctx, store.AccountFilter{Late: true}, "", 1)
			return len(page) > 0 || next != "", err
		}},
		{"DeleteExpired", func(h store.Store) (bool, error) {
			_, err := h.DeleteExpired(ctx, time.Now(), 10)
			return true, err
		}},
		{"DeleteGrant", func(h store.Store) (bool, error) { return true, h.DeleteGrant(ctx, grant.ID) }},
	} {
		if err := s.kill(); err != nil {
			return err
		}
		found := false
		if err := recovered(o.method, func() (err error) { found, err = o.call(s.first()); return err }); err != nil {
			return err
		}
		if !found {
			return fmt.Errorf("%s found nothing, and returned no error, where connections had broken: a fault must not look like an answer", o.method)
		}
	}
	if err := accounts.updateRecovered(ctx, s, store.Account{UserID: id}); err != nil { // due no more
		return err
	}
	for range tries {
		switch _, err := s.first().Grant(ctx, grant.ID); {
		case err == nil:
			return errors.New("DeleteGrant returned no error where connections had broken, and the grant is still there")
		case errors.Is(err, store.ErrNotFound):
			return nil
		}
	}
	return fmt.Errorf("Grant returned an error %d times after connections had broken", tries)
}

// faultInUpdate: an update in which connections break is stored whole, or not at
// all.
func faultInUpdate(ctx context.Context, s Subject) error {
	const rounds = 3
	return s.eachHandle(func(s Subject) error {
		for range rounds {
			if err := errors.Join(
				accounts.killedInUpdate(ctx, s),
				challenges.killedInUpdate(ctx, s),
				grants.killedInUpdate(ctx, s),
				killedWhenUnseen(ctx, s),
			); err != nil {
				return err
			}
		}
		return nil
	})
}

func (m mutable[R]) killedInUpdate(ctx context.Context, s Subject) error {
	key := newKey()
	if err := m.createRecovered(ctx, s, m.record(key, 1)); err != nil {
		return err
	}
	got, updateErr, err := m.updateKilled(ctx, s, m.record(key, 2))
	if err != nil {
		return err
	}
	isOld, isNew := diff(got, m.record(key, 1)), diff(got, m.record(key, 2))
	switch {
	case isNew == nil:
	case updateErr == nil:
		return fmt.Errorf("Update%s returned no error where connections had broken, but isn't stored: %w", m.name, isNew)
	case isOld != nil:
		return fmt.Errorf("Update%s returned the error %w where connections had broken, and left a record that isn't what it was (%w), nor what the change left (%w): it must be one or the other, whole",
			m.name, updateErr, isOld, isNew)
	}
	if err := m.updateRecovered(ctx, s, m.record(key, 3)); err != nil {
		return err
	}
	return m.expectRecovered(ctx, s, m.record(key, 3))
}

func killedWhenUnseen(ctx context.Context, s Subject) error {
	want := accounts.record(newKey(), 1)
	got, updateErr, err := accounts.updateKilled(ctx, s, want)
	if err != nil {
		return err
	}
	isNone, isNew := accounts.absent(got, nil, want.UserID), diff(got, want)
	switch {
	case isNew == nil:
	case updateErr == nil:
		return fmt.Errorf("the first UpdateAccount of a user returned no error where connections had broken, but isn't stored: %w", isNew)
	case isNone != nil:
		return fmt.Errorf("the first UpdateAccount of a user returned the error %w where connections had broken, and left half an account: %w", updateErr, isNew)
	}
	return nil
}

// updateKilled breaks connections in an update. It returns what is stored then,
// and the error that the update returned.
func (m mutable[R]) updateKilled(ctx context.Context, s Subject, want R) (got R, updateErr, err error) {
	killed, killErr := false, error(nil)
	updateErr = m.update(s.first(), ctx, *m.key(&want), func(r *R) error {
		if !killed {
			killed, killErr = true, s.kill()
		}
		*r = want
		return nil
	})
	if err := errors.Join(killErr, noAnswer("Update"+m.name, updateErr)); err != nil {
		return got, updateErr, err
	}
	got, err = m.readRecovered(ctx, s, *m.key(&want))
	return got, updateErr, err
}
