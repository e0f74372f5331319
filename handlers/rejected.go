package handlers

import (
	"net/http"

	"github.com/eagate/eagate/templates"
)

// rejected answers for a session whose request was rejected on the phone: whoever
// signed in, it wasn't the phone's owner, or it was a mistake. Either way this
// sign-in ends here, and the password is asked for again.
func (h *Handlers) rejected(v *visit) {
	if err := h.cfg.Sessions.Destroy(v.ctx()); err != nil {
		h.Unavailable(v.w, v.r, err)
		return
	}
	h.fail(v.w, v.r, failure{
		status: http.StatusUnauthorized, kind: "rejected", title: "The request was rejected on the phone, and this sign-in has ended",
		page: templates.MessageRejected, next: h.cfg.LoginPath,
	})
}

// held answers for a user whose account is closed until the password has been
// changed.
func (h *Handlers) held(v *visit) {
	h.fail(v.w, v.r, failure{
		status: http.StatusForbidden, kind: "held", title: "The account is closed until the password has been changed",
		page: templates.MessageHeld,
	})
}
