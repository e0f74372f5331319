package middleware_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"

	"github.com/eagate/eagate/middleware"
)

// An application that knows its users' language says so; one that doesn't leaves the
// choice to them.
func ExampleWithLanguage() {
	languages := map[string]string{"7": "th-TH"} // of the users, in a database
	user := func(*http.Request) (middleware.User, error) { return users["7"], nil }
	gate, sessions := newGate(middleware.WithUser(user), middleware.WithLanguage(func(r *http.Request) string {
		return languages["7"]
	}))
	app := sessions.LoadAndSave(gate.Handler(http.HandlerFunc(welcome)))

	w := httptest.NewRecorder()
	app.ServeHTTP(w, httptest.NewRequest("GET", "/2fa/", nil))
	fmt.Println(regexp.MustCompile(`<html.*>`).FindString(w.Body.String()))
	// Output: <html lang="th" dir="ltr">
}
