package handlers

import (
	"net/http"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/templates"
)

// Stop answers a request of a user who must have a second factor and has none: a
// navigation, and a page with htmx, is led to the enrolment, and back after it; anything
// else is refused. Whoever has sent a form is told so, and comes back to the page that it
// is on.
func (h *Handlers) Stop(w http.ResponseWriter, r *http.Request) {
	setHeaders(w.Header())
	kind := kindOf(r)
	if h.cross.Check(r) != nil && kind != kindProgram { // it must not say where to go on
		h.crossSite(w, r)
		return
	}
	h.keepNext(r)
	if kind == kindNavigation || kind.isHTMX() {
		h.lead(w, r, h.cfg.Base+"/enable")
		return
	}
	h.fail(w, r, failure{
		problem: eagate.ProblemEnrolmentRequired,
		page:    templates.MessageFormStopped, enrol: true, forProgram: kind != kindForm,
	})
}

// leadIn is what a user sees who opens the enrolment before there is a secret:
// who must have a second factor, why and how; anybody else, the security page.
func (h *Handlers) leadIn(v *visit) {
	duty, err := h.cfg.Rules.Duty(v.ctx(), v.user)
	if err != nil {
		h.Unavailable(v.w, v.r, err)
		return
	}
	has, err := h.cfg.Rules.HasAddress(v.ctx(), v.user)
	switch {
	case duty.Due.IsZero():
		seeOther(v.w, h.cfg.Base+"/")
	case err == nil && !has:
		h.noAddress(v)
	default:
		h.show(v.w, v.r, http.StatusOK, func(p templates.Page) templates.View {
			p.Email = v.user.Email
			return templates.Required{Page: p, Due: h.later(duty.Due)}
		})
	}
}

// later is due if that is still to come, and else zero: it is due now.
func (h *Handlers) later(due time.Time) time.Time {
	if h.cfg.Rules.Now().Before(due) {
		return due
	}
	return time.Time{}
}

// refuseDisable answers somebody who must have a second factor.
func (h *Handlers) refuseDisable(v *visit) {
	h.fail(v.w, v.r, failure{problem: eagate.ProblemRequired, page: templates.MessageRequired})
}
