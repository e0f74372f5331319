package csrf

import (
	"net/http"

	"github.com/justinas/nosurf"

	"github.com/eagate/eagate/middleware"
)

// Nosurf checks the tokens of github.com/justinas/nosurf, in the application's forms and
// in the gate's.
func Nosurf(app http.Handler) http.Handler {
	check := nosurf.New(app)
	// Without a path, each folder has a cookie of its own.
	check.SetBaseCookie(http.Cookie{Path: "/", HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode})
	check.ExemptGlob("/2fa/callback/*") // what the service reports, by POST too
	return check
}

// NosurfFields is for middleware.WithFormFields.
func NosurfFields(r *http.Request) []middleware.FormField {
	return []middleware.FormField{{Name: nosurf.FormFieldName, Value: nosurf.Token(r)}}
}
