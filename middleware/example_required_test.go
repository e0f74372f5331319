package middleware_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/middleware"
)

// visit is what becomes of the first page that a user without a second factor
// asks for.
func visit(account http.HandlerFunc, user middleware.User, opts ...middleware.Option) string {
	gate, sessions := newGate(append(opts, middleware.WithUser(func(*http.Request) (middleware.User, error) {
		return user, nil // always logged in
	}))...)
	w := httptest.NewRecorder()
	sessions.LoadAndSave(gate.Handler(account)).ServeHTTP(w, httptest.NewRequest("GET", "/account", nil))
	return fmt.Sprint(w.Code, " ", w.Header().Get("Location"), w.Body)
}

func welcome(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "Welcome") }

// Staff must have a second factor from the first day, and customers may.
func ExampleWithRequired() {
	required := middleware.WithRequired(func(u middleware.User) eagate.Requirement {
		if strings.HasSuffix(u.Email, "@acme.example") {
			return eagate.Require(0)
		}
		return eagate.Optional()
	})
	fmt.Println(visit(welcome, middleware.User{ID: "4", Email: "dave@acme.example"}, required))
	fmt.Println(visit(welcome, middleware.User{ID: "7", Email: "alice@example.com"}, required))
	// Output:
	// 303 /2fa/enable
	// 200 Welcome
}

func ExampleOptional() {
	fmt.Println(eagate.Optional() == eagate.Requirement{})
	// Output: true
}

// Everybody has two weeks for it.
func ExampleRequire() {
	required := middleware.WithRequired(func(middleware.User) eagate.Requirement {
		return eagate.Require(14 * 24 * time.Hour)
	})
	now := time.Now()
	clock := middleware.WithClock(func() time.Time { return now })
	gate, sessions := newGate(required, clock, middleware.WithUser(func(*http.Request) (middleware.User, error) {
		return middleware.User{ID: "7", Email: "alice@example.com"}, nil // always logged in
	}))
	app := sessions.LoadAndSave(gate.Handler(http.HandlerFunc(welcome)))
	for _, days := range []int{0, 13, 1} {
		now = now.AddDate(0, 0, days)
		w := httptest.NewRecorder()
		app.ServeHTTP(w, httptest.NewRequest("GET", "/account", nil))
		fmt.Println(days, "days later:", w.Code)
	}
	// Output:
	// 0 days later: 200
	// 13 days later: 200
	// 1 days later: 303
}

// Before it is required, it can be seen whom that would stop.
func ExampleReportOnly() {
	fmt.Println(visit(welcome, middleware.User{ID: "7", Email: "alice@example.com"},
		middleware.WithRequired(func(middleware.User) eagate.Requirement { return eagate.ReportOnly() }),
		middleware.WithEvents(func(_ context.Context, e eagate.Event) { fmt.Println(e.Kind, e.UserID) }),
	))
	// Output:
	// would_stop 7
	// 200 Welcome
}

// A page can say how long the second factor may be put off.
func ExampleGate_EnrolmentDue() {
	gate, sessions := newGate(
		middleware.WithUser(func(*http.Request) (middleware.User, error) {
			return middleware.User{ID: "7", Email: "alice@example.com"}, nil // always logged in
		}),
		middleware.WithRequired(func(middleware.User) eagate.Requirement { return eagate.Require(14 * 24 * time.Hour) }),
	)
	account := func(w http.ResponseWriter, r *http.Request) {
		if due, ok := gate.EnrolmentDue(r); ok {
			days := time.Until(due).Hours() / 24
			fmt.Fprintf(w, "Please set up sign-in approval at /2fa/enable in the next %.0f days.", days)
		}
	}
	w := httptest.NewRecorder()
	sessions.LoadAndSave(gate.Handler(http.HandlerFunc(account))).ServeHTTP(w, httptest.NewRequest("GET", "/account", nil))
	fmt.Println(w.Body)
	// Output: Please set up sign-in approval at /2fa/enable in the next 14 days.
}
