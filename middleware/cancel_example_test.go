package middleware_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/middleware"
)

// An application that remembers its users in a cookie of its own forgets them when they
// cancel: the cookie would sign them in again, and lead back to the challenge.
func ExampleWithCancel() {
	gate, sessions := newGate(middleware.WithLoginPath("/login"), middleware.WithRequired(func(middleware.User) eagate.Requirement {
		return eagate.Require(0)
	}), middleware.WithCancel(func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "remember", Path: "/", MaxAge: -1})
	}))
	remember := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if cookie, err := r.Cookie("remember"); err == nil {
				sessions.Put(r.Context(), "user", cookie.Value) // yours is random, and leads to a user
			}
			next.ServeHTTP(w, r)
		})
	}
	app := sessions.LoadAndSave(remember(gate.Handler(http.HandlerFunc(welcome))))

	r := httptest.NewRequest("POST", "/2fa/cancel", nil) // what "Cancel sign-in" sends
	r.AddCookie(&http.Cookie{Name: "remember", Value: "7"})
	w := httptest.NewRecorder()
	app.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Header().Get("Location"))
	fmt.Println(w.Header().Get("Set-Cookie"))
	// Output:
	// 303 /login
	// remember=; Path=/; Max-Age=0
}
