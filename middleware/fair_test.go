package middleware_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
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
	if len(names) != 4 {
		t.Fatalf("got cookies %q, want those of the grant, the device, the browser and its forms", names)
	}

	b := app.Stopped(t, alice)
	cost := func(cookie string) int64 {
		asked := app.Store.Asked()
		if a := b.Do("GET", "/account", "", "Accept", "text/html", "Cookie", cookie); a.Secret() {
			t.Error("a session with cookies that mean nothing got in")
		}
		return app.Store.Asked() - asked
	}
	one := cost(strings.Join(names, "=x; ") + "=x")
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
		expect.Equal(t, b.Do("GET", "/account", "", "Accept", "text/html", "Cookie", tt.cookies).Secret(), tt.in, tt.name)
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
	expect.Equal(t, app.Store.Asked()-asked, 0, "times the store was asked  for a session of somebody else")
}

// rows is how many documents of that kind the store holds, without what is to be
// deleted, as Run does.
func rows(t *testing.T, app *apptest.App, kind store.Kind) int {
	t.Helper()
	expect.Try(app.Store.Inner().DeleteDue(t.Context(), kind, app.Clock.Now(), 1000)).OrFail(t)
	n, after := 0, ""
	for {
		page, next, err := app.Store.Inner().List(t.Context(), kind, after, 100)
		expect.NoError(t, err)
		n += len(page)
		if after = next; next == "" {
			return n
		}
	}
}

// What a user leaves in the store by going in and out, or by proving it time and
// again, doesn't grow with how often.
func TestA50_RowsOfSessions(t *testing.T) {
	const times, most = 120, 2*32 + 8 // of two users
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

// linesOf returns the lines of the log that have all of these texts.
func linesOf(app *apptest.App, texts ...string) (lines []string) {
	for line := range strings.Lines(app.Log.String()) {
		if !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(line, text) }) {
			lines = append(lines, line)
		}
	}
	return lines
}

// counting counts the events that are handed to the application.
func counting(counts *sync.Map) apptest.Setup {
	return apptest.Setup{Options: []middleware.Option{middleware.WithEvents(func(_ context.Context, e eagate.Event) {
		n, _ := counts.LoadOrStore(e.Kind.String()+" "+e.Reason, new(atomic.Int64))
		n.(*atomic.Int64).Add(1)
	})}}
}

// What can be had as often as somebody likes is in the log once a minute, with how
// often it was; the application's function is told of each.
func TestA50_LogLinesOfOneUser(t *testing.T) {
	for _, tt := range []struct {
		name, kind, reason string
		do                 func(b *apptest.Browser)
	}{
		{"codes during a pause", "code_refused", "paused", func(b *apptest.Browser) { b.Post("/2fa/challenge/totp", "code", "000000") }},
		{"requests to a phone that was asked enough", "push_limited", "too many", func(b *apptest.Browser) { b.PostJSON("/2fa/challenge", "") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var counts sync.Map
			app := apptest.New(t, counting(&counts))
			app.Enrolled(t, alice)
			b := app.Stopped(t, alice)
			for range 30 {
				tt.do(b)
			}
			n, _ := counts.Load(tt.kind + " " + tt.reason)
			if got := linesOf(app, `"event":"`+tt.kind+`"`, `"reason":"`+tt.reason); len(got) != 1 || n == nil || n.(*atomic.Int64).Load() < 20 {
				t.Errorf("30 times: got %d lines and %v events, want one, and all of more than 20", len(got), n)
			}
		})
	}
}

// Nor do wrong codes of a phone that was never confirmed fill it: each enrolment that is
// begun forgets them.
func TestA50_LogLinesOfEnrolments(t *testing.T) {
	t.Parallel()
	var counts sync.Map
	app := apptest.New(t, counting(&counts))
	b := app.Browser(t).Login(alice)
	for range 10 {
		b.PostJSON("/2fa/enable", "")
		for range 6 {
			b.PostJSON("/2fa/enable/confirm", `{"code":"not a code"}`)
		}
	}
	for _, kind := range []string{"code_refused", "paused"} {
		expect.Equal(t, len(linesOf(app, `"event":"`+kind+`"`)), 1, "%s: lines", kind)
	}
	if n, _ := counts.Load("code_refused wrong"); n == nil || n.(*atomic.Int64).Load() != 50 {
		t.Errorf("got %v events of wrong codes, want 50", n)
	}
}

