package factor

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/records"
)

// Reset switches the user's second factor off, for an administrator, who gives a reason.
// All that was proved is void, and all counts start at zero. If it was off already, that
// is no error.
func (r *Rules) Reset(ctx context.Context, userID, reason string) error {
	err := r.operate(ctx, eagate.EventReset, userID, reason, func(acct *records.Account) {
		r.unlock(acct)
		acct.Staged, acct.OffBy = nil, ""
		switch {
		case acct.State == records.On:
			r.switchOff(acct)
		case acct.Epoch == 0:
			r.void(acct) // if the account was lost, sessions take it for switched off from now on
		}
	})
	if err == nil {
		r.SyncNow(ctx, userID)
	}
	return err
}

// Unlock forgets the user's wrong codes and unapproved requests, and releases a held
// account.
func (r *Rules) Unlock(ctx context.Context, userID, reason string) error {
	return r.operate(ctx, eagate.EventUnblocked, userID, reason, r.unlock)
}

// RevokeAll revokes all that the user has proved: every session must prove again, and no
// device is trusted.
func (r *Rules) RevokeAll(ctx context.Context, userID, reason string) error {
	return r.operate(ctx, eagate.EventRevoked, userID, reason, func(acct *records.Account) {
		if acct.State == records.On || acct.Epoch != 0 { // else nothing was proved, or the account is lost
			r.void(acct)
		}
	})
}

// operate makes an administrator's change, and emits its event.
func (r *Rules) operate(ctx context.Context, kind eagate.EventKind, userID, reason string, change func(*records.Account)) error {
	var email string
	err := r.updateAccount(ctx, userID, func(acct *records.Account) error {
		email = acct.Email
		change(acct)
		return nil
	})
	if err == nil {
		r.emit(ctx, eagate.Event{Kind: kind, UserID: userID, Email: email, Reason: reason})
	}
	return err
}

// unlock forgets what keeps codes and requests of an account from being accepted.
func (r *Rules) unlock(acct *records.Account) {
	forgive(acct, r.cfg.Now())
	acct.HeldSince, acct.ReleasedAt = time.Time{}, r.cfg.Now()
	forgetPushes(&acct.Push)
}

// AddressHolder returns the ID of the user whose account holds the address, or "".
func (r *Rules) AddressHolder(ctx context.Context, email string) (userID string, err error) {
	a, err := r.address(ctx, email)
	if err != nil {
		return "", err
	}
	return r.holder(ctx, a)
}

// ReleaseAddress makes the account that holds the address one for codes only, for an
// administrator, who gives a reason. If none holds it, that is no error.
func (r *Rules) ReleaseAddress(ctx context.Context, email, reason string) error {
	holder, err := r.AddressHolder(ctx, email)
	if err != nil || holder == "" {
		return err
	}
	held, err := r.updateHolder(ctx, holder, email, makeCodesOnly)
	if err != nil || !held {
		return err
	}
	r.emit(ctx, eagate.Event{Kind: eagate.EventCodesOnly, UserID: holder, Email: email, Reason: reason})
	r.SyncNow(ctx, holder)
	return nil
}

const (
	reportEvery   = 200
	faultsInError = 10          // the others are only counted
	resyncAfter   = time.Minute // that accounts which are on come behind those that are off
)

// Progress says how far a change of all records has come.
type Progress struct {
	Seen    int // records looked at
	Changed int
	Failed  int
}

// A tally counts the records of a change, and keeps the first faults.
type tally struct {
	Progress
	faults []error
}

// count counts a record.
func (t *tally) count(changed bool, err error) {
	t.Seen++
	if changed {
		t.Changed++
	}
	if err != nil {
		if t.Failed++; len(t.faults) < faultsInError {
			t.faults = append(t.faults, err)
		}
	}
}

// result returns what was counted, and the faults, with the one that ended the change, if
// any.
func (t *tally) result(end error) (Progress, error) {
	if more := t.Failed - len(t.faults); more > 0 {
		t.faults = append(t.faults, fmt.Errorf("factor: and %d more records", more))
	}
	return t.Progress, errors.Join(append(t.faults, end)...)
}

// Accounts returns all accounts, in no particular order. An account that can't be
// read is an error with a [*records.RecordError]; any other error ends the list.
func (r *Rules) Accounts(ctx context.Context) iter.Seq2[records.Account, error] {
	return r.cfg.Records.Accounts(ctx)
}

