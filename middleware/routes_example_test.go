package middleware_test

import (
	"fmt"
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/eagate/eagate/middleware"
)

func page(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "Welcome") }

// In an application's test, what is printed here would be t.Error's.
func ExampleCheckRoutes() {
	gate, sessions := newGate(middleware.WithLoginPath("/login"), middleware.WithExempt("/api/"))
	r := chi.NewRouter()
	r.Use(sessions.LoadAndSave)
	r.Mount("/2fa", gate.Routes())
	r.Get("/export", page) // forgotten
	r.Group(func(r chi.Router) {
		r.Use(gate.Require)
		r.Get("/account", page)
		r.Get("/login", page)
		r.Get("/api/ping", page)
		r.Get("/api/users/{id}", page) // the exemption was made for /api/ping
	})

	fmt.Println(middleware.CheckRoutes(r, "GET /login", "GET /api/ping"))
	// Output:
	// middleware: route "GET /api/users/{id}": exempt by "/api/" (asked for "/api/users/eagate-probe"): narrow that exemption, or list it as public
	// middleware: route "GET /export": no gate before it (asked for "/export"): put it behind Gate.Handler or Gate.Require, or list it as public
}

// A ServeMux is registered from a list, which is checked too.
func ExampleCheckPatterns() {
	gate, sessions := newGate(middleware.WithExempt("GET /healthz", "/static/"))
	mux := http.NewServeMux()
	var patterns []string
	handle := func(pattern string, h http.HandlerFunc) {
		mux.HandleFunc(pattern, h)
		patterns = append(patterns, pattern)
	}
	handle("GET /account", page)
	handle("POST /transfer/{id}", page)
	handle("GET /healthz", page)
	handle("GET /static/reports/{name}", page)

	app := sessions.LoadAndSave(gate.Handler(mux))
	fmt.Println(middleware.CheckPatterns(app, patterns, "GET /healthz"))
	// Output: middleware: route "GET /static/reports/{name}": exempt by "/static/" (asked for "/static/reports/eagate-probe"): narrow that exemption, or list it as public
}

// A caller can look at each fault.
func ExampleRouteError() {
	r := chi.NewRouter()
	r.Get("/account", page)
	r.Handle("/export", http.HandlerFunc(page))

	if faults, ok := middleware.CheckRoutes(r).(interface{ Unwrap() []error }); ok {
		for _, err := range faults.Unwrap() {
			if e, ok := err.(*middleware.RouteError); ok && e.Fault == middleware.RouteUnguarded {
				fmt.Println(e.Pattern, e.Methods)
			}
		}
	}
	// Output:
	// /account [GET]
	// /export []
}
