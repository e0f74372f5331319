package factor

import (
	"context"
	"errors"
	"fmt"
	"iter"
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

const (
	reportEvery   = 200
	faultsInError = 10 // the others are only counted
)

// Progress says how far a change of all records has come.
type Progress struct {
	Seen    int // records looked at
	Changed int
	Failed  int
}

// Accounts returns all accounts, in no particular order. An account that can't be
// read is an error with a [*records.RecordError]; any other error ends the list.
func (r *Rules) Accounts(ctx context.Context) iter.Seq2[records.Account, error] {
	return r.cfg.Records.Accounts(ctx)
}

// errUnchanged ends an update that leaves the account as it is.
var errUnchanged = errors.New("factor: nothing to change")

// changeAll applies change to every account, and reports now and then, but not at
// the end. That an account can't be changed doesn't keep it from the others; that
// accounts can't be listed ends it. It can be called again.
func (r *Rules) changeAll(ctx context.Context, report func(Progress), change func(*records.Account) (bool, error)) (Progress, error) {
	var (
		done   Progress
		faults []error
	)
	for acct, err := range r.Accounts(ctx) {
		var unreadable *records.RecordError
		if err != nil && !errors.As(err, &unreadable) {
			return done, errors.Join(append(faults, err)...)
		}
		changed := false
		if err == nil {
			changed, err = r.changeOne(ctx, acct, change)
		}
		done.Seen++
		if changed {
			done.Changed++
		}
		if err != nil {
			if done.Failed++; len(faults) < faultsInError {
				faults = append(faults, fmt.Errorf("factor: user %q: %w", acct.UserID, err))
			}
		}
		if done.Seen%reportEvery == 0 {
			report(done)
		}
	}
	if more := done.Failed - len(faults); more > 0 {
		faults = append(faults, fmt.Errorf("factor: and %d more accounts", more))
	}
	return done, errors.Join(faults...)
}

// changeOne looks at the listed account first: most need no change, and then none is
// written.
func (r *Rules) changeOne(ctx context.Context, listed records.Account, change func(*records.Account) (bool, error)) (changed bool, err error) {
	if would, err := change(&listed); !would {
		return false, err
	}
	var fault error
	err = r.updateAccount(ctx, listed.UserID, func(a *records.Account) error {
		changed, fault = change(a)
		if !changed {
			return errUnchanged
		}
		return nil
	})
	if errors.Is(err, errUnchanged) {
		err = nil
	}
	return changed && err == nil, errors.Join(fault, err)
}

// secretsOf returns where an account keeps what is sealed.
func secretsOf(a *records.Account) []*[]byte {
	secrets := make([]*[]byte, 0, 3)
	if len(a.Factor.Secret) > 0 {
		secrets = append(secrets, &a.Factor.Secret)
	}
	if a.Staged != nil && len(a.Staged.Factor.Secret) > 0 {
		secrets = append(secrets, &a.Staged.Factor.Secret)
	}
	if len(a.Sync.Retired) > 0 {
		secrets = append(secrets, &a.Sync.Retired)
	}
	return secrets
}

// reseal seals by the newest key what an older one has sealed, and reports
// whether there was anything. What can't be opened stays as it is.
func (r *Rules) reseal(a *records.Account) (changed bool, err error) {
	var faults []error
	for _, secret := range secretsOf(a) {
		if r.cfg.Keys.Newest(*secret) {
			continue
		}
		sealed, err := r.cfg.Keys.Reseal(*secret, SecretPurpose, a.UserID)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		*secret, changed = sealed, true
	}
	return changed, errors.Join(faults...)
}

// ResealAll seals and protects by the newest key whatever an older one does, in all
// records, so that the older ones can be given up once every node has the newest. A
// record that can't be opened counts as failed, and is named in the error.
func (r *Rules) ResealAll(ctx context.Context, report func(Progress)) (Progress, error) {
	done, err := r.changeAll(ctx, report, func(a *records.Account) (bool, error) {
		resealed, err := r.reseal(a)
		return resealed || a.Stale, err
	})
	faults := []error{err}
	err = r.cfg.Records.Reseal(ctx, func(changed bool, err error) {
		done.Seen++
		if changed {
			done.Changed++
		}
		if err != nil {
			if done.Failed++; len(faults) < faultsInError {
				faults = append(faults, err)
			}
		}
	})
	report(done)
	return done, errors.Join(append(faults, err)...)
}
