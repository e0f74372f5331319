package middleware_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/middleware"
)

// block tries wrong codes until none is looked at any more.
func block(t *testing.T, app *apptest.App, email string, phone *emulator.Phone) {
	t.Helper()
	for range 20 {
		app.Browser(t).Login(email).Post("/2fa/challenge/totp", "code", app.WrongCode(t, phone))
		app.Clock.Add(time.Hour)
	}
}

func TestAdminReset(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	owner := app.Browser(t).Login(alice)
	phone := owner.Enrol(alice)
	block(t, app, alice, phone)
	other := app.Stopped(t, alice)
	expect.NoError(t, app.Gate.Admin().Reset(t.Context(), apptest.UserID(alice), "lost it"))
	wantOver(t, other, "in a session that was asked for it")
	other.Login(alice).WantIn("by password alone")
	if u, ok := app.Emulator.Status(alice); !ok || u.Enabled {
		t.Error("the service hasn't been told")
	}
	// What was proved before is worthless with the next phone, too.
	again := app.Browser(t).Login(alice)
	again.Enrol(alice)
	owner.WantLocked("verified before the reset")
	other.WantLocked("in without a second factor")
	again.WantIn("the one who has enrolled")
}

func TestAdminUnlock(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	phone := app.Enrolled(t, alice)
	block(t, app, alice, phone)
	b := app.Stopped(t, alice)
	b.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone))
	b.WantLocked("when blocked")
	expect.NoError(t, app.Gate.Admin().Unlock(t.Context(), apptest.UserID(alice), "it's her"))
	b.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone))
	b.WantIn("unlocked")
}

func TestAdminRevoke(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	owner := app.Browser(t).Login(alice)
	phone := owner.Enrol(alice)
	owner.WantIn("enrolled")
	waiting := app.Stopped(t, alice)
	expect.NoError(t, app.Gate.Admin().Revoke(t.Context(), apptest.UserID(alice), "laptop stolen"))
	apptest.Approve(t, phone)
	owner.WantLocked("revoked")
	waiting.WantLocked("a challenge of before")
	if ok, err := app.Gate.Admin().RevokeDevice(t.Context(), apptest.UserID(alice), "", "for want of one"); ok || err == nil {
		t.Errorf("no device: got %t, %v, want an error, and not all of them revoked", ok, err)
	}
}

// No operator's call changes anything without a reason.
func TestAdminReasons(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	app.Enrolled(t, alice)
	before := app.Account(t, alice)
	admin, id := app.Gate.Admin(), apptest.UserID(alice)
	for call, do := range map[string]func(reason string) error{
		"Reset":          func(reason string) error { return admin.Reset(t.Context(), id, reason) },
		"Unlock":         func(reason string) error { return admin.Unlock(t.Context(), id, reason) },
		"Revoke":         func(reason string) error { return admin.Revoke(t.Context(), id, reason) },
		"ReleaseAddress": func(reason string) error { return admin.ReleaseAddress(t.Context(), alice, reason) },
		"RevokeDevice": func(reason string) error {
			_, err := admin.RevokeDevice(t.Context(), id, "any", reason)
			return err
		},
	} {
		for _, reason := range []string{"", " \n"} {
			if err := do(reason); err == nil || !strings.HasPrefix(err.Error(), "middleware: "+call+": no reason") {
				t.Errorf("%s for %q: got %v, want an error that names the call", call, reason, err)
			}
		}
	}
	expect.Equal(t, app.Account(t, alice).Version, before.Version, "version of the account")
}

func TestAdminList(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	block(t, app, bob, app.Enrolled(t, bob))
	app.Enrolled(t, alice)
	for _, email := range []string{alice, bob} {
		app.ChangeAccount(t, email, func(a *records.Account) { a.Recovery.Hashes = nil })
	}
	app.Browser(t).Login("carol@example.com").Post("/2fa/enable")
	const withAll = "dave@example.com"
	app.Enrolled(t, withAll)
	for _, test := range []struct {
		name   string
		filter middleware.ListFilter
		want   []string
	}{
		{"all", middleware.ListFilter{}, []string{alice, bob, "carol@example.com", withAll}},
		{"enabled", middleware.ListFilter{Enabled: true}, []string{alice, bob, withAll}},
		{"locked", middleware.ListFilter{Locked: true}, []string{bob}},
		{"late", middleware.ListFilter{Late: true}, nil},
		{"few codes", middleware.ListFilter{FewRecovery: true, Locked: true}, []string{bob}},
		{"few codes, and not none for want of a second factor", middleware.ListFilter{FewRecovery: true}, []string{alice, bob}},
	} {
		var got []string
		for s, err := range app.Gate.Admin().List(t.Context(), test.filter) {
			expect.NoError(t, err)
			got = append(got, s.UserID)
		}
		slices.Sort(got)
		var want []string
		for _, email := range test.want {
			want = append(want, apptest.UserID(email))
		}
		expect.Slice(t, got, want, test.name)
	}
	status, err := app.Gate.Admin().Status(t.Context(), apptest.UserID(bob))
	if err != nil || status.Lock != eagate.LockBlocked || status.WrongCodes != 20 || !status.Enabled {
		t.Errorf("got %+v, %v, it blocked after 20 wrong codes", status, err)
	}
	app.Store.Fail(apptest.All)
	n := 0
	for _, err := range app.Gate.Admin().List(t.Context(), middleware.ListFilter{}) {
		if n++; err == nil {
			t.Error("with a store that fails: got no error")
		}
	}
	expect.Equal(t, n, 1, "with a store that fails, answers (the error alone)")
}
