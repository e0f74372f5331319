package factor

import (
	"context"
	"errors"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/internal/storelimit"
)

// A Verdict says what to do with a request.
type Verdict uint8

const (
	Locked   Verdict = iota // it must prove the second factor first; the zero value
	Verified                // it has
	Open                    // the user has no second factor
	Stopped                 // nor that, but must have one: see Missing
	Over                    // nor that, but had one when the session was asked for it: the user must sign in again
	Nobody                  // no user is logged in
)

// Check tells whether the user's session, which holds the secret of that grant
// or "", may pass. An error means that it can't be told, and so: no.
//
// What is cached can let a session in, but never lock it out: that would send
// somebody who has just proved it on another node through it again.
func (r *Rules) Check(ctx context.Context, userID, secret string) (Verdict, records.Grant, error) {
	now := r.instant()
	if verdict, g, known := r.remembered(userID, secret, now); known {
		return verdict, g, nil
	}
	return r.checkStored(ctx, userID, secret, now, false)
}

// CheckAnew is Check by what the store says now, whatever this node has seen before.
func (r *Rules) CheckAnew(ctx context.Context, userID, secret string) (Verdict, records.Grant, error) {
	return r.checkStored(ctx, userID, secret, r.instant(), true)
}

// Remembered returns what Check returns, if that doesn't have to ask the store.
func (r *Rules) Remembered(userID, secret string) (verdict Verdict, known bool) {
	verdict, _, known = r.remembered(userID, secret, r.instant())
	return verdict, known
}

// remembered is Check as far as the cache knows.
func (r *Rules) remembered(userID, secret string, now instant) (verdict Verdict, g records.Grant, known bool) {
	acct, known := r.cache.accounts.Get(userID)
	lost := acct.neverOn() && isSecretOf(secret, userID) // another session doesn't know
	if !known || !acct.isFresh(now) || lost {
		return Locked, records.Grant{}, false
	}
	cached, _ := r.cache.grants.Get(secret)
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
func judge(acct cachedAccount, g records.Grant, userID string, now time.Time) Verdict {
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
func (r *Rules) checkStored(ctx context.Context, userID, secret string, now instant, anew bool) (Verdict, records.Grant, error) {
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
	if g, _ := r.cache.grants.Get(secret); !anew && g.isFresh(now) && judge(acct, g.Grant, userID, now.wall) == Verified {
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
func (r *Rules) CheckReturning(ctx context.Context, userID, secret string, s Session) (Verdict, records.Grant, error) {
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
	g, ok := r.cache.grants.Get(secret)
	if !ok {
		var err error
		if g.Grant, err = r.cfg.Records.Grant(ctx, hash(secret)); err != nil {
			return records.Grant{}, false
		}
	}
	verdict, grant, err := r.Check(ctx, g.UserID, secret)
	return grant, err == nil && verdict == Verified
}

// RevokeForeign ends the grant with that secret unless it is the user's own, and
// reports whether it is of no more use to the session: the session has changed
// hands since. The user's own stays, good or not: it shows that the user had a second
// factor.
func (r *Rules) RevokeForeign(ctx context.Context, userID, secret string) (bool, error) {
	if isSecretOf(secret, userID) {
		return false, nil
	}
	g, err := r.cfg.Records.Grant(ctx, hash(secret))
	switch {
	case errors.Is(err, records.ErrNotFound):
		return true, nil
	case err != nil:
		return false, err
	case g.UserID == userID: // of an earlier release
		return false, nil
	}
	return true, r.Revoke(ctx, secret)
}

// Fresh reports whether a proof is recent enough to change the factor without
// another one. That of a trusted device is that of its user, earlier.
func (r *Rules) Fresh(g records.Grant) bool {
	age := r.cfg.Now().Sub(g.VerifiedAt)
	return g.Method != eagate.TrustedDevice && age >= -clockSkew && age < freshness
}

// grant stores a new grant, if its basis stands, and returns its secret.
func (r *Rules) grant(ctx context.Context, b Basis, g records.Grant) (secret string, err error) {
	if secret, err = r.newGrant(ctx, g); err != nil {
		return "", err
	}
	if err := r.settle(ctx, b, g.UserID, secret); err != nil {
		return "", err
	}
	return secret, nil
}

// newGrant stores a new grant, of a proof that was given right now unless it says
// when, for a session that ends when the grant says. It must be settled before anybody
// learns its secret.
func (r *Rules) newGrant(ctx context.Context, g records.Grant) (secret string, err error) {
	secret = newID() + ownerTag(g.UserID)
	g.ID = hash(secret)
	if g.VerifiedAt.IsZero() {
		g.VerifiedAt = r.cfg.Now()
	}
	g.ExpiresAt, _ = keptUntil(g.VerifiedAt, g.ExpiresAt, r.cfg.Now())
	if err := r.cfg.Records.CreateGrant(ctx, g); err != nil {
		return "", err
	}
	return secret, nil
}

// Revoke ends the grant with that secret: on this node at once, on others when
// what they know has aged.
func (r *Rules) Revoke(ctx context.Context, secret string) error {
	id := hash(secret)
	defer r.cache.forgetGrant(id)
	return r.cfg.Records.DeleteGrant(ctx, id)
}
