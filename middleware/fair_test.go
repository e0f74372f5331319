package middleware_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/store"
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

// rows is how many documents of that kind the store holds, without what is to be
// deleted, as Run does.
func rows(t *testing.T, app *apptest.App, kind store.Kind) int {
	t.Helper()
	if _, err := app.Store.Inner().DeleteDue(t.Context(), kind, app.Clock.Now(), 1000); err != nil {
		t.Fatal(err)
	}
	n, after := 0, ""
	for {
		page, next, err := app.Store.Inner().List(t.Context(), kind, after, 100)
		if err != nil {
			t.Fatal(err)
		}
		n += len(page)
		if after = next; next == "" {
			return n
		}
	}
}

// What a user leaves in the store by going in and out, or by proving it time and
// again, doesn't grow with how often.
func TestA50_RowsOfSessions(t *testing.T) {
	const times, most = 120, 40
	for _, tt := range []struct {
		name string
		// do comes, proves it, and goes, in whichever way.
		do func(t *testing.T, app *apptest.App, trusted, verified *apptest.Browser)
	}{
		{"logins with the password, and logouts", func(t *testing.T, app *apptest.App, _, _ *apptest.Browser) {
			b := app.Stopped(t, alice)
			b.Post("/logout")
		}},
		{"logins with a code, and logouts", func(t *testing.T, app *apptest.App, _, _ *apptest.Browser) {
			b := byCode(t, app, app.Emulator.Phone(alice))
			b.Post("/logout")
		}},
		{"logins in a trusted browser, and logouts", func(_ *testing.T, _ *apptest.App, trusted, _ *apptest.Browser) {
			trusted.Login(alice).WantIn("trusted")
			trusted.Post("/logout")
		}},
		{"logins in one browser, without a logout", func(_ *testing.T, _ *apptest.App, trusted, _ *apptest.Browser) {
			trusted.Login(bob)
			trusted.Login(alice).WantIn("trusted")
		}},
		{"proofs in one session", func(t *testing.T, app *apptest.App, _, verified *apptest.Browser) {
			app.Clock.Add(6 * time.Minute)
			wantAsked(t, verified, "/recent", "the proof is old")
			verified.Post("/2fa/challenge/totp", "code", apptest.Code(t, app.Emulator.Phone(alice)))
			wantPassed(t, verified, "/recent", "proved")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			app := apptest.New(t, apptest.Setup{Routes: stepUps, Options: []middleware.Option{middleware.WithTrustedDevices(30 * 24 * time.Hour)}})
			phone := app.Enrolled(t, alice)
			trusted := app.Stopped(t, alice)
			trusted.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone), "trust", "1")
			app.Clock.Add(apptest.Step)
			verified := byCode(t, app, phone)
			grants := rows(t, app, store.Grants)
			for range times {
				tt.do(t, app, trusted, verified)
			}
			if n := rows(t, app, store.Grants) - grants; n > most {
				t.Errorf("%d times: got %d more grants and marks, want %d at most", times, n, most)
			}
			if n := rows(t, app, store.Challenges); n > most {
				t.Errorf("%d times: got %d challenges, want %d at most", times, n, most)
			}
			verified.WantIn("in another session, whatever went on beside it")
		})
	}
}

// Who has the password and the former ID of a session that goes on verified can log in
// and out as often as they like: its approval isn't used once more.
func TestA50_LogoutsOpenNothing(t *testing.T) {
	s := newSlow()
	app := apptest.New(t, apptest.Setup{Routes: s.routes})
	phone := app.Enrolled(t, alice)
	b := app.Stopped(t, alice)
	attacker := b.Copy()
	s.during(attacker, "/open/slow", func() {
		apptest.Approve(t, phone)
		b.WantIn("the owner")
	})
	for range 40 {
		app.Browser(t).Login(alice).Post("/logout")
	}
	app.Clock.Add(time.Minute) // as if the request that took the approval had failed
	attacker.WantLocked("under the former ID")
	b.WantIn("the owner, afterwards")
}
