package middleware_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"

	"github.com/eagate/eagate/middleware"
)

// A check of tokens around the whole application wants its field in the gate's forms too.
func ExampleWithFormFields() {
	token := func(*http.Request) string { return "a&b" } // of the request's context, rather
	user := func(*http.Request) (middleware.User, error) { return users["7"], nil }
	gate, sessions := newGate(middleware.WithUser(user), middleware.WithFormFields(func(r *http.Request) []middleware.FormField {
		return []middleware.FormField{{Name: "csrf_token", Value: token(r)}}
	}))
	app := sessions.LoadAndSave(gate.Handler(http.HandlerFunc(welcome)))

	w := httptest.NewRecorder()
	app.ServeHTTP(w, httptest.NewRequest("GET", "/2fa/", nil))
	fmt.Println(regexp.MustCompile(`<input type="hidden".*>`).FindString(w.Body.String()))
	// Output: <input type="hidden" name="csrf_token" value="a&amp;b">
}
