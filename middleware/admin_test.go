package middleware_test

import (
	"bytes"
	"net/http"
	"testing"
	"time"

	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/middleware"
)

// A key is changed on two nodes, one after the other, without anybody noticing:
// at each step both nodes take the codes and the callback.
func TestKeyIsChanged(t *testing.T) {
	var (
		former = apptest.Key
		next   = bytes.Repeat([]byte("next"), 8)
		keys   = func(key []byte, former ...[]byte) apptest.Setup {
			return apptest.Setup{Options: []middleware.Option{middleware.WithKey(key, former...)}}
		}
		world = apptest.NewWorld(t)
		first = world.Node(t, keys(former))
		phone = first.Enrolled(t, alice)
		steps = []struct {
			name        string
			here, there apptest.Setup
		}{
			{"every node opens both", keys(former), keys(former, next)},
			{"every node opens both", keys(former, next), keys(former, next)},
			{"one node seals by the next", keys(next, former), keys(former, next)},
			{"every node seals by the next", keys(next, former), keys(next, former)},
		}
	)
	for _, step := range steps {
		here, there := world.Node(t, step.here), world.Node(t, step.there)
		for _, nodes := range [][2]*apptest.App{{here, there}, {there, here}} {
			world.Clock.Add(20 * time.Minute) // for the phone to be asked again
			b := nodes[0].Stopped(t, alice)
			world.Emulator.SetCallbackURL(nodes[0].URL + apptest.CallbackPath(nodes[1].Gate))
			apptest.Approve(t, phone)
			b.WantIn(step.name + ", by the other's callback")

			b = nodes[0].Stopped(t, alice)
			b.WantInOrCode(phone)
			// A wrong code changes the account, which seals its secret anew.
			nodes[0].Browser(t).Login(alice).Post("/2fa/challenge/totp", "code", world.WrongCode(t, phone))
		}
	}

	bobs := first.Enrolled(t, bob) // a straggler
	node := world.Node(t, steps[3].here)
	done, err := node.Gate.Admin().ResealAll(t.Context(), nil)
	if err != nil || done.Changed == 0 || done.Failed != 0 {
		t.Errorf("got %+v, %v, want some changed and none failed", done, err)
	}
	seen := done.Seen
	done, err = node.Gate.Admin().ResealAll(t.Context(), nil)
	if want := (middleware.Progress{Seen: seen}); err != nil || done != want {
		t.Errorf("once more: got %+v, %v, want %+v", done, err, want)
	}
	last := world.Node(t, keys(next))
	for email, phone := range map[string]*emulator.Phone{alice: phone, bob: bobs} {
		world.Clock.Add(2 * apptest.Step)
		last.Stopped(t, email).WantInOrCode(phone)
	}
	if a := first.Browser(t).Get(apptest.CallbackPath(last.Gate) + "?result=true&session_token=x"); a.Status != http.StatusNotFound {
		t.Errorf("a callback by a key that the node doesn't have: got %d, want 404", a.Status)
	}
}

// Operators see whom the service hasn't been told of, since when, and why; and
// have it told anew.
func TestAdminSync(t *testing.T) {
	app := apptest.New(t)
	admin := app.Gate.Admin()
	app.Emulator.SetActive(false)
	app.Enrolled(t, alice)
	since := app.Clock.Now()
	app.Clock.Add(time.Minute)
	app.Sync(t)

	late := func() (all []middleware.LateSync) {
		t.Helper()
		for l, err := range admin.LateSyncs(t.Context()) {
			expect.NoError(t, err)
			all = append(all, l)
		}
		return all
	}
	got := late()
	if len(got) != 1 {
		t.Fatalf("got %+v, want one", got)
	}
	l := got[0]
	if l.UserID != apptest.UserID(alice) || l.Email != alice || !l.Enabled || l.Attempts != 2 || l.LastError == "" ||
		since.Sub(l.Since) > time.Minute || !l.NextAttempt.After(app.Clock.Now()) {
		t.Errorf("got %+v", l)
	}

	app.Emulator.SetActive(true)
	app.Clock.Add(time.Hour)
	app.Sync(t)
	if got := late(); len(got) != 0 {
		t.Errorf("with the service back: got %+v, want none", got)
	}
	var reported middleware.Progress
	done, err := admin.ResyncAll(t.Context(), func(p middleware.Progress) { reported = p })
	if want := (middleware.Progress{Seen: 1, Changed: 1}); err != nil || done != want || reported != want {
		t.Errorf("got %+v, %v, and %+v reported, want %+v", done, err, reported, want)
	}
	if got := late(); len(got) != 1 {
		t.Errorf("told anew: got %+v, want one", got)
	}

	app.Store.Fail(apptest.Reads)
	for l, err := range admin.LateSyncs(t.Context()) {
		if err == nil {
			t.Errorf("with the store down: got %+v, want an error", l)
		}
	}
}
