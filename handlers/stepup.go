package handlers

import (
	"net/http"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/session"
	"github.com/eagate/eagate/templates"
)

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

// stepUp takes the approval of a verified session that is asked for one more.
func (h *Handlers) stepUp(v *visit) error {
	if !v.accepts(eagate.Push) {
		return nil
	}
	grant, ok, err := h.cfg.Sessions.StepUp(v.w, v.r, v.user)
	if err == nil && ok {
		v.grant, v.demand = grant, session.Demand{}
	}
	return err
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

// A refusedMethod answers an attempt to prove it by a method that isn't accepted here: a
// code isn't even looked at, and the phone doesn't ring.
type refusedMethod struct{}

func (refusedMethod) send(h *Handlers, v *visit) {
	if v.json {
		failure{problem: eagate.ProblemMethodNotAccepted, challenge: true, demand: v.demand.Demand}.send(h, v)
		return
	}
	a := h.showChallenge(v, factor.CodeAnswer{})
	if page, ok := a.(html); ok {
		page.status = http.StatusForbidden
		a = page
	}
	a.send(h, v)
}
