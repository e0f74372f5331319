package handlers_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/records"
)

// stage begins an enrolment and returns the phone that has scanned it.
func stage(t *testing.T, b *apptest.Browser, email string) *emulator.Phone {
	t.Helper()
	a := b.PostJSON("/2fa/enable", "")
	uri, _ := a.JSON("uri").(string)
	phone := b.App.Emulator.Phone(email)
	if err := phone.AddAccount(uri); err != nil {
		t.Fatalf("stage: %v; answer %d %s", err, a.Status, a.Body)
	}
	return phone
}

// A locked session sees and changes nothing of the factor, whatever it knows.
func TestA19_LockedSession(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, trusting())
	owner := app.Browser(t).Login(alice)
	phone := owner.Enrol(alice)
	stage(t, owner, alice) // so that there is something to see and to confirm
	owner.Post("/2fa/devices")
	old := apptest.Base32(app.Secret(t, alice))
	staged := app.Account(t, alice).Staged
	b := app.Stopped(t, alice)
	before := app.Account(t, alice)
	for _, code := range []string{"", apptest.Code(t, phone), codeAt(t, phone, app.Clock.Now().Add(-apptest.Step))} {
		for _, r := range []struct {
			method, path string
		}{
			{"GET", "/2fa"}, {"GET", "/2fa/"}, {"GET", "/2fa/enable"}, {"POST", "/2fa/enable"},
			{"POST", "/2fa/enable/confirm"}, {"POST", "/2fa/disable"}, {"HEAD", "/2fa/"}, {"HEAD", "/2fa/enable"},
			{"GET", "/2fa/recovery-codes"}, {"POST", "/2fa/recovery-codes"},
			{"GET", "/2fa/devices"}, {"POST", "/2fa/devices"}, {"POST", "/2fa/devices/revoke"},
		} {
			for _, accept := range []string{"text/html", "application/json"} {
				contentType, body := "application/x-www-form-urlencoded", "all=1&code="+code
				if accept == "application/json" {
					contentType, body = accept, `{"all":"1","code":"`+code+`"}`
				}
				if r.method != "POST" {
					body = ""
				}
				a := b.Do(r.method, r.path, body, "Accept", accept, "Content-Type", contentType)
				name := r.method + " " + r.path + " as " + accept
				switch {
				case r.method == "HEAD" && a.Status == http.StatusMethodNotAllowed:
				case r.method == "GET" && accept == "text/html":
					if a.Status != http.StatusSeeOther || a.Location != "/2fa/challenge" || a.Body != "" {
						t.Errorf("%s: got %d to %q, want 303 to the challenge", name, a.Status, a.Location)
					}
				case a.Status != http.StatusForbidden:
					t.Errorf("%s: got %d, want 403", name, a.Status)
				}
				for _, secret := range []string{old, "otpauth:", "enabled_at", `id="qr"`, "codes_left", " left<", "last_used_at"} {
					expect.Lacks(t, a.Body, secret, "%s: the answer holds", name)
				}
			}
		}
	}
	after := app.Account(t, alice)
	if after.Version != before.Version || after.Staged == nil || string(after.Staged.Factor.Secret) != string(staged.Factor.Secret) {
		t.Errorf("got version %d, want %d: the account was changed", after.Version, before.Version)
	}
	b.WantLocked("afterwards")
}

// Without a fresh proof, the factor is switched off or replaced by the user's
// own code only.
func TestA39_ChangesNeedAProof(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/2fa/disable", "/2fa/enable"} {
		for _, c := range []struct {
			name string
			wait time.Duration
			code func(t *testing.T, app *apptest.App, mine, theirs *emulator.Phone) string
			want string
		}{
			{"fresh, no code", 0, nil, "accepted"},
			{"5 minutes less a second, no code", 5*time.Minute - time.Second, nil, "accepted"},
			{"5 minutes, no code", 5 * time.Minute, nil, "code-required"},
			{"an hour, no code", time.Hour, nil, "code-required"},
			{"fresh, wrong code", 0, func(t *testing.T, app *apptest.App, mine, _ *emulator.Phone) string {
				return app.WrongCode(t, mine)
			}, "code-wrong"},
			{"another user's code", 5 * time.Minute, func(t *testing.T, _ *apptest.App, _, theirs *emulator.Phone) string {
				return apptest.Code(t, theirs)
			}, "code-wrong"},
			{"used code", 5 * time.Minute, func(t *testing.T, app *apptest.App, mine, _ *emulator.Phone) string {
				code := apptest.Code(t, mine)
				wantGuess(t, "login", app.Browser(t).Login(alice), totp, code, "accepted")
				return code
			}, "code-used"},
			{"own code", 5 * time.Minute, func(t *testing.T, _ *apptest.App, mine, _ *emulator.Phone) string {
				return apptest.Code(t, mine)
			}, "accepted"},
		} {
			app := apptest.New(t)
			theirs := app.Enrolled(t, bob)
			mine := app.Enrolled(t, alice)
			b := app.Browser(t).Login(alice)
			wantGuess(t, "login", b, totp, apptest.Code(t, mine), "accepted")
			app.Clock.Add(c.wait)
			before := app.Account(t, alice)
			code := ""
			if c.code != nil {
				app.Clock.Add(apptest.Step)
				code = c.code(t, app, mine, theirs)
			}
			wantGuess(t, path+", "+c.name, b, path, code, c.want)
			after := app.Account(t, alice)
			changed := after.State != before.State || after.Staged != nil
			expect.Equal(t, changed, c.want == "accepted", "%s, %s: changed", path, c.name)
			if got := app.Account(t, bob); got.State != records.On || got.Staged != nil {
				t.Errorf("%s, %s: another user's factor was changed", path, c.name)
			}
		}
	}
}

