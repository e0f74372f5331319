// Package app is a small web application with a password login, and the second
// factor behind it.
package app

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/eagate/eagate/middleware"
)

// Config is what the application is made of.
type Config struct {
	Sessions *scs.SessionManager

	// Gate makes the second factor, together with what the application itself
	// has to say about it.
	Gate []middleware.Option

	// PhoneURL is where the emulated phone is, or empty if users have their own.
	PhoneURL string

	// Log is told of faults; [slog.Default] if nil.
	Log *slog.Logger
}

// An App is the application.
type App struct {
	Gate *middleware.Gate

	sessions *scs.SessionManager
	phoneURL string
	log      *slog.Logger
	handler  http.Handler
}

// New returns the application, or every fault of its configuration at once.
func New(c Config) (*App, error) {
	a := &App{sessions: c.Sessions, phoneURL: c.PhoneURL, log: c.Log}
	if a.log == nil {
		a.log = slog.Default()
	}
	a.sessions.ErrorFunc = a.sessionFault
	options := []middleware.Option{
		middleware.WithSessions(c.Sessions),
		middleware.WithUser(a.gateUser),
		middleware.WithIssuer("Acme"),
		middleware.WithRequired(requirement),
		middleware.WithTrustedDevices(30 * 24 * time.Hour),
		middleware.WithHomePath("/account"),
		middleware.WithLoginPath("/login"),
		middleware.WithLogoutPath("/logout"),
		middleware.WithExempt("GET /{$}", "GET /healthz", "GET /style.css", "GET /favicon.ico", "GET /spa", "GET /spa.js"),
	}
	gate, err := middleware.New(append(options, c.Gate...)...)
	if err != nil {
		return nil, err
	}
	a.Gate = gate

	mux := http.NewServeMux()
	for pattern, handler := range a.routes() {
		mux.Handle(pattern, handler)
	}

	// The gate checks on its own pages that no other site makes the browser ask
	// for changes; the login and the logout want that too.
	guarded := http.NewCrossOriginProtection().Handler(mux)
	a.handler = c.Sessions.LoadAndSave(gate.Handler(guarded))
	return a, nil
}

// routes are in a list, by pattern, so that a test can check that the gate guards
// them all.
func (a *App) routes() map[string]http.Handler {
	return map[string]http.Handler{
		"GET /{$}":           http.HandlerFunc(a.home),
		"GET /login":         http.HandlerFunc(a.loginForm),
		"POST /login":        http.HandlerFunc(a.login),
		"POST /logout":       http.HandlerFunc(a.logout),
		"GET /account":       http.HandlerFunc(a.account),
		"GET /transfer":      a.confirmed(a.transferForm),
		"POST /transfer":     a.confirmed(a.transfer),
		"GET /spa":           http.HandlerFunc(a.spa),
		"GET /spa.js":        asset("spa.js"),
		"GET /api/account":   a.signedIn(a.apiAccount),
		"GET /api/messages":  a.signedIn(a.apiMessages),
		"POST /api/transfer": a.confirmed(a.apiTransfer),
		"GET /operators":     a.operated(a.operators),
		"POST /operators":    a.operated(a.operate),
		"GET /healthz":       http.HandlerFunc(healthz),
		"GET /style.css":     asset("style.css"),
		"GET /favicon.ico":   asset("favicon.svg"),
	}
}

func (a *App) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.handler.ServeHTTP(w, r) }

func healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n"))
}
