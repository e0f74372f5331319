package middleware_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/alexedwards/scs/v2"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/store"
)

// complete are options with nothing wrong.
func complete() []middleware.Option {
	sessions := scs.New()
	sessions.Cookie.Secure = true
	return []middleware.Option{
		middleware.WithSessions(sessions),
		middleware.WithService(client.New("client", "key")),
		middleware.WithStore(store.NewMemory()),
		middleware.WithUser(func(*http.Request) (middleware.User, error) { return middleware.User{}, nil }),
		middleware.WithIssuer("Acme"),
		middleware.WithKey(apptest.Key),
	}
}

func TestCallbackOfTheFormerKey(t *testing.T) {
	world := apptest.NewWorld(t)
	former := world.Node(t)
	phone := former.Enrolled(t, alice)
	other := []byte("another key of thirty-two bytes!")
	next := world.Node(t, apptest.Setup{Options: []middleware.Option{middleware.WithKey(other, apptest.Key)}})
	callback := next.URL + apptest.CallbackPath(former.Gate)
	for _, u := range []string{callback, next.URL + apptest.CallbackPath(next.Gate)} {
		world.Emulator.SetCallbackURL(u)
		b := next.Stopped(t, alice)
		apptest.Approve(t, phone)
		b.WantIn("by that callback")
	}
	b := next.Browser(t).Login(alice)
	b.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone))
	b.WantIn("by a code whose secret the former key sealed")
}

func TestVerification(t *testing.T) {
	app := apptest.New(t)
	b := app.Browser(t).Login(alice)
	if a := b.Get("/account"); a.Header.Get("X-Verified") != "false" {
		t.Errorf("without a second factor: got X-Verified %q, want false", a.Header.Get("X-Verified"))
	}
	phone := b.Enrol(alice)
	if a := b.Get("/account"); a.Header.Get("X-Method") != "totp" {
		t.Errorf("after enrolling: got method %q, want totp", a.Header.Get("X-Method"))
	}
	b = app.Stopped(t, alice)
	apptest.Approve(t, phone)
	if a := b.Get("/account"); a.Header.Get("X-Method") != "push" {
		t.Errorf("after an approval: got method %q, want push", a.Header.Get("X-Method"))
	}
	if a := b.Get("/open/x"); a.Status != http.StatusOK {
		t.Errorf("exempt route: got %d", a.Status)
	}
	if _, ok := app.Gate.Verification(httptest.NewRequest("GET", "/account", nil)); ok {
		t.Error("a request without a session: got a verification")
	}
}

func TestUserIDs(t *testing.T) {
	for name, test := range map[string]struct {
		id   string
		want int
	}{
		"plain":         {"7", http.StatusOK},
		"longest":       {strings.Repeat("x", 255), http.StatusOK},
		"none":          {"", http.StatusOK}, // nobody
		"too long":      {strings.Repeat("x", 256), http.StatusServiceUnavailable},
		"NUL":           {"7\x00", http.StatusServiceUnavailable},
		"invalid UTF-8": {"\xff", http.StatusServiceUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			app := apptest.New(t, apptest.Setup{Options: []middleware.Option{
				middleware.WithUser(func(*http.Request) (middleware.User, error) { return middleware.User{ID: test.id}, nil }),
			}})
			if a := app.Browser(t).Get("/account"); a.Status != test.want {
				t.Errorf("got %d, want %d", a.Status, test.want)
			}
		})
	}
}
