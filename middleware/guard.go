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
	ctx := r.Context()
	secret, ok := g.sessions.Grant(ctx)
	if !ok {
		g.handlers.Fault(w, r, handlers.ErrNoSession)
		return before, false
	}
	var err error
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
	if err == nil && before.User.ID == "" {
		// The user who was verified in this session has gone.
		err = g.end(r, &before)
		verdict = factor.Nobody
	} else if err == nil {
		if !known || secret != "" { // the store is asked from here on, within one time-out
			r = r.WithContext(storelimit.WithBudget(ctx))
		}
		verdict, err = g.standing(r, &before)
	}
	if err != nil {
		g.handlers.Fault(w, r, err)
		return before, false
	}
	return before, g.decide(w, r, &before, verdict)
}

// standing finds out how the session stands in the store.
func (g *Gate) standing(r *http.Request, before *session.Before) (factor.Verdict, error) {
	ctx := r.Context()
	verdict, _, err := g.sessions.Check(ctx, before.User, before.Secret)
	if err != nil || verdict == factor.Verified {
		return verdict, err
	}
	if before.Secret != "" {
		if err := g.sessions.DropForeign(ctx, before.User, before.Secret); err != nil {
			return verdict, err
		}
		before.Secret, _ = g.sessions.Grant(ctx)
	}
	if verdict == factor.Open {
		return g.without(r, before.User)
	}
	return verdict, nil
}

// decide decides by how the session stands whether the request passes. A locked session
// is let in if that can be done right now.
func (g *Gate) decide(w http.ResponseWriter, r *http.Request, before *session.Before, verdict factor.Verdict) (pass bool) {
	if verdict == factor.Verified {
		before.Verified = true
		return true
	}
	if verdict == factor.Locked {
		before.Ref, before.Until = g.sessions.Ref(r), g.sessions.Until(r.Context())
	}
	c := handlers.Case{Standing: verdict, Demand: handlers.Guarded}
	action := c.Decide()
	if action == handlers.Pass {
		return true
	}
	c.Sender = g.handlers.Sender(r)
	if action = c.Decide(); action == handlers.Enter {
		var err error
		if c.Standing, _, err = g.sessions.Admit(w, r, before.User); err != nil {
			g.handlers.Fault(w, r, err)
			return false
		}
		c.Tried = true
		action = c.Decide()
	}
	if action != handlers.Pass {
		g.handlers.Answer(w, r, c, before.User, factor.Demand{})
		return false
	}
	g.sessions.DropNext(r.Context()) // it is here already
	before.Ref, before.Verified, before.Renewed = factor.Session{}, true, true
	before.Secret, _ = g.sessions.Grant(r.Context())
	return true
}

// end revokes what the session of a user who has gone holds.
func (g *Gate) end(r *http.Request, before *session.Before) error {
	if before.Secret == "" {
		return nil
	}
	if err := g.sessions.End(r, *before); err != nil {
		return err
	}
	g.sessions.Forget(r.Context())
	before.Secret = "" // after has nothing left to end
	return nil
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
