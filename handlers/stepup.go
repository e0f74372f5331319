package handlers

import (
	"net/http"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/templates"
)

// mayRing reports whether a page may make the phone ring by itself. A link on another
// site or a sibling host must not, where it would be the first that the user sees of it.
func (v *visit) mayRing() bool {
	if v.Standing == factor.Locked {
		return true
	}
	switch v.r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none", "": // the last of an older browser
		return v.Accepts(eagate.Push)
	}
	return false
}

// askOn has the page ask for what is demanded.
func (v *visit) askOn(page *templates.Challenge) {
	if v.Demand.IsZero() {
		return
	}
	page.StepUp, page.Resend = true, v.Demand.Form
	page.TrustFor = 0
	page.HasRecovery = page.HasRecovery && v.Accepts(eagate.Recovery)
	page.NoCode = !v.Accepts(eagate.TOTP)
	if !v.Accepts(eagate.Push) {
		page.State, page.Push = templates.ChallengeNone, templates.PushRefused
	}
}

// A refusedMethod answers an attempt to prove it by a method that isn't accepted here: a
// code isn't even looked at, and the phone doesn't ring.
type refusedMethod struct{}

func (refusedMethod) send(h *Handlers, v *visit) {
	if v.json {
		failure{problem: eagate.ProblemMethodNotAccepted, challenge: true, demand: v.Demand.Demand}.send(h, v)
		return
	}
	a := h.showChallenge(v, factor.CodeAnswer{})
	if page, ok := a.(html); ok {
		page.status = http.StatusForbidden
		a = page
	}
	a.send(h, v)
}
