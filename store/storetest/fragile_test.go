package storetest_test

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/storetest"
)

var errBroken = errors.New("connection broken")

// A line is a connection that can be killed. A store finds that out by the next
// call, which fails, and has a new one from then on.
type line struct{ kills, noticed atomic.Int64 }

func (l *line) kill() error {
	l.kills.Add(1)
	return nil
}

// dead returns an error, once, if the line was killed.
func (l *line) dead() error {
	if n := l.kills.Load(); l.noticed.Swap(n) < n {
		return errBroken
	}
	return nil
}

// fragile returns a store whose connection can be killed, and that one function
// breaks. Without that it keeps the contract: a call with a dead line fails, and
// so does an update in which it dies, be it stored or not.
func fragile(f func(*hooked, *line)) func() storetest.Subject {
	return func() storetest.Subject {
		h, l := &hooked{Memory: store.NewMemory()}, new(line)
		fragileKind(h, l, accounts)
		fragileKind(h, l, challenges)
		fragileKind(h, l, grants)
		h.unsyncedAccounts = func(ctx ctx, now time.Time, limit int) ([]string, error) {
			if err := l.dead(); err != nil {
				return nil, err
			}
			return h.Memory.UnsyncedAccounts(ctx, now, limit)
		}
		h.listAccounts = func(ctx ctx, filter store.AccountFilter, from string, limit int) ([]store.Account, string, error) {
			if err := l.dead(); err != nil {
				return nil, "", err
			}
			return h.Memory.ListAccounts(ctx, filter, from, limit)
		}
		h.createChallenge = func(ctx ctx, c store.Challenge) error {
			return errors.Join(h.Memory.CreateChallenge(ctx, c), l.dead()) // stored, and the answer lost
		}
		h.createGrant = func(ctx ctx, g store.Grant) error {
			if err := l.dead(); err != nil {
				return err
			}
			return h.Memory.CreateGrant(ctx, g)
		}
		h.deleteGrant = func(ctx ctx, id string) error {
			if err := l.dead(); err != nil {
				return err
			}
			return h.Memory.DeleteGrant(ctx, id)
		}
		h.deleteExpired = func(ctx ctx, now time.Time, limit int) (int, error) {
			if err := l.dead(); err != nil {
				return 0, err
			}
			return h.Memory.DeleteExpired(ctx, now, limit)
		}
		f(h, l)
		return storetest.Subject{Handles: []store.Store{h}, Kill: l.kill}
	}
}

func fragileKind[R any](h *hooked, l *line, k kind[R]) {
	*k.readHook(h) = func(ctx ctx, id string) (R, error) {
		if err := l.dead(); err != nil {
			return *new(R), err
		}
		return k.read(h.Memory, ctx, id)
	}
	*k.updateHook(h) = func(ctx ctx, id string, change func(*R) error) error {
		if err := l.dead(); err != nil {
			return err
		}
		err := k.update(h.Memory, ctx, id, func(r *R) error {
			return errors.Join(change(r), l.dead())
		})
		return errors.Join(err, l.dead()) // stored, and the answer lost
	}
}
