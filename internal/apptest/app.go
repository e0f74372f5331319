// Package apptest runs whole applications behind a gate, for the tests of the
// packages that make one: a password login in scs sessions, a guarded page, the
// emulated service and phones, all over real sockets.
package apptest

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/alexedwards/scs/v2/memstore"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/session"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/store"
)

// Secret is what the guarded page says: no locked response may contain it.
const Secret = "the guarded page"

// Key is the gate's key.
var Key = []byte("0123456789abcdef0123456789abcdef")

// A World is what several nodes of one application share.
type World struct {
	Emulator *emulator.Server
	Store    *FaultyStore
	Scs      *FaultyScs
	Clock    *Clock
	Log      *Log
	Users    *Users
}

// An App is one node.
type App struct {
	*World
	URL      string
	Gate     *middleware.Gate
	Sessions *scs.SessionManager
	Passed   *atomic.Int64 // calls of guarded handlers
}

// Setup changes how a node is made.
type Setup struct {
	Options []middleware.Option
	Client  []client.Option
	Service func(origin string) *client.Client

	// Clock is the node's own; the world's unless set.
	Clock *Clock

	// Mode is how the challenge is met.
	Mode eagate.Mode

	// Sessions changes the session manager.
	Sessions func(*scs.SessionManager)

	// Routes adds to the application's routes.
	Routes func(app *App, mux *http.ServeMux)

	// Wrap builds the handler out of the routes in another way than
	// LoadAndSave(gate.Handler(mux)).
	Wrap func(app *App, mux http.Handler) http.Handler
}

// Rejecting has a report of false mean that the user rejected the request.
func Rejecting() Setup {
	return Setup{Options: []middleware.Option{middleware.WithFalseResult(eagate.Rejection)}}
}

// NewWorld starts the service and the stores.
func NewWorld(t testing.TB) *World {
	t.Helper()
	clock := &Clock{now: time.Now().Truncate(30 * time.Second)}
	emu := emulator.Start(emulator.Config{Now: clock.Now})
	t.Cleanup(emu.Close)
	return &World{
		Emulator: emu,
		Store:    NewFaultyStore(store.NewMemory()),
		Scs:      &FaultyScs{MemStore: memstore.NewWithCleanupInterval(0)},
		Clock:    clock,
		Log:      new(Log),
		Users:    new(Users),
	}
}

// New starts a world with one node.
func New(t testing.TB, setups ...Setup) *App {
	t.Helper()
	return NewWorld(t).Node(t, setups...)
}

// Node starts a node.
func (w *World) Node(t testing.TB, setups ...Setup) *App {
	t.Helper()
	sessions := scs.New()
	sessions.Store = w.Scs
	server := httptest.NewUnstartedServer(nil) // has its address already
	origin := "http://" + server.Listener.Addr().String()
	app := &App{World: w, Sessions: sessions, Passed: new(atomic.Int64)}
	options := []middleware.Option{
		middleware.WithSessions(sessions),
		middleware.WithStore(w.Store),
		middleware.WithUser(app.CurrentUser),
		middleware.WithIssuer("Acme"),
		middleware.WithKey(Key),
		middleware.WithOrigin(origin),
		middleware.WithInsecureCookie(),
		middleware.WithLogger(slog.New(slog.NewJSONHandler(w.Log, &slog.HandlerOptions{Level: slog.LevelDebug}))),
		middleware.WithLoginPath("/login"),
		middleware.WithLogoutPath("/logout"),
		middleware.WithExempt("/open/"),
		CheapCodes(),
		EarlyReports(time.Millisecond),
	}
	var clientOptions []client.Option
	clock := w.Clock
	for _, s := range setups {
		if s.Clock != nil {
			clock = s.Clock
		}
		options = append(options, s.Options...)
		clientOptions = append(clientOptions, s.Client...)
		if s.Mode != eagate.NumberMatch {
			options = append(options, middleware.WithMode(s.Mode))
		}
		if s.Sessions != nil {
			s.Sessions(sessions)
		}
	}
	options = append([]middleware.Option{
		middleware.WithService(w.Emulator.Client(clientOptions...)),
		middleware.WithClock(clock.Now), withElapsed(clock.Elapsed),
	}, options...)
	gate := expect.Try(middleware.New(options...)).OrFail(t)
	app.Gate = gate

	mux := http.NewServeMux()
	mux.HandleFunc("/", app.guarded)
	mux.HandleFunc("GET /open/{rest...}", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "open") })
	mux.HandleFunc("POST /login", app.login)
	mux.HandleFunc("POST /logout", func(w http.ResponseWriter, r *http.Request) {
		if err := sessions.Destroy(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	wrap := func(_ *App, mux http.Handler) http.Handler { return sessions.LoadAndSave(gate.Handler(mux)) }
	for _, s := range setups {
		if s.Routes != nil {
			s.Routes(app, mux)
		}
		if s.Wrap != nil {
			wrap = s.Wrap
		}
	}
	server.Config.Handler = wrap(app, mux)
	server.Start()
	t.Cleanup(server.Close)
	app.URL = server.URL
	w.Emulator.SetCallbackURL(server.URL + CallbackPath(gate))
	return app
}

// CallbackPath is the path of what [middleware.Gate.CallbackURL] returns.
func CallbackPath(gate *middleware.Gate) string {
	callback, err := gate.CallbackURL()
	if err != nil {
		panic(err)
	}
	u, err := url.Parse(callback)
	if err != nil {
		panic(err)
	}
	return u.Path
}

// GateName is what the gate calls itself in the names of its keys and cookies, where
// neither its base path nor the session cookie's name was set.
func (w *World) GateName() string { return session.Name(w.Emulator.ClientID(), "/2fa", "session") }

// ReturningCookie is the name of the cookie that brings a browser back into its session.
func (w *World) ReturningCookie() string { return "eagate-" + w.GateName() }

func (a *App) guarded(w http.ResponseWriter, r *http.Request) {
	a.Passed.Add(1)
	v, ok := a.Gate.Verification(r)
	w.Header().Set("X-User", a.SignedIn(r))
	w.Header().Set("X-Verified", fmt.Sprint(ok))
	if ok {
		w.Header().Set("X-Method", v.Method.String())
	}
	fmt.Fprint(w, Secret)
}

// login accepts every user without a password.
func (a *App) login(w http.ResponseWriter, r *http.Request) {
	if err := a.Sessions.RenewToken(r.Context()); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	a.Sessions.Put(r.Context(), KeyUser, a.Users.find(r.PostFormValue("email")))
}

// A Clock is set by hand: a wall clock, and the monotonic one that goes with it.
type Clock struct {
	mu      sync.Mutex
	now     time.Time
	elapsed time.Duration
}

// NewClock returns a clock that shows the same time as another.
func NewClock(other *Clock) *Clock { return &Clock{now: other.Now()} }

// Now returns the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Elapsed returns what the monotonic clock shows.
func (c *Clock) Elapsed() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.elapsed
}

// Add lets time pass. A negative d sets the wall clock back while time stands still.
func (c *Clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	c.elapsed += max(d, 0)
}

// Set sets the wall clock, ahead or back, and the monotonic one doesn't move. It is
// also how a machine wakes up that was suspended for so long.
func (c *Clock) Set(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(by)
}

// Log keeps what was logged.
type Log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

var _ io.Writer = (*Log)(nil)

func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