// What this node has cached of a session that was ended on another one is no
// proof.
func TestA39_StaleGrant(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/2fa/disable", "/2fa/enable"} {
		world := apptest.NewWorld(t)
		here, there := world.Node(t), world.Node(t)
		owner := here.Browser(t).Login(alice)
		phone := owner.Enrol(alice)

		// A thief has the cookies; the owner replaces the secret.
		thief := owner.Copy().On(there)
		thief.WantIn("a stolen session")
		stage(t, owner, alice)
		wantGuess(t, "replace", owner, "/2fa/enable/confirm", apptest.Code(t, phone), "accepted")
		expect.Differ(t, guess(t, thief, path, ""), "accepted", "%s: accepted by a session of the factor before", path)
		if got := world.Account(t, alice); got.State != records.On || got.Staged != nil {
			t.Errorf("%s by a stolen session: got %v, staged %t", path, got.State, got.Staged != nil)
		}

		// The owner logs out, and a request under way brings the session back.
		thief = owner.Copy().On(there)
		thief.WantIn("a stolen session")
		cookie := owner.Cookie("session")
		session, found, err := world.Scs.Find(cookie)
		if err != nil || !found {
			t.Fatalf("got session found %t, %v", found, err)
		}
		owner.Post("/logout")
		expect.NoError(t, world.Scs.Commit(cookie, session, time.Now().Add(time.Hour)))
		expect.Differ(t, guess(t, thief, path, ""), "accepted", "%s: accepted by a session that was logged out", path)
		if got := world.Account(t, alice); got.State != records.On || got.Staged != nil {
			t.Errorf("%s after the logout: got %v, staged %t", path, got.State, got.Staged != nil)
		}
	}
}

// Nobody but the session that began an enrolment sees it or confirms it.
func TestA39_StagedByAnotherSession(t *testing.T) {
	t.Parallel()
	world := apptest.NewWorld(t)
	app, node := world.Node(t), world.Node(t)
	owner := app.Browser(t).Login(alice)
	others := map[string]*apptest.Browser{
		"another session":                 app.Browser(t).Login(alice),
		"another session on another node": node.Browser(t).Login(alice),
		"another user":                    app.Browser(t).Login(bob),
	}
	phone := stage(t, owner, alice)
	account := world.Emulator.Accounts()[0]
	for name, b := range others {
		if a := b.GetJSON("/2fa/enable"); a.Status != http.StatusConflict || strings.Contains(a.Body, account.Secret) {
			t.Errorf("%s: got %d %s, want 409", name, a.Status, a.Body)
		}
		if a := b.Get("/2fa/enable"); a.Status != http.StatusSeeOther || a.Location != "/2fa/" || a.Body != "" {
			t.Errorf("%s, page: got %d to %q, want 303 to /2fa/", name, a.Status, a.Location)
		}
		wantGuess(t, name, b, "/2fa/enable/confirm", apptest.Code(t, phone), "no-enrolment")
		if a := b.Get("/2fa/"); strings.Contains(a.Body, account.Secret) || strings.Contains(a.Body, "otpauth:") {
			t.Errorf("%s: the security page shows the secret", name)
		}
	}
	expect.Equal(t, world.Account(t, alice).State, records.Off)
	wantGuess(t, "the owner on another node", owner.On(node), "/2fa/enable/confirm", apptest.Code(t, phone), "accepted")
	world.Clock.Add(2 * time.Second)
	others["another session"].WantLocked("the other session after the enrolment")
}

