package middleware

import (
	"errors"
	"net/http"

	"github.com/eagate/eagate/handlers"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/routecheck"
	"github.com/eagate/eagate/internal/session"
	"github.com/eagate/eagate/internal/storelimit"
)

// Handler serves the gate's own pages and guards all other routes. It must be inside the
// session manager's LoadAndSave and see the whole path: not behind middleware that
// rewrites paths, and inside [http.StripPrefix] only with [WithExternalPath].
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

// Require guards next: a request of a user who is logged in passes only if its session is
// verified, if the user has no second factor and doesn't need one, or if it is exempt. It
// must be inside the session manager's LoadAndSave. [Gate.Routes] serves the pages.
func (g *Gate) Require(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.routeCheck.Guards(w, r, next) {
			return
		}
		if g.handlers.Owns(r) {
			g.handlers.Guarded(r)
		}
		c, pass := g.admit(w, r)
		if !pass {
			return
		}
		// Deferred, because a handler that panics may have logged out first.
		defer g.after(r, &c)
		if c.Renewed {
			w = &renewed{ResponseWriter: w}
		}
		next.ServeHTTP(w, r)
	})
}

// admit decides whether the request may pass, and answers it otherwise.
func (g *Gate) admit(w http.ResponseWriter, r *http.Request) (c session.Caller, pass bool) {
	c, known, err := g.sessions.Recall(r)
	switch {
	case errors.Is(err, session.ErrNoSession):
	case known && c.Standing == factor.Verified:
		return c, true
	case g.exempt.match(r):
		// Neither the store nor the application's function for the user decides here; after
		// sees a logout.
		g.sessions.Note(r, &c)
		c.Standing = factor.Locked
		return c, true
	case err != nil:
	case c.Standing == factor.Nobody:
		err = g.leave(r, &c) // the user who was verified in this session has gone
	default:
		if !known || c.Secret != "" { // the store is asked from here on, within one time-out
			r = r.WithContext(storelimit.WithBudget(r.Context()))
		}
		err = g.resolve(r, &c)
	}
	if err != nil {
		g.handlers.Fault(w, r, err)
		return c, false
	}
	return c, g.decide(w, r, &c)
}

// resolve has the store say how the session stands.
func (g *Gate) resolve(r *http.Request, c *session.Caller) error {
	ctx := r.Context()
	err := g.sessions.Resolve(ctx, c)
	if err != nil || c.Standing == factor.Verified {
		return err
	}
	if c.Secret != "" {
		if err := g.sessions.DropForeign(ctx, c); err != nil {
			return err
		}
	}
	if c.Standing == factor.Open && g.rules.Asks() {
		c.Standing, err = g.rules.Missing(ctx, c.User)
	}
	return err
}

// decide decides by how the session stands whether the request passes. A locked session
// is let in if that can be done right now.
func (g *Gate) decide(w http.ResponseWriter, r *http.Request, c *session.Caller) (pass bool) {
	about := handlers.Case{Standing: c.Standing, Demand: handlers.Guarded}
	if c.Standing == factor.Locked {
		g.sessions.Note(r, c)
	}
	if about.Decide() == handlers.Pass {
		return true
	}
	about.Sender = g.handlers.Sender(r)
	if about.Decide() == handlers.TryEnter {
		if err := g.sessions.EnterNow(w, r, c); err != nil {
			g.handlers.Fault(w, r, err)
			return false
		}
		about.Standing, about.Tried = c.Standing, true
	}
	if about.Decide() != handlers.Pass {
		g.handlers.Answer(w, r, *c, about)
		return false
	}
	g.sessions.DropNext(r.Context()) // it is here already
	return true
}

// leave revokes what the session of a user who has gone holds.
func (g *Gate) leave(r *http.Request, c *session.Caller) error {
	if c.Secret == "" {
		return nil
	}
	if err := g.sessions.Leave(r, c); err != nil {
		return err
	}
	g.sessions.Forget(r.Context())
	c.Secret = "" // after has nothing left to revoke
	return nil
}

// after sees whether the request was a logout, or changed the user.
func (g *Gate) after(r *http.Request, c *session.Caller) {
	ended, changed := g.sessions.Ended(r, c)
	if !ended {
		if changed && c.Standing == factor.Verified {
			g.sessions.Follow(r.Context(), c)
		}
		return
	}
	if err := g.sessions.Leave(r, c); err != nil {
		g.log.ErrorContext(r.Context(), "eagate: the grant of a session that ended could not be revoked", "error", err)
	}
}
