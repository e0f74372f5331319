package handlers

import (
	"cmp"
	"log/slog"
	"net/http"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/session"
	"github.com/eagate/eagate/templates"
)

// Answer answers a request of the application's own routes that doesn't pass.
func (h *Handlers) Answer(w http.ResponseWriter, r *http.Request, c session.Caller, about Case) {
	setHeaders(w.Header())
	v := &visit{w: w, r: r, Sender: about.Sender, Caller: c}
	h.act(v, about.Decide()).send(h, v)
}

// Fault answers a request of the application's own routes that can't be decided because of
// an error.
func (h *Handlers) Fault(w http.ResponseWriter, r *http.Request, err error) {
	setHeaders(w.Header())
	v := &visit{w: w, r: r, Sender: h.Sender(r)}
	fault{err}.send(h, v)
}

// act does what was decided, and returns the answer; nil if the request passes.
func (h *Handlers) act(v *visit, action Action) answer {
	switch action {
	case Pass:
		return nil
	case Refuse, TryEnter:
		return locked(v)
	case RefuseForm, LeadToChallenge:
		return h.lock(v, action)
	case RefuseUnproved, LeadToProve:
		return h.askAgain(v, action)
	case SignIn:
		f := signInFirst
		f.forProgram = !v.own && !v.page
		return f
	case LeadToLogin:
		return h.leadOut()
	case End:
		return h.over(v)
	case RefuseFactorOff:
		if v.kind.isHTMX() {
			return lead(h.cfg.Base + "/")
		}
		return failure{
			problem: eagate.ProblemEnrolmentRequired, title: "The second factor must be switched on first",
			page: templates.MessageEnrolFirst, enrol: true, demand: v.Demand.Demand, forProgram: !v.page,
		}
	case RefuseToEnrol, LeadToEnrol:
		h.keepNext(v)
		if action == LeadToEnrol {
			return lead(h.cfg.Base + "/enable")
		}
		return failure{
			problem: eagate.ProblemEnrolmentRequired,
			page:    templates.MessageFormStopped, enrol: true, forProgram: v.kind != kindForm,
		}
	case RefuseAhead:
		return prefetched
	case RefuseCrossSite:
		return h.crossSite(v)
	}
	return locked(v)
}

// locked refuses a request of a locked session.
func locked(v *visit) failure {
	return failure{
		problem: eagate.ProblemSecondFactorRequired,
		page:    templates.MessageFormLocked, challenge: true, forProgram: v.kind != kindForm,
	}
}

// lock leads a locked session to the challenge, which begins there. Somebody who has sent
// a form is told so, and comes back to the page that it is on.
func (h *Handlers) lock(v *visit, action Action) answer {
	err := h.cfg.Sessions.Look(v.r, &v.Caller)
	if err == nil && !v.End.Over { // a former session isn't written again
		h.keepNext(v)
		h.cfg.Sessions.KeepAsked(v.ctx(), v.User)
		if action == LeadToChallenge {
			err = h.prepareFirst(v)
		}
	}
	switch {
	case err != nil:
		return fault{err}
	case action == RefuseForm:
		return locked(v)
	}
	return h.leadToChallenge(v)
}

// prepareFirst gives the browser a secret, for the challenge page to begin with.
func (h *Handlers) prepareFirst(v *visit) error {
	if v.Challenge.Limit != nil || !h.isFirst(v) {
		return nil
	}
	if err := h.cfg.Sessions.Bind(v.r, &v.Caller); err != nil {
		return err
	}
	if _, ok := h.cfg.Sessions.Prepared(v.r, ""); !ok {
		h.cfg.Sessions.KeepBrowser(v.w, v.r, h.cfg.Sessions.NewBrowser())
	}
	return nil
}

// askAgain has the challenge of a verified session ask for what is demanded. A form comes
// back to the page that it is on, and isn't sent again.
func (h *Handlers) askAgain(v *visit, action Action) answer {
	v.Demand.Form = v.kind == kindForm || v.kind.isHTMX() && v.r.Method != http.MethodGet
	err := h.cfg.Sessions.Look(v.r, &v.Caller)
	if err == nil && !v.End.Over { // a former session isn't written again
		h.cfg.Sessions.KeepDemand(v.ctx(), v.Demand)
		if action == LeadToProve { // a program says when the phone is to be asked
			h.cfg.Sessions.KeepNext(v.ctx(), cmp.Or(h.pageOf(v), h.cfg.HomePath))
			h.prepareAgain(v)
		}
	}
	switch {
	case err != nil:
		return fault{err}
	case action == RefuseUnproved:
		return failure{problem: eagate.ProblemStepUpRequired, challenge: true, demand: v.Demand.Demand, forProgram: true}
	}
	return h.leadToChallenge(v)
}

// prepareAgain gives the browser a secret, for the challenge page to have the phone ring
// once more.
func (h *Handlers) prepareAgain(v *visit) {
	if !v.mayRing() || v.Challenge.Limit != nil {
		return
	}
	justEnded := v.Challenge.Phase == factor.PhaseRejected || v.Challenge.Phase == factor.PhaseConsumed ||
		v.Challenge.Phase == factor.PhaseNotApproved && h.cfg.Rules.Now().Before(v.Challenge.ExpiresAt)
	if v.isOver() && !justEnded { // it is of an earlier time
		b := h.cfg.Sessions.NewBrowser()
		h.cfg.Sessions.KeepBrowser(v.w, v.r, b)
		h.cfg.Sessions.KeepAsk(v.ctx(), b)
	}
}

// over ends a session that was asked for a second factor which its user no longer has: the
// password is asked for again.
func (h *Handlers) over(v *visit) answer {
	if err := h.cfg.Sessions.Destroy(v.ctx()); err != nil {
		return fault{err}
	}
	if v.kind.isHTMX() {
		return h.leadOut()
	}
	return failure{
		problem: eagate.ProblemSignInRequired, title: "The second factor was switched off meanwhile, and this sign-in has ended",
		page: templates.MessageOver, login: true, forProgram: !v.page,
	}
}

// leadOut leads to the login, or the home page where that isn't known.
func (h *Handlers) leadOut() answer { return lead(cmp.Or(h.cfg.LoginPath, h.cfg.HomePath)) }

// leadToChallenge leads the browser to the challenge.
func (h *Handlers) leadToChallenge(v *visit) answer {
	if h.mounting.lead(h.cfg.Rules.Now()) {
		h.warn(v.r, "sessions are led to the challenge, but nobody has come to the gate's pages",
			"see that gate.Routes is mounted at the base path, or use gate.Handler around the whole router: chi runs a group's middleware for the group's own routes only",
			slog.String("base", h.cfg.Mount))
	}
	return lead(h.cfg.Base + "/challenge")
}
