package handlers_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/middleware"
)

const chromeOnAndroid = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36"

func trusting() apptest.Setup {
	return apptest.Setup{Options: []middleware.Option{middleware.WithTrustedDevices(30 * 24 * time.Hour)}}
}

// trusted returns a browser whose user has said by code not to be asked there
// again, and who has logged out since.
func trusted(t *testing.T, app *apptest.App, email string) *apptest.Browser {
	t.Helper()
	b := app.Stopped(t, email)
	form := "code=" + apptest.Code(t, app.Emulator.Phone(email)) + "&trust=1"
	a := b.Do("POST", totp, form, "Content-Type", "application/x-www-form-urlencoded", "User-Agent", chromeOnAndroid)
	a.Want(t, 303, "code")
	b.WantIn("by code")
	app.Clock.Add(apptest.Step)
	b.Post("/logout")
	return b
}

type listed struct {
	Devices []struct {
		ID, Name string
		This     bool
	}
}

func devicesOf(t *testing.T, b *apptest.Browser) listed {
	t.Helper()
	var l listed
	expect.NoError(t, json.Unmarshal([]byte(b.GetJSON("/2fa/devices").Body), &l))
	return l
}

func TestTrustedDevice(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, trusting())
	app.Enrolled(t, alice)
	b := trusted(t, app, alice)
	pushes := len(app.Emulator.Requests())
	b.Login(alice)
	b.WantIn("on a trusted device")
	expect.Equal(t, b.Get("/account").Header.Get("X-Method"), "device", "method")
	if n := len(app.Emulator.Requests()); n != pushes {
		t.Errorf("the phone was asked %d times, want none", n-pushes)
	}
	l := devicesOf(t, b)
	if len(l.Devices) != 1 || l.Devices[0].Name != "Chrome, Android" || !l.Devices[0].This {
		t.Errorf("got devices %+v, want this one", l)
	}
	// It proves nothing anew.
	wantGuess(t, "disable on a trusted device", b, "/2fa/disable", "", "code-required")
	b.PostJSON("/2fa/devices", "").Want(t, 403, "to trust on")
	app.Stopped(t, alice) // another browser is asked

	app.Clock.Add(30 * 24 * time.Hour)
	b.Post("/logout")
	b.Login(alice).WantLocked("after its time")
}

// A session that the application has last for longer than the browser is trusted is asked
// again when that time is up, whether anything else has changed in the account or not.
func TestTrustedDeviceTimeIsUp(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, trusting(), apptest.Setup{Routes: func(app *apptest.App, mux *http.ServeMux) {
		mux.HandleFunc("GET /longer", func(_ http.ResponseWriter, r *http.Request) {
			app.Sessions.SetDeadline(r.Context(), app.Clock.Now().Add(60*24*time.Hour).UTC())
		})
	}})
	app.Enrolled(t, alice)
	b := trusted(t, app, alice)
	b.Login(alice).WantIn("on a trusted device")
	b.Get("/longer")
	app.Clock.Add(30*24*time.Hour - apptest.Step - time.Second)
	b.WantIn("just before its time is up")
	app.Clock.Add(time.Second)
	b.WantLocked("when its time is up")
}

func TestTrustedDeviceByPush(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, trusting())
	phone := app.Enrolled(t, alice)
	b := app.Stopped(t, alice)
	b.Post("/2fa/challenge/continue", "trust", "1").WantTo(t, "/2fa/challenge", "before the approval")
	b.WantLocked("before the approval")
	expect.Equal(t, len(app.Emulator.Requests()), 1, "requests to the phone")
	apptest.Approve(t, phone)
	b.Post("/2fa/challenge/continue", "trust", "1").WantTo(t, "/account")
	b.Post("/logout")
	b.Login(alice).WantIn("on a trusted device")

	// Whoever doesn't tick the box isn't trusted.
	b = app.Stopped(t, alice)
	apptest.Approve(t, phone)
	b.Post("/2fa/challenge/continue", "trust", "0")
	b.WantIn("without the box")
	expect.Equal(t, len(app.Account(t, alice).Devices), 1, "devices (still 1)")
}

