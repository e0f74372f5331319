package handlers_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/apptest"
)

// Mistakes in how an application has set up the gate are said in the log, now and then,
// with what to do; and nothing is said where there is none.
func TestMistakesAreLogged(t *testing.T) {
	t.Parallel()
	const (
		secret  = "a report with an unknown secret in the callback's path isn't taken"
		guarded = "a request for the gate's own pages comes to gate.Require, and isn't served"
		other   = "the gate's pages are asked for at another path than theirs"
		lost    = "sessions are led to the challenge, but nobody has come to the gate's pages"
	)
	require := func(pages string) apptest.Setup { // the group alone, and the pages there
		return apptest.Setup{Wrap: func(app *apptest.App, mux http.Handler) http.Handler {
			all := http.NewServeMux()
			if pages != "" {
				all.Handle(pages, app.Gate.Routes())
			}
			all.Handle("/account", app.Gate.Require(mux))
			all.Handle("POST /login", mux)
			return app.Sessions.LoadAndSave(all)
		}}
	}
	around := apptest.Setup{Wrap: func(app *apptest.App, _ http.Handler) http.Handler {
		return app.Sessions.LoadAndSave(app.Gate.Require(app.Gate.Routes()))
	}}
	for name, test := range map[string]struct {
		setup apptest.Setup
		do    func(b *apptest.Browser)
		want  string // or none
	}{
		"unknown secret": {apptest.Setup{}, func(b *apptest.Browser) {
			b.GetJSON("/2fa/callback/SECRET?result=true&session_token=TOKEN")
			b.PostJSON("/2fa/callback/SECRET2", `{"result":"true","session_token":"TOKEN"}`)
		}, secret},
		"the right secret": {apptest.Setup{}, func(b *apptest.Browser) { b.GetJSON(callback(b.App) + "?result=true&session_token=TOKEN") }, ""},
		"pages that are guarded": {around, func(b *apptest.Browser) {
			b.Get("/2fa/challenge")
			b.Get("/2fa/")
		}, guarded},
		"pages at another path": {require("/auth/2fa/"), func(b *apptest.Browser) {
			b.Get("/auth/2fa/challenge")
			b.Get("/auth/2fa/enable")
		}, other},
		"no such page": {apptest.Setup{}, func(b *apptest.Browser) { b.Get("/2fa/no/2fa/x") }, ""},
		"pages that aren't there": {require(""), func(b *apptest.Browser) {
			b.Get("/account")
			b.App.Clock.Add(time.Minute)
			b.Get("/account")
			b.Get("/account")
			b.Get("/account")
		}, lost},
		"nobody has come yet": {require(""), func(b *apptest.Browser) {
			b.Get("/account")
			b.Get("/account")
			b.App.Clock.Add(time.Minute - 1)
			b.Get("/account")
		}, ""},
		"pages that are there": {require("/2fa/"), func(b *apptest.Browser) {
			b.Get("/account")
			b.Get("/2fa/challenge")
			b.App.Clock.Add(time.Minute)
			b.Get("/account")
			b.Get("/account")
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			world := apptest.NewWorld(t)
			world.Node(t).Enrolled(t, alice)
			app := world.Node(t, test.setup)
			b := world.Node(t).Browser(t).Login(alice).On(app)
			before := len(world.Log.String())
			test.do(b)
			log := world.Log.String()[before:]
			for _, line := range []string{secret, guarded, other, lost} {
				n := strings.Count(log, `"level":"WARN","msg":"eagate: `+line)
				if line == test.want && n != 1 || line != test.want && n > 0 {
					t.Errorf("got %d lines %q in\n%s", n, line, log)
				}
			}
			if test.want != "" && !strings.Contains(log, `"remedy":"`) {
				t.Errorf("nothing says what to do:\n%s", log)
			}
			if strings.Contains(log, "SECRET") || strings.Contains(log, "TOKEN") {
				t.Errorf("the log has what it shouldn't:\n%s", log)
			}
		})
	}
}
