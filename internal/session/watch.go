package session

import (
	"context"
	"errors"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/eagate/eagate/internal/factor"
)

// A Before is what a session was when a request came.
type Before struct {
	User   factor.User
	Known  bool           // whether there was a user
	Secret string         // of the grant
	Ref    factor.Session // of a locked session
	Until  time.Time      // when the session would have ended by itself

	// ID of a verified session, in place of Ref and Until, which cost more on
	// every request: it may be about to prove something once more.
	ID string
}

// Ended reports whether the request that is being handled changed who the
// session belongs to: a logout, by whatever means of scs, or another user. user
// is asked only if the session was changed at all.
func (s *Sessions) Ended(ctx context.Context, b Before, user func() (factor.User, bool)) bool {
	switch s.scs.Status(ctx) {
	case scs.Unmodified:
		return false
	case scs.Destroyed:
		return true
	case scs.Modified:
	}
	if b.Secret != "" && s.scs.GetString(ctx, keyGrant) != b.Secret {
		return true
	}
	if b.Ref.Token != "" && s.scs.GetString(ctx, keyToken) != b.Ref.Token {
		return true
	}
	u, ok := user()
	return ok != b.Known || u.ID != b.User.ID
}

// End makes worthless what the session held before: its grant and what has taken
// that one's place, its challenge, and, if it was destroyed, its ID.
func (s *Sessions) End(ctx context.Context, b Before) error {
	ctx = context.WithoutCancel(ctx)
	var errs []error
	if b.Secret != "" {
		errs = append(errs, s.rules.EndGrant(ctx, b.Secret))
	}
	if b.ID != "" {
		b.Ref, b.Until = factor.Session{Binding: factor.Binding(b.ID)}, time.Now().Add(s.scs.Lifetime)
	}
	if b.Known && b.Ref != (factor.Session{}) {
		if b.Ref.Binding != "" && b.Ref.Binding != s.Ref(ctx).Binding {
			errs = append(errs, s.rules.End(ctx, b.User, b.Ref, b.Until))
		}
		errs = append(errs, s.rules.Abandon(ctx, b.User, b.Ref))
	}
	return errors.Join(errs...)
}

// DropForeign removes a grant from the session that isn't the user's: the
// session has changed hands.
func (s *Sessions) DropForeign(ctx context.Context, user factor.User, secret string) error {
	foreign, err := s.rules.RevokeForeign(ctx, user.ID, secret)
	if foreign && err == nil {
		s.scs.Remove(ctx, keyGrant)
	}
	return err
}
