package routetest_test

import (
	"fmt"
	"net/http"

	"github.com/alexedwards/scs/v2"
	"github.com/go-chi/chi/v5"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/middleware/routetest"
	"github.com/eagate/eagate/store"
)

// newGate makes a gate as an application does, with its session manager. Nothing is
// sent to the service.
func newGate(opts ...middleware.Option) (*middleware.Gate, *scs.SessionManager) {
	sessions := scs.New()
	sessions.Cookie.Secure = true
	gate, err := middleware.New(append([]middleware.Option{
		middleware.WithSessions(sessions),
		middleware.WithService(client.New("f0e1d2c3-client-id", "api-key")),
		middleware.WithStore(store.NewMemory()),
		middleware.WithUser(func(r *http.Request) (middleware.User, error) {
			return middleware.User{ID: sessions.GetString(r.Context(), "user")}, nil
		}),
		middleware.WithIssuer("Acme"),
		middleware.WithKey([]byte("0123456789abcdef0123456789abcdef")),
	}, opts...)...)
	if err != nil {
		panic(err)
	}
	return gate, sessions
}

func page(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "Welcome") }

// In an application's test, what is printed here would be t.Error's.
func ExampleCheck() {
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

	fmt.Println(routetest.Check(r, "GET /login", "GET /api/ping"))
	// Output:
	// routetest: route "GET /api/users/{id}": exempt by "/api/" (asked for "/api/users/eagate-probe"): narrow that exemption, or list it as public
	// routetest: route "GET /export": no gate before it (asked for "/export"): put it behind Gate.Handler or Gate.Require, or list it as public
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
	fmt.Println(routetest.CheckPatterns(app, patterns, "GET /healthz"))
	// Output: routetest: route "GET /static/reports/{name}": exempt by "/static/" (asked for "/static/reports/eagate-probe"): narrow that exemption, or list it as public
}

// A caller can look at each fault.
func ExampleError() {
	r := chi.NewRouter()
	r.Get("/account", page)
	r.Handle("/export", http.HandlerFunc(page))

	if faults, ok := routetest.Check(r).(interface{ Unwrap() []error }); ok {
		for _, err := range faults.Unwrap() {
			if e, ok := err.(*routetest.Error); ok && e.Fault == routetest.Unguarded {
				fmt.Println(e.Pattern, e.Methods)
			}
		}
	}
	// Output:
	// /account [GET]
	// /export []
}
