package middleware

import (
	"net/http"

	"github.com/eagate/eagate/templates"
)

// WithPages sets up the pages: their languages and texts.
func WithPages(opts ...templates.Option) Option {
	return func(c *config) { c.pages = append(c.pages, opts...) }
}

// A FormField is a hidden field of a form.
type FormField = templates.Field

// WithFormFields names the function that returns the application's own hidden fields,
// which all forms of the gate's pages then have: such as the token of a check against
// cross-site requests that the gate is inside of. The gate itself needs none, as it
// refuses what other sites' pages send.
//
//	middleware.WithFormFields(func(r *http.Request) []middleware.FormField {
//		return []middleware.FormField{{Name: nosurf.FormFieldName, Value: nosurf.Token(r)}}
//	})
//
// The function is called for each page, with the request as it came to the gate, from any
// number of requests at once. Names and values are escaped. A field that is named like
// one of the gate's own ("code", "recovery", "trust", "id", "all" or "to", in any letter case) is left out,
// and the log says so. A form has 4 KiB in all.
func WithFormFields(fields func(*http.Request) []FormField) Option {
	return func(c *config) { c.fields = fields; c.given("WithFormFields", fields != nil, "no function") }
}

// WithCancel names the function that answers when a user cancels a sign-in at the
// challenge: for applications with a cookie of their own that signs users in again, such
// as "remember me". Without such a cookie, it isn't needed.
//
//	middleware.WithCancel(func(w http.ResponseWriter, r *http.Request) {
//		remembered.Forget(r)
//		http.SetCookie(w, &http.Cookie{Name: "remember", Path: "/", MaxAge: -1})
//	})
//
// The gate ends the session first: it is destroyed and empty, [WithUser] finds nobody in
// it, and whatever the function does, the sign-in is over. The request still has all of
// its cookies. If the function writes no answer, the gate's follows, with the headers
// that the function has set: 303 to [WithLoginPath], or else [WithHomePath], and JSON for
// programs. It isn't called for a verified session, which goes on, nor for nobody.
//
// It is called while the request waits, from any number of requests at once, and by two
// of one user where the button was pressed twice.
func WithCancel(f func(w http.ResponseWriter, r *http.Request)) Option {
	return func(c *config) { c.cancel = f; c.given("WithCancel", f != nil, "no function") }
}
