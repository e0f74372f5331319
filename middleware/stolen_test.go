package middleware_test

import (
	"testing"
	"time"

	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/records"
)

// A thief has the cookie of a session that was verified some time ago, while its owner
// is asked once more: the proof isn't his, although he comes for it first.
func TestA41_StolenVerifiedSession(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, apptest.Setup{Routes: stepUps})
	phone := app.Enrolled(t, alice)
	b := byCode(t, app, phone)
	app.Clock.Add(6 * time.Minute)
	copies := map[string]*apptest.Browser{"the session's cookie": b.Thief(), "all cookies from before": b.Copy()}
	b.Follow("/recent")
	number, _ := b.GetJSON("/2fa/challenge/status").JSON("number").(string)
	expect.Differ(t, number, "", "the phone isn't asked")
	try := func(when string) {
		t.Helper()
		for name, thief := range copies {
			for _, a := range []apptest.Answer{
				thief.GetJSON("/2fa/challenge/status"), thief.GetJSON("/2fa/challenge"), thief.Get("/2fa/challenge"), thief.Get("/recent"),
				thief.PostJSON("/2fa/challenge", ""), thief.PostJSON("/2fa/disable", ""), thief.PostJSON("/2fa/recovery-codes", ""), thief.PostJSON("/2fa/enable", ""),
			} {
				if a.JSON("number") == number || a.JSON("verified") == true || a.Secret() || a.JSON("state") == "off" || a.JSON("codes") != nil || a.JSON("uri") != nil {
					t.Errorf("%s, %s: got %d %s", when, name, a.Status, a.Body)
				}
			}
		}
	}
	try("while the phone is asked")
	apptest.Approve(t, phone)
	try("after the approval")
	if a, at := b.Follow("/recent"); !a.Secret() || at != "/recent" {
		t.Errorf("the owner: got %d at %s, want the page", a.Status, at)
	}
	try("after the owner has gone on")
	if acct := app.Account(t, alice); acct.State != records.On || acct.Staged != nil {
		t.Errorf("got state %v, staged %t, want nothing changed", acct.State, acct.Staged != nil)
	}
}

// All cookies that she had before it began don't help either, although one of them is the
// secret of something that she had begun a moment before.
func TestA41_SecretsBeginOneThing(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		path string // the page that she wants
		act  func(*testing.T, *apptest.App, *emulator.Phone) (she, thief *apptest.Browser)
	}{
		{"a new phone", "/push", func(t *testing.T, app *apptest.App, phone *emulator.Phone) (she, thief *apptest.Browser) {
			she = byCode(t, app, phone)
			she.PostJSON("/2fa/enable", "")
			thief = she.Copy()
			she.GetJSON("/push") // a script of the application's, which then opens the challenge
			return she, thief
		}},
		{"a request to the phone", "/account", func(t *testing.T, app *apptest.App, _ *emulator.Phone) (she, thief *apptest.Browser) {
			she = app.Stopped(t, alice)
			thief = she.Copy()
			expect.NoError(t, app.Gate.PasswordChanged(t.Context(), apptest.UserID(alice)))
			return she, thief
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			app := apptest.New(t, apptest.Setup{Routes: stepUps})
			phone := app.Enrolled(t, alice)
			she, thief := test.act(t, app, phone)
			she.Follow("/2fa/challenge")
			if a := she.GetJSON("/2fa/challenge/status"); a.JSON("number") == nil {
				t.Fatalf("she: got %d %s, want a number", a.Status, a.Body)
			}
			if a := thief.GetJSON("/2fa/challenge/status"); a.JSON("number") != nil {
				t.Errorf("the thief: shown the number: %s", a.Body)
			}
			apptest.Approve(t, phone)
			for _, a := range []apptest.Answer{thief.GetJSON("/2fa/challenge"), thief.Get("/2fa/challenge"), thief.Get(test.path)} {
				if a.Secret() || a.JSON("verified") == true {
					t.Errorf("the thief: got in: %d %s", a.Status, a.Body)
				}
			}
			if a, at := she.Follow(test.path); !a.Secret() {
				t.Errorf("she: got %d at %s, want the page", a.Status, at)
			}
		})
	}
}
