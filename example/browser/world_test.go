package browser_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/alexedwards/scs/v2"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/example/demo/app"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/middleware"
)

const alice = "alice@example.com"

// A world is the demo's application, with the service, the phones and the time.
type world struct {
	*apptest.World
	url string
}

func newWorld(t *testing.T, options ...middleware.Option) *world {
	t.Helper()
	return newWorldBehind(t, func(app http.Handler) http.Handler { return app }, options...)
}

// newWorldBehind is newWorld with something between the browser and the
// application.
func newWorldBehind(t *testing.T, proxy func(http.Handler) http.Handler, options ...middleware.Option) *world {
	t.Helper()
	return newWorldIn(t, eagate.NumberMatch, proxy, options...)
}

// newWorldIn is newWorldBehind with the challenge met in that mode.
func newWorldIn(t *testing.T, mode eagate.Mode, proxy func(http.Handler) http.Handler, options ...middleware.Option) *world {
	t.Helper()
	server := httptest.NewUnstartedServer(nil) // has its address already
	w := &world{World: apptest.NewWorld(t), url: "http://" + server.Listener.Addr().String()}
	server.Config.Handler = proxy(w.app(t, scs.New(), append([]middleware.Option{
		middleware.WithInsecureCookie(), middleware.WithMode(mode),
	}, options...)...))
	server.Start()
	t.Cleanup(server.Close)
	return w
}

// app is the demo's application at the world's address.
func (w *world) app(t *testing.T, sessions *scs.SessionManager, options ...middleware.Option) *app.App {
	t.Helper()
	sessions.Store = w.Scs
	a, err := app.New(app.Config{
		Sessions: sessions,
		PhoneURL: w.Emulator.URL + emulator.PhonePath,
		Gate: append([]middleware.Option{
			middleware.WithService(w.Emulator.Client()),
			middleware.WithStore(w.Store),
			middleware.WithKey(apptest.Key),
			middleware.WithOrigin(w.url),
			apptest.CheapCodes(),
			middleware.WithClock(w.Clock.Now),
			middleware.WithLogger(slog.New(slog.NewTextHandler(w.Log, nil))),
		}, options...),
	})
	expect.NoError(t, err)
	w.Emulator.SetCallbackURL(w.url + apptest.CallbackPath(a.Gate))
	return a
}

// enrolled returns the phone of a user who has the second factor, without the
// browser's help.
func (w *world) enrolled(t *testing.T, email string) *emulator.Phone {
	t.Helper()
	b := (&apptest.App{World: w.World, URL: w.url}).Browser(t)
	expect.Equal(t, b.Post("/login", "email", email, "password", app.Password).Location, "/account", "login")
	return b.Enrol(email)
}

// code is what the phone shows after the present step, which may have been used.
func (w *world) code(t *testing.T, phone *emulator.Phone) string {
	t.Helper()
	w.Clock.Add(apptest.Step)
	return apptest.Code(t, phone)
}
