package csrf

import (
	"net/http"
	"strings"

	"github.com/gorilla/csrf"

	"github.com/eagate/eagate/middleware"
)

// Gorilla checks the tokens of github.com/gorilla/csrf, in the application's forms and in
// the gate's.
func Gorilla(key []byte, app http.Handler) http.Handler {
	// Without a path, each folder has a cookie of its own.
	check := csrf.Protect(key, csrf.Path("/"))(app)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/2fa/callback/") { // what the service reports, by POST too
			r = csrf.UnsafeSkipCheck(r)
		}
		check.ServeHTTP(w, r)
	})
}

// GorillaFields is for middleware.WithFormFields.
func GorillaFields(r *http.Request) []middleware.FormField {
	return []middleware.FormField{{Name: "gorilla.csrf.Token", Value: csrf.Token(r)}}
}