// Replacing leaves the working secret in force until the new one is confirmed,
// and then voids what was proved with it.
func TestA39_ReEnrol(t *testing.T) {
	t.Parallel()
	world := apptest.NewWorld(t)
	app, node := world.Node(t), world.Node(t)
	phone := app.Enrolled(t, alice)
	var verified []*apptest.Browser
	for _, app := range []*apptest.App{app, node} {
		b := app.Browser(t).Login(alice)
		wantGuess(t, "login", b, totp, apptest.Code(t, phone), "accepted")
		world.Clock.Add(apptest.Step)
		b.WantIn("verified")
		verified = append(verified, b)
	}
	old := world.Emulator.Accounts()[0]
	oldCode := func() string {
		t.Helper()
		code := expect.Try(old.Code(world.Clock.Now())).OrFail(t)
		return code
	}
	working := string(world.Account(t, alice).Factor.Secret)
	b := app.Browser(t).Login(alice)
	wantGuess(t, "login", b, totp, oldCode(), "accepted")
	world.Clock.Add(apptest.Step)
	stage(t, b, alice)
	calls := len(world.Emulator.Calls(emulator.SyncStatus))
	if got := world.Account(t, alice); string(got.Factor.Secret) != working || got.State != records.On {
		t.Error("staging has touched the working secret")
	}
	wantGuess(t, "a login by the new secret", app.Browser(t).Login(alice), totp, apptest.Code(t, phone), "code-wrong")
	wantGuess(t, "a confirmation by the old secret", b, "/2fa/enable/confirm", oldCode(), "code-wrong")
	wantGuess(t, "a login by the old secret", app.Browser(t).Login(alice), totp, oldCode(), "accepted")
	for _, b := range verified {
		b.WantIn("while another secret is staged")
	}
	expect.Equal(t, len(world.Emulator.Calls(emulator.SyncStatus)), calls, "the service was told of a secret that isn't confirmed")

	world.Clock.Add(apptest.Step)
	wantGuess(t, "a confirmation by the new secret", b, "/2fa/enable/confirm", apptest.Code(t, phone), "accepted")
	b.WantIn("the session that has replaced it")
	verified[0].WantLocked("a session verified with the old secret, here, at once")
	world.Clock.Add(2 * time.Second)
	verified[1].WantLocked("a session verified with the old secret, elsewhere")
	world.Clock.Add(apptest.Step)
	wantGuess(t, "a login by the old secret", app.Browser(t).Login(alice), totp, oldCode(), "code-wrong")
	wantGuess(t, "a login by the new secret", app.Browser(t).Login(alice), totp, apptest.Code(t, phone), "accepted")
	if got, want := world.Emulator.Accounts()[0].Secret, apptest.Base32(world.Secret(t, alice)); got != want {
		t.Error("the secret in force isn't the phone's")
	}
}

func TestEnrolmentExpires(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	b := app.Browser(t).Login(alice)
	phone := stage(t, b, alice)
	app.Clock.Add(30*time.Minute - time.Second)
	b.Get("/2fa/enable").Want(t, http.StatusOK, "at the last moment")
	expect.Equal(t, b.GetJSON("/2fa/").JSON("state"), "pending", "at the last moment")
	app.Clock.Add(time.Second)
	expect.Equal(t, b.GetJSON("/2fa/").JSON("state"), "off", "expired")
	b.Get("/2fa/enable").WantTo(t, "/2fa/", "expired")
	wantGuess(t, "expired", b, "/2fa/enable/confirm", apptest.Code(t, phone), "no-enrolment")
	b.Post("/2fa/enable/confirm", "code", apptest.Code(t, phone)).Want(t, http.StatusConflict, "expired, in a form")
	b.Enrol(alice)
	b.WantIn("enrolled anew")
}

// Whoever mistypes while enrolling waits, or starts over.
func TestEnrolAfterWrongCodes(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	b := app.Browser(t).Login(alice)
	phone := stage(t, b, alice)
	secret := app.Emulator.Accounts()[0].Secret
	if a := b.Post("/2fa/enable/confirm", "code", app.WrongCode(t, phone)); a.Status != http.StatusUnprocessableEntity ||
		!strings.Contains(strings.ReplaceAll(a.Body, " ", ""), secret) {
		t.Errorf("wrong code in a form: got %d, want 422 and the same secret again", a.Status)
	}
	for range 4 {
		wantGuess(t, "wrong", b, "/2fa/enable/confirm", app.WrongCode(t, phone), "code-wrong")
	}
	wantGuess(t, "after five", b, "/2fa/enable/confirm", apptest.Code(t, phone), "code-paused")
	b.WantIn("still without a second factor")
	phone = stage(t, b, alice)
	expect.Differ(t, app.Emulator.Accounts()[0].Secret, secret, "starting over shows the same secret")
	wantGuess(t, "starting over", b, "/2fa/enable/confirm", apptest.Code(t, phone), "accepted")
	expect.Equal(t, app.Account(t, alice).Failures, 0, "failures left")
}
