package middleware_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/store"
)

// losses are ways in which a store loses what it has of a user; each returns what
// brings it back.
var losses = map[string]func(t *testing.T, w *apptest.World, email string) (restore func()){
	"the account": func(t *testing.T, w *apptest.World, email string) func() {
		doc := document(t, w, store.Accounts, apptest.UserID(email))
		expect.NoError(t, w.Store.Delete(t.Context(), store.Accounts, doc.ID, doc.Version))
		return func() {
			doc.Version = 0
			if _, err := w.Store.Put(t.Context(), store.Accounts, doc); err != nil {
				t.Fatal(err)
			}
		}
	},
	"everything": func(_ *testing.T, w *apptest.World, _ string) func() {
		whole := w.Store.Inner()
		w.Store.SetInner(store.NewMemory())
		return func() { w.Store.SetInner(whole) }
	},
}

// document returns what the store keeps under an ID.
func document(t *testing.T, w *apptest.World, kind store.Kind, id string) store.Document {
	t.Helper()
	docs, err := w.Store.Get(t.Context(), kind, id)
	if err != nil || docs[0].Version == 0 {
		t.Fatalf("%s %q: got version %d, %v, want one", kind, id, docs[0].Version, err)
	}
	return docs[0]
}

// proving are sessions in which a second factor was proved, or was to be.
var proving = map[string]func(t *testing.T, app *apptest.App, phone *emulator.Phone) *apptest.Browser{
	"verified": func(t *testing.T, app *apptest.App, phone *emulator.Phone) *apptest.Browser {
		b := app.Stopped(t, alice)
		apptest.Approve(t, phone)
		b.WantIn("before the loss")
		return b
	},
	"waiting": func(t *testing.T, app *apptest.App, _ *emulator.Phone) *apptest.Browser {
		return app.Stopped(t, alice)
	},
	"without the phone": func(t *testing.T, app *apptest.App, _ *emulator.Phone) *apptest.Browser {
		app.Emulator.Misbehave(emulator.CreateSession, emulator.StatusFault(503), 0)
		defer app.Emulator.Behave()
		return app.Stopped(t, alice)
	},
	"while the phone is left in peace": func(t *testing.T, app *apptest.App, _ *emulator.Phone) *apptest.Browser {
		leaveInPeace(t, app)
		return app.Stopped(t, alice)
	},
	"at the challenge while the phone is left in peace": func(t *testing.T, app *apptest.App, _ *emulator.Phone) *apptest.Browser {
		leaveInPeace(t, app)
		b := app.Browser(t).Login(alice)
		b.Get("/2fa/challenge").Want(t, http.StatusOK, "challenge")
		return b
	},
	"after a wrong code": func(t *testing.T, app *apptest.App, phone *emulator.Phone) *apptest.Browser {
		b := app.Browser(t).Login(alice)
		if a := b.PostJSON("/2fa/challenge/totp", `{"code":"`+app.WrongCode(t, phone)+`"}`); a.Status != http.StatusUnprocessableEntity {
			t.Fatalf("wrong code: got %d, want 422", a.Status)
		}
		return b
	},
	"under its former ID": func(t *testing.T, app *apptest.App, phone *emulator.Phone) *apptest.Browser {
		b := app.Stopped(t, alice)
		former := b.Copy()
		apptest.Approve(t, phone)
		b.WantIn("before the loss")
		return former
	},
	"overtaken while it is unlocked": func(t *testing.T, app *apptest.App, phone *emulator.Phone) *apptest.Browser {
		b := app.Stopped(t, alice)
		other := b.Copy()
		apptest.Approve(t, phone)
		whole := app.Store.Inner()
		defer app.Store.SetInner(whole)
		app.Store.SetInner(&beforeMove{whole, t, func() {
			other.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone)).Want(t, http.StatusSeeOther, "code")
			app.Clock.Add(apptest.Step)
		}})
		if a := b.GetJSON("/account"); a.Secret() {
			t.Error("overtaken: got in")
		}
		return b
	},
	"whose grant was lost before": func(t *testing.T, app *apptest.App, phone *emulator.Phone) *apptest.Browser {
		b := app.Stopped(t, alice)
		apptest.Approve(t, phone)
		b.WantIn("before the loss")
		loseGrants(t, app.World)
		app.Clock.Add(3 * time.Second)
		b.GetJSON("/account").Want(t, http.StatusForbidden, "without a grant")
		return b
	},
}

// beforeMove calls a function before the first session goes on under another ID.
type beforeMove struct {
	store.Backend
	t *testing.T
	f func()
}

func (m *beforeMove) Put(ctx context.Context, kind store.Kind, doc store.Document) (uint64, error) {
	if f := m.f; f != nil && kind == store.Grants && apptest.DecodeGrant(m.t, doc).Kind == records.KindMoved {
		m.f = nil
		f()
	}
	return m.Backend.Put(ctx, kind, doc)
}

// leaveInPeace sends as many requests to alice's phone as it may get.
func leaveInPeace(t *testing.T, app *apptest.App) {
	t.Helper()
	for range 3 {
		app.Stopped(t, alice)
	}
}

func loseGrants(t *testing.T, w *apptest.World) {
	t.Helper()
	docs, _, err := w.Store.List(t.Context(), store.Grants, "", 100)
	expect.NoError(t, err)
	for _, doc := range docs {
		expect.NoError(t, w.Store.Delete(t.Context(), store.Grants, doc.ID, doc.Version))
	}
}

