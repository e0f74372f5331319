package handlers_test

import (
	"fmt"
	"html"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/middleware"
)

// asked asks the phone in a new session, and returns how long that has to wait, or 0
// if the phone was asked.
func asked(t *testing.T, app *apptest.App) time.Duration {
	t.Helper()
	a := app.Browser(t).Login(alice).PostJSON("/2fa/challenge", "")
	switch a.Status {
	case 201:
		return 0
	case 429:
		wait, err := time.ParseDuration(a.Header.Get("Retry-After") + "s")
		if err != nil || wait == 0 {
			t.Fatalf("got Retry-After %q", a.Header.Get("Retry-After"))
		}
		return wait
	}
	t.Fatalf("got %d %s, want 201 or 429", a.Status, a.Body)
	return 0
}

// wantAsked wants the phone to be asked in a new session.
func wantAsked(t *testing.T, app *apptest.App, when string) {
	t.Helper()
	expect.Equal(t, asked(t, app), 0, "%s, a pause of", when)
}

// unapproved are the ways in which a request isn't approved.
var unapproved = map[string]func(t *testing.T, app *apptest.App){
	"false":      func(t *testing.T, app *apptest.App) { apptest.Deny(t, app.Emulator.Phone(alice)) },
	"a time-out": func(t *testing.T, app *apptest.App) { _, _ = app.Emulator.Phone(alice).TimeOut(t.Context()) },
	"a fault":    func(t *testing.T, app *apptest.App) { _, _ = app.Emulator.Phone(alice).Fail(t.Context()) },
	"no answer":  func(_ *testing.T, app *apptest.App) { app.Clock.Add(5 * time.Minute) },
}

// Requests that aren't approved, one after the other, double the pause, over all
// sessions and nodes.
func TestA25_PushPausesDouble(t *testing.T) {
	t.Parallel()
	for name, fail := range unapproved {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			world := apptest.NewWorld(t)
			nodes := []*apptest.App{world.Node(t), world.Node(t)}
			nodes[0].Enrolled(t, alice)
			for i, want := range []time.Duration{0, 15, 30, 60, 120, 240, 480, 960, 1440, 1440} {
				want *= time.Minute
				node := nodes[i%2]
				wantAsked(t, node, fmt.Sprintf("request %d", i+1))
				fail(t, node)
				if want == 0 {
					continue
				}
				expect.Equal(t, asked(t, nodes[(i+1)%2]), want, "after %d, a pause of", i+1)
				world.Clock.Add(want - time.Second)
				expect.Equal(t, asked(t, node), time.Second, "after %d, at the end", i+1)
				world.Clock.Add(time.Second)
			}
		})
	}
}

// While requests are paused, the page says for how long, and a code is enough; it ends
// the pause, as does any other proof.
func TestA25_ProofsEndPushPauses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		prove func(t *testing.T, app *apptest.App, codes []string, device *apptest.Browser)
		want  time.Duration // the pause afterwards
	}{
		"nothing": {func(*testing.T, *apptest.App, []string, *apptest.Browser) {}, 15 * time.Minute},
		"a code": {func(t *testing.T, app *apptest.App, _ []string, _ *apptest.Browser) {
			b := app.Stopped(t, alice)
			page := html.UnescapeString(b.Get("/2fa/challenge").Body)
			for _, want := range []string{"no new request can be sent for 15 minutes", "Type the code that your eAuthenticator app shows", `action="/2fa/challenge/totp"`} {
				expect.Contains(t, page, want, "page")
			}
			wantGuess(t, "in the pause", b, totp, apptest.Code(t, app.Emulator.Phone(alice)), "accepted")
			b.WantIn("by code")
		}, 0},
		"a recovery code": {func(t *testing.T, app *apptest.App, codes []string, _ *apptest.Browser) {
			wantGuess(t, "in the pause", app.Stopped(t, alice), recoveryPath, codes[0], "accepted")
		}, 0},
		"a trusted device": {func(_ *testing.T, _ *apptest.App, _ []string, device *apptest.Browser) {
			device.Login(alice).WantIn("on a trusted device")
		}, 15 * time.Minute},
		"an operator": {func(t *testing.T, app *apptest.App, _ []string, _ *apptest.Browser) {
			expect.NoError(t, app.Gate.Admin().Unlock(t.Context(), apptest.UserID(alice), "a test"))
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := apptest.New(t, trusting())
			_, codes := enrolWithCodes(t, app, alice)
			device := trusted(t, app, alice)
			for range 2 {
				app.Clock.Add(15 * time.Minute)
				wantAsked(t, app, "before")
				apptest.Deny(t, app.Emulator.Phone(alice))
			}
			wantPaused(t, app, "before", app.Clock.Now().Add(15*time.Minute))
			c.prove(t, app, codes, device)
			expect.Equal(t, asked(t, app), c.want, "a pause of")
			if c.want == 0 {
				wantPaused(t, app, "afterwards", time.Time{})
				// It begins anew.
				apptest.Deny(t, app.Emulator.Phone(alice))
				app.Clock.Add(time.Hour)
				wantAsked(t, app, "after one more")
			}
		})
	}
}

