package factor

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/internal/storelimit"
)

// ErrNoPush says that the phone isn't asked, because the account doesn't hold the
// user's present e-mail address: the service knows addresses only, and would ask
// another user's phone. See [Rules.WhyNoPush].
var ErrNoPush = errors.New("factor: the account doesn't hold the user's e-mail address")

// A NoPush says why a phone couldn't be asked.
type NoPush uint8

const (
	NoPushFault     NoPush = iota // the service or the phone couldn't be reached, or the user's address isn't known; the zero value
	NoPushMoved                   // the user has another address by now than the phone was set up with
	NoPushCodesOnly               // the phone was set up for codes only, or has lost the address since
	NoPushNoAddress               // the user has no address any more
)

// sameAddress reports whether two e-mail addresses are one.
func sameAddress(a, b string) bool { return records.AddressID(a) == records.AddressID(b) }

// holdsAddress reports whether the account holds the address: it has claimed it, and the
// second factor is on under that address and set up for requests to the phone. Any
// other claim is void, and can be taken over: there is nothing to be released when a
// factor is switched off, or set up under another address.
func holdsAddress(acct *records.Account, a records.Address) bool {
	return a.UserID == acct.UserID && acct.State == records.On && !acct.Factor.CodesOnly && a.ID == records.AddressID(acct.Email)
}

// canPush reports whether the account's phone may be asked at the address.
func canPush(acct *records.Account, a records.Address) bool {
	return holdsAddress(acct, a) && !acct.Factor.AwaitsSync
}

// email returns the user's present address.
func (r *Rules) email(ctx context.Context, user eagate.User) (string, error) {
	if r.cfg.Email == nil {
		return strings.TrimSpace(user.Email), nil
	}
	email, err := r.cfg.Email(ctx, user.ID)
	return strings.TrimSpace(email), err
}

// address returns the record of an e-mail address as it is now, and not as it was when
// the request read it before: between the two, another user may have claimed it.
func (r *Rules) address(ctx context.Context, email string) (records.Address, error) {
	return r.cfg.Records.Address(storelimit.Fresh(ctx), email)
}

// pushAddress returns the record of the user's present address, to be passed to
// canPush; if the application returns an error, the zero one, which nobody holds.
func (r *Rules) pushAddress(ctx context.Context, user eagate.User) (records.Address, error) {
	email, err := r.email(ctx, user)
	if err != nil {
		if more, ok := r.logged.hourly.Say(subject{eagate.EventPushFailed, "address"}, r.cfg.Now()); ok {
			r.cfg.Log.ErrorContext(ctx, "eagate: phones aren't asked, because users' e-mail addresses aren't known",
				slog.Int("since_the_last", more), slog.Any("error", err))
		}
		return records.Address{}, nil
	}
	return r.address(ctx, email)
}

// WhyNoPush returns why the phone of an account that is on can't be asked, if it can't.
func (r *Rules) WhyNoPush(ctx context.Context, user eagate.User, acct records.Account) NoPush {
	switch {
	case acct.State != records.On:
		return NoPushFault
	case acct.Factor.CodesOnly:
		return NoPushCodesOnly
	}
	email, err := r.email(ctx, user)
	if err != nil {
		return NoPushFault
	}
	if !isAddress(email) {
		return NoPushNoAddress
	}
	a, err := r.address(ctx, email)
	switch {
	case err != nil, canPush(&acct, a):
		return NoPushFault
	case !sameAddress(email, acct.Email):
		return NoPushMoved
	case !holdsAddress(&acct, a):
		return NoPushCodesOnly
	}
	return NoPushFault
}

// checkApproval reports whether an approval may be used: the account must still hold
// the user's present address. An approval that may not is void.
func (r *Rules) checkApproval(ctx context.Context, user eagate.User, acct records.Account, challengeID string) (bool, error) {
	email, err := r.email(ctx, user)
	if err != nil {
		return false, err
	}
	a, err := r.address(ctx, email)
	if err != nil {
		return false, err
	}
	if canPush(&acct, a) {
		return true, nil
	}
	return false, r.giveUp(ctx, challengeID, records.Void)
}

// maxAddress is the longest that an e-mail address can be, in bytes (RFC 5321 §4.5.3.1).
const maxAddress = 320

// isAddress reports whether a text can be an e-mail address. The service knows no user by
// anything else.
func isAddress(text string) bool {
	at := strings.LastIndexByte(text, '@')
	return at > 0 && at < len(text)-1 && len(text) <= maxAddress && utf8.ValidString(text) &&
		!strings.ContainsFunc(text, unicode.IsControl)
}

// HasAddress reports whether the user has an e-mail address that a phone can be set up
// with. Its error is the application's.
func (r *Rules) HasAddress(ctx context.Context, user eagate.User) (bool, error) {
	email, err := r.email(ctx, user)
	return err == nil && isAddress(email), err
}

