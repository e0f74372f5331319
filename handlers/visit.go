package handlers

import (
	"context"
	"net/http"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/internal/session"
)

// A visit is a request of somebody who is logged in.
type visit struct {
	w       http.ResponseWriter
	r       *http.Request
	user    eagate.User
	verdict factor.Verdict
	grant   records.Grant // of a verified session
	basis   factor.Basis  // of a request that may change something, before its body was read

	came  time.Time     // when the request came
	field eagate.Method // what the field for the code is for, or zero for both methods
	typed string        // what was typed into it
	trust bool          // whether the browser is to be trusted from now on

	demand session.Demand // what a verified session must prove besides; else zero

	lost    bool   // whether the secret that the browser was just given didn't come back
	browser string // the hash of the secret that the response gives to the browser

	form   factor.Form // that the request sends, if it is one with a code
	locked bool        // whether the session was, when the request came

	again bool   // whether it goes on by what an earlier request has proved
	by    string // the route of that one's form, if it was one

	underWay bool // whether another request of the same browser is about to unlock the session
}

// ref is what the rules need to know of the session and the browser.
func (h *Handlers) ref(v *visit) factor.Session {
	ref := h.cfg.Sessions.Ref(v.r)
	if v.browser != "" {
		ref.Browsers = append(ref.Browsers, v.browser)
	}
	ref.Form = v.form
	return ref
}

func (v *visit) ctx() context.Context { return v.r.Context() }

// detach has the request be finished although its browser may go away: what is half
// changed is worse than either.
func (v *visit) detach() { v.r = v.r.WithContext(context.WithoutCancel(v.ctx())) }

// proof is what the request has to show for a change, with the code that was typed.
func (v *visit) proof(code string) factor.Proof {
	return factor.Proof{Basis: v.basis, Grant: v.grant, Code: code, Field: v.field, At: v.came}
}

// signedIn calls next for a user who is logged in, verified or not.
func (h *Handlers) signedIn(next func(*visit)) http.HandlerFunc {
	return h.known(h.cfg.Sessions.Check, next)
}

// waiting is signedIn for a request that only asks how the challenge stands.
func (h *Handlers) waiting(next func(*visit)) http.HandlerFunc {
	return h.known(h.cfg.Sessions.CheckWaiting, next)
}

// known calls next for a user who is logged in, with what check says.
func (h *Handlers) known(check session.Check, next func(*visit)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		// Apart, because the stack of a stream is kept as long as it waits.
		if v := h.visit(w, r, check); v != nil {
			next(v)
		}
	}
}

// visit returns the visit that the request is, or nil if it has answered it.
func (h *Handlers) visit(w http.ResponseWriter, r *http.Request, check session.Check) *visit {
	came := h.cfg.Rules.Now()
	secret, ok := h.cfg.Sessions.Grant(r.Context())
	if !ok {
		h.NoSession(w, r)
		return nil
	}
	user, err := h.cfg.User(r)
	if err != nil {
		h.Unavailable(w, r, err)
		return nil
	}
	if user.ID == "" {
		h.signIn(w, r)
		return nil
	}
	verdict, grant, err := check(r.Context(), user, secret)
	if err != nil {
		h.Unavailable(w, r, err)
		return nil
	}
	if verdict == factor.Over {
		h.Over(w, r)
		return nil
	}
	v := &visit{w: w, r: r, came: came, user: user, verdict: verdict, locked: verdict == factor.Locked, grant: grant}
	if r.Method == http.MethodPost {
		if v.basis, err = h.cfg.Rules.Basis(r.Context(), user.ID); err != nil {
			h.Unavailable(w, r, err)
			return nil
		}
	}
	v.demand = h.demand(v)
	return v
}

// unlocked calls next for a user who is logged in and, having a second factor,
// has proved it.
func (h *Handlers) unlocked(next func(*visit)) http.HandlerFunc {
	return h.signedIn(func(v *visit) {
		if v.verdict == factor.Locked && !h.admit(v) {
			return
		}
		next(v)
	})
}

// admit lets a locked session in if it can be unlocked right now, and answers
// the request otherwise.
func (h *Handlers) admit(v *visit) bool {
	if !h.tryAdmit(v) {
		return false
	}
	if v.verdict == factor.Locked && IsNavigation(v.r) && !h.resume(v, h.ref(v)) {
		return false
	}
	if v.verdict == factor.Locked {
		h.Lock(v.w, v.r, v.user)
		return false
	}
	return true
}
