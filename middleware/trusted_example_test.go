package middleware_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/eagate/eagate/middleware"
)

// The front end is on a host of its own: what its pages send is taken, and what those of
// other sites send isn't.
func ExampleWithTrustedOrigins() {
	gate, sessions := newGate(middleware.WithTrustedOrigins("https://www.example.com"))
	app := sessions.LoadAndSave(gate.Handler(http.HandlerFunc(welcome)))
	for _, origin := range []string{"https://www.example.com", "https://evil.example"} {
		r := httptest.NewRequest("POST", "https://api.example.com/2fa/challenge", nil)
		r.Header.Set("Origin", origin)
		r.Header.Set("Accept", "application/json")
		w := httptest.NewRecorder()
		app.ServeHTTP(w, r)
		fmt.Println(origin, w.Code, strings.Contains(w.Body.String(), "cross-site"))
	}
	// Output:
	// https://www.example.com 401 false
	// https://evil.example 403 true
}
