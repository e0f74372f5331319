package factor

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/internal/storelimit"
)

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
	began, changes := r.instant(), r.cache.generation(g.UserID, g.ID)
	if err := r.cfg.Records.CreateGrant(ctx, g); err != nil {
		return "", err
	}
	r.cache.addGrant(secret, cachedGrant{Grant: g, read: began}, changes)
	return secret, nil
}

// Revoke ends the grant with that secret: on this node at once, on others when
// what they know has aged.
func (r *Rules) Revoke(ctx context.Context, secret string) error {
	id := hash(secret)
	defer r.cache.forgetGrant(id)
	return r.cfg.Records.DeleteGrant(ctx, id)
}

// It is its session's end that ends a proof, and the application may put that off at any
// moment, on a route perhaps that nobody guards. What is kept of a session is kept for
// longer by as long as the session has lasted, and keptMore at least. A session that is
// used keeps it; one that isn't, for half of what browsers keep a cookie (RFC 6265bis) at
// least, and for no longer than that.
const (
	keptMore = 24 * time.Hour
	keptMost = 400 * 24 * time.Hour
)

// keptUntil returns until when something is kept of a session that has lasted since a
// time, and ends at another. at is less than that: what is kept until then need not be
// kept for longer yet.
func keptUntil(since, end, now time.Time) (at, until time.Time) {
	if !now.Before(end) {
		return end, end
	}
	more := min(max(end.Sub(since), keptMore), keptMost)
	return earlier(end.Add(more), now.Add(keptMost/2)), earlier(end.Add(2*more), now.Add(keptMost))
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// Lasts reports whether the session that holds the secret of that good grant, and ends at
// that time, hasn't ended. If its end was put off, it has the grant kept for longer: not
// often, and a fault of the store stops nobody.
func (r *Rules) Lasts(ctx context.Context, secret string, g records.Grant, end time.Time) bool {
	now := r.cfg.Now()
	r.cache.setEnd(secret, end)
	if !now.Before(end) {
		return false
	}
	if at, _ := keptUntil(g.VerifiedAt, end, now); g.ExpiresAt.Before(at) {
		r.prolong(ctx, g, end, now)
	}
	return true
}

// Follow is Lasts after a request that has changed the session, as far as this node
// remembers its grant.
func (r *Rules) Follow(ctx context.Context, secret string, end time.Time) {
	if g, ok := r.cache.grant(secret); ok {
		r.Lasts(ctx, secret, g.Grant, end)
	}
}

// prolong has a grant kept for longer, if it isn't already.
func (r *Rules) prolong(ctx context.Context, g records.Grant, end, now time.Time) {
	defer r.cache.forgetGrant(g.ID)
	err := r.cfg.Records.UpdateGrant(ctx, g.ID, func(g *records.Grant) error {
		at, until := keptUntil(g.VerifiedAt, end, now)
		if g.Kind != records.KindProof || !g.ExpiresAt.Before(at) {
			return records.ErrUnchanged
		}
		g.ExpiresAt = until
		return nil
	})
	if ignore(err, records.ErrNotFound) != nil {
		r.cfg.Log.Log(ctx, storelimit.Level(err), "eagate: what a session was verified by isn't kept as long as the session",
			slog.String("user", g.UserID), slog.Any("error", err))
	}
}