// LateAccounts returns the accounts with changes that were not reported to the service yet,
// under the rules of Accounts. Every one is due at some time: so few are found by that, and
// only for many are all accounts read.
func (r *Rules) LateAccounts(ctx context.Context) iter.Seq2[records.Account, error] {
	return func(yield func(records.Account, error) bool) {
		accounts := r.Accounts(ctx)
		due, err := r.cfg.Records.DueAccounts(ctx, noLater, strayBehind)
		if err == nil && len(due) < strayBehind {
			accounts = func(yield func(records.Account, error) bool) {
				for _, id := range due {
					acct, err := r.cfg.Records.Account(ctx, id)
					acct.UserID = id
					if !yield(acct, err) || err != nil && !isUnreadable(err) {
						return
					}
				}
			}
		}
		for acct, err := range accounts {
			if (err != nil || acct.Sync.Late()) && !yield(acct, err) {
				return
			}
		}
	}
}

// isUnreadable reports whether an error is that of one account, and not the store's.
func isUnreadable(err error) bool {
	var unreadable *records.RecordError
	return errors.As(err, &unreadable)
}

// changeAll applies change to every account, and calls report now and then. An account
// that can't be changed is counted, and the others go on; the error is of the list, which
// ends it. It can be called again.
func (r *Rules) changeAll(ctx context.Context, done *tally, report func(Progress), change func(*records.Account) (bool, error)) error {
	for acct, err := range r.Accounts(ctx) {
		if err != nil && !isUnreadable(err) {
			return err
		}
		changed := false
		if err == nil {
			changed, err = r.changeOne(ctx, acct, change)
		}
		if err != nil {
			err = fmt.Errorf("factor: user %q: %w", acct.UserID, err)
		}
		done.count(changed, err)
		if done.Seen%reportEvery == 0 {
			report(done.Progress)
		}
	}
	return nil
}

// changeOne tries the listed account first: most need no change, and then none is
// written.
func (r *Rules) changeOne(ctx context.Context, listed records.Account, change func(*records.Account) (bool, error)) (changed bool, err error) {
	if would, err := change(&listed); !would {
		return false, err
	}
	var fault error
	err = r.updateAccount(ctx, listed.UserID, func(a *records.Account) error {
		if changed, fault = change(a); !changed {
			return records.ErrUnchanged
		}
		return nil
	})
	return changed && err == nil, errors.Join(fault, err)
}

// ResyncAll has the service informed anew of every account, and sends nothing
// itself: Run does, or SyncDue. The service has no call to read what it has stored,
// so that this is the way to correct it. Accounts that are off come first: an
// address may have moved from one of them to one that is on.
func (r *Rules) ResyncAll(ctx context.Context, report func(Progress)) (Progress, error) {
	var done tally
	err := r.changeAll(ctx, &done, report, func(a *records.Account) (bool, error) {
		if a.Email == "" {
			return false, nil // it was never on
		}
		requestSync(&a.Sync, r.cfg.Now())
		if a.State == records.On {
			a.Sync.NextAt = a.Sync.NextAt.Add(resyncAfter)
		}
		return true, nil
	})
	report(done.Progress)
	return done.result(err)
}

// ResealAll seals and protects by the newest key all records that still use an older one,
// so that the older ones can be removed once every node has the newest. A record that
// can't be opened counts as failed, and the error names it.
func (r *Rules) ResealAll(ctx context.Context, report func(Progress)) (Progress, error) {
	var done tally
	err := r.changeAll(ctx, &done, report, func(a *records.Account) (bool, error) {
		resealed, err := r.reseal(a)
		return resealed || a.Stale, err
	})
	err = errors.Join(err, r.cfg.Records.Reseal(ctx, done.count))
	report(done.Progress)
	return done.result(err)
}

// reseal seals by the newest key what an older one has sealed, and reports
// whether there was anything. What can't be opened stays as it is.
func (r *Rules) reseal(a *records.Account) (changed bool, err error) {
	var faults []error
	sealed := []*[]byte{&a.Factor.Secret, &a.Sync.Retired}
	if a.Staged != nil {
		sealed = append(sealed, &a.Staged.Factor.Secret)
	}
	for _, secret := range sealed {
		if len(*secret) == 0 || r.cfg.Keys.Newest(*secret) {
			continue
		}
		anew, err := r.cfg.Keys.Reseal(*secret, SecretPurpose, a.UserID)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		*secret, changed = anew, true
	}
	return changed, errors.Join(faults...)
}
