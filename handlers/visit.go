package handlers

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/session"
	"github.com/eagate/eagate/templates"
)

// A visit is a request that we answer.
type visit struct {
	w http.ResponseWriter
	r *http.Request
	Sender
	own bool // whether it is for a page of ours

	session.Caller
	basis  factor.Basis // of a request that may change something, before its body was read
	locked bool         // whether the session was, when the request came

	lang  templates.Language // that the user has just chosen, or empty
	came  time.Time          // when the request came
	field eagate.Method      // what the field for the code is for, or zero for both methods
	typed string             // what was typed into it
	trust bool               // whether the browser is to be trusted from now on

	lost bool // whether the secret that the browser was just given didn't come back

	underWay bool // whether another request of the same browser is about to unlock the session
}

// An endpoint answers a visit.
type endpoint func(*visit) answer

// serve has an endpoint answer requests for one of our pages. The endpoint has returned
// when the answer is sent: the stack of a stream is kept as long as it waits.
func (h *Handlers) serve(next endpoint) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v := &visit{w: w, r: r, Sender: h.Sender(r), own: true}
		next(v).send(h, v)
	}
}

// page is serve for what people see. It refuses what is fetched before somebody asks for
// it, because a page of ours changes something by being shown, or is out of date a moment
// later: browsers ask again. It refuses changes that another site's page asks for. And it
// has htmx open a page of ours as one, and not put it into another, where neither its
// style nor its script would work.
func (h *Handlers) page(next endpoint) http.HandlerFunc {
	return h.serve(func(v *visit) answer {
		switch {
		case v.kind == kindAhead:
			return prefetched
		case v.crossSite && !h.isOwnForm(v):
			return h.crossSite(v)
		case v.kind.isHTMX() && v.r.Method == http.MethodGet && !v.json:
			return lead(h.asked(v.r))
		}
		h.chooseLanguage(v)
		return next(v)
	})
}

// signedIn calls next for a user who is logged in, verified or not.
func (h *Handlers) signedIn(next endpoint) http.HandlerFunc {
	return h.known(h.cfg.Sessions.LoadPage, next)
}

// waiting is signedIn for a request that only asks how the challenge stands.
func (h *Handlers) waiting(next endpoint) http.HandlerFunc {
	return h.known(h.cfg.Sessions.LoadWaiting, next)
}

// unlocked calls next for a user who is logged in and, having a second factor,
// has proved it.
func (h *Handlers) unlocked(next endpoint) http.HandlerFunc {
	return h.signedIn(func(v *visit) answer {
		if a := h.admit(v); a != nil {
			return a
		}
		if v.locked { // what it was let in by has changed the account
			if err := h.reload(v); err != nil {
				return fault{err}
			}
		}
		return next(v)
	})
}

// known calls next for a user who is logged in, as load says.
func (h *Handlers) known(load func(*http.Request) (session.Caller, error), next endpoint) http.HandlerFunc {
	return h.page(func(v *visit) answer {
		var err error
		v.came = h.cfg.Rules.Now()
		if v.Caller, err = load(v.r); err != nil {
			return fault{err}
		}
		v.basis, v.locked = v.Basis(), v.Standing == factor.Locked
		if a := h.act(v, v.decide(SignedIn, false)); a != nil {
			return a
		}
		return next(v)
	})
}

// admit lets a locked session in if it can be unlocked right now, and answers the request
// otherwise.
func (h *Handlers) admit(v *visit) answer {
	action := v.decide(Unlocked, false)
	if action == TryEnter {
		if err := h.enter(v, v.kind == kindNavigation); err != nil {
			return fault{err}
		}
		action = v.decide(Unlocked, true)
	}
	return h.act(v, action)
}

// enter unlocks a session if that can be done right now. If resume is set, a locked session
// may also go on by what another request of the same browser unlocked a moment ago.
func (h *Handlers) enter(v *visit, resume bool) error {
	moved := v.End.Over || v.Challenge.Phase == factor.PhaseApproved || v.Challenge.Phase == factor.PhaseConsumed
	err := h.cfg.Sessions.EnterNow(v.w, v.r, &v.Caller)
	if err != nil || v.Standing != factor.Locked || !resume || !moved {
		return err
	}
	return h.cfg.Sessions.Resume(v.w, v.r, &v.Caller, v.Session)
}

// look has the visit know how the challenge stands now.
func (h *Handlers) look(v *visit) (err error) {
	if err = h.reload(v); err == nil {
		v.Challenge, err = h.cfg.Rules.Look(v.ctx(), v.Account, v.Session)
	}
	return err
}

// reload has the visit know the account as it is now.
func (h *Handlers) reload(v *visit) (err error) {
	v.Account, err = h.cfg.Rules.Account(v.ctx(), v.User.ID)
	return err
}

// decide decides about a request for one of our pages.
func (v *visit) decide(d Demand, tried bool) Action {
	return Case{Standing: v.Standing, Demand: d, Sender: v.Sender, Tried: tried}.Decide()
}

// keep has the browser keep a secret with the answer, by which it is known from now on.
func (h *Handlers) keep(v *visit, b session.Browser) {
	h.cfg.Sessions.KeepBrowser(v.w, v.r, b)
	v.Session.Browsers = append(v.Session.Browsers, b.Hash())
}

func (v *visit) ctx() context.Context { return v.r.Context() }

// detach has the request be finished although its browser may go away: what is half
// changed is worse than either.
func (v *visit) detach() { v.r = v.r.WithContext(context.WithoutCancel(v.ctx())) }

// proof is what the request has to show for a change, with the code that was typed.
func (v *visit) proof(code string) factor.Proof {
	return factor.Proof{Basis: v.basis, Grant: v.Grant, Code: code, Field: v.field, At: v.came}
}

// routeConfirm is where an enrolment's first code is sent to.
const routeConfirm = "/enable/confirm"

// formOf is the form with that code that the request sends.
func (h *Handlers) formOf(v *visit, code string) factor.Form {
	if code == "" {
		return factor.Form{}
	}
	return factor.Form{Route: h.routeOf(v), Code: code}
}

// routeOf is the request's path below the base.
func (h *Handlers) routeOf(v *visit) string { return strings.TrimPrefix(v.r.URL.Path, h.cfg.Mount) }

// keepKnown gives a browser that has no secret one, with a page that has a form to type a
// code into: by it, the browser is known again if it sends the form twice. Nothing can be
// begun with it.
func (h *Handlers) keepKnown(v *visit) {
	if len(v.Session.Browsers) == 0 {
		h.cfg.Sessions.KeepBrowser(v.w, v.r, h.cfg.Sessions.NewBrowser().Begun())
	}
}
