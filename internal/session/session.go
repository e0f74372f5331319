// Package session joins the browser's scs session to the rules: it keeps there
// what must be kept, finds out whether the session may pass, and unlocks it.
//
// A session is not the authority on anything. scs writes whole sessions and the
// last writer wins, so that a slow request can undo an unlock or bring back a
// session that was logged out. What a session holds is therefore only names of
// records in the store (see package factor).
package session

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
)

// Sessions is safe for concurrent use.
type Sessions struct {
	scs   *scs.SessionManager
	rules *factor.Rules
	user  func(*http.Request) (eagate.User, error)
	names
}

// New returns the sessions of that manager, for the gate that calls itself so: see
// [Name]. user tells who is logged in; the zero User is nobody, and an error a [*UserError].
func New(m *scs.SessionManager, rules *factor.Rules, user func(*http.Request) (eagate.User, error), name string) *Sessions {
	return &Sessions{scs: m, rules: rules, user: user, names: newNames(m, name)}
}

// grant returns the grant's secret that the session holds, if any. ok is false where there
// is no session at all: LoadAndSave is missing.
func (s *Sessions) grant(ctx context.Context) (secret string, ok bool) {
	// scs has no other way to ask that costs nothing on every request.
	defer func() {
		if recover() != nil {
			secret, ok = "", false
		}
	}()
	secret, _, _ = s.held(ctx)
	return secret, true
}

// held returns what a verified session holds: the grant's secret, and to whom and to which
// of the session's IDs it was given. It is one value, because each costs every request.
func (s *Sessions) held(ctx context.Context) (secret, binding, userID string) {
	secret, rest, _ := strings.Cut(s.scs.GetString(ctx, s.keys.grant), " ")
	binding, userID, _ = strings.Cut(rest, " ")
	return secret, binding, userID
}

// hold has the session hold the secret of the user's grant, under its present ID.
func (s *Sessions) hold(ctx context.Context, secret string, user eagate.User) {
	s.scs.Put(ctx, s.keys.grant, secret+" "+s.binding(ctx)+" "+user.ID)
}

// dropGrant removes the grant from the session, but not who was asked for a proof.
func (s *Sessions) dropGrant(ctx context.Context) {
	userID, binding := s.asked(ctx)
	s.scs.Remove(ctx, s.keys.grant)
	s.Keep(ctx, func(p *Pending) { p.User, p.Binding = userID, binding })
}

// asked returns who was last asked for a proof in the session, and what it was bound to
// then.
func (s *Sessions) asked(ctx context.Context) (userID, binding string) {
	if p := s.Pending(ctx); p.User != "" {
		return p.User, p.Binding
	}
	_, binding, userID = s.held(ctx)
	return userID, binding
}

// Verification returns the good grant that the session holds, if any.
func (s *Sessions) Verification(ctx context.Context) (records.Grant, bool) {
	secret, ok := s.grant(ctx)
	if !ok {
		return records.Grant{}, false
	}
	return s.rules.Verification(ctx, secret)
}

// Ref returns what the rules need to know of the request's session and browser.
func (s *Sessions) Ref(r *http.Request) factor.Session {
	ref := s.ref(r.Context())
	for _, b := range s.browsers(r) {
		ref.Browsers = append(ref.Browsers, b.Hash())
		ref.Secrets = append(ref.Secrets, b.secret)
	}
	return ref
}

// ref is Ref without the browser.
func (s *Sessions) ref(ctx context.Context) factor.Session {
	p := s.Pending(ctx)
	ref := factor.Session{Token: p.Token, Staged: p.Staged}
	ref.Binding = s.binding(ctx)
	return ref
}

// binding names the session by its ID, or is "" for one that was never saved.
func (s *Sessions) binding(ctx context.Context) string {
	if id := s.scs.Token(ctx); id != "" {
		return factor.Binding(id)
	}
	return ""
}

// Token returns the service's session token that the session holds.
func (s *Sessions) Token(ctx context.Context) string { return s.Pending(ctx).Token }

// Bind has the caller's session have an ID, because it is about to begin something: one
// that was never saved is saved first.
func (s *Sessions) Bind(r *http.Request, c *Caller) error {
	ctx := r.Context()
	if s.scs.Token(ctx) == "" {
		s.scs.Put(ctx, s.keys.pending, s.scs.GetString(ctx, s.keys.pending)) // has scs send the cookie
		if _, _, err := s.scs.Commit(context.WithoutCancel(ctx)); err != nil {
			return &CommitError{err}
		}
	}
	c.Session.Binding = s.binding(ctx)
	return nil
}

// Until is when the session ends by itself, and with it what is granted to it.
func (s *Sessions) Until(ctx context.Context) time.Time {
	if p := s.Pending(ctx); p.Until != 0 && p.UntilOf == s.binding(ctx) {
		return time.Unix(p.Until, 0).UTC() // a former session is kept for less long
	}
	return s.scs.Deadline(ctx)
}
