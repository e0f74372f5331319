package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/templates"
)

// locked returns an application whose user is logged in, and must set up a second factor
// before anything else.
func locked(opts ...middleware.Option) http.Handler {
	gate, sessions := newGate(append([]middleware.Option{
		middleware.WithLogger(slog.New(slog.DiscardHandler)),
		middleware.WithUser(func(*http.Request) (middleware.User, error) { return users["7"], nil }),
		middleware.WithRequired(func(middleware.User) eagate.Requirement { return eagate.Require(0) }),
	}, opts...)...)
	return sessions.LoadAndSave(gate.Handler(http.HandlerFunc(welcome)))
}

// send prints the status of the response to a request, such as "GET /account", and where
// it leads.
func send(app http.Handler, request string) {
	method, path, _ := strings.Cut(request, " ")
	w := httptest.NewRecorder()
	app.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	fmt.Println(strings.TrimSpace(fmt.Sprint(request, ": ", w.Code, " ", w.Header().Get("Location"))))
}

// A pattern with a method exempts no other method, and a pattern that ends in a slash
// exempts all paths below it, if they are in canonical form.
func ExampleWithExempt() {
	app := locked(middleware.WithExempt("GET /healthz", "/static/"))
	send(app, "GET /healthz")
	send(app, "POST /healthz")
	send(app, "GET /static/app.css")
	send(app, "GET /static/../account")
	_, _, err := tryGate(middleware.WithExempt("/", "/static/*"))
	fmt.Println(err)
	// Output:
	// GET /healthz: 200
	// POST /healthz: 403
	// GET /static/app.css: 200
	// GET /static/../account: 303 /2fa/enable
	// middleware: WithExempt: pattern "/" would exempt everything; for the front page alone use "/{$}"
	// middleware: WithExempt: pattern "/static/*": a "*" would stand for itself; write "{name}" for a part of the path, and "{rest...}" at the end for all that follows
}

// The callback moves with the gate's pages: its new address must be registered with the
// service.
func ExampleWithBasePath() {
	base, origin := middleware.WithBasePath("/security"), middleware.WithOrigin("https://app.example.com")
	send(locked(base), "GET /account")

	gate, _ := newGate(base, origin)
	callback, err := gate.CallbackURL()
	fmt.Println(strings.HasPrefix(callback, "https://app.example.com/security/callback/"), err)
	// Output:
	// GET /account: 303 /security/enable
	// true <nil>
}

// A locked session reaches the login page, to log in as somebody else. It can log out,
// but not by GET, which a link on another site could cause. The cancel button leads to
// the login page, or else to the home page.
func ExampleWithLoginPath() {
	app := locked(middleware.WithLoginPath("/login"), middleware.WithLogoutPath("/logout"))
	send(app, "GET /login")
	send(app, "POST /logout")
	send(app, "GET /logout")
	send(app, "POST /2fa/cancel")
	send(locked(middleware.WithHomePath("/start")), "POST /2fa/cancel")
	// Output:
	// GET /login: 200
	// POST /logout: 200
	// GET /logout: 303 /2fa/enable
	// POST /2fa/cancel: 303 /login
	// POST /2fa/cancel: 303 /start
}

// Wrong values are found by New. A number without a unit is one of nanoseconds.
func ExampleWithTokenLifetime() {
	_, _, err := tryGate(
		middleware.WithTokenLifetime(10),
		middleware.WithTOTP("SHA256", 7, time.Minute),
		middleware.WithIssuer("Acme: Shop"),
		middleware.WithPages(templates.WithLanguages("xx")),
	)
	fmt.Println(err)
	// Output:
	// middleware: WithIssuer: "Acme: Shop" is read as "Acme" by some authenticator apps: leave out colons, slashes, percent signs, and blanks at the ends
	// middleware: WithTokenLifetime: 10ns isn't 5 to 10 minutes
	// middleware: WithTOTP: TOTP codes of 7 digits, want 6 or 8
	// middleware: WithPages: WithLanguages: no texts for language "xx": add them by WithTranslations
}

