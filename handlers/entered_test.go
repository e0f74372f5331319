package handlers_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/store"
)

// A markless store can't note that a session goes on under another ID.
type markless struct {
	store.Backend
	t *testing.T
}

func (m markless) Put(ctx context.Context, kind store.Kind, doc store.Document) (uint64, error) {
	if kind == store.Grants && apptest.DecodeGrant(m.t, doc).Kind == records.KindMoved {
		return 0, apptest.ErrFault
	}
	return m.Backend.Put(ctx, kind, doc)
}

// A code is accepted, and then it can't be noted that the session goes on under another ID:
// the session is as it was before, and the next code is as good.
func TestA17_StoreFaultOnceTheSessionHasAnotherID(t *testing.T) {
	t.Parallel()
	for _, to := range []string{"/account", "/recent"} {
		world := apptest.NewWorld(t)
		app := world.Node(t, apptest.Setup{Routes: recent})
		phone := app.Enrolled(t, alice)
		b := app.Stopped(t, alice)
		if to == "/recent" {
			b.Post(totp, "code", apptest.Code(t, phone))
			app.Clock.Add(10 * time.Minute)
			b.Follow(to)
		}
		before := len(proofs(t, world))
		inner := world.Store.Inner()
		world.Store.SetInner(markless{inner, t})
		b.Post(totp, "code", apptest.Code(t, phone)).Want(t, http.StatusServiceUnavailable, to)
		world.Store.SetInner(inner)
		if to == "/recent" {
			b.WantIn("verified as before")
			expect.Equal(t, len(proofs(t, world)), before, "proofs")
		} else {
			b.WantLocked("after the fault")
		}
		if a := b.Get(to); a.Secret() {
			t.Errorf("%s: got in by what couldn't be noted", to)
		}
		app.Clock.Add(apptest.Step)
		b.Follow(to)
		b.Post(totp, "code", apptest.Code(t, phone)).WantTo(t, to, "the next code")
	}
}

// switching adds a route by which the application changes the user within a session.
func switching(app *apptest.App, mux *http.ServeMux) {
	mux.HandleFunc("GET /open-to-all/{user}", func(_ http.ResponseWriter, r *http.Request) {
		app.Sessions.Put(r.Context(), apptest.KeyUser, apptest.UserID(r.PathValue("user")))
	})
}

// That one user's phone couldn't be asked says nothing of the next one's in the session.
func TestA13_PhoneOfAnotherUser(t *testing.T) {
	t.Parallel()
	for _, first := range []string{"/account", "/2fa/challenge"} {
		app := apptest.New(t, apptest.Setup{Routes: switching, Options: []middleware.Option{middleware.WithExempt("/open-to-all/")}})
		app.Enrolled(t, alice)
		app.Enrolled(t, bob)
		app.Emulator.SetPush(alice, false)
		b := app.Stopped(t, alice)
		before := len(app.Emulator.Requests())
		b.Get("/open-to-all/" + bob)
		b.Follow(first)
		expect.Equal(t, len(app.Emulator.Requests())-before, 1, "%s: the next user's phone was asked", first)
	}
}

// What a verified session was asked for besides can be cancelled while the application
// can't tell the user: the phone isn't asked any more either.
func TestCancelStepUpOfAnUnknownUser(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, apptest.Setup{Routes: recent})
	phone := app.Enrolled(t, alice)
	b := app.Stopped(t, alice)
	b.Post(totp, "code", apptest.Code(t, phone))
	app.Clock.Add(10 * time.Minute)
	b.Follow("/recent")
	live := app.Account(t, alice).Push.Live
	app.Users.Fail(apptest.ErrFault)
	b.Post("/2fa/cancel")
	app.Users.Fail(nil)
	c, err := app.Records(t).Challenge(t.Context(), live)
	if err != nil || c.State != records.Void {
		t.Errorf("got %v, %v, want the challenge void", c.State, err)
	}
	b.WantIn("after it was cancelled")
}
