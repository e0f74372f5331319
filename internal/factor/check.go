package factor

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/internal/storelimit"
)

// A Standing is how the caller of a request stands.
type Standing uint8

const (
	Locked    Standing = iota // the second factor must be proved first; the zero value
	Verified                  // it was
	Open                      // the user has no second factor
	MustEnrol                 // nor that, but must have one: see Missing
	Over                      // nor that, but had one when the session was asked for it: the user must sign in again
	Nobody                    // nobody is logged in
)

// Check tells whether the user's session, which holds the secret of that grant
// or "", may pass. An error means that it can't be told, and so: no.
//
// What is cached can let a session in, but never lock it out: that would send
// somebody who has just proved it on another node through it again.
func (r *Rules) Check(ctx context.Context, userID, secret string) (Standing, records.Grant, error) {
	now := r.instant()
	if verdict, g, known := r.remembered(userID, secret, now); known {
		return verdict, g, nil
	}
	return r.checkStored(ctx, userID, secret, now, false)
}

// CheckAnew is Check by what the store says now, whatever this node has seen before.
func (r *Rules) CheckAnew(ctx context.Context, userID, secret string) (Standing, records.Grant, error) {
	return r.checkStored(ctx, userID, secret, r.instant(), true)
}

// Remembered returns what Check returns, if that doesn't have to ask the store.
func (r *Rules) Remembered(userID, secret string) (verdict Standing, known bool) {
	verdict, _, known = r.remembered(userID, secret, r.instant())
	return verdict, known
}

// remembered is Check as far as the cache knows.
func (r *Rules) remembered(userID, secret string, now instant) (verdict Standing, g records.Grant, known bool) {
	acct, known := r.cache.account(userID)
	lost := acct.neverOn() && isSecretOf(secret, userID) // another session doesn't know
	if !known || !acct.isFresh(now) || lost {
		return Locked, records.Grant{}, false
	}
	cached, _ := r.cache.grant(secret)
	if !cached.isFresh(now) {
		cached = cachedGrant{}
	}
	if verdict = judge(acct, cached.Grant, userID, now.wall); verdict == Locked || verdict == Verified && cached.ended(now) {
		return Locked, records.Grant{}, false
	}
	return verdict, cached.Grant, true
}

// judge is the one place that decides whether a session may pass: with this
// account, and this grant or the zero one.
func judge(acct cachedAccount, g records.Grant, userID string, now time.Time) Standing {
	switch {
	case !acct.on:
		return Open
	case g.ID == "" || g.Kind != records.KindProof || g.UserID != userID || g.Epoch != acct.epoch || !now.Before(g.ExpiresAt):
		return Locked
	case ahead(g.VerifiedAt, now):
		return Locked
	case g.Method == eagate.TrustedDevice && !acct.trusts(g.Device, now):
		return Locked // the device is no longer trusted
	}
	return Verified
}

// checkStored asks the store, and remembers what it says. Unless anew is set, it is
// content with a grant that another request has just read.
func (r *Rules) checkStored(ctx context.Context, userID, secret string, now instant, anew bool) (Standing, records.Grant, error) {
	ctx = storelimit.Fresh(storelimit.WithBudget(ctx)) // what is cached must not be older than it seems
	id := ""
	if secret != "" {
		id = hash(secret)
	}
	changes := r.cache.generation(userID, id)
	stored, err := r.cfg.Records.Account(ctx, userID)
	if err != nil {
		return Locked, records.Grant{}, err
	}
	r.watchVersion(ctx, stored)
	acct := newCachedAccount(stored, now)
	r.cache.addAccount(userID, acct, changes)
	if acct.neverOn() && isSecretOf(secret, userID) {
		return Locked, records.Grant{}, ErrAccountLost
	}
	if !acct.on || id == "" {
		return judge(acct, records.Grant{}, userID, now.wall), records.Grant{}, nil
	}
	if g, _ := r.cache.grant(secret); !anew && g.isFresh(now) && judge(acct, g.Grant, userID, now.wall) == Verified {
		return Verified, g.Grant, nil
	}
	g, err := r.cfg.Records.Grant(ctx, id)
	if errors.Is(err, records.ErrNotFound) {
		if anew {
			r.cache.forgetGrant(id) // it may be fresh there
		}
		return Locked, records.Grant{}, nil
	}
	if err != nil {
		return Locked, records.Grant{}, err
	}
	r.cache.addGrant(secret, cachedGrant{Grant: g, read: now}, changes)
	if verdict := judge(acct, g, userID, now.wall); verdict != Verified {
		return verdict, records.Grant{}, nil
	}
	return Verified, g, nil
}

// CheckReturning is Check for a session that has lost its grant's secret, which
// a cookie of ours has kept: only the session that the grant was made in
// counts.
func (r *Rules) CheckReturning(ctx context.Context, userID, secret string, s Session) (Standing, records.Grant, error) {
	verdict, g, err := r.Check(ctx, userID, secret)
	if verdict == Verified && !s.is(g.Binding) {
		return Locked, records.Grant{}, nil
	}
	return verdict, g, err
}

