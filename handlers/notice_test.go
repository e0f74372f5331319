package handlers_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/middleware"
)

// A letterBox takes the notices to users.
type letterBox chan middleware.Notice

func (l letterBox) setup() apptest.Setup {
	return apptest.Setup{Options: []middleware.Option{middleware.WithNotifier(
		middleware.NotifierFunc(func(_ context.Context, n middleware.Notice) error {
			l <- n
			return nil
		}),
	)}}
}

// want takes as many notices as are wanted. One too many meets the next step, or
// wantNoMore.
func (l letterBox) want(t *testing.T, when string, want ...string) (notices []middleware.Notice) {
	t.Helper()
	var got []string
	for range want {
		select {
		case n := <-l:
			notices = append(notices, n)
			got = append(got, n.Kind.String())
			if on := n.Kind == middleware.EventEnabled; strings.Contains(n.Subject, "was switched on") != on {
				t.Errorf("%s: got the subject %q of %v", when, n.Subject, n.Kind)
			}
		case <-t.Context().Done():
		case <-time.After(10 * time.Second):
			t.Fatalf("%s: got %q, want %q", when, got, want)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %q, want %q", when, got, want)
	}
	return notices
}

func (l letterBox) wantNoMore(t *testing.T, gate *middleware.Gate) {
	t.Helper()
	ended, end := context.WithCancel(t.Context())
	end()
	gate.Run(ended) // waits for what is under way
	if len(l) != 0 {
		t.Errorf("got a notice of %v, want no more", (<-l).Kind)
	}
}

// Users are told of what makes their account weaker or stronger, and of what looks
// as if somebody else knew the password; of the latter not again and again.
func TestNotices(t *testing.T) {
	t.Parallel()
	box := make(letterBox, 100)
	app := apptest.New(t, box.setup(), trusting(), apptest.Rejecting())
	owner, codes := enrolWithCodes(t, app, alice)
	phone := app.Emulator.Phone(alice)
	n := box.want(t, "switched on", "enabled")[0]
	if n.UserID != apptest.UserID(alice) || n.Email != alice || !strings.Contains(n.Text, alice) || !strings.Contains(n.Subject, "Acme") {
		t.Errorf("got %+v, want alice's", n)
	}

	b := app.Stopped(t, alice)
	apptest.Approve(t, phone)
	b.WantIn("by push")
	for range 3 {
		b := app.Browser(t).Login(alice)
		guess(t, b, totp, app.WrongCode(t, phone))
		b.PostJSON("/2fa/challenge", "")
	}
	for range 4 {
		b := app.Browser(t).Login(alice)
		guess(t, b, totp, app.WrongCode(t, phone))
		b.PostJSON("/2fa/challenge", "")
		app.Clock.Add(2 * time.Minute)
	}
	box.want(t, "wrong codes", "paused")
	b = app.Browser(t).Login(alice)
	guess(t, b, recoveryPath, codes[0])
	if n := box.want(t, "recovery code", "recovery_used")[0]; !strings.Contains(n.Text, "left: 9") {
		t.Errorf("got %q, want how many are left", n.Text)
	}
	app.Clock.Add(time.Hour)

	app.Stopped(t, alice)
	apptest.Deny(t, phone)
	if n := box.want(t, "rejected", "rejected")[0]; n.Email != alice {
		t.Errorf("got %q, want alice's address", n.Email)
	}
	app.Browser(t).Login(alice).PostJSON("/2fa/challenge", "") // which is refused

	app.Clock.Add(time.Hour)
	b = app.Browser(t).Login(alice)
	b.Post(totp, "code", apptest.Code(t, phone), "trust", "1")
	box.want(t, "trusted", "device_added")
	b.Post("/logout")
	b.Login(alice).WantIn("on a trusted device")

	app.Clock.Add(apptest.Step)
	guess(t, owner, "/2fa/recovery-codes", apptest.Code(t, phone))
	box.want(t, "new codes", "recovery_made")
	app.Clock.Add(apptest.Step)
	owner = app.Browser(t).Login(alice)
	guess(t, owner, totp, apptest.Code(t, phone))
	app.Clock.Add(apptest.Step)
	stage(t, owner, alice)
	guess(t, owner, "/2fa/enable/confirm", apptest.Code(t, phone))
	box.want(t, "a new phone", "replaced")

	for range 20 {
		guess(t, app.Browser(t).Login(alice), totp, app.WrongCode(t, phone))
		app.Clock.Add(time.Hour)
	}
	want := slices.Repeat([]string{"paused"}, 15) // from the fifth on, each an hour after the last
	box.want(t, "blocked", append([]string{"blocked"}, want...)...)
	admin := app.Gate.Admin()
	for _, do := range []func(context.Context, string, string) error{admin.Unlock, admin.Revoke, admin.Reset} {
		if err := do(t.Context(), apptest.UserID(alice), "lost it"); err != nil {
			t.Error(err)
		}
	}
	box.want(t, "reset", "reset")
	owner = app.Browser(t).Login(alice)
	owner.Enrol(alice)
	owner.Post("/2fa/disable")
	box.want(t, "on and off again", "disabled", "enabled")
	box.wantNoMore(t, app.Gate)
}

// An account that is closed is one message, not two.
func TestNoticeOfHold(t *testing.T) {
	t.Parallel()
	box := make(letterBox, 100)
	app := apptest.New(t, box.setup(), apptest.Rejecting(), apptest.Setup{Options: []middleware.Option{middleware.WithHoldOnRejection()}})
	phone := app.Enrolled(t, alice)
	box.want(t, "switched on", "enabled")
	app.Stopped(t, alice)
	apptest.Deny(t, phone)
	if n := box.want(t, "rejected", "held")[0]; n.Email != alice {
		t.Errorf("got %q, want alice's address", n.Email)
	}
	if err := app.Gate.PasswordChanged(t.Context(), apptest.UserID(alice)); err != nil {
		t.Fatal(err)
	}
	box.wantNoMore(t, app.Gate)
}
