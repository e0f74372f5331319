package handlers

import (
	"strings"

	"github.com/eagate/eagate/internal/factor"
)

// routeConfirm is where an enrolment's first code is sent to.
const routeConfirm = "/enable/confirm"

// form is the form with a code that the request sends.
func (h *Handlers) form(v *visit, code string) factor.Form {
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
	if v.browser == "" && len(h.ref(v).Browsers) == 0 {
		h.cfg.Sessions.KeepBrowser(v.w, v.r, h.cfg.Sessions.NewBrowser().Begun())
	}
}

// lookAgain looks whether the request's form was sent before by the same browser, which
// may not have the answer: it then goes on by what came of it. The session of the first
// one, which it was sent in, is ref. It returns false if it has answered the request.
func (h *Handlers) lookAgain(v *visit, ref factor.Session) bool {
	sent, err := h.cfg.Rules.SentBefore(v.ctx(), v.user, ref)
	if err != nil {
		h.Unavailable(v.w, v.r, err)
		return false
	}
	return !sent || h.resume(v, ref)
}

// resume has a browser that has unlocked its session a moment ago, and doesn't know yet,
// go on where that does. It returns false if it has answered the request.
func (h *Handlers) resume(v *visit, ref factor.Session) bool {
	grant, route, ok, err := h.cfg.Sessions.Resume(v.w, v.r, v.user, ref)
	if err != nil {
		h.Unavailable(v.w, v.r, err)
		return false
	}
	if ok {
		v.verdict, v.grant, v.again, v.by = factor.Verified, grant, true, route
	}
	return true
}
