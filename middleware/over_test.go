package middleware_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
)

// wantOver fails the test unless the session, which was asked for a second factor that
// its user no longer has, is ended.
func wantOver(t *testing.T, b *apptest.Browser, when string) {
	t.Helper()
	before := b.App.Passed.Load()
	other := b.Copy()
	if a := other.GetJSON("/account"); a.Status != http.StatusUnauthorized || a.JSON("type") != "urn:eagate:problem:sign-in-required" {
		t.Errorf("%s: a program: got %d %s, want 401 sign-in-required", when, a.Status, a.Body)
	}
	expect.Equal(t, b.App.Passed.Load()-before, 0, "%s: the handler was called", when)
}

// A session that waited for a proof, or was verified long ago, doesn't go on without one
// because the factor was switched off: somebody who has only its cookie would be in.
func TestA45_OffWhileItWasAsked(t *testing.T) {
	t.Parallel()
	for name, begin := range proving {
		for what, off := range map[string]func(t *testing.T, app *apptest.App, phone *emulator.Phone){
			"reset": func(t *testing.T, app *apptest.App, _ *emulator.Phone) {
				expect.NoError(t, app.Gate.Admin().Reset(t.Context(), apptest.UserID(alice), "a test"))
			},
			"switched off": func(t *testing.T, app *apptest.App, phone *emulator.Phone) {
				owner := byCode(t, app, phone)
				owner.PostJSON("/2fa/disable", "").Want(t, http.StatusOK, "switching off")
				owner.WantIn("the owner, after switching off")
			},
		} {
			t.Run(name+", "+what, func(t *testing.T) {
				t.Parallel()
				app := apptest.New(t)
				phone := app.Enrolled(t, alice)
				b := begin(t, app, phone)
				thief := b.Thief()
				off(t, app, phone)
				for _, path := range []string{"/account", "/2fa/", "/2fa/enable", "/2fa/challenge"} {
					a := thief.Get(path)
					if a.Status == http.StatusOK && a.Header.Get("X-User") != "" || strings.Contains(a.Body, "otpauth") {
						t.Errorf("a stolen cookie at %s: got %d", path, a.Status)
					}
					thief = b.Thief()
				}
				thief.WantLockedOrOut("a stolen cookie")
				if a := thief.PostJSON("/2fa/enable", ""); a.JSON("uri") != nil {
					t.Error("a stolen cookie enrols")
				}
				b.Login(alice).WantIn("signed in again")
				b.WantIn("signed in again, once more")
			})
		}
	}
}

// A node that is killed while it switches the factor off can't save the session any more.
// That one goes on, as if it had been saved, until an operator's reset; no other one does.
func TestA45_OffBeforeTheSessionWasSaved(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		goes func(t *testing.T, app *apptest.App, owner *apptest.Browser)
	}{
		{"goes on", func(t *testing.T, app *apptest.App, owner *apptest.Browser) {
			owner.WantIn("after it switched off")
			reads := app.Store.Reads()
			owner.WantIn("once more")
			expect.Equal(t, app.Store.Reads()-reads, 0, "once more, reads: the session waits for nothing")
		}},
		{"reset", func(t *testing.T, app *apptest.App, owner *apptest.Browser) {
			expect.NoError(t, app.Gate.Admin().Reset(t.Context(), apptest.UserID(alice), "a test"))
			wantOver(t, owner, "after a reset")
		}},
		{"revoked", func(t *testing.T, app *apptest.App, owner *apptest.Browser) {
			expect.NoError(t, app.Gate.Admin().Revoke(t.Context(), apptest.UserID(alice), "a test"))
			wantOver(t, owner, "after a revocation")
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			app := apptest.New(t)
			phone := app.Enrolled(t, alice)
			owner, other := byCode(t, app, phone), byCode(t, app, phone)
			id := owner.Cookie("session")
			before, found, err := app.Scs.Find(id)
			if err != nil || !found {
				t.Fatalf("the session: found %t, %v", found, err)
			}
			owner.PostJSON("/2fa/disable", "").Want(t, http.StatusOK, "switching off")
			expect.NoError(t, app.Scs.Commit(id, before, time.Now().Add(time.Hour)))
			test.goes(t, app, owner)
			wantOver(t, other, "another session")
		})
	}
}

// A node that hasn't seen yet that the factor was switched on again, on another one, ends
// nothing.
func TestA45_OnElsewhere(t *testing.T) {
	t.Parallel()
	world := apptest.NewWorld(t)
	app, late := world.Node(t), world.Node(t)
	phone := app.Enrolled(t, alice)
	owner := byCode(t, app, phone)
	owner.PostJSON("/2fa/disable", "").Want(t, http.StatusOK, "switching off")
	owner.On(late).WantIn("switched off")
	uri, _ := owner.PostJSON("/2fa/enable", "").JSON("uri").(string)
	expect.NoError(t, phone.AddAccount(uri))
	owner.Post("/2fa/enable/confirm", "code", apptest.Code(t, phone)).Want(t, http.StatusSeeOther, "confirm")
	owner.On(late).WantIn("switched on elsewhere")
}
