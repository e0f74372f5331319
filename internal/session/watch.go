package session

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/storelimit"
)

// A Before is what a session was when a request came.
type Before struct {
	User   eagate.User    // the zero User if there was none
	Secret string         // of the grant
	Ref    factor.Session // of a locked session
	Until  time.Time      // when the session would have ended by itself

	// Verified says that Ref and Until are left out: they would cost every
	// request.
	Verified bool

	// Renewed says that the session has another ID since, of which the browser is to be
	// told.
	Renewed bool
}

// Before returns what the session is now. It asks nobody: where the user isn't known, it is
// the one who was last asked for a proof in it.
func (s *Sessions) Before(r *http.Request, user eagate.User, secret string) Before {
	ctx := r.Context()
	if user.ID == "" {
		user = s.Owner(ctx)
	}
	return Before{User: user, Secret: secret, Ref: s.Ref(r), Until: s.Until(ctx)}
}

// Ended reports whether the request that is being handled changed who the
// session belongs to: a logout, by whatever means of scs, or another user. user
// is asked only if the session was changed at all; if it fails, the user is taken to
// be the same. changed reports whether the session was changed at all.
func (s *Sessions) Ended(ctx context.Context, b Before, user func() (eagate.User, error)) (ended, changed bool) {
	switch s.scs.Status(ctx) {
	case scs.Unmodified:
		return false, false
	case scs.Destroyed:
		return true, true
	case scs.Modified:
	}
	if b.Secret != "" && s.scs.GetString(ctx, s.keys[keyGrant]) != b.Secret {
		return true, true
	}
	if b.Ref.Token != "" && s.scs.GetString(ctx, s.keys[keyToken]) != b.Ref.Token {
		return true, true
	}
	u, err := user()
	return err == nil && u.ID != b.User.ID, true
}

// Follow has a verified session, whose end the request that is being handled may have put
// off, stay verified for as long.
func (s *Sessions) Follow(ctx context.Context, b Before) {
	s.rules.Follow(storelimit.WithNewBudget(context.WithoutCancel(ctx)), b.Secret, s.Until(ctx))
}

// End makes worthless what the session held before: its grant and what has taken
// that one's place, its challenge or enrolment, and, if it was destroyed, its ID.
func (s *Sessions) End(r *http.Request, b Before) error {
	ctx := storelimit.WithNewBudget(context.WithoutCancel(r.Context()))
	var errs []error
	if b.Secret != "" {
		errs = append(errs, s.rules.EndGrant(ctx, b.Secret))
	}
	if b.Verified {
		b.Ref, b.Until = s.stepping(r), time.Now().Add(s.scs.Lifetime)
	}
	if b.User.ID != "" && (b.Ref.Binding != "" || b.Ref.Token != "") {
		if b.Ref.Binding != "" && b.Ref.Binding != s.ref(ctx).Binding {
			errs = append(errs, s.rules.End(ctx, b.User, b.Ref, b.Until))
		}
		errs = append(errs, s.rules.Abandon(ctx, b.User, b.Ref))
	} else if b.User.ID != "" { // no second factor: it may have been about to switch one on
		errs = append(errs, s.rules.Abandon(ctx, b.User, s.stepping(r)))
	}
	return errors.Join(errs...)
}

// stepping returns what is known of a verified session that was: it may have been
// about to prove something once more. scs knows its ID no longer, the request
// does.
func (s *Sessions) stepping(r *http.Request) factor.Session {
	cookie, err := r.Cookie(s.scs.Cookie.Name)
	if err != nil {
		return factor.Session{}
	}
	return factor.Session{Binding: factor.Binding(cookie.Value), Browsers: s.hashes(r)}
}

// DropForeign removes a grant from the session that isn't the user's: the
// session has changed hands.
func (s *Sessions) DropForeign(ctx context.Context, user eagate.User, secret string) error {
	foreign, err := s.rules.RevokeForeign(ctx, user.ID, secret)
	if foreign && err == nil {
		s.scs.Remove(ctx, s.keys[keyGrant])
	}
	return err
}
