package middleware_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/templates"
)

// Help is one click away where the gate stops somebody, and open to them, as the privacy
// policy is. The page that changes the password isn't exempt: the gate ends the sign-in
// before it leads there.
func ExampleWithPages_links() {
	stopped := middleware.WithRequired(func(middleware.User) eagate.Requirement { return eagate.Require(0) })
	user := middleware.WithUser(func(*http.Request) (middleware.User, error) { return users["7"], nil })
	gate, sessions := newGate(user, stopped, middleware.WithPages(templates.WithLinks(templates.Links{
		Help: "/help", Password: "/forgotten", Privacy: "/privacy",
	})))
	app := sessions.LoadAndSave(gate.Handler(http.HandlerFunc(welcome)))
	for _, path := range []string{"/account", "/help", "/privacy", "/forgotten"} {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", path, nil)
		r.Header.Set("Accept", "text/html")
		app.ServeHTTP(w, r)
		fmt.Println(path, w.Code)
	}
	// Output:
	// /account 303
	// /help 200
	// /privacy 200
	// /forgotten 303
}
