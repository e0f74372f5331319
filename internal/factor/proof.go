package factor

import (
	"context"
	"errors"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/internal/storelimit"
)

// ErrOvertaken says that a request changed nothing, because what it rested on has
// ended since it began: the password or the factor was changed, or its session was
// logged out.
var ErrOvertaken = errors.New("factor: the account or the session has changed since the request began")

// A Basis is what a request rests on that changes something: the account's epoch and
// era as they were when the request began, before whatever it may have to wait for.
// Every change checks them again, inside the update that makes it. The zero Basis is
// that of a user who has no account.
type Basis struct{ epoch, era uint64 }

// Basis returns what a request of the user that begins now rests on.
func (r *Rules) Basis(ctx context.Context, userID string) (Basis, error) {
	acct, err := r.Account(ctx, userID)
	return BasisOf(acct), err
}

// BasisOf returns what a request rests on that has read the account.
func BasisOf(acct records.Account) Basis { return Basis{acct.Epoch, acct.Era} }

// After returns what the request goes on to rest on, once it has itself brought the
// factor into force that g was made with.
func (b Basis) After(g records.Grant) Basis { return Basis{g.Epoch, b.era} }

// check returns ErrHeld or ErrOvertaken if the request may change nothing any more.
func (b Basis) check(acct *records.Account) error {
	switch {
	case acct.State == records.On && !acct.HeldSince.IsZero():
		return ErrHeld
	case b != BasisOf(*acct):
		return ErrOvertaken
	}
	return nil
}

// A Proof is what a request has to show for a change: that it still may, and that the
// user of an unlocked session has the second factor at hand.
type Proof struct {
	Basis Basis
	Grant records.Grant // the session's, which must be in force where a factor is: fresh, if no code was typed
	Code  string        // a code of the phone or a recovery code, if one was typed, in whatever spelling

	// Field is what the field is for that the code was typed into: that tells what was
	// meant by a text that is neither. It is zero where the field is for both.
	Field eagate.Method

	Secrets []string // of the request's browser, as in a Session

	At time.Time // when the request came, before its body was read; zero is now

	typed presented
}

// check is what every change by a session checks inside the update that makes it. It
// returns ErrHeld, ErrOvertaken or a fault, or the grant as it is in force.
//
// A hold, another epoch and another era are written to the account, so that either they
// or the change come first. The grant is another record. It is read between the read
// and the write of the account, and the write fails if the account was changed in
// between: the change is therefore as if made at the moment when the grant was read in
// force. A logout that comes before that moment stops it, however long the request has
// waited; one that comes after it was a write of the store too late.
func (r *Rules) check(ctx context.Context, acct *records.Account, p Proof) (g records.Grant, err error) {
	if err := p.Basis.check(acct); err != nil || acct.State != records.On {
		return g, err
	}
	if p.Grant.ID != "" {
		if g, err = r.cfg.Records.Grant(storelimit.Fresh(ctx), p.Grant.ID); err != nil && !errors.Is(err, records.ErrNotFound) {
			return records.Grant{}, err
		}
	}
	if judge(newCachedAccount(*acct, instant{}), g, acct.UserID, r.cfg.Now()) != Verified {
		return records.Grant{}, ErrOvertaken
	}
	return g, nil
}

// prove is check for a change that wants a proof of the last minutes, which a code is
// or a fresh grant. It returns when that was given.
func (r *Rules) prove(ctx context.Context, acct *records.Account, p Proof) (answer CodeAnswer, at time.Time, err error) {
	g, err := r.check(ctx, acct, p)
	switch {
	case err != nil:
		return CodeAnswer{}, at, err
	case p.Code != "":
		answer, err = r.tryInForce(acct, p.typed)
		return answer, r.cfg.Now(), err
	case r.Fresh(g):
		return CodeAnswer{Result: CodeAccepted}, g.VerifiedAt, nil
	}
	return CodeAnswer{Result: CodeMissing}, at, nil
}

// settle ends the path to a new grant: if the account was closed, or its basis went,
// before the grant was in the store, the grant is revoked. What comes later finds a
// grant in force. Nobody knows its secret before.
func (r *Rules) settle(ctx context.Context, b Basis, userID, secret string) error {
	acct, err := r.Account(storelimit.Fresh(ctx), userID)
	if err == nil {
		err = b.check(&acct)
	}
	if err != nil {
		return errors.Join(err, r.Revoke(ctx, secret))
	}
	return nil
}

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
