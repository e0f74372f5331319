package middleware_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/middleware"
)

// The page that sends a link by e-mail, by which the password is changed: it serves those
// who aren't signed in, and is where somebody goes whose account is closed.
func ExampleWithPasswordPath() {
	gate, sessions := newGate(middleware.WithPasswordPath("/forgotten"))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /forgotten", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "We send you a link.") })
	app := sessions.LoadAndSave(gate.Handler(mux))

	w := httptest.NewRecorder()
	app.ServeHTTP(w, httptest.NewRequest("GET", "/forgotten", nil))
	fmt.Println(w.Body)
	// Output: We send you a link.
}

// Help is one click away where the gate stops somebody, and open to them.
func ExampleWithHelpURL() {
	stopped := middleware.WithRequired(func(middleware.User) eagate.Requirement { return eagate.Require(0) })
	user := middleware.WithUser(func(*http.Request) (middleware.User, error) { return users["7"], nil })
	gate, sessions := newGate(user, stopped, middleware.WithHelpURL("/help"))
	app := sessions.LoadAndSave(gate.Handler(http.HandlerFunc(welcome)))
	for _, path := range []string{"/account", "/help"} {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", path, nil)
		r.Header.Set("Accept", "text/html")
		app.ServeHTTP(w, r)
		fmt.Println(path, w.Code)
	}
	// Output:
	// /account 303
	// /help 200
}
