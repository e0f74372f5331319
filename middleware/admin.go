package middleware

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/templates"
)

// An Admin is what operators can do. Its methods ask nobody for a proof: call
// them from a command or a page that only operators reach. It is safe for
// concurrent use.
type Admin struct {
	rules *factor.Rules
}

// Admin returns what operators can do with the gate's accounts.
func (g *Gate) Admin() *Admin { return &Admin{g.rules} }

// An AccountStatus is how a user's second factor stands.
type AccountStatus struct {
	UserID  string
	Email   string // the address that the service knows the user by
	Enabled bool
	Since   time.Time // when the factor in force was confirmed

	// CodesOnly says that the phone makes codes and isn't asked: another account held
	// the address when it was set up, or the address was released since.
	CodesOnly bool

	Lock        eagate.Lock // what keeps codes of the phone from being looked at
	LockedUntil time.Time   // of [eagate.LockPaused]
	WrongCodes  int         // codes of the phone since the last proof

	RecoveryLock        eagate.Lock // the same of recovery codes
	RecoveryLockedUntil time.Time
	WrongRecoveryCodes  int

	RecoveryCodes int       // that are left
	PushPaused    time.Time // until when no request is sent to the phone, because earlier ones weren't approved
	Devices       []TrustedBrowser
	LateSince     time.Time // since when the service hasn't been told of a change
}

// A TrustedBrowser is one on which a user isn't asked.
type TrustedBrowser struct {
	ID         string
	Name       string
	LastUsedAt time.Time
	ExpiresAt  time.Time
}

// Status returns how a user's second factor stands. A user who never had one has
// the zero status with only the UserID set.
func (a *Admin) Status(ctx context.Context, userID string) (AccountStatus, error) {
	acct, err := a.rules.Account(ctx, userID)
	if err != nil {
		return AccountStatus{}, err
	}
	return a.statusOf(ctx, acct)
}

func (a *Admin) statusOf(ctx context.Context, acct records.Account) (AccountStatus, error) {
	paused, err := a.rules.PushPaused(ctx, acct)
	if err != nil {
		return AccountStatus{UserID: acct.UserID}, err
	}
	s := AccountStatus{
		UserID: acct.UserID, Email: acct.Email, Enabled: acct.State == records.On, Since: acct.EnabledAt,
		CodesOnly: acct.Factor.CodesOnly,
		Lock:      a.rules.LockOf(acct, eagate.TOTP), LockedUntil: acct.LockedUntil, WrongCodes: acct.Failures,
		RecoveryLock:        a.rules.LockOf(acct, eagate.Recovery),
		RecoveryLockedUntil: acct.RecoveryLockedUntil, WrongRecoveryCodes: acct.RecoveryFailures,
		RecoveryCodes: factor.RecoveryLeft(acct), PushPaused: paused,
	}
	for _, d := range a.rules.Devices(acct) {
		s.Devices = append(s.Devices, TrustedBrowser{ID: d.ID, Name: d.Name, LastUsedAt: d.LastUsedAt, ExpiresAt: d.ExpiresAt})
	}
	if acct.Sync.Late() {
		s.LateSince = acct.Sync.Since
	}
	return s, nil
}

// A ListFilter lets through the accounts that are all that it says. The zero value
// lets all of them through, those too that no longer have a second factor.
type ListFilter struct {
	Enabled     bool // with the second factor on
	Locked      bool // whose codes of the phone, or recovery codes, aren't looked at
	Late        bool // of which the service doesn't know how they stand
	FewRecovery bool // with the second factor on and at most three recovery codes
}

func (f ListFilter) match(s AccountStatus) bool {
	return (!f.Enabled || s.Enabled) &&
		(!f.Locked || s.Lock != eagate.LockNone || s.RecoveryLock != eagate.LockNone) &&
		(!f.Late || !s.LateSince.IsZero()) &&
		(!f.FewRecovery || s.Enabled && s.RecoveryCodes <= templates.RecoveryFew)
}

// List returns the accounts that the filter lets through, in no particular order.
// It reads all of them, page by page. An account that can't be read, because it was
// forged or its key is missing, is an error with its user ID in it; any other error is
// the store's, and ends the list.
func (a *Admin) List(ctx context.Context, filter ListFilter) iter.Seq2[AccountStatus, error] {
	return func(yield func(AccountStatus, error) bool) {
		for acct, err := range a.rules.Accounts(ctx) {
			s := AccountStatus{UserID: acct.UserID}
			if err == nil {
				s, err = a.statusOf(ctx, acct)
			}
			if (err != nil || filter.match(s)) && !yield(s, err) {
				return
			}
		}
	}
}

// Reset switches a user's second factor off: for somebody who has lost both phone
// and recovery codes, and whom you know by other means. The reason is told with
// [eagate.EventReset]; it must not be empty. All that was proved is worthless afterwards,
// and the service is told. That it was off is no error.
func (a *Admin) Reset(ctx context.Context, userID, reason string) error {
	return withReason("Reset", reason, func() error { return a.rules.Reset(ctx, userID, reason) })
}

// Unlock forgets a user's wrong codes, how often the phone was asked and what wasn't
// approved there, and opens an account that a rejection has closed. The reason is
// told with [eagate.EventUnblocked]; it must not be empty.
func (a *Admin) Unlock(ctx context.Context, userID, reason string) error {
	return withReason("Unlock", reason, func() error { return a.rules.Unlock(ctx, userID, reason) })
}

