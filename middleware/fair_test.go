package middleware_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/middleware"
)

// What a request asks the store doesn't grow with its cookies.
func TestA50_CookiesInARequest(t *testing.T) {
	app := apptest.New(t, apptest.Setup{Options: []middleware.Option{middleware.WithTrustedDevices(30 * 24 * time.Hour)}})
	phone := app.Enrolled(t, alice)
	trusted := app.Stopped(t, alice)
	trusted.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone), "trust", "1")
	var names []string
	for name := range trusted.Cookies() {
		if strings.HasPrefix(name, "eagate") {
			names = append(names, name)
		}
	}
	if len(names) != 2 {
		t.Fatalf("got cookies %q, want that of the grant and that of the device", names)
	}

	b := app.Stopped(t, alice)
	cost := func(cookie string) int64 {
		asked := app.Store.Asked()
		if a := b.Do("GET", "/account", "", "Accept", "text/html", "Cookie", cookie); a.Secret() {
			t.Error("a session with cookies that mean nothing got in")
		}
		return app.Store.Asked() - asked
	}
	one := cost(names[0] + "=x; " + names[1] + "=y")
	for _, name := range names {
		var cookies []string
		for n := range 1000 {
			cookies = append(cookies, fmt.Sprint(name, "=", n))
		}
		if n := cost(strings.Join(cookies, "; ")); n > one {
			t.Errorf("1000 cookies named %s: the store was asked %d times, want %d at most, as for one", name, n, one)
		}
	}
}

// A cookie of ours that comes twice doesn't count, whichever is the right one.
func TestA50_DuplicateCookies(t *testing.T) {
	app := apptest.New(t, apptest.Setup{Options: []middleware.Option{middleware.WithTrustedDevices(30 * 24 * time.Hour)}})
	phone := app.Enrolled(t, alice)
	trusted := app.Stopped(t, alice)
	trusted.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone), "trust", "1")
	trusted.Post("/logout")
	device := ""
	for name, value := range trusted.Cookies() {
		if strings.HasPrefix(name, "eagate-device-") {
			device = name + "=" + value
		}
	}
	name, _, _ := strings.Cut(device, "=")

	for _, tt := range []struct {
		name, cookies string
		in            bool
	}{
		{"the right one first", device + "; " + name + "=x", false},
		{"the right one last", name + "=x; " + device, false},
		{"the right one twice", device + "; " + device, false},
		{"the right one", device, true},
	} {
		b := app.Browser(t).Login(alice)
		if a := b.Do("GET", "/account", "", "Accept", "text/html", "Cookie", tt.cookies); a.Secret() != tt.in {
			t.Errorf("%s: got in: %v, want %v", tt.name, a.Secret(), tt.in)
		}
	}
}

// A logout costs the verified sessions of others nothing.
func TestA50_LogoutOfAnother(t *testing.T) {
	app := apptest.New(t)
	for _, email := range []string{alice, bob} {
		app.Enrolled(t, email)
	}
	verified := func(email string) *apptest.Browser {
		phone := app.Emulator.Phone(email)
		app.Clock.Add(apptest.Step)
		b := app.Stopped(t, email)
		b.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone))
		b.WantIn("verified")
		return b
	}
	his := verified(bob)
	hers := verified(alice)
	hers.WantIn("warm")
	his.Post("/logout")
	asked := app.Store.Asked()
	hers.WantIn("after another's logout")
	if n := app.Store.Asked() - asked; n != 0 {
		t.Errorf("the store was asked %d times for a session of somebody else, want 0", n)
	}
}