// All cookies that are set on the way in are out of the reach of scripts.
func TestCookiesOfTheUnlock(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, trusting())
	phone := app.Enrolled(t, alice)
	a := app.Stopped(t, alice).Post(totp, "code", apptest.Code(t, phone), "trust", "1")
	names := make(map[string]bool)
	for _, c := range (&http.Response{Header: a.Header}).Cookies() {
		name := c.Name
		if strings.HasPrefix(name, "eagate-device-") {
			name = "device"
		}
		names[name] = true
		if !c.HttpOnly || c.Path != "/" || c.Domain != "" || c.SameSite != http.SameSiteLaxMode {
			t.Errorf("got %s, it for this host and not for scripts", c)
		}
	}
	for _, want := range []string{"session", app.ReturningCookie(), "device"} {
		if !names[want] {
			t.Errorf("got cookies %v, want %s", names, want)
		}
	}
}

// A device is only trusted where that was asked for, and by a proof.
func TestDeviceNotTrusted(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, trusting())
	phone := app.Enrolled(t, alice)
	b := app.Stopped(t, alice)
	b.PostJSON(totp, fmt.Sprintf(`{"code":%q,"trust":"1"}`, app.WrongCode(t, phone)))
	b.PostJSON(totp, fmt.Sprintf(`{"code":%q}`, apptest.Code(t, phone)))
	if l := devicesOf(t, b); len(l.Devices) != 0 {
		t.Errorf("got devices %+v, want none", l)
	}
	b.Post("/logout")
	b.Login(alice).WantLocked("a browser that isn't trusted")

	// Where nothing was set, there is nothing of it.
	app = apptest.New(t)
	app.Enrolled(t, bob)
	b = app.Stopped(t, bob)
	b.PostJSON(totp, fmt.Sprintf(`{"code":%q,"trust":"1"}`, apptest.Code(t, app.Emulator.Phone(bob))))
	b.WantIn("by code")
	b.Get("/2fa/devices").Want(t, 404)
	expect.Equal(t, len(app.Account(t, bob).Devices), 0, "devices")
}

// A trusted device is one user's, and ends when it is revoked, with the sessions
// that it let in, and whenever the factor changes.
func TestTrustedDeviceEnds(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(t *testing.T, app *apptest.App, owner, b *apptest.Browser){
		"revoked": func(t *testing.T, _ *apptest.App, owner, b *apptest.Browser) {
			owner.PostJSON("/2fa/devices/revoke", fmt.Sprintf(`{"id":%q}`, devicesOf(t, owner).Devices[0].ID))
		},
		"all revoked": func(_ *testing.T, _ *apptest.App, owner, _ *apptest.Browser) {
			owner.PostJSON("/2fa/devices/revoke", `{"all":"1"}`)
		},
		"revoked by an administrator": func(t *testing.T, app *apptest.App, owner, _ *apptest.Browser) {
			status, err := app.Gate.Admin().Status(t.Context(), apptest.UserID(alice))
			if err != nil || len(status.Devices) != 1 {
				t.Fatalf("got %+v, %v, want one device", status, err)
			}
			if ok, err := app.Gate.Admin().RevokeDevice(t.Context(), apptest.UserID(alice), status.Devices[0].ID, "laptop stolen"); !ok || err != nil {
				t.Errorf("got %v, %v", ok, err)
			}
		},
		"all proofs revoked": func(t *testing.T, app *apptest.App, _, _ *apptest.Browser) {
			expect.NoError(t, app.Gate.Admin().Revoke(t.Context(), apptest.UserID(alice), "a test"))
		},
		"the password changed": func(t *testing.T, app *apptest.App, owner, _ *apptest.Browser) {
			expect.NoError(t, app.Gate.PasswordChanged(t.Context(), apptest.UserID(alice)))
			owner.WantIn("verified by a code")
		},
		"a new phone": func(t *testing.T, app *apptest.App, owner, _ *apptest.Browser) {
			other := stage(t, owner, alice)
			wantGuess(t, "confirm", owner, "/2fa/enable/confirm", apptest.Code(t, other), "accepted")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := apptest.New(t, trusting())
			phone := app.Enrolled(t, alice)
			b := trusted(t, app, alice)
			b.Login(alice).WantIn("on a trusted device")
			owner := app.Stopped(t, alice)
			wantGuess(t, "owner", owner, totp, apptest.Code(t, phone), "accepted")
			end(t, app, owner, b)
			b.WantLocked("the session that it let in")
			b.Post("/logout")
			b.Login(alice).WantLocked("the next login")
		})
	}
}

