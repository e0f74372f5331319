package factor

import (
	"context"
	"time"

	"github.com/eagate/eagate/internal/records"
)

// Reset switches the user's second factor off, whoever has lost what: for an
// administrator, who says why. All that was proved before is void, and what could
// be guessed starts anew. That it was off already is no error.
func (r *Rules) Reset(ctx context.Context, userID, reason string) error {
	var email string
	err := r.updateAccount(ctx, userID, func(acct *records.Account) error {
		forgive(acct, r.cfg.Now())
		acct.HeldSince, acct.ReleasedAt = time.Time{}, r.cfg.Now()
		forgetPushes(&acct.Push)
		acct.Staged, acct.OffBy = nil, ""
		email = acct.Email
		switch {
		case acct.State == records.On:
			r.switchOff(acct)
		case acct.Epoch == 0:
			r.void(acct) // if the account was lost, sessions take it for switched off from now on
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.emit(ctx, Event{Kind: EventReset, UserID: userID, Email: email, Reason: reason})
	r.SyncNow(ctx, userID)
	return nil
}

// Unlock forgets the user's wrong codes, and that requests to the phone were too
// many or rejected; it opens a closed account too.
func (r *Rules) Unlock(ctx context.Context, userID, reason string) error {
	var email string
	err := r.updateAccount(ctx, userID, func(acct *records.Account) error {
		forgive(acct, r.cfg.Now())
		acct.HeldSince, acct.ReleasedAt = time.Time{}, r.cfg.Now()
		forgetPushes(&acct.Push)
		email = acct.Email
		return nil
	})
	if err == nil {
		r.emit(ctx, Event{Kind: EventUnblocked, UserID: userID, Email: email, Reason: reason})
	}
	return err
}

// RevokeAll makes worthless all that the user has proved: every session must
// prove again, and no device is trusted.
func (r *Rules) RevokeAll(ctx context.Context, userID, reason string) error {
	var email string
	err := r.updateAccount(ctx, userID, func(acct *records.Account) error {
		email = acct.Email
		if acct.State == records.On || acct.Epoch != 0 { // else nothing was proved, or the account is lost
			r.void(acct)
		}
		return nil
	})
	if err == nil {
		r.emit(ctx, Event{Kind: EventRevoked, UserID: userID, Email: email, Reason: reason})
	}
	return err
}

// A Lock says what keeps a user's codes of one kind from being looked at.
type Lock uint8

const (
	LockNone    Lock = iota // nothing
	LockPaused              // too many wrong ones, for a while
	LockBlocked             // too many in a row
	LockHeld                // the account is closed until the password has been changed
)

func (l Lock) String() string {
	switch l {
	case LockNone:
		return "none"
	case LockPaused:
		return "paused"
	case LockBlocked:
		return "blocked"
	case LockHeld:
		return "held"
	}
	return "invalid"
}

// LockOf returns what keeps the account's codes by that method from being looked at.
func (r *Rules) LockOf(acct records.Account, method records.Method) Lock {
	if !acct.HeldSince.IsZero() {
		return LockHeld
	}
	now := r.cfg.Now()
	return guesses(&acct, method).lock(now, now)
}