// Verification returns the grant with that secret if it is good.
func (r *Rules) Verification(ctx context.Context, secret string) (records.Grant, bool) {
	if secret == "" {
		return records.Grant{}, false
	}
	g, ok := r.cache.grant(secret)
	if !ok {
		var err error
		if g.Grant, err = r.cfg.Records.Grant(ctx, hash(secret)); err != nil {
			return records.Grant{}, false
		}
	}
	verdict, grant, err := r.Check(ctx, g.UserID, secret)
	return grant, err == nil && verdict == Verified
}

// ErrAccountLost says that a session holds what its user's second factor has left
// there, and that the user has no account, or one that never had a second factor.
// Accounts are never deleted, and keep an epoch when the second factor is switched
// off, so that the store has lost it, or isn't the one that it was. An account that
// was begun anew meanwhile, by another session of the user, is not the same.
var ErrAccountLost = errors.New("factor: the account of a session that was asked for a second factor is missing: " +
	"see whether WithStore leads to the right database, and restore the account from a backup")

// watchVersion says in the log that an account is older than this node has seen it:
// an earlier state was put back, or the account was deleted. Records can't prove
// that, but operators should know.
func (r *Rules) watchVersion(ctx context.Context, read records.Account) {
	seen, ok := r.cache.account(read.UserID)
	if !ok || read.Version >= seen.version {
		return
	}
	// It may have been changed, and seen, while this one was on its way.
	again, err := r.Account(ctx, read.UserID)
	if err != nil || again.Version >= seen.version {
		return
	}
	r.cfg.Log.ErrorContext(ctx, "eagate: an account is older than it was: the store has gone back, or the account was deleted or put back there",
		slog.String("user", read.UserID), slog.Uint64("version", again.Version), slog.Uint64("seen", seen.version))
}

// ownerTag ends each secret of a user's grants: with it, a session that holds one is
// known to be that user's although there is no account.
func ownerTag(userID string) string { return "." + hash("eagate user\x00" + userID)[:8] }

// isSecretOf reports whether a grant's secret is one of that user's.
func isSecretOf(secret, userID string) bool {
	return secret != "" && strings.HasSuffix(secret, ownerTag(userID))
}

// CheckAsked is CheckAnew for a session that was asked for a proof: where the user no
// longer has a second factor, it is Over, unless the factor was switched off in that very
// session. The session need not say so itself: the node may have ended before it was saved.
func (r *Rules) CheckAsked(ctx context.Context, userID, secret string) (Standing, records.Grant, error) {
	ctx = storelimit.Fresh(storelimit.WithBudget(ctx))
	acct, err := r.Account(ctx, userID)
	switch {
	case err != nil:
		return Locked, records.Grant{}, err
	case acct.State == records.On:
		return r.CheckAnew(ctx, userID, secret)
	case acct.Epoch == 0:
		return Locked, records.Grant{}, ErrAccountLost
	case acct.OffBy == hash(secret):
		return Open, records.Grant{}, nil
	}
	return Over, records.Grant{}, nil
}

// CheckPending returns [ErrAccountLost] if the account of a user is lost whose session
// was asked for a proof. Check has found that the user has no second factor.
func (r *Rules) CheckPending(ctx context.Context, userID string) error {
	now := r.instant()
	if acct, known := r.cache.account(userID); known && acct.isFresh(now) && !acct.neverOn() {
		return nil
	}
	acct, err := r.Account(storelimit.WithBudget(ctx), userID)
	if err == nil && newCachedAccount(acct, now).neverOn() {
		err = ErrAccountLost
	}
	return err
}

// A Demand is what a verified session must have proved besides: that it was not
// long ago, or by which method. The zero value demands nothing.
type Demand struct {
	MaxAge  time.Duration   // of the proof; 0: any
	Methods []eagate.Method // one of these; empty: any
}

// IsZero reports whether nothing is demanded.
func (d Demand) IsZero() bool { return d.MaxAge == 0 && len(d.Methods) == 0 }

// Accepts reports whether a proof by that method does.
func (d Demand) Accepts(m eagate.Method) bool {
	return len(d.Methods) == 0 || slices.Contains(d.Methods, m)
}

// And is what demands both. ok is false if no method does for both.
func (d Demand) And(other Demand) (both Demand, ok bool) {
	both.MaxAge = d.MaxAge
	if other.MaxAge > 0 && (both.MaxAge == 0 || other.MaxAge < both.MaxAge) {
		both.MaxAge = other.MaxAge
	}
	if len(d.Methods) == 0 {
		both.Methods = other.Methods
		return both, true
	}
	for _, m := range d.Methods {
		if other.Accepts(m) {
			both.Methods = append(both.Methods, m)
		}
	}
	return both, len(both.Methods) > 0
}

// Meets is the one place that decides whether a good grant, which
// [Rules.Check] returned, is what is demanded.
func (r *Rules) Meets(d Demand, g records.Grant) bool {
	if !d.Accepts(g.Method) {
		return false
	}
	age := r.cfg.Now().Sub(g.VerifiedAt)
	return d.MaxAge == 0 || age >= -clockSkew && age <= d.MaxAge
}
