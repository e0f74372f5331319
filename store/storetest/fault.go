package storetest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/eagate/eagate/store"
)

var faultClauses = []clause{
	{"Context/ended", contextEnded},
	{"Fault/is-an-error", faultIsAnError},
}

// calls is one call of each method of a store.
type calls struct {
	account                 string
	challenge, newChallenge string
	grant, newGrant         string
	now                     time.Time
}

func (c calls) each(ctx context.Context, s store.Store) []struct {
	method string
	err    error
} {
	_, account := s.Account(ctx, c.account)
	_, unsynced := s.UnsyncedAccounts(ctx, c.now, 10)
	_, _, list := s.ListAccounts(ctx, store.AccountFilter{}, "", 10)
	_, challenge := s.Challenge(ctx, c.challenge)
	_, grant := s.Grant(ctx, c.grant)
	_, deleteExpired := s.DeleteExpired(ctx, c.now, 1000)
	return []struct {
		method string
		err    error
	}{
		{"Account", account},
		{"UpdateAccount", s.UpdateAccount(ctx, c.account, func(a *store.Account) error { a.Failures++; return nil })},
		{"UnsyncedAccounts", unsynced},
		{"ListAccounts", list},
		{"CreateChallenge", s.CreateChallenge(ctx, challenges.zero(c.newChallenge))},
		{"Challenge", challenge},
		{"UpdateChallenge", s.UpdateChallenge(ctx, c.challenge, func(ch *store.Challenge) error { ch.Epoch++; return nil })},
		{"CreateGrant", s.CreateGrant(ctx, grants.zero(c.newGrant))},
		{"Grant", grant},
		{"UpdateGrant", s.UpdateGrant(ctx, c.grant, func(g *store.Grant) error { g.Epoch++; return nil })},
		{"DeleteGrant", s.DeleteGrant(ctx, c.grant)},
		{"DeleteExpired", deleteExpired},
	}
}

// contextEnded: with a context that has ended, every method returns its error
// and changes nothing.
func contextEnded(ctx context.Context, s Subject) error {
	a, err := accounts.given(ctx, s, 1)
	if err != nil {
		return err
	}
	ch, err := challenges.given(ctx, s, 1)
	if err != nil {
		return err
	}
	g, err := grants.given(ctx, s, 1)
	if err != nil {
		return err
	}
	now, err := emptied(ctx, s)
	if err != nil {
		return err
	}
	expired := grants.zero(newKey())
	if !s.SelfExpiring {
		expired.ExpiresAt = now
	}
	if err := s.first().CreateGrant(ctx, expired); err != nil {
		return err
	}

	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	overdue, cancel := context.WithDeadline(ctx, now.Add(-time.Hour))
	defer cancel()
	for _, ended := range []context.Context{cancelled, overdue} {
		for _, h := range s.Handles {
			c := calls{a.UserID, ch.ID, newKey(), g.ID, newKey(), now}
			for _, call := range c.each(ended, h) {
				if !errors.Is(call.err, ended.Err()) {
					return fmt.Errorf("%s returned the error %v with a context that had ended: it must return the context's error, %q", call.method, call.err, ended.Err())
				}
			}
			if err := errors.Join(
				accounts.expect(ctx, s, a),
				challenges.expect(ctx, s, ch),
				challenges.expectNone(ctx, s, c.newChallenge),
				grants.expect(ctx, s, g),
				grants.expectNone(ctx, s, c.newGrant),
				grants.expect(ctx, s, expired),
			); err != nil {
				return fmt.Errorf("a method changed something with a context that had ended: %w", err)
			}
		}
	}
	return nil
}

// faultIsAnError: a store that can't reach its storage says so, and never that
// there is no record.
func faultIsAnError(ctx context.Context, s Subject) error {
	if s.Unreachable == nil {
		return skipped("Subject.Unreachable is not set")
	}
	c := calls{newKey(), newKey(), newKey(), newKey(), newKey(), time.Now()}
	for _, call := range c.each(ctx, s.Unreachable) {
		switch {
		case call.err == nil:
			return fmt.Errorf("%s returned no error without its storage: it must, as what it returns passes for the truth", call.method)
		case errors.Is(call.err, store.ErrNotFound), errors.Is(call.err, store.ErrExists):
			return fmt.Errorf("%s returned the error %w without its storage: a fault must not look like an answer", call.method, call.err)
		}
	}
	return nil
}