// wantPaused wants operators to be told until when requests are paused.
func wantPaused(t *testing.T, app *apptest.App, when string, want time.Time) {
	t.Helper()
	s, err := app.Gate.Admin().Status(t.Context(), apptest.UserID(alice))
	if err != nil || !s.PushPaused.Equal(want) {
		t.Errorf("%s: got paused until %v, %v, want %v", when, s.PushPaused, err, want)
	}
	for s, err := range app.Gate.Admin().List(t.Context(), middleware.ListFilter{}) {
		if err != nil || !s.PushPaused.Equal(want) {
			t.Errorf("%s: listed: got paused until %v, %v, want %v", when, s.PushPaused, err, want)
		}
	}
}

// An approval that is used ends the row.
func TestA25_ApprovalEndsTheRow(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	phone := app.Enrolled(t, alice)
	for range 4 {
		app.Clock.Add(15 * time.Minute)
		wantAsked(t, app, "before one that isn't approved")
		apptest.Deny(t, phone)
		b := app.Stopped(t, alice)
		apptest.Approve(t, phone)
		b.WantIn("by push")
	}
}

// A request that has run out counts, although nobody was there to see it, from when
// it did: the page and operators know, and who comes the next day doesn't wait.
func TestA25_RunOutUnseen(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	app.Enrolled(t, alice)
	wantAsked(t, app, "the first")
	app.Clock.Add(10 * time.Minute)
	b := app.Stopped(t, alice)
	app.Clock.Add(7 * time.Minute)
	page := html.UnescapeString(b.Get("/2fa/challenge").Body)
	for _, want := range []string{`data-state="expired"`, "no new request can be sent for 13 minutes"} {
		expect.Contains(t, page, want, "page")
	}
	wantPaused(t, app, "before anybody asks", app.Clock.Now().Add(13*time.Minute))
	expect.Equal(t, asked(t, app), 13*time.Minute, "a pause of")
	app.Clock.Add(24 * time.Hour)
	wantAsked(t, app, "the next day")
}

// A request counts when its time is over, however its session has ended: who cancels
// or replaces what nobody answers must not avoid the pauses. One that is replaced
// earlier doesn't.
func TestA25_RunOutAfterwards(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end  func(t *testing.T, app *apptest.App, b *apptest.Browser)
		wait time.Duration
		want time.Duration // the pause after two of them
	}{
		"cancelled, at once":    {func(_ *testing.T, _ *apptest.App, b *apptest.Browser) { b.Post("/2fa/cancel") }, time.Minute, 0},
		"logged out, at once":   {func(_ *testing.T, _ *apptest.App, b *apptest.Browser) { b.Post("/logout") }, time.Minute, 0},
		"logged out, over":      {func(_ *testing.T, _ *apptest.App, b *apptest.Browser) { b.Post("/logout") }, 5 * time.Minute, 15 * time.Minute},
		"replaced, at once":     {func(*testing.T, *apptest.App, *apptest.Browser) {}, 4 * time.Minute, 0},
		"replaced, long tokens": {func(*testing.T, *apptest.App, *apptest.Browser) {}, 5 * time.Minute, 15 * time.Minute},
		"password changed, over": {func(t *testing.T, app *apptest.App, _ *apptest.Browser) {
			expect.NoError(t, app.Gate.PasswordChanged(t.Context(), apptest.UserID(alice)))
		}, 5 * time.Minute, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := apptest.New(t, apptest.Setup{Options: []middleware.Option{middleware.WithTokenLifetime(10 * time.Minute)}})
			app.Enrolled(t, alice)
			for range 2 {
				b := app.Stopped(t, alice)
				c.end(t, app, b)
				app.Clock.Add(c.wait)
			}
			expect.Equal(t, asked(t, app), c.want, "a pause of")
		})
	}
}

// Requests that are approved and used aren't limited to three in 15 minutes, but to
// 20 in an hour.
func TestA25_UsedRequestsAreGivenBack(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	phone := app.Enrolled(t, alice)
	began := app.Clock.Now()
	for i := range 20 {
		b := app.Stopped(t, alice)
		expect.Equal(t, len(app.Emulator.Calls(emulator.CreateSession)), i+1, "sign-in %d, calls to the service", i+1)
		apptest.Approve(t, phone)
		b.WantIn("by push")
		app.Clock.Add(time.Second)
	}
	expect.Equal(t, asked(t, app), began.Add(time.Hour).Sub(app.Clock.Now()), "after 20: a pause")
	expect.Equal(t, len(app.Emulator.Calls(emulator.CreateSession)), 20, "calls to the service")
	app.Clock.Add(time.Hour)
	wantAsked(t, app, "an hour later")
}