// phoneAddress returns the user's present address if a phone can be set up with it, or
// ErrNoAddress.
func (r *Rules) phoneAddress(ctx context.Context, user eagate.User) (string, error) {
	email, err := r.email(ctx, user)
	if err != nil {
		return "", err
	}
	if isAddress(email) {
		return email, nil
	}
	if more, ok := r.logged.hourly.Say(subject{eagate.EventPushFailed, "no address"}, r.cfg.Now()); ok {
		r.cfg.Log.WarnContext(ctx, "eagate: a user can't set up a phone without an e-mail address: let WithUser or WithEmail return a valid one",
			slog.String("user", user.ID), slog.Int("since_the_last", more))
	}
	return "", ErrNoAddress
}

// addressToStage returns the user's present address, and whether a phone can only be
// set up for codes, because another account holds the address.
func (r *Rules) addressToStage(ctx context.Context, user eagate.User) (email string, codesOnly bool, err error) {
	if email, err = r.phoneAddress(ctx, user); err != nil {
		return "", false, err
	}
	a, err := r.address(ctx, email)
	if err != nil {
		return "", false, err
	}
	codesOnly, err = r.heldByOther(ctx, a, user.ID)
	return email, codesOnly, err
}

// holder returns the ID of the user whose account holds the address, or "".
func (r *Rules) holder(ctx context.Context, a records.Address) (userID string, err error) {
	if a.UserID == "" {
		return "", nil
	}
	acct, err := r.Account(storelimit.Fresh(ctx), a.UserID) // the claim may be tried again
	if err != nil || !holdsAddress(&acct, a) {
		return "", err
	}
	return acct.UserID, nil
}

// heldByOther reports whether another account holds the address, and its user still
// has it. If the application can't say, the answer is yes.
func (r *Rules) heldByOther(ctx context.Context, a records.Address, userID string) (bool, error) {
	if a.UserID == userID {
		return false, nil
	}
	holder, err := r.holder(ctx, a)
	if holder == "" || r.cfg.Email == nil {
		return holder != "", err
	}
	email, err := r.cfg.Email(ctx, holder)
	return err != nil || records.AddressID(email) == a.ID, nil
}

// A claim is what became of claiming an address for a staged factor. The zero claim
// is for none.
type claim struct {
	email     string
	codesOnly bool
	taken     bool   // whether another account had it before
	holder    string // who holds it instead, where that is known
}

// claimFor claims the address for the factor that the session has staged, before that
// comes into force. Of two users at once, the address names the one who came last, and
// the other one's factor doesn't count as set up for push: see holdsAddress. It is the zero
// claim if the session has staged none under the user's present address.
func (r *Rules) claimFor(ctx context.Context, user eagate.User, s Session) (c claim, err error) {
	email, err := r.phoneAddress(ctx, user)
	if err != nil {
		return claim{}, err
	}
	acct, err := r.Account(ctx, user.ID)
	if err != nil || r.stagedBy(acct, s) != nil || !sameAddress(email, acct.Staged.Email) {
		return claim{}, err
	}
	err = r.cfg.Records.UpdateAddress(ctx, email, func(a *records.Address) error {
		c = claim{email: acct.Staged.Email}
		other, err := r.heldByOther(ctx, *a, user.ID)
		switch {
		case err != nil:
			return err
		case other:
			c.codesOnly, c.holder = true, a.UserID
			return records.ErrUnchanged
		}
		// Written though it may name the user already: another user may be about to
		// take the earlier claim over.
		a.HadOther = a.HadOther || a.UserID != "" && a.UserID != user.ID
		a.UserID, a.Since, c.taken = user.ID, r.cfg.Now(), a.HadOther
		return nil
	})
	return c, err
}

// covers reports whether the claim is of the address that was staged.
func (c claim) covers(s *records.Staged) bool { return c.email != "" && c.email == s.Email }

// of returns the factor as it comes into force after the claim.
func (c claim) of(f records.Factor) records.Factor {
	f.CodesOnly = f.CodesOnly || c.codesOnly
	f.AwaitsSync = c.taken && !f.CodesOnly
	return f
}

// updateHolder changes the factor of an account that holds an address, and has the service
// informed. It reports whether the account still held it.
func (r *Rules) updateHolder(ctx context.Context, userID, email string, change func(*records.Factor)) (held bool, err error) {
	err = r.updateAccount(ctx, userID, func(acct *records.Account) error {
		held = acct.State == records.On && !acct.Factor.CodesOnly && sameAddress(acct.Email, email)
		if !held {
			return records.ErrUnchanged
		}
		change(&acct.Factor)
		requestSync(&acct.Sync, r.cfg.Now())
		return nil
	})
	return held, err
}

// makeCodesOnly has a factor's phone not be asked any more.
func makeCodesOnly(f *records.Factor) { f.CodesOnly, f.AwaitsSync = true, false }
