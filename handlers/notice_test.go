package handlers_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
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
			if on := n.Kind == eagate.EventEnabled; strings.Contains(n.Subject, "was switched on") != on {
				t.Errorf("%s: got the subject %q of %v", when, n.Subject, n.Kind)
			}
		case <-t.Context().Done():
		case <-time.After(10 * time.Second):
			t.Fatalf("%s: got %q, want %q", when, got, want)
		}
	}
	slices.Sort(got)
	expect.Slice(t, got, want, when)
	return notices
}

func (l letterBox) wantNoMore(t *testing.T, gate *middleware.Gate) {
	t.Helper()
	ended, end := context.WithCancel(t.Context())
	end()
	gate.Run(ended) // waits for what is under way
	expect.Equal(t, len(l), 0, "a notice")
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
	b = app.Browser(t).Login(alice)
	guess(t, b, recoveryPath, codes[0])
	expect.Contains(t, box.want(t, "recovery code", "recovery_used")[0].Text, "left: 9", "how many are left")
	app.Clock.Add(time.Hour)

	app.Stopped(t, alice)
	apptest.Deny(t, phone)
	expect.Equal(t, box.want(t, "rejected", "rejected")[0].Email, alice)
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
	n = box.want(t, "blocked", "blocked", "wrong_codes")[0] // the second an hour after the first
	if n.Kind != eagate.EventWrongCodes || !strings.Contains(n.Text, "Wrong codes: 2\n") {
		t.Errorf("got %v first: %q, want how many wrong codes there were", n.Kind, n.Text)
	}
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
	expect.Equal(t, box.want(t, "rejected", "held")[0].Email, alice)
	expect.NoError(t, app.Gate.PasswordChanged(t.Context(), apptest.UserID(alice)))
	box.wantNoMore(t, app.Gate)
}

// Wrong codes without a proof within ten minutes are told to the owner, once a day
// whatever the number of nodes: by the next wrong one, or in the background.
func TestA50_WrongCodesAreToldOnceADay(t *testing.T) {
	t.Parallel()
	box := make(letterBox, 100)
	w := apptest.NewWorld(t)
	nodes := []*apptest.App{w.Node(t, box.setup()), w.Node(t, box.setup())}
	_, codes := enrolWithCodes(t, nodes[0], alice)
	phone := w.Emulator.Phone(alice)
	box.want(t, "switched on", "enabled")
	wrong := func(n int) {
		t.Helper()
		for i := range n {
			path, code := totp, w.WrongCode(t, phone)
			if i%2 == 1 {
				path, code = recoveryPath, "0000-0000-0000-0000"
			}
			wantGuess(t, "a wrong code", nodes[i%2].Browser(t).Login(alice), path, code, "code-wrong")
		}
	}
	// wait lets time pass, and both nodes do what they do in the background.
	wait := func(d time.Duration) {
		t.Helper()
		w.Clock.Add(d)
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			for _, node := range nodes {
				go node.Gate.Run(ctx)
			}
			time.Sleep(6 * time.Second)
			cancel()
			synctest.Wait()
		})
	}
	want := func(when string, counts ...int) {
		t.Helper()
		var got []int
		for len(box) > 0 {
			n := <-box
			if n.Kind != eagate.EventWrongCodes || n.Email != alice {
				t.Errorf("%s: got a notice of %v to %q", when, n.Kind, n.Email)
			}
			got = append(got, n.Count)
		}
		expect.Slice(t, got, counts, "%s, notices of wrong codes", when)
	}
	wrong(4)
	wait(9 * time.Minute)
	want("before ten minutes have passed")
	wantGuess(t, "a proof", nodes[1].Browser(t).Login(alice), recoveryPath, codes[0], "accepted")
	box.want(t, "a proof", "recovery_used")
	wait(time.Hour)
	want("with a proof within ten minutes")

	wrong(4)
	wait(10 * time.Minute)
	want("without one", 4)
	wait(time.Hour)
	want("again on either node")
	for range 2 { // each once the day since the last notice is over
		wrong(3)
		wait(20 * time.Minute)
		nodes[0].Gate.Admin().Unlock(t.Context(), apptest.UserID(alice), "a test")
		want("within a day")
		wait(24 * time.Hour)
		want("the next day", 3)
	}

	wait(48 * time.Hour)
	wrong(1)
	w.Clock.Add(11 * time.Minute)
	wrong(1) // before any node has looked
	expect.Equal(t, box.want(t, "by the next one", "wrong_codes")[0].Count, 2, "by the next one: wrong codes")
	wait(48 * time.Hour)
	want("after that")
}
