package middleware_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/alexedwards/scs/v2"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/middleware"
)

// Only the other tests' codes are cheap: those of an application cost what
// SECURITY.md says.
func TestA38_CostOfRecoveryCodes(t *testing.T) {
	t.Parallel()
	w := apptest.NewWorld(t)
	sessions := scs.New()
	gate, err := middleware.New(
		middleware.WithSessions(sessions),
		middleware.WithService(w.Emulator.Client()),
		middleware.WithStore(w.Store),
		middleware.WithUser(func(*http.Request) (middleware.User, error) {
			return middleware.User{ID: apptest.UserID(alice), Email: alice}, nil
		}),
		middleware.WithIssuer("Acme"),
		middleware.WithKey(apptest.Key),
		middleware.WithInsecureCookie(),
		middleware.WithClock(w.Clock.Now),
	)
	expect.NoError(t, err)
	server := httptest.NewServer(sessions.LoadAndSave(gate.Handler(http.NotFoundHandler())))
	t.Cleanup(server.Close)
	(&apptest.App{World: w, URL: server.URL}).Browser(t).Enrol(alice)
	const want = "argon2id 19456 2 1"
	expect.Equal(t, w.Account(t, alice).Recovery.Scheme, want, "codes hashed as")
}
