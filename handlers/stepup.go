package handlers

import (
	"cmp"
	"net/http"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/internal/session"
	"github.com/eagate/eagate/templates"
)

// StepUp answers a request of a verified session that must have proved more than
// it has: a navigation is led to the challenge, and so is the sending of a form,
// which comes back to the page that the form is on and isn't sent again; anything
// else is refused. All of them have the challenge ask for what is demanded.
func (h *Handlers) StepUp(w http.ResponseWriter, r *http.Request, user eagate.User, grant records.Grant, demand factor.Demand) {
	setHeaders(w.Header())
	if IsAhead(r) {
		h.ahead(w, r)
		return
	}
	v := &visit{w: w, r: r, user: user, verdict: factor.Verified, grant: grant}
	kind := kindOf(r)
	v.demand = session.Demand{Demand: demand, Form: kind == kindForm || kind.isHTMX() && r.Method != http.MethodGet}
	if v.demand.Form && h.cross.Check(r) != nil { // it must not make the phone ring
		h.crossSite(w, r)
		return
	}
	if err := h.ask(v); err != nil {
		h.Unavailable(w, r, err)
		return
	}
	if kind == kindProgram {
		h.fail(w, r, failure{problem: eagate.ProblemStepUpRequired, challenge: true, demand: demand, forProgram: true})
		return
	}
	h.leadToChallenge(w, r)
}

// ask has the session's challenge ask for what is demanded.
func (h *Handlers) ask(v *visit) error {
	ctx := v.ctx()
	mark, err := h.cfg.Sessions.Mark(ctx, v.user)
	if err != nil || mark.Over { // what is left of a session must not be written again
		return err
	}
	h.cfg.Sessions.KeepDemand(ctx, v.demand)
	if kindOf(v.r) == kindProgram {
		return nil // it says when the phone is to be asked
	}
	h.cfg.Sessions.KeepNext(ctx, cmp.Or(h.pageOf(v.r), h.cfg.HomePath))
	if !v.mayRing() {
		return nil
	}
	view, err := h.cfg.Rules.Look(ctx, v.user, h.ref(v))
	if err != nil || view.Limit != nil {
		return err
	}
	justEnded := view.Phase == factor.PhaseRejected || view.Phase == factor.PhaseConsumed ||
		view.Phase == factor.PhaseNotApproved && h.cfg.Rules.Now().Before(view.ExpiresAt)
	if v.isOver(view) && !justEnded { // it is of an earlier time
		b := h.cfg.Sessions.NewBrowser()
		h.cfg.Sessions.KeepBrowser(v.w, v.r, b)
		h.cfg.Sessions.KeepAsk(ctx, b)
	}
	return nil
}

// EnrolFirst answers a request that must be proved, of a user who has nothing to
// prove it with.
func (h *Handlers) EnrolFirst(w http.ResponseWriter, r *http.Request, demand factor.Demand) {
	setHeaders(w.Header())
	if kindOf(r).isHTMX() {
		h.lead(w, r, h.cfg.Base+"/")
		return
	}
	h.fail(w, r, failure{
		problem: eagate.ProblemEnrolmentRequired, title: "The second factor must be switched on first",
		page: templates.MessageEnrolFirst, enrol: true, demand: demand, forProgram: !wantsPage(r),
	})
}

// SignInFirst answers a request that must be proved, of nobody in particular.
func (h *Handlers) SignInFirst(w http.ResponseWriter, r *http.Request) {
	setHeaders(w.Header())
	if kindOf(r).isHTMX() {
		h.leadOut(w, r)
		return
	}
	h.fail(w, r, failure{
		problem: eagate.ProblemSignInRequired,
		page:    templates.MessageSignIn, next: h.cfg.LoginPath, forProgram: !wantsPage(r),
	})
}

// demand returns what the visit's session must prove besides, if it is verified
// and hasn't.
func (h *Handlers) demand(v *visit) session.Demand {
	if v.verdict != factor.Verified {
		return session.Demand{}
	}
	d := h.cfg.Sessions.Demand(v.ctx())
	if d.IsZero() || h.cfg.Rules.Meets(d.Demand, v.grant) {
		return session.Demand{}
	}
	return d
}

// proving reports whether the challenge is for this session: it is locked, or
// verified but asked for more.
func (v *visit) proving() bool { return v.verdict == factor.Locked || !v.demand.IsZero() }

// accepts reports whether a proof by that method does.
func (v *visit) accepts(m eagate.Method) bool { return v.demand.Accepts(m) }

// mayRing reports whether a page may make the phone ring by itself. A link on another
// site or a sibling host must not, where it would be the first that the user sees of it.
func (v *visit) mayRing() bool {
	if v.verdict == factor.Locked {
		return true
	}
	switch v.r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none", "": // the last of an older browser
		return v.accepts(eagate.Push)
	}
	return false
}

// stepUp takes the approval of a verified session that is asked for one more. It
// returns false if it has answered the request.
func (h *Handlers) stepUp(v *visit) bool {
	if !v.accepts(eagate.Push) {
		return true
	}
	grant, ok, err := h.cfg.Sessions.StepUp(v.w, v.r, v.user)
	if err != nil {
		h.Unavailable(v.w, v.r, err)
		return false
	}
	if ok {
		v.grant, v.demand = grant, session.Demand{}
	}
	return true
}

// askOn has the page ask for what is demanded.
func (v *visit) askOn(page *templates.Challenge) {
	if v.demand.IsZero() {
		return
	}
	page.StepUp, page.Resend = true, v.demand.Form
	page.TrustFor = 0
	page.HasRecovery = page.HasRecovery && v.accepts(eagate.Recovery)
	page.NoCode = !v.accepts(eagate.TOTP)
	if !v.accepts(eagate.Push) {
		page.State, page.Push = templates.ChallengeNone, templates.PushRefused
	}
}

// refuseMethod answers an attempt to prove it by a method that isn't accepted
// here: a code isn't even looked at, and the phone doesn't ring.
func (h *Handlers) refuseMethod(v *visit) {
	if prefersJSON(v.r) {
		h.fail(v.w, v.r, failure{problem: eagate.ProblemMethodNotAccepted, challenge: true, demand: v.demand.Demand})
		return
	}
	h.showChallenge(v, http.StatusForbidden, factor.CodeAnswer{})
}