func TestA50_LogSaysHowOften(t *testing.T) {
	app := apptest.New(t)
	app.Enrolled(t, alice)
	b := app.Stopped(t, alice)
	for range 12 { // the sixth begins a longer pause than a minute
		b.Post("/2fa/challenge/totp", "code", "000000")
		app.Clock.Add(15 * time.Second)
	}
	refused := len(linesOf(app, `"event":"code_refused"`))
	since := 0
	for _, line := range linesOf(app, `"event":"code_refused"`, `"since_the_last"`) {
		var fields struct {
			Since int `json:"since_the_last"`
		}
		expect.NoError(t, json.Unmarshal([]byte(line), &fields))
		since += fields.Since
	}
	if refused >= 12 || since == 0 || refused+since > 12 {
		t.Errorf("12 codes: got %d lines that stand for %d more, want fewer lines, and together 12 at most", refused, since)
	}
}

// A service that fails is one line in the log, however many log in.
func TestA50_LogLinesOfAService(t *testing.T) {
	var counts sync.Map
	app := apptest.New(t, counting(&counts))
	var users []string
	for n := range 20 {
		users = append(users, fmt.Sprintf("user%d@example.com", n))
		app.Enrolled(t, users[n])
	}
	app.Emulator.Misbehave(emulator.CreateSession, emulator.StatusFault(http.StatusInternalServerError), 0)
	for _, user := range users {
		app.Stopped(t, user)
	}
	n, _ := counts.Load("push_failed ")
	if got := linesOf(app, `"event":"push_failed"`); len(got) != 1 || n == nil || n.(*atomic.Int64).Load() != 20 {
		t.Errorf("20 logins: got %d lines and %v events, want one and 20", len(got), n)
	}
}

// That the service isn't asked any more is one line, with the cause and what to look
// at, and that it is again another.
func TestA50_LogLinesOfTheCircuit(t *testing.T) {
	app := apptest.New(t, apptest.Setup{Client: []client.Option{client.WithAttempts(1), client.WithCircuit(3, time.Microsecond)}})
	for n := range 10 {
		app.Enrolled(t, fmt.Sprintf("user%d@example.com", n))
	}
	begins := func() []string {
		return linesOf(app, `"level":"ERROR"`, "the service is unavailable and isn't asked", `"calls":"sign-in"`, `"remedy":"`, "500")
	}
	ends := func() []string { return linesOf(app, `"level":"INFO"`, "the service answers again", `"failed_for"`) }
	app.Emulator.Misbehave(emulator.CreateSession, emulator.StatusFault(http.StatusInternalServerError), 0)
	for n := range 9 {
		app.Stopped(t, fmt.Sprintf("user%d@example.com", n))
	}
	if b, e := begins(), ends(); len(b) != 1 || len(e) != 0 {
		t.Errorf("the service is down: got lines %q and %q, want one of the first", b, e)
	}
	app.Emulator.Behave()
	app.Stopped(t, "user9@example.com")
	if b, e := begins(), ends(); len(b) != 1 || len(e) != 1 {
		t.Errorf("the service is back: got lines %q and %q, want one each", b, e)
	}
}

// Whatever a user does to the own account, the verified pages of others don't ask the
// store for it.
func TestA50_VerifiedPageBesideAnother(t *testing.T) {
	app := apptest.New(t)
	for _, email := range []string{alice, bob} {
		app.Enrolled(t, email)
	}
	his := app.Stopped(t, bob)
	apptest.Approve(t, app.Emulator.Phone(bob))
	his.WantIn("verified")
	hers := byCode(t, app, app.Emulator.Phone(alice))
	hers.WantIn("warm")
	for range 20 {
		his.Post("/2fa/recovery-codes")
		his.Post("/2fa/enable")
		his.Post("/2fa/challenge/totp", "code", "000000")
		asked := app.Store.Asked()
		if a := hers.Get("/account"); !a.Secret() || app.Store.Asked() != asked {
			t.Fatalf("got %d, the store asked %d times, want the page and 0", a.Status, app.Store.Asked()-asked)
		}
	}
}
