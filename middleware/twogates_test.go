package middleware_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/alexedwards/scs/v2"

	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/store"
)

// Two applications on one host, over one session manager, never take each other's grants,
// requests, devices and cookies for their own.
func TestTwoGatesNeverMeet(t *testing.T) {
	t.Parallel()
	world := apptest.NewWorld(t)
	other := *world
	other.Emulator = emulator.Start(emulator.Config{Now: world.Clock.Now}) // with a client ID of its own
	t.Cleanup(other.Emulator.Close)
	other.Store = apptest.NewFaultyStore(store.NewMemory())

	var admin *apptest.App
	shop := world.Node(t, apptest.Setup{Wrap: func(app *apptest.App, mux http.Handler) http.Handler {
		return app.Sessions.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/admin/") {
				admin.Gate.Handler(mux).ServeHTTP(w, r)
				return
			}
			for _, gate := range []*middleware.Gate{app.Gate, admin.Gate} {
				_, ok := gate.Verification(r)
				w.Header().Add("X-Verified-By-Gate", fmt.Sprint(ok))
			}
			app.Gate.Handler(mux).ServeHTTP(w, r)
		}))
	}})
	admin = other.Node(t, apptest.Setup{Options: []middleware.Option{
		middleware.WithSessions(shop.Sessions), middleware.WithBasePath("/admin/2fa"), middleware.WithUser(shop.CurrentUser),
	}})
	other.Emulator.SetCallbackURL(shop.URL + apptest.CallbackPath(admin.Gate))

	wantIn := func(b *apptest.Browser, when string, inShop, inAdmin bool) {
		t.Helper()
		expect.Equal(t, b.Get("/account").Secret(), inShop, "%s: in the shop", when)
		expect.Equal(t, b.Get("/admin/").Secret(), inAdmin, "%s: among the operators", when)
		if got, want := fmt.Sprint(b.Get("/open/x").Header["X-Verified-By-Gate"]), fmt.Sprint([]bool{inShop, inAdmin}); got != want {
			t.Errorf("%s: verified by the gates: %s, want %s", when, got, want)
		}
	}

	b := shop.Browser(t).Login(alice)
	shopPhone := b.Enrol(alice)
	adminPhone := other.Emulator.Phone(alice)
	uri, _ := b.PostJSON("/admin/2fa/enable", "").JSON("uri").(string)
	expect.NoError(t, adminPhone.AddAccount(uri))
	b.Post("/admin/2fa/enable/confirm", "code", apptest.Code(t, adminPhone))
	wantIn(b, "after both enrolments", true, true)
	world.Clock.Add(apptest.Step)

	b = shop.Browser(t).Login(alice)
	wantIn(b, "with the password", false, false) // each remembers where to go
	b.Get("/2fa/challenge")
	b.Get("/admin/2fa/challenge")
	apptest.Approve(t, adminPhone)
	if a, at := b.Follow("/admin/2fa/challenge"); at != "/admin/" || !a.Secret() {
		t.Errorf("approved among the operators: got %d at %s", a.Status, at)
	}
	wantIn(b, "approved among the operators", false, true)
	apptest.Approve(t, shopPhone) // what the shop had begun has survived
	if a, at := b.Follow("/2fa/challenge"); at != "/account" || !a.Secret() {
		t.Errorf("approved in the shop: got %d at %s", a.Status, at)
	}
	wantIn(b, "approved in both", true, true)
	kept := 0
	for name := range b.Cookies() {
		if strings.HasPrefix(name, "eagate-") && !strings.HasPrefix(name, "eagate-browser-") && !strings.HasPrefix(name, "eagate-form-") {
			kept++
		}
	}
	expect.Equal(t, kept, 2, "cookies that bring the browser back (one of each gate)")
	b.Post("/logout")
	b.Login(alice)
	wantIn(b, "after a logout", false, false)
}

// Nor do those that have everything alike, one store and one key too, but the path that a
// proxy takes off.
func TestTwoGatesUnderTwoExternalPaths(t *testing.T) {
	t.Parallel()
	world := apptest.NewWorld(t)
	var other *apptest.App
	app := world.Node(t, apptest.Setup{
		Options: []middleware.Option{middleware.WithExternalPath("/app")},
		Wrap: func(app *apptest.App, mux http.Handler) http.Handler {
			return app.Sessions.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				for _, gate := range []*middleware.Gate{app.Gate, other.Gate} {
					_, ok := gate.Verification(r)
					w.Header().Add("X-Verified-By-Gate", fmt.Sprint(ok))
				}
				app.Gate.Handler(mux).ServeHTTP(w, r)
			}))
		},
	})
	other = world.Node(t, apptest.Setup{Options: []middleware.Option{
		middleware.WithExternalPath("/other"), middleware.WithSessions(app.Sessions), middleware.WithUser(app.CurrentUser),
	}})
	b := app.Browser(t).Login(alice)
	b.Enrol(alice)
	expect.Equal(t, fmt.Sprint(b.Get("/open/x").Header["X-Verified-By-Gate"]), "[true false]", "verified by the gates")
}

// A gate's name changes with all that tells it from another.
func TestNamesOfGates(t *testing.T) {
	t.Parallel()
	world := apptest.NewWorld(t)
	another := emulator.Start(emulator.Config{Now: world.Clock.Now})
	t.Cleanup(another.Close)
	gateName := regexp.MustCompile(`^eagate-(?:[a-z]+-)?([a-z2-7]{8})(?:-|$)`)
	of := make(map[string]string)
	for setting, options := range map[string][]middleware.Option{
		"nothing":                   nil,
		"the client ID":             {middleware.WithService(another.Client())},
		"the base path":             {middleware.WithBasePath("/second")},
		"the external path":         {middleware.WithExternalPath("/app")},
		"the session cookie's name": {},
	} {
		app := world.Node(t, apptest.Setup{Options: options, Sessions: func(m *scs.SessionManager) {
			if setting == "the session cookie's name" {
				m.Cookie.Name = "second"
			}
		}})
		b := app.Browser(t).Login(alice)
		b.PostJSON("/2fa/enable", "")
		b.PostJSON("/second/enable", "")
		found := false
		for cookie := range b.Cookies() {
			if m := gateName.FindStringSubmatch(cookie); m != nil {
				found = true
				if as, ok := of[m[1]]; ok && as != setting {
					t.Errorf("with another value of %s, a gate is called as with another of %s", setting, as)
				}
				of[m[1]] = setting
			}
		}
		if !found {
			t.Errorf("%s: got no cookie of the gate's", setting)
		}
	}
}