// WithInsecureCookie is for development on http://localhost. The session's IdleTimeout
// must be long enough for a request to the phone there, too.
func ExampleWithSessions() {
	sessions := scs.New() // Cookie.Secure is false
	sessions.IdleTimeout = time.Minute
	_, _, err := tryGate(middleware.WithSessions(sessions), middleware.WithInsecureCookie())
	fmt.Println(err)
	// Output: middleware: WithSessions: IdleTimeout is 1m0s, less than the 5m0s for which a request to the phone is good: sessions would end while they wait
}

// The nodes of an application share one store. A node with a store of its own doesn't
// know the others' users: here, it grants another two weeks.
func ExampleWithStore() {
	now := time.Now()
	shared := store.NewMemory() // a database, rather
	node := func(s store.Backend) http.Handler {
		return locked(middleware.WithStore(s), middleware.WithClock(func() time.Time { return now }),
			middleware.WithRequired(func(middleware.User) eagate.Requirement { return eagate.Require(14 * 24 * time.Hour) }))
	}
	send(node(shared), "GET /account")
	now = now.AddDate(0, 0, 15)
	send(node(shared), "GET /account")
	send(node(store.NewMemory()), "GET /account")
	// Output:
	// GET /account: 200
	// GET /account: 303 /2fa/enable
	// GET /account: 200
}

// hung is a store that doesn't respond.
type hung struct{ store.Backend }

func (hung) Get(ctx context.Context, _ store.Kind, _ ...string) ([]store.Document, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// If the store hangs, the request is refused after that time.
func ExampleWithStoreTimeout() {
	app := locked(middleware.WithStore(hung{store.NewMemory()}), middleware.WithStoreTimeout(100*time.Millisecond))
	send(app, "GET /account")
	// Output: GET /account: 503
}

// A new key goes first, and the previous one stays until Admin.ResealAll is done. Without
// it, the service's reports to the registered address are lost.
func ExampleWithKey() {
	gate, _ := newGate(middleware.WithOrigin("https://app.example.com"))
	registered, err := gate.CallbackURL()
	if err != nil {
		panic(err)
	}
	next := []byte("fedcba9876543210fedcba9876543210")
	for _, keys := range [][][]byte{{next, key}, {next}} {
		w := httptest.NewRecorder()
		locked(middleware.WithKey(keys[0], keys[1:]...)).ServeHTTP(w, httptest.NewRequest("GET", registered, nil))
		fmt.Println(len(keys), "keys:", w.Code)
	}
	// Output:
	// 2 keys: 400
	// 1 keys: 404
}

// An error of the application's functions is in the log, once a minute, and not in the
// response.
func ExampleWithLogger() {
	var log strings.Builder
	app := locked(
		middleware.WithLogger(slog.New(slog.NewTextHandler(&log, nil))),
		middleware.WithUser(func(*http.Request) (middleware.User, error) {
			return middleware.User{}, errors.New("users: the database is down")
		}),
	)
	send(app, "GET /account")
	send(app, "GET /account")
	fmt.Println("in the log:", strings.Count(log.String(), "users: the database is down"))
	// Output:
	// GET /account: 503
	// GET /account: 503
	// in the log: 1
}

// Behind a proxy, all connections come from the proxy, which sets a header to the
// sender's address. It must replace the header that a client sends. The report here is
// from the service's network, which only the second gate sees: it lacks a result.
func ExampleWithCallbackNetworks() {
	gate, _ := newGate(middleware.WithOrigin("https://app.example.com"))
	callback, err := gate.CallbackURL()
	if err != nil {
		panic(err)
	}
	service := middleware.WithCallbackNetworks(netip.MustParsePrefix("203.0.113.0/24"))
	source := middleware.WithCallbackSource(func(r *http.Request) (netip.Addr, error) {
		return netip.ParseAddr(r.Header.Get("X-Real-IP"))
	})
	for _, app := range []http.Handler{locked(service), locked(service, source)} {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", callback, nil)
		r.Header.Set("X-Real-IP", "203.0.113.7")
		app.ServeHTTP(w, r)
		fmt.Println(w.Code)
	}
	// Output:
	// 403
	// 400
}