// switchOutside has an application switch the user of a session where the gate
// doesn't see it.
func switchOutside(app *apptest.App, mux http.Handler) http.Handler {
	outer := http.NewServeMux()
	switchUser(app, outer)
	outer.Handle("/", app.Gate.Handler(mux))
	return app.Sessions.LoadAndSave(outer)
}

// eachLoss calls f with a session of alice, what loses what the store has of her,
// and what lets time pass until nothing is cached any more.
func eachLoss(t *testing.T, f func(t *testing.T, session string, b *apptest.Browser, lose func() (restore func()), age func())) {
	for session, begin := range proving {
		for what, lose := range losses {
			t.Run(session+", without "+what, func(t *testing.T) {
				t.Parallel()
				app := apptest.New(t, apptest.Setup{Wrap: switchOutside})
				b := begin(t, app, app.Enrolled(t, alice))
				f(t, session, b, func() func() { return lose(t, app.World, alice) }, func() { app.Clock.Add(3 * time.Second) })
			})
		}
	}
}

// wantAbsent fails the test unless nothing is answered but 503.
func wantAbsent(t *testing.T, b *apptest.Browser, when string) {
	t.Helper()
	before := b.App.Passed.Load()
	for name, a := range map[string]apptest.Answer{
		"a page": b.Get("/account"), "a call": b.GetJSON("/account"), "a form": b.Post("/account"),
		"the challenge": b.Get("/2fa/challenge"), "the security page": b.Get("/2fa/"), "an enrolment": b.PostJSON("/2fa/enable", ""),
	} {
		wantUnavailable(t, a, when+", "+name)
	}
	expect.Equal(t, b.App.Passed.Load()-before, 0, "%s: the guarded handler was called", when)
}

// A session that was asked for a second factor doesn't take the loss of the account
// for a user without one, and goes on where it was when the account is back.
func TestAccountIsAbsent(t *testing.T) {
	t.Parallel()
	eachLoss(t, func(t *testing.T, session string, b *apptest.Browser, lose func() func(), age func()) {
		restore := lose()
		age()
		wantAbsent(t, b, "lost")
		if a := b.App.Browser(t).Login(bob); !a.Get("/account").Secret() {
			t.Error("who never had a second factor doesn't get in")
		}
		restore()
		age()
		if session == "verified" {
			b.WantIn("restored")
			return
		}
		b.WantLocked("restored")
		b.WantInOrCode(b.App.Emulator.Phone(alice))
	})
}

// Nor does it when another session has just been let in because of the loss: what
// that one has learnt is in the cache.
func TestAccountIsAbsentForAllSessions(t *testing.T) {
	t.Parallel()
	eachLoss(t, func(t *testing.T, _ string, b *apptest.Browser, lose func() func(), age func()) {
		lose()
		age()
		b.App.Browser(t).Login(alice).Get("/account")
		wantAbsent(t, b, "after another session")
	})
}

// Another user of the same session, who never had a second factor, passes: with
// and without the first one's account, and when the challenge has been forgotten.
func TestAccountIsAbsentOfAnotherUser(t *testing.T) {
	t.Parallel()
	eachLoss(t, func(t *testing.T, _ string, b *apptest.Browser, lose func() func(), age func()) {
		b.Get("/open/become?email=" + bob)
		b.WantIn("as another user")
		lose()
		age()
		b.WantIn("as another user, after the loss")
	})
	t.Run("the challenge is forgotten", func(t *testing.T) {
		t.Parallel()
		app := apptest.New(t, apptest.Setup{Wrap: switchOutside})
		app.Enrolled(t, alice)
		b := app.Stopped(t, alice)
		b.Get("/open/become?email=" + bob)
		app.Clock.Add(2 * time.Hour)
		if n, err := app.Records(t).DeleteExpired(t.Context(), app.Clock.Now(), 100); n == 0 || err != nil {
			t.Fatalf("got %d deleted, %v, want some", n, err)
		}
		b.WantIn("as another user")
	})
}

// A session that was asked costs the store nothing more than others once the second
// factor is off.
func TestAskedBeforeCostsNothing(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	phone := app.Enrolled(t, alice)
	for name, begin := range proving {
		b := begin(t, app, phone)
		expect.NoError(t, app.Gate.Admin().Reset(t.Context(), apptest.UserID(alice), "a test"))
		wantOver(t, b, name+", after the reset")
		b.Login(alice).WantIn(name + ", signed in again") // warms the cache
		asked, commits := app.Store.Asked(), app.Scs.Commits()
		for range 10 {
			b.WantIn(name)
		}
		expect.Equal(t, app.Store.Asked()-asked, 0, "%s: the store was asked", name)
		expect.Equal(t, app.Scs.Commits()-commits, 0, "%s: the session was saved", name)
		app.Clock.Add(time.Hour)
		phone = app.Enrolled(t, alice)
	}
}

// However many requests meet the loss, the log says it once.
func TestAbsentAccountIsLoggedOnce(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	b := proving["verified"](t, app, app.Enrolled(t, alice))
	losses["the account"](t, app.World, alice)
	app.Clock.Add(3 * time.Second)
	for range 10 {
		wantUnavailable(t, b.Get("/account"), "lost")
	}
	for _, line := range []string{"an account is older than it was", "refused because of a fault"} {
		expect.Equal(t, strings.Count(app.Log.String(), line), 1, "%q logged", line)
	}
}
