// Package handlers serves the gate's own pages: the challenge, its waiting and
// its codes, the switching on and off, and the service's callback. It is thin
// HTTP over the rules.
//
// It is not for import: its API needs types of internal packages, and changes from
// release to release without notice. Package
// [github.com/eagate/eagate/middleware] makes it from its options.
//
// Every page answers people with HTML and programs with JSON: HTML unless the Accept
// header prefers application/json, or leaves it open and the body is JSON. Bodies are
// forms or JSON objects.
// Failures are application/problem+json (RFC 9457) for programs.
package handlers

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/seldom"
	"github.com/eagate/eagate/internal/session"
	"github.com/eagate/eagate/internal/storelimit"
	"github.com/eagate/eagate/templates"
)

// Config is what the endpoints are made of. All of it is checked by package
// middleware.
type Config struct {
	Rules    *factor.Rules
	Sessions *session.Sessions
	Pages    *templates.Pages

	Mount         string // the path that requests for the routes are below, such as /2fa
	Base          string // the same as browsers see it: behind more, where a proxy strips that
	External      string // what a proxy strips, or empty
	Issuer        string
	HomePath      string // where to go when no page was asked for
	LoginPath     string // the application's, or empty
	LogoutPath    string // the application's, or empty
	PasswordPath  string // where the password is changed, or empty
	HelpURL       string // or empty
	PrivacyURL    string // or empty
	TokenLifetime time.Duration

	Mode    eagate.Mode
	Origin  string // the application's own, or empty where it isn't known; needed in the hosted modes
	Webview Webview

	// TrustedOrigins are those besides the request's own from which changes are taken.
	TrustedOrigins []string

	CallbackSecrets  []string
	CallbackNetworks []netip.Prefix // empty: from anywhere
	CallbackSource   func(*http.Request) (netip.Addr, error)

	// Cancel answers for a sign-in that was cancelled, whose session has ended; it may
	// leave that to the gate. It may be nil.
	Cancel func(http.ResponseWriter, *http.Request)

	// LayoutData returns what the application's layout shows of its own. It may be nil.
	LayoutData func(*http.Request) any

	// Fields returns the application's own fields of our forms. It may be nil.
	Fields func(*http.Request) []templates.Field

	// Language returns the language of the request's user, or "". It may be nil.
	Language func(*http.Request) string

	Log *slog.Logger
}

// Handlers are safe for concurrent use.
type Handlers struct {
	cfg      Config
	router   *chi.Mux
	mounting mounting
	cross    *http.CrossOriginProtection
	faults   *seldom.Subjects[string] // that were logged

	ended <-chan struct{} // closed by end: streams don't last any more
	end   func()
}

// New returns the endpoints.
func New(cfg Config) *Handlers {
	h := &Handlers{cfg: cfg, cross: http.NewCrossOriginProtection(), faults: seldom.New[string](time.Minute)}
	streams, end := context.WithCancel(context.Background())
	h.ended, h.end = streams.Done(), end
	for _, origin := range cfg.TrustedOrigins {
		if err := h.cross.AddTrustedOrigin(origin); err != nil {
			panic(err) // package middleware has checked it
		}
	}
	r := chi.NewRouter()
	r.NotFound(h.serve(h.notFound))
	r.MethodNotAllowed(h.serve(h.methodNotAllowed))

	r.Get("/assets/{name}", h.serve(h.asset))
	r.Head("/assets/{name}", h.serve(h.asset))

	r.Get("/callback/{secret}", h.callback)
	r.Post("/callback/{secret}", h.callback)

	r.Get("/challenge", h.signedIn(h.challenge))
	r.Post("/challenge", h.signedIn(h.newChallenge))
	r.Get("/challenge/status", h.waiting(h.status))
	r.Get("/challenge/events", h.waiting(h.events))
	r.Post("/challenge/totp", h.signedIn(h.phoneCode))
	r.Post("/challenge/recovery", h.signedIn(h.recoveryCode))
	r.Post("/challenge/continue", h.signedIn(h.proceed))

	r.Post("/cancel", h.page(h.cancel))
	r.Get("/return", h.page(h.back))

	r.Get("/", h.unlocked(h.security))
	r.Get("/enable", h.unlocked(h.enrolment))
	r.Post("/enable", h.unlocked(h.enrol))
	r.Post(routeConfirm, h.signedIn(h.confirm))
	r.Post("/disable", h.unlocked(h.disable))

	r.Get("/recovery-codes", h.unlocked(h.recovery))
	r.Post("/recovery-codes", h.unlocked(h.makeRecovery))
	r.Post("/recovery-codes/kept", h.unlocked(h.kept))
	if cfg.Rules.DeviceLifetime() > 0 {
		r.Get("/devices", h.unlocked(h.devices))
		r.Post("/devices", h.unlocked(h.trust))
		r.Post("/devices/revoke", h.unlocked(h.revoke))
	}
	h.router = r
	return h
}

// Owns reports whether the request is for one of the gate's own pages.
func (h *Handlers) Owns(r *http.Request) bool {
	rest, ok := strings.CutPrefix(r.URL.Path, h.cfg.Mount)
	return ok && (rest == "" || rest[0] == '/')
}

// ServeHTTP routes by what follows the base path; where that was stripped
// already, by the whole path.
func (h *Handlers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mounting.served.Store(true)
	setHeaders(w.Header())
	path := strings.TrimPrefix(r.URL.EscapedPath(), h.cfg.Mount)
	if path == "" {
		path = "/"
	}
	// The application's own chi context must not see our routes, nor we its.
	route := chi.NewRouteContext()
	route.RoutePath = path
	ctx := context.WithValue(r.Context(), chi.RouteCtxKey, route)
	if path == "/return" || strings.HasPrefix(path, "/callback/") { // whose addresses hold secrets
		w.Header().Set("Referrer-Policy", "no-referrer")
	}
	if path == "/challenge/events" { // which lasts
		ctx = storelimit.WithStream(ctx)
	} else {
		ctx = storelimit.WithBudget(ctx)
	}
	h.router.ServeHTTP(w, r.WithContext(ctx))
}

func (h *Handlers) notFound(v *visit) answer {
	h.elsewhere(v.r)
	return failure{problem: eagate.ProblemNotFound, page: templates.MessageNotFound}
}

func (h *Handlers) methodNotAllowed(v *visit) answer {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
		if h.router.Match(chi.NewRouteContext(), method, chi.RouteContext(v.ctx()).RoutePath) {
			allowed = append(allowed, method)
		}
	}
	if allowed == nil { // chi doesn't look for a page if it doesn't know the method
		return h.notFound(v)
	}
	v.w.Header().Set("Allow", strings.Join(allowed, ", "))
	return failure{problem: eagate.ProblemMethodNotAllowed, page: templates.MessageMethod}
}
