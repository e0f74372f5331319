package handlers

import (
	"net/http"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/templates"
)

// rejected answers for a session whose request was rejected on the phone: whoever
// signed in, it wasn't the phone's owner, or it was a mistake. Either way this
// sign-in ends here for good, and the password is asked for again.
func (h *Handlers) rejected(v *visit) {
	// The report has marked the session by the ID that it had when the phone was asked.
	ref := h.cfg.Sessions.Ref(v.r)
	ref.Ends = h.cfg.Sessions.Until(v.ctx())
	err := h.cfg.Rules.Reject(v.ctx(), v.user, ref)
	if err == nil {
		err = h.cfg.Sessions.Destroy(v.ctx())
	}
	if err != nil {
		h.Unavailable(v.w, v.r, err)
		return
	}
	h.fail(v.w, v.r, failure{problem: eagate.ProblemRejected, page: templates.MessageRejected, next: h.cfg.LoginPath})
}

// Over answers for a session that was asked for a second factor which its user no longer
// has: it ends, and the password is asked for again.
func (h *Handlers) Over(w http.ResponseWriter, r *http.Request) {
	setHeaders(w.Header())
	if IsAhead(r) {
		h.ahead(w, r)
		return
	}
	if err := h.cfg.Sessions.Destroy(r.Context()); err != nil {
		h.Unavailable(w, r, err)
		return
	}
	if kindOf(r).isHTMX() {
		h.leadOut(w, r)
		return
	}
	h.fail(w, r, failure{
		problem: eagate.ProblemSignInRequired, title: "The second factor was switched off meanwhile, and this sign-in has ended",
		page: templates.MessageOver, next: h.cfg.LoginPath, forProgram: !wantsPage(r),
	})
}

// held answers for a user whose account is closed until the password has been
// changed.
func (h *Handlers) held(v *visit) {
	h.fail(v.w, v.r, failure{problem: eagate.ProblemHeld, page: templates.MessageHeld, signedIn: v.verdict == factor.Verified})
}
