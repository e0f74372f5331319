package middleware

import "net/http"

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
