package handlers

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/eagate/eagate/templates"
)

// seeOther sends the browser to a page of this site. It doesn't use
// http.Redirect, which would write a body.
func seeOther(w http.ResponseWriter, to string) {
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}

// lead sends whoever the request is of to a page of this site, in the way that works
// there. htmx would put the page that a redirect leads to where the answer belongs, and
// looks at its headers in a response of success only. Where it puts a page back, it looks
// at none: a page with a link takes that one's place.
func (h *Handlers) lead(w http.ResponseWriter, r *http.Request, to string) {
	switch kindOf(r) {
	case kindFragment:
		w.Header().Set("HX-Redirect", to)
		w.WriteHeader(http.StatusOK)
	case kindRestore:
		h.leave(w, r, to)
	case kindNavigation, kindForm, kindProgram, kindAhead:
		seeOther(w, to)
	}
}

// leadOn leads to a page of the application, which may redirect to another origin. Browsers
// but Firefox hold the form-action of our policy against all redirects that follow a form
// of ours, and would stay on its page without a word: they leave by a page.
func (h *Handlers) leadOn(w http.ResponseWriter, r *http.Request, to string) {
	if kindOf(r) == kindForm && isBrowser(r) {
		h.leave(w, r, to)
		return
	}
	h.lead(w, r, to)
}

// isBrowser reports whether the request is by a browser, which all call themselves so.
func isBrowser(r *http.Request) bool { return strings.HasPrefix(r.UserAgent(), "Mozilla/") }

// leave shows a page that goes on to another by itself.
func (h *Handlers) leave(w http.ResponseWriter, r *http.Request, to string) {
	h.show(w, r, http.StatusOK, func(p templates.Page) templates.View {
		return templates.Message{Page: p, Kind: templates.MessageGoOn, Next: to}
	})
}

// leadOut sends whoever isn't signed in to the login, or the home page where that isn't
// known.
func (h *Handlers) leadOut(w http.ResponseWriter, r *http.Request) {
	h.lead(w, r, cmp.Or(h.cfg.LoginPath, h.cfg.HomePath))
}

// wholePage has htmx open a page of ours as one, and not put it into another, where
// neither its style nor its script would work.
func (h *Handlers) wholePage(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if kind := kindOf(r); kind.isHTMX() && r.Method == http.MethodGet && !prefersJSON(r) {
			h.lead(w, r, h.asked(r))
			return
		}
		next.ServeHTTP(w, r)
	})
}
