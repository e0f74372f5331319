package middleware

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/eagate/eagate/internal/sitepath"
	"github.com/eagate/eagate/templates"
)

// WithPages sets the languages and texts of the pages, their look, and the application's
// own layout, templates and links. Without it, they have the gate's look and all of its
// languages. [New] reports what [templates.New] does, and a layout whose files a locked
// session can't load.
func WithPages(opts ...templates.Option) Option {
	return func(c *config) { c.pages = append(c.pages, opts...) }
}

// WithLayoutData sets the function that returns what the application's layout shows of
// its own, as .Data: the user's name in the header, say. Without it, .Data is nil. See
// [templates.WithLayout].
//
//	middleware.WithLayoutData(func(r *http.Request) header {
//		return header{Name: nameOf(r)}
//	})
//
// The function is called for each page, with the request as the gate received it, also
// if the session is locked or nobody is logged in, and must be safe for concurrent use.
// [New] renders a sample with T's zero value.
func WithLayoutData[T any](data func(*http.Request) T) Option {
	return func(c *config) {
		c.given("WithLayoutData", data != nil, "no function")
		if data == nil {
			return
		}
		var sample T
		c.pages = append(c.pages, templates.WithLayoutData(sample))
		c.layoutData = func(r *http.Request) any { return data(r) }
	}
}

// checkLayout returns what users couldn't load who prove the second factor.
func (c *config) checkLayout(pages *templates.Pages, exempt exemptions) (f faults) {
	for _, path := range pages.LayoutPaths() {
		inside := strings.TrimPrefix(path, c.external) // as the application sees it
		if sitepath.IsBelow(inside, c.base) || exempt.match(&http.Request{Method: http.MethodGet, URL: &url.URL{Path: inside}}) {
			continue
		}
		f.add("WithPages", path, "WithLayout: the layout loads %q, which a locked session can't: exempt it, as by WithExempt(%q)", path, "GET "+inside)
	}
	return f
}

// WithLanguage sets the function that returns the language of the request's user, for
// applications that know it: a BCP 47 tag such as "de-AT", which is matched with the
// languages of the pages. If it is empty, the user can choose at the foot of each page; a
// cookie keeps that for a year. Where nothing is chosen, the browser's Accept-Language
// says it. Without it, users and browsers decide.
//
//	middleware.WithLanguage(func(r *http.Request) string {
//		return sessions.GetString(r.Context(), "language")
//	})
//
// The function is called for each page, with the request as the gate received it, and
// must be safe for concurrent use. Problems for programs are in English; for notices, see
// [Notice.In].
func WithLanguage(language func(*http.Request) string) Option {
	return func(c *config) { c.language = language; c.given("WithLanguage", language != nil, "no function") }
}

// A FormField is a hidden field of a form.
type FormField = templates.Field

// WithFormFields sets the function that returns hidden fields for all forms of the gate's
// pages, such as the token of a CSRF check around the gate. Without it, there are none:
// the gate itself needs no token, because it refuses requests that other sites' pages
// send.
//
//	middleware.WithFormFields(func(r *http.Request) []middleware.FormField {
//		return []middleware.FormField{{Name: nosurf.FormFieldName, Value: nosurf.Token(r)}}
//	})
//
// The function is called for each page, with the request as the gate received it, and
// must be safe for concurrent use. The gate escapes names and values. It omits a field
// with the name of one of its own ("code", "recovery", "trust", "id", "all", "to", "set",
// "enabled", "attempt" or "form_token", in any letter case), and logs that. A form may have 4 KiB in all.
func WithFormFields(fields func(*http.Request) []FormField) Option {
	return func(c *config) { c.fields = fields; c.given("WithFormFields", fields != nil, "no function") }
}

// WithCancel sets the function that responds when a user cancels a sign-in at the
// challenge: for applications with a cookie of their own that signs users in again, such
// as "remember me". Without it, people are led to [WithLoginPath], or else [WithHomePath].
//
//	middleware.WithCancel(func(w http.ResponseWriter, r *http.Request) {
//		remembered.Forget(r)
//		http.SetCookie(w, &http.Cookie{Name: "remember", Path: "/", MaxAge: -1})
//	})
//
// The gate destroys the session first: the function runs with an empty session and no
// user, and can't keep the sign-in. The request still has all of its cookies. If the
// function writes no response, the gate does, with the headers that the function has set:
// for browsers a page that goes on to [WithLoginPath], or else [WithHomePath], and JSON for
// programs. It isn't called if the user stays signed in, as in a verified session, nor if
// nobody is logged in.
//
// It is called while the request waits, and must be safe for concurrent use; if the user
// presses the button twice, it may be called twice.
func WithCancel(f func(w http.ResponseWriter, r *http.Request)) Option {
	return func(c *config) { c.cancel = f; c.given("WithCancel", f != nil, "no function") }
}
