package middleware

import (
	"net/http"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/handlers"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/routecheck"
	"github.com/eagate/eagate/internal/session"
	"github.com/eagate/eagate/internal/storelimit"
)

// Handler serves the gate's own pages and guards everything else. It goes
// inside the session manager's LoadAndSave, and sees the whole path: not behind
// middleware that rewrites paths, nor inside [http.StripPrefix] without [WithExternalPath].
func (g *Gate) Handler(next http.Handler) http.Handler {
	guarded := g.Require(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.handlers.Owns(r) {
			if g.routeCheck.Answers(r, routecheck.Pages) {
				return
			}
			g.handlers.ServeHTTP(w, r)
			return
		}
		guarded.ServeHTTP(w, r)
	})
}

// Require guards next: only a session that has proved the second factor, or
// whose user has none and need not have one, gets there. It goes inside the session
// manager's LoadAndSave; the pages must be mounted by [Gate.Routes].
func (g *Gate) Require(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.routeCheck.Guards(w, r, next) {
			return
		}
		if g.handlers.Owns(r) {
			g.handlers.Guarded(r)
		}
		before, pass := g.admit(w, r)
		if !pass {
			return
		}
		// Deferred, because a handler that panics may have logged out first.
		defer g.after(w, r, &before)
		if before.Renewed {
			w = &renewed{ResponseWriter: w}
		}
		next.ServeHTTP(w, r)
	})
}

// admit decides whether the request may pass, and answers it otherwise.
func (g *Gate) admit(w http.ResponseWriter, r *http.Request) (before session.Before, pass bool) {
	var err error
	ctx := r.Context()
	secret, ok := g.sessions.Grant(ctx)
	if !ok {
		g.handlers.NoSession(w, r)
		return before, false
	}
	before.Secret = secret
	before.User, err = g.user(r)
	known := false
	verdict := factor.Locked
	if err == nil && before.User.ID != "" {
		if verdict, known = g.sessions.Remembered(before.User, secret); verdict == factor.Verified {
			before.Verified = true
			return before, true
		}
	}
	if g.exempt.match(r) {
		// Neither the store nor the application's function for the user decides here; after
		// sees a logout.
		return g.sessions.Before(r, before.User, secret), true
	}
	if err != nil {
		g.handlers.Unavailable(w, r, err)
		return before, false
	}
	if before.User.ID == "" {
		// The user who was verified in this session has gone.
		return before, secret == "" || g.end(w, r, &before)
	}
	if !known || secret != "" { // the store is asked from here on, within one time-out
		ctx = storelimit.WithBudget(ctx)
		r = r.WithContext(ctx)
	}
	verdict, _, err = g.sessions.Check(ctx, before.User, secret)
	if err != nil {
		g.handlers.Unavailable(w, r, err)
		return before, false
	}
	if verdict == factor.Verified {
		before.Verified = true
		return before, true
	}
	if secret != "" {
		if err := g.sessions.DropForeign(ctx, before.User, secret); err != nil {
			g.handlers.Unavailable(w, r, err)
			return before, false
		}
		before.Secret, _ = g.sessions.Grant(ctx)
	}
	if verdict == factor.Over {
		g.handlers.Over(w, r)
		return before, false
	}
	if verdict == factor.Open {
		if verdict, err = g.without(r, before.User); err != nil {
			g.handlers.Unavailable(w, r, err)
			return before, false
		}
	}
	if verdict == factor.Locked {
		before.Ref, before.Until = g.sessions.Ref(r), g.sessions.Until(ctx)
	}
	if verdict == factor.Open {
		return before, true
	}
	if verdict == factor.Stopped {
		g.handlers.Stop(w, r)
		return before, false
	}
	if r.Header.Get("Upgrade") == "" && !handlers.IsAhead(r) { // which couldn't carry the renewed cookie, or isn't to change anything
		verdict, _, err = g.sessions.Admit(w, r, before.User)
		if err != nil {
			g.handlers.Unavailable(w, r, err)
			return before, false
		}
	}
	if verdict != factor.Verified {
		g.handlers.Lock(w, r, before.User)
		return before, false
	}
	g.sessions.DropNext(ctx) // it is here already
	before.Ref, before.Verified, before.Renewed = factor.Session{}, true, true
	before.Secret, _ = g.sessions.Grant(ctx)
	return before, true
}

// end revokes what the session of a user who has gone holds.
func (g *Gate) end(w http.ResponseWriter, r *http.Request, before *session.Before) bool {
	if err := g.sessions.End(r, *before); err != nil {
		g.handlers.Unavailable(w, r, err)
		return false
	}
	g.sessions.Forget(r.Context())
	before.Secret = "" // after has nothing left to end
	return true
}

// after sees whether the request was a logout, or changed the user.
func (g *Gate) after(w http.ResponseWriter, r *http.Request, before *session.Before) {
	ended, changed := g.sessions.Ended(r.Context(), *before, func() (eagate.User, error) { return g.user(r) })
	if !ended {
		if changed && before.Verified {
			g.sessions.Follow(r.Context(), *before)
		}
		return
	}
	if err := g.sessions.End(r, *before); err != nil {
		g.log.ErrorContext(r.Context(), "eagate: a session that ended could not be made worthless", "error", err)
	}
}