// Revoke makes worthless all that a user has proved: every session must prove the
// second factor again, no device is trusted, and a phone that is being set up in place of
// the present one must be begun anew. On other nodes it takes up to two seconds. The
// reason is told with [eagate.EventRevoked]; it must not be empty.
func (a *Admin) Revoke(ctx context.Context, userID, reason string) error {
	return withReason("Revoke", reason, func() error { return a.rules.RevokeAll(ctx, userID, reason) })
}

// RevokeDevice has a user be asked again on the trusted device with that ID, and
// ends the sessions that it let in. It reports whether there was one. The reason is
// reported with [eagate.EventDeviceRevoked]; it must not be empty.
func (a *Admin) RevokeDevice(ctx context.Context, userID, deviceID, reason string) (found bool, err error) {
	err = withReason("RevokeDevice", reason, func() error {
		if deviceID == "" {
			return errors.New("middleware: RevokeDevice: no device")
		}
		n, err := a.rules.Distrust(ctx, userID, deviceID, reason)
		found = n > 0
		return err
	})
	return found, err
}

// withReason makes an operator's call, if the operator has given a reason.
func withReason(call, reason string, do func() error) error {
	if strings.TrimSpace(reason) == "" {
		return fmt.Errorf("middleware: %s: no reason: say why, for the readers of the log", call)
	}
	return do()
}

// A LateSync is an account of which the service doesn't know how it stands.
type LateSync struct {
	UserID  string
	Email   string
	Enabled bool // what the service should know

	Since       time.Time // when the oldest change was made that it doesn't know
	Attempts    int       // to tell it of the newest, in vain
	LastError   string    // of the last one; without secrets
	NextAttempt time.Time
}

// LateSyncs returns the accounts of which the service doesn't know how they
// stand, in no particular order. While [Gate.Run] runs on some node, it goes on
// trying for ever, with pauses that grow to an hour. Errors are as those of
// [Admin.List].
func (a *Admin) LateSyncs(ctx context.Context) iter.Seq2[LateSync, error] {
	return func(yield func(LateSync, error) bool) {
		for acct, err := range a.rules.Accounts(ctx) {
			if err == nil && !acct.Sync.Late() {
				continue
			}
			if !yield(LateSync{
				UserID: acct.UserID, Email: acct.Email, Enabled: acct.State == records.On,
				Since: acct.Sync.Since, Attempts: acct.Sync.Attempts, LastError: acct.Sync.LastErr,
				NextAttempt: acct.Sync.NextAt,
			}, err) {
				return
			}
		}
	}
}

// Progress says how far a change of all records has come.
type Progress struct {
	Seen    int // records looked at
	Changed int // those that needed the change, and have it
	Failed  int // those that couldn't be changed
}

// ResyncAll has the service told anew how every account stands: the service has
// no call to read what it believes, so this puts it right after it has lost
// something, say. It sends nothing itself; [Gate.Run] does, in its own time, and
// [Admin.LateSyncs] shows what is left.
//
// report is called now and then, and at the end; it may be nil. Accounts that
// can't be changed are counted, and the first ones named in the error. It may be
// called again at any time.
func (a *Admin) ResyncAll(ctx context.Context, report func(Progress)) (Progress, error) {
	p, err := a.rules.ResyncAll(ctx, reporting(report))
	return Progress(p), err
}

// ResealAll seals by the newest key what former ones have sealed, in every account,
// and protects by it every record against forgery. Records that change are resealed
// anyway; this reaches the others, so that a key can be retired:
//
//  1. Let every node open what the new key seals: WithKey(former, new).
//  2. Let every node seal by it: WithKey(new, former).
//  3. Register the new [Gate.CallbackURL] in the Console.
//  4. Call ResealAll, and again if it failed.
//  5. Take the former key away: WithKey(new).
//
// report is called now and then, and at the end; it may be nil. An account whose
// secret none of the keys opens counts as failed, and the first ones are named in
// the error. It may be called again at any time.
func (a *Admin) ResealAll(ctx context.Context, report func(Progress)) (Progress, error) {
	p, err := a.rules.ResealAll(ctx, reporting(report))
	return Progress(p), err
}

func reporting(report func(Progress)) func(factor.Progress) {
	return func(p factor.Progress) {
		if report != nil {
			report(Progress(p))
		}
	}
}

// AddressHolder returns the ID of the user whose phone is asked at an e-mail address,
// or "" if there is none. Each address has at most one: the account that was the first
// to set up a phone under it, and has the second factor on there. Letter case, blanks
// around it and Unicode's ways to write the same letter (NFKC) make no difference.
func (a *Admin) AddressHolder(ctx context.Context, email string) (userID string, err error) {
	return a.rules.AddressHolder(ctx, email)
}

// ReleaseAddress takes an e-mail address from the account that holds it: when a mailbox
// has been handed on, say, and its former owner doesn't come back to set the phone up
// under another address. The account's phone isn't asked any more, its codes go on
// working, and the service is told that it is off. Whoever sets up a phone under the
// address next, the former holder included, holds it. The reason is told with
// [eagate.EventCodesOnly]; it must not be empty. That nobody holds the address is no error.
func (a *Admin) ReleaseAddress(ctx context.Context, email, reason string) error {
	return withReason("ReleaseAddress", reason, func() error { return a.rules.ReleaseAddress(ctx, email, reason) })
}
