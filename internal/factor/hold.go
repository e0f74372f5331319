package factor

import (
	"context"
	"errors"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/records"
)

// ErrHeld says that the account is closed until the password has been changed.
var ErrHeld = errors.New("factor: the account is held after a rejection on the phone")

// PasswordChanged ends what the former password has begun: requests to the phone,
// enrolments, and whatever request of the user still waits, which changes nothing
// when its turn comes. It opens an account that a rejection has closed, and no device
// is trusted from now on: it was on the former password that they rested. Grants in
// force stay. Called again after an error, it does all of it again.
//
// It gives a user who has none an account without a second factor: a first enrolment
// that is still under way finds out by it.
func (r *Rules) PasswordChanged(ctx context.Context, userID string) error {
	var (
		email, live string
		released    bool
		devices     []records.Device
	)
	err := r.updateAccount(ctx, userID, func(acct *records.Account) error {
		email = acct.Email
		live = interrupt(acct)
		released = !acct.HeldSince.IsZero()
		acct.HeldSince, acct.ReleasedAt = time.Time{}, r.cfg.Now()
		devices, acct.Devices = acct.Devices, nil
		return nil
	})
	if err != nil {
		return err
	}
	if released {
		r.emit(ctx, eagate.Event{Kind: eagate.EventReleased, UserID: userID, Email: email})
	}
	for _, d := range devices {
		r.emit(ctx, eagate.Event{Kind: eagate.EventDeviceRevoked, UserID: userID, Email: email, Device: d.Name, Reason: "password changed"})
	}
	return r.giveUp(ctx, live, records.Void) // it counts no more already: pages that wait are told
}

// interrupt ends what is under way in an account, but no grant, and returns the ID of
// the challenge that could still have been approved.
func interrupt(acct *records.Account) (live string) {
	acct.Era++
	live = withdraw(&acct.Push)
	unreserve(&acct.Push)
	acct.Staged, acct.LastForm = nil, records.Form{}
	return live
}