// The owner is told once a day, on the second, whatever node counts.
func TestA25_OwnerIsTold(t *testing.T) {
	t.Parallel()
	world := apptest.NewWorld(t)
	box := make(letterBox, 100)
	var e ear
	nodes := []*apptest.App{world.Node(t, box.setup(), e.setup()), world.Node(t, box.setup(), e.setup())}
	phone := nodes[0].Enrolled(t, alice)
	box.want(t, "switched on", "enabled")
	fail := func(i int) {
		t.Helper()
		wantAsked(t, nodes[i%2], "before")
		apptest.Deny(t, phone)
	}
	fail(0)
	box.wantNoMore(t, nodes[0].Gate)
	e.take()
	fail(1)
	e.want(t, "the second", "push_sent push", "not_approved push", "push_paused")
	n := box.want(t, "the second", "push_paused")[0]
	if n.Email != alice || !strings.Contains(n.Text, "Somebody who knows your password may be signing in") || !strings.Contains(n.Text, "change your password") {
		t.Errorf("got %q\n%s", n.Subject, n.Text)
	}
	if th := n.In("th"); th.Text == n.Text || !strings.Contains(th.Text, "รหัสผ่าน") {
		t.Errorf("in Thai: got %q\n%s", th.Subject, th.Text)
	}
	for i := range 5 { // 15 min to 4 h
		world.Clock.Add(4 * time.Hour)
		if i == 4 {
			break
		}
		fail(i)
	}
	for _, node := range nodes {
		box.wantNoMore(t, node.Gate)
	}
	world.Clock.Add(4 * time.Hour)
	fail(0)
	box.want(t, "the next day", "push_paused")
	world.Clock.Add(24 * time.Hour)
	fail(1)
	box.want(t, "the day after", "push_paused")
}

// One that ran out is told of when it is found out.
func TestA25_OwnerIsToldOfSilence(t *testing.T) {
	t.Parallel()
	box := make(letterBox, 100)
	var e ear
	app := apptest.New(t, box.setup(), e.setup())
	app.Enrolled(t, alice)
	box.want(t, "switched on", "enabled")
	e.take()
	for range 2 {
		wantAsked(t, app, "before")
		app.Clock.Add(5 * time.Minute)
	}
	for range 3 {
		asked(t, app)
	}
	e.want(t, "silence", "push_sent push", "not_approved push: no answer", "push_sent push", "not_approved push: no answer", "push_paused",
		"push_limited push: paused", "push_limited push: paused", "push_limited push: paused")
	box.want(t, "silence", "push_paused")
	box.wantNoMore(t, app.Gate)
}

// Where false means a rejection, each one pauses at once, and counts; its own notice
// says enough.
func TestA25_RejectionsPauseAtOnce(t *testing.T) {
	t.Parallel()
	box := make(letterBox, 100)
	app := apptest.New(t, box.setup(), apptest.Rejecting())
	phone := app.Enrolled(t, alice)
	box.want(t, "switched on", "enabled")
	for i, want := range []time.Duration{15, 15, 30, 60} {
		wantAsked(t, app, "before")
		apptest.Deny(t, phone)
		box.want(t, "rejected", "rejected")
		expect.Equal(t, asked(t, app), want*time.Minute, "rejection %d, a pause of", i+1)
		app.Clock.Add(want * time.Minute)
	}
	box.wantNoMore(t, app.Gate)
}

// A clock that was ahead for a while pauses nothing for longer than a pause lasts, nor
// keeps the owner from being told.
func TestA48_PushPausesAndClocks(t *testing.T) {
	t.Parallel()
	for _, ahead := range []time.Duration{48 * time.Hour, 365 * 24 * time.Hour} {
		box := make(letterBox, 100)
		app := apptest.New(t, box.setup())
		phone := app.Enrolled(t, alice)
		box.want(t, "switched on", "enabled")
		app.Clock.Set(ahead)
		for range 2 {
			wantAsked(t, app, "before")
			apptest.Deny(t, phone)
		}
		box.want(t, "ahead", "push_paused")
		app.Clock.Set(-ahead)
		wantPaused(t, app, "set right", time.Time{})
		wantAsked(t, app, "set right")
		apptest.Deny(t, phone)
		box.want(t, "set right", "push_paused")
		// Nor do the requests of that time count for years.
		app.Clock.Add(time.Hour)
		wantAsked(t, app, "an hour later")
	}
}
