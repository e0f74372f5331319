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

// An Admin has the operations for operators. Its methods check no authorization: call
// them from a command, or from a page that only operators can reach. It is safe for
// concurrent use.
type Admin struct {
	rules *factor.Rules
}

// Admin returns the operations for operators on the gate's accounts.
func (g *Gate) Admin() *Admin { return &Admin{g.rules} }

// An AccountStatus is the state of a user's second factor.
type AccountStatus struct {
	UserID  string
	Email   string // the address under which the service knows the user
	Enabled bool
	Since   time.Time // when the factor was confirmed

	// CodesOnly means that the phone generates codes and gets no requests: another
	// account held the address when it was set up, or the address was released since.
	CodesOnly bool

	Lock        eagate.Lock // why codes of the phone are not checked
	LockedUntil time.Time   // for [eagate.LockPaused]
	WrongCodes  int         // codes of the phone since the last proof

	RecoveryLock        eagate.Lock // the same for recovery codes
	RecoveryLockedUntil time.Time
	WrongRecoveryCodes  int

	RecoveryCodes int              // unused ones
	PushPaused    time.Time        // when the pause of requests to the phone ends, after ones that weren't approved
	Devices       []TrustedBrowser // not expired
	LateSince     time.Time        // when the oldest change was made that was not reported to the service yet
}

// A TrustedBrowser is a browser in which a user need not prove the second factor.
type TrustedBrowser struct {
	ID         string
	Name       string
	LastUsedAt time.Time
	ExpiresAt  time.Time
}

// Status returns the state of a user's second factor. For a user who has never set one up,
// nor typed a code to do so, only UserID is set.
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

// A ListFilter selects the accounts for which every set field holds. The zero value
// selects all accounts, including those whose second factor is off.
type ListFilter struct {
	Enabled     bool // with the second factor on
	Locked      bool // with codes of the phone or recovery codes locked
	Late        bool // with a change that was not reported to the service yet
	FewRecovery bool // with the second factor on and at most three recovery codes
}

func (f ListFilter) match(s AccountStatus) bool {
	return (!f.Enabled || s.Enabled) &&
		(!f.Locked || s.Lock != eagate.LockNone || s.RecoveryLock != eagate.LockNone) &&
		(!f.Late || !s.LateSince.IsZero()) &&
		(!f.FewRecovery || s.Enabled && s.RecoveryCodes <= templates.RecoveryFew)
}

// List iterates over the accounts that the filter selects, in no particular order. It
// reads all accounts, page by page. An account that can't be read, because it was forged
// or its key is missing, is yielded as an error with its UserID. Any other error is the
// store's, and ends the iteration.
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

// Reset switches a user's second factor off: for a user who has lost both the phone and
// the recovery codes, and whom you have identified by other means. It revokes all
// sessions' grants and trusted devices of the user, and reports the change to the
// service. The reason must not be empty; [eagate.EventReset] has it. It is no error if
// the second factor was off.
func (a *Admin) Reset(ctx context.Context, userID, reason string) error {
	return withReason("Reset", reason, func() error { return a.rules.Reset(ctx, userID, reason) })
}

// Unlock resets a user's counts of wrong codes and of requests to the phone, and opens an
// account that a rejection has closed. The reason must not be empty;
// [eagate.EventUnblocked] has it.
func (a *Admin) Unlock(ctx context.Context, userID, reason string) error {
	return withReason("Unlock", reason, func() error { return a.rules.Unlock(ctx, userID, reason) })
}

// Revoke revokes all of a user's proofs: every session must prove the second factor
// again, no device is trusted, and a pending replacement of the phone must be started
// again. On other nodes this takes up to two seconds. The reason must not be empty;
// [eagate.EventRevoked] has it.
func (a *Admin) Revoke(ctx context.Context, userID, reason string) error {
	return withReason("Revoke", reason, func() error { return a.rules.RevokeAll(ctx, userID, reason) })
}

// RevokeDevice revokes the trusted device with that ID, and the grants of the sessions in
// which it replaced a proof. It reports whether the device existed. The reason must not
// be empty; [eagate.EventDeviceRevoked] has it.
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

// A LateSync is an account with a change that was not reported to the service yet.
type LateSync struct {
	UserID  string
	Email   string
	Enabled bool // the state to report

	Since       time.Time // when the oldest unreported change was made
	Attempts    int       // failed attempts to report the newest change
	LastError   string    // of the last attempt; without secrets
	NextAttempt time.Time
}

// LateSyncs iterates over the accounts with changes that were not reported to the service
// yet, in no particular order. While [Gate.Run] runs on any node, it retries without
// limit, with pauses that grow to an hour. Errors are those of [Admin.List].
func (a *Admin) LateSyncs(ctx context.Context) iter.Seq2[LateSync, error] {
	return func(yield func(LateSync, error) bool) {
		for acct, err := range a.rules.LateAccounts(ctx) {
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

// Progress counts the records of an operation on all of them.
type Progress struct {
	Seen    int // read
	Changed int // changed; the others didn't need it
	Failed  int // could not be changed
}

// ResyncAll schedules a report of every account to the service: for a service that has
// lost data, as there is no call to read its state. [Gate.Run] sends the reports, and
// [Admin.LateSyncs] has those that are outstanding.
//
// It calls report from time to time, and at the end; report may be nil. Accounts that
// can't be changed are counted, and the error names the first ones. It may be called
// again at any time.
func (a *Admin) ResyncAll(ctx context.Context, report func(Progress)) (Progress, error) {
	p, err := a.rules.ResyncAll(ctx, reporting(report))
	return Progress(p), err
}

// ResealAll seals the secret of every account with the newest key, and authenticates
// every record with it. Records that change are resealed anyway; ResealAll does the
// others, so that a key can be retired:
//
//  1. Let every node open what the new key seals: WithKey(old, new).
//  2. Let every node seal with it: WithKey(new, old).
//  3. Register the new [Gate.CallbackURL] in the Console.
//  4. Call ResealAll, and again if it failed.
//  5. Remove the old key: WithKey(new).
//
// It calls report from time to time, and at the end; report may be nil. An account whose
// secret no key opens counts as failed, and the error names the first ones. It may be
// called again at any time.
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

// AddressHolder returns the ID of the user whose phone gets the requests for an e-mail
// address, or "" if there is none. Each address has at most one holder: the first account
// that set up a phone under it and has the second factor on. Addresses that differ only
// in letter case, surrounding blanks or Unicode form (NFKC) are the same.
func (a *Admin) AddressHolder(ctx context.Context, email string) (userID string, err error) {
	return a.rules.AddressHolder(ctx, email)
}

// ReleaseAddress takes an e-mail address from the account that holds it, when a mailbox
// has a new owner, say, and its previous owner hasn't set up the phone under another
// address. The account's phone gets no more requests, its codes still work, and the
// service is told that the second factor is off. The next account that sets up a phone
// under the address holds it, which may be the same one. The reason must not be empty;
// [eagate.EventCodesOnly] has it. It is no error if nobody holds the address.
func (a *Admin) ReleaseAddress(ctx context.Context, email, reason string) error {
	return withReason("ReleaseAddress", reason, func() error { return a.rules.ReleaseAddress(ctx, email, reason) })
}