// A request to revoke says which, or all of them, and not both.
func TestDeviceRevocationSaysWhich(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, trusting())
	phone := app.Enrolled(t, alice)
	trusted(t, app, alice)
	b := app.Stopped(t, alice)
	wantGuess(t, "login", b, totp, apptest.Code(t, phone), "accepted")
	id := devicesOf(t, b).Devices[0].ID
	for _, body := range []string{"", `{}`, `{"all":"0"}`, `{"all":false}`, `{"id":""}`, `{"id":"` + id + `","all":"1"}`, `{"all":"1","all":"1"}`, `{"id":"` + id + `","id":"x"}`} {
		b.PostJSON("/2fa/devices/revoke", body).Want(t, 400, body)
	}
	expect.Equal(t, len(devicesOf(t, b).Devices), 1, "devices (none of them revoked)")
	if a := b.PostJSON("/2fa/devices/revoke", `{"id":"`+id+`"}`); a.Status != 200 || len(a.Header["Set-Cookie"]) != 0 {
		t.Errorf("another browser's: got %d, cookies %q, want this one's left alone", a.Status, a.Header["Set-Cookie"])
	}
	b.Post("/2fa/devices")
	if a := b.PostJSON("/2fa/devices/revoke", `{"all":true}`); a.Status != 200 || len(a.Header["Set-Cookie"]) != 1 {
		t.Errorf("all: got %d, cookies %q, want this browser's removed", a.Status, a.Header["Set-Cookie"])
	}
}

func TestTrustedDeviceIsOneUsers(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, trusting())
	app.Enrolled(t, alice)
	app.Enrolled(t, bob)
	b := trusted(t, app, alice)
	b.Login(bob).WantLocked("somebody else on the device")
	// Nor under the name of the other's cookie.
	u := expect.Try(url.Parse(app.URL)).OrFail(t)
	var secret string
	for _, c := range b.Jar.Cookies(u) {
		if strings.HasPrefix(c.Name, "eagate-device-") {
			secret = c.Value
		}
	}
	expect.Differ(t, secret, "", "no cookie of the device")
	bobs := trusted(t, app, bob)
	for _, c := range bobs.Jar.Cookies(u) {
		if strings.HasPrefix(c.Name, "eagate-device-") {
			bobs.SetCookie(c.Name, secret)
		}
	}
	bobs.Login(bob).WantLocked("alice's secret in bob's cookie")

	// Two users of one browser have a cookie each.
	b.Login(bob).Post(totp, "code", apptest.Code(t, app.Emulator.Phone(bob)), "trust", "1")
	for _, email := range []string{alice, bob} {
		b.Post("/logout")
		b.Login(email).WantIn(email + " on the browser of both")
	}
}

// The page's one form sends both of its fields, whichever was filled, by whichever button,
// and the one box that goes with each way.
func TestOneForm(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name           string
		code, recovery string // what is typed: "good", "wrong" or nothing
		path           string
		status         int
		at             string // the error is at that field
	}{
		{"code", "good", "", totp, 303, ""},
		{"recovery code", "", "good", recoveryPath, 303, ""},
		{"recovery code, by Enter", "", "good", totp, 303, ""},
		{"code, by the other button", "good", "", recoveryPath, 303, ""},
		{"both, by the code's button", "good", "wrong", totp, 303, ""},
		{"both, by the recovery code's button", "wrong", "good", recoveryPath, 303, ""},
		{"blanks besides", "  ", "good", totp, 303, ""},
		{"wrong recovery code, by Enter", "", "wrong", totp, 422, "recovery-error"},
		{"wrong code, by the other button", "wrong", "", recoveryPath, 422, "code-error"},
		{"nothing", "", "", totp, 422, "code-error"},
		{"nothing, by the recovery code's button", "", "", recoveryPath, 422, "recovery-error"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			app := apptest.New(t, trusting())
			_, codes := enrolWithCodes(t, app, alice)
			phone := app.Emulator.Phone(alice)
			app.Clock.Add(apptest.Step)
			b := app.Stopped(t, alice)
			code := map[string]string{"good": apptest.Code(t, phone), "wrong": app.WrongCode(t, phone), "  ": "  "}[c.code]
			recovery := map[string]string{"good": codes[0], "wrong": "0000-0000-0000-0000"}[c.recovery]
			a := b.Post(c.path, "code", code, "recovery", recovery, "trust", "1")
			a.Want(t, c.status)
			if c.status != 303 {
				if !strings.Contains(a.Body, `id="`+c.at+`"`) || strings.Count(a.Body, "-error\" class=") != 1 || !strings.Contains(a.Body, `name="trust" value="1" checked`) {
					t.Errorf("got\n%s\nwant the error at %s, and the box as it was", a.Body, c.at)
				}
				return
			}
			b.WantIn("with what was typed")
			b.Post("/logout")
			b.Login(alice).WantIn("on the trusted device")
		})
	}
}
