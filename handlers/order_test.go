package handlers_test

import (
	"testing"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/records"
)

// Of what the former password has begun, nothing counts once it was changed: on
// whichever node, before or after the phone answers.
func TestA49_PasswordChanged(t *testing.T) {
	t.Parallel()
	changed := func(t *testing.T, node *apptest.App) {
		t.Helper()
		if err := node.Gate.PasswordChanged(t.Context(), apptest.UserID(alice)); err != nil {
			t.Fatal(err)
		}
	}
	for _, approvedFirst := range []bool{true, false} {
		t.Run(map[bool]string{true: "approved request", false: "pending request"}[approvedFirst], func(t *testing.T) {
			t.Parallel()
			app := apptest.New(t)
			other := app.Node(t)
			w := wait(t, app, alice)
			report := func() { service(t, app).Get(callback(app) + query(w.token, "true")) }
			if approvedFirst {
				report()
			}
			changed(t, other)
			report()
			w.WantLocked("approved with the former password")
		})
	}
	t.Run("first enrolment", func(t *testing.T) {
		t.Parallel()
		app := apptest.New(t)
		other := app.Node(t)
		thief := app.Browser(t).Login(alice)
		phone := stage(t, thief, alice)
		changed(t, other)
		wantGuess(t, "the thief's phone", thief, "/2fa/enable/confirm", apptest.Code(t, phone), "no-enrolment")
		if got := app.Account(t, alice); got.State != records.Off {
			t.Errorf("got state %v, want off", got.State)
		}
	})
	t.Run("replacement", func(t *testing.T) {
		t.Parallel()
		app := apptest.New(t)
		owner := app.Browser(t).Login(alice)
		owner.Enrol(alice)
		secret := app.Account(t, alice).Factor.Secret
		thief := owner.Copy()
		phone := stage(t, thief, alice)
		changed(t, app.Node(t))
		wantGuess(t, "the thief's phone", thief, "/2fa/enable/confirm", apptest.Code(t, phone), "no-enrolment")
		if got := app.Account(t, alice); string(got.Factor.Secret) != string(secret) {
			t.Error("another factor is in force")
		}
		owner.WantIn("verified before")
	})
}
