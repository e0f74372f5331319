package middleware_test

import (
	"net/http"
	"testing"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
)

// What was revoked on another node is over at once on routes that want more, and the
// whole of this node knows it from then on.
func TestStepUpAsksTheStore(t *testing.T) {
	t.Parallel()
	world := apptest.NewWorld(t)
	one := world.Node(t, apptest.Setup{Routes: stepUps})
	other := world.Node(t, apptest.Setup{Routes: stepUps})
	b := byPush(t, one, one.Enrolled(t, alice))
	b.On(other).WantIn("on the other node, which remembers it")
	for _, path := range []string{"/recent", "/push", "/transfer"} {
		wantPassed(t, b.On(other), path, "before it is revoked")
	}
	expect.NoError(t, one.Gate.Admin().Revoke(t.Context(), apptest.UserID(alice), "a test"))
	b.On(other).WantIn("on the other node, which goes by what it remembers")
	for _, path := range []string{"/recent", "/push", "/transfer", "/open/push"} {
		expect.Equal(t, b.On(other).GetJSON(path).JSON("type"), "urn:eagate:problem:second-factor-required", "%s once it is revoked", path)
	}
	b.On(other).WantLocked("where it has been looked up")
}

// The one grant is revoked, on another node, and not all of the user's.
func TestStepUpAsksTheStoreForTheGrant(t *testing.T) {
	t.Parallel()
	world := apptest.NewWorld(t)
	one := world.Node(t, apptest.Setup{Routes: stepUps})
	other := world.Node(t, apptest.Setup{Routes: stepUps})
	b := byPush(t, one, one.Enrolled(t, alice))
	b.On(other).WantIn("on the other node, which remembers it")
	id := b.Cookie("session")
	before, ok, err := world.Scs.Find(id)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	kept := b.Copy()
	b.Post("/logout")
	if err := world.Scs.Commit(id, before, world.Clock.Now().AddDate(1, 0, 0)); err != nil { // as a slow request does
		t.Fatal(err)
	}
	kept.On(other).WantIn("on the other node, which goes by what it remembers")
	kept.On(other).Get("/recent").WantTo(t, "/2fa/challenge", "once it is logged out")
	if a, at := kept.On(other).Follow("/2fa/challenge"); a.Status != http.StatusUnauthorized {
		t.Errorf("the challenge: got %d at %s, want 401", a.Status, at)
	}
	kept.On(other).WantLocked("where it has been looked up")
}

// What this node remembers doesn't do while the store is down.
func TestStepUpWithoutTheStore(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, apptest.Setup{Routes: stepUps})
	b := byPush(t, app, app.Enrolled(t, alice))
	wantPassed(t, b, "/transfer", "before")
	before := app.Passed.Load()
	app.Store.Fail(apptest.All)
	for _, path := range []string{"/recent", "/push", "/transfer", "/open/push"} {
		if a := b.Get(path); a.Status != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" {
			t.Errorf("%s without the store: got %d, want 503", path, a.Status)
		}
	}
	expect.Equal(t, app.Passed.Load()-before, 0, "times the handlers were called")
	b.WantIn("with what this node remembers")
	app.Store.Fail(0)
	wantPassed(t, b, "/transfer", "afterwards")
}
