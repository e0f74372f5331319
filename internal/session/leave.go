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

// Note notes in the caller what [Sessions.Leave] must know of the session, as it is now. It
// asks nobody: where the user isn't known, it is the one who was last asked for a proof in
// the session. A verified session needn't be noted, which would cost every request.
func (s *Sessions) Note(r *http.Request, c *Caller) {
	ctx := r.Context()
	if c.User.ID == "" {
		c.User.ID, _ = s.asked(ctx)
	}
	c.Session, c.Until = s.Ref(r), s.Until(ctx)
}

// Ended reports whether the request that was handled changed whose the session is: by a
// logout, by whatever means of scs, or another user. If the application can't tell, the
// user is taken to be the same. changed reports whether the session was changed at all.
func (s *Sessions) Ended(r *http.Request, c *Caller) (ended, changed bool) {
	ctx := r.Context()
	switch s.scs.Status(ctx) {
	case scs.Unmodified:
		return false, false
	case scs.Destroyed:
		return true, true
	case scs.Modified:
	}
	if held, _, _ := s.held(ctx); c.Secret != "" && held != c.Secret {
		return true, true
	}
	if c.Session.Token != "" && s.Pending(ctx).Token != c.Session.Token {
		return true, true
	}
	u, err := s.user(r)
	return err == nil && u.ID != c.User.ID, true
}

// Follow has a verified session, whose end the request that was handled may have put off,
// stay verified for as long.
func (s *Sessions) Follow(ctx context.Context, c *Caller) {
	s.rules.Follow(storelimit.WithNewBudget(context.WithoutCancel(ctx)), c.Secret, s.Until(ctx))
}

// Leave is the only way out. It revokes what the caller's session held: its grant and what
// has taken that one's place, its challenge or enrolment; and if the session no longer goes
// by its ID, it can't be entered by that any more. What the application keeps in the
// session stays.
func (s *Sessions) Leave(r *http.Request, c *Caller) error {
	ctx := storelimit.WithNewBudget(context.WithoutCancel(r.Context()))
	var errs []error
	if c.Secret != "" {
		errs = append(errs, s.rules.EndGrant(ctx, c.Secret))
	}
	if c.User.ID == "" {
		return errors.Join(errs...)
	}
	ref, until := c.Session, c.Until
	if c.Standing == factor.Verified {
		ref, until = s.arrived(r), time.Now().Add(s.scs.Lifetime)
	}
	bound := ref.Binding != "" || ref.Token != ""
	if !bound { // no second factor: it may have been about to switch one on
		ref = s.arrived(r)
	}
	if bound && ref.Binding != "" && ref.Binding != s.binding(ctx) {
		errs = append(errs, s.rules.End(ctx, c.User, ref, until))
	}
	errs = append(errs, s.rules.Abandon(ctx, c.User, ref))
	return errors.Join(errs...)
}

// arrived is the session by the ID that the request brought, which scs may no longer know.
func (s *Sessions) arrived(r *http.Request) factor.Session {
	cookie, err := r.Cookie(s.scs.Cookie.Name)
	if err != nil {
		return factor.Session{}
	}
	ref := factor.Session{Binding: factor.Binding(cookie.Value)}
	for _, b := range s.browsers(r) {
		ref.Browsers = append(ref.Browsers, b.Hash())
	}
	return ref
}

// Withdraw drops what a verified session was asked for besides, with the request to the
// phone that waits for it. The error is the store's: the session is asked for nothing then,
// either.
func (s *Sessions) Withdraw(r *http.Request, user eagate.User) error {
	ctx := r.Context()
	asked, _ := s.asked(ctx)
	s.Keep(ctx, func(p *Pending) { p.Demand, p.Next, p.Taken = Demand{}, "", 0 })
	if user.ID == "" {
		user.ID = asked
	}
	return s.rules.Withdraw(context.WithoutCancel(ctx), user, s.ref(ctx))
}

// DropForeign removes a grant from the session that isn't the user's: the session has
// changed hands.
func (s *Sessions) DropForeign(ctx context.Context, c *Caller) error {
	foreign, err := s.rules.RevokeForeign(ctx, c.User.ID, c.Secret)
	if foreign && err == nil {
		s.dropGrant(ctx)
		c.Secret = ""
	}
	return err
}

// Destroy ends the session, whatever the application keeps in it.
func (s *Sessions) Destroy(ctx context.Context) error {
	if err := s.scs.Destroy(context.WithoutCancel(ctx)); err != nil {
		return &CommitError{err}
	}
	return nil
}

// Forget removes all that the gate keeps in the session.
func (s *Sessions) Forget(ctx context.Context) {
	s.scs.Remove(ctx, s.keys.grant)
	s.scs.Remove(ctx, s.keys.pending)
}
