package middleware_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/alexedwards/scs/v2"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
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
	expect.Equal(t, b.Get("/account").Header.Get("X-Verified"), "false", "without a second factor, X-Verified")
	phone := b.Enrol(alice)
	expect.Equal(t, b.Get("/account").Header.Get("X-Method"), "totp", "after enrolling, method")
	b = app.Stopped(t, alice)
	apptest.Approve(t, phone)
	expect.Equal(t, b.Get("/account").Header.Get("X-Method"), "push", "after an approval, method")
	b.Get("/open/x").Want(t, http.StatusOK, "exempt route")
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
			app.Browser(t).Get("/account").Want(t, test.want)
		})
	}
}
