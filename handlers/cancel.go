package handlers

import (
	"cmp"
	"errors"
	"log/slog"
	"net/http"

	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/session"
	"github.com/eagate/eagate/templates"
)

// cancel gives up what the challenge waits for. A sign-in ends, as by a logout. A session
// that is signed in goes on, and only what it was asked for besides is dropped: it isn't
// led back to the page that asks for it. Like a logout, it needs neither the store nor
// the application's function for the user.
func (h *Handlers) cancel(v *visit) answer {
	fields, err := v.read("to")
	if err != nil {
		return badBody(err)
	}
	to := "" // where to go on, if not at the login or at home
	if fields.Get("to") == templates.ToPassword {
		to = h.cfg.PasswordPath
	}
	sessions := h.cfg.Sessions
	c, err := sessions.Load(v.r)
	switch {
	case errors.Is(err, session.ErrNoSession):
		return fault{err}
	case c.Standing == factor.Nobody:
		return h.cancelled(v, false, to)
	case h.staysIn(v.r, &c, err):
		if err := sessions.Withdraw(v.r, c.User); err != nil {
			h.cfg.Log.ErrorContext(v.ctx(), "eagate: a request to the phone could not be withdrawn", slog.Any("error", err))
		}
		return h.cancelled(v, true, to)
	}
	sessions.Note(v.r, &c)
	if err := sessions.Destroy(v.ctx()); err != nil {
		return fault{err}
	}
	if err := sessions.Leave(v.r, &c); err != nil {
		h.cfg.Log.ErrorContext(v.ctx(), "eagate: a sign-in was cancelled, but what it has begun could not be revoked", slog.Any("error", err))
	}
	if h.cfg.Cancel != nil {
		w := &answered{ResponseWriter: v.w}
		if h.cfg.Cancel(w, v.r); w.done {
			return sent{}
		}
	}
	return h.cancelled(v, false, to)
}

// staysIn reports whether a user who cancels is signed in and stays so. Where a fault
// keeps that from being told, it is a session that was asked for something besides.
func (h *Handlers) staysIn(r *http.Request, c *session.Caller, err error) bool {
	if err == nil && c.Standing == factor.Open {
		var duty factor.Duty
		duty, err = h.cfg.Rules.Duty(r.Context(), c.User)
		return err == nil && (!duty.Required || !h.later(duty.Due).IsZero())
	}
	if err != nil {
		return c.Secret != "" && !h.cfg.Sessions.Pending(r.Context()).Demand.IsZero()
	}
	return c.Standing == factor.Verified
}

// cancelled says where to go on.
func (h *Handlers) cancelled(v *visit, signedIn bool, to string) answer {
	next := cmp.Or(to, h.cfg.HomePath)
	if !signedIn {
		next = cmp.Or(to, h.cfg.LoginPath, h.cfg.HomePath)
	}
	if v.json {
		return reply{http.StatusOK, challengeJSON{State: templates.ChallengeNone.String(), Verified: signedIn, Next: next}}
	}
	return leadOn(next)
}

// An answered writer knows whether anything was written.
type answered struct {
	http.ResponseWriter
	done bool
}

func (a *answered) WriteHeader(status int) {
	a.done = true
	a.ResponseWriter.WriteHeader(status)
}

func (a *answered) Write(b []byte) (int, error) {
	a.done = true
	return a.ResponseWriter.Write(b)
}

// FlushError is what [http.ResponseController] looks for.
func (a *answered) FlushError() error {
	a.done = true
	return http.NewResponseController(a.ResponseWriter).Flush()
}

func (a *answered) Unwrap() http.ResponseWriter { return a.ResponseWriter }
