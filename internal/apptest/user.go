package apptest

import (
	"regexp"
	"testing"
	"time"

	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/expect"
)

// Step is how long a code is good for.
const Step = 30 * time.Second

// Login logs in by password.
func (b *Browser) Login(email string) *Browser {
	b.t.Helper()
	if a := b.Post("/login", "email", email); a.Status != 200 {
		b.t.Fatalf("login: got status %d, want 200", a.Status)
	}
	return b
}

// Enrol switches the second factor on for the user who is logged in, and lets
// the code's step pass.
func (b *Browser) Enrol(email string) *emulator.Phone {
	b.t.Helper()
	a := b.PostJSON("/2fa/enable", "")
	uri, _ := a.JSON("uri").(string)
	phone := b.App.Emulator.Phone(email)
	if err := phone.AddAccount(uri); err != nil {
		b.t.Fatalf("enrol: %v; answer %d %s", err, a.Status, a.Body)
	}
	if a := b.Post("/2fa/enable/confirm", "code", Code(b.t, phone)); a.Status != 303 {
		b.t.Fatalf("confirm: got status %d, want 303\n%s", a.Status, a.Body)
	}
	b.App.Clock.Add(Step)
	return phone
}

// keptForm is the button by which somebody says to have kept the recovery codes.
var keptForm = regexp.MustCompile(`(?s)action="/2fa/recovery-codes/kept">\s*(?:<input type="hidden" name="form_token" value="[^"]*">\s*)?<input type="hidden" name="set" value="([^"]+)">\s*(<input type="hidden" name="enabled" value="1">)?`)

// Kept presses the button of the page of recovery codes that were just made; once more if
// it was pressed before.
func (b *Browser) Kept() Answer {
	b.t.Helper()
	if m := keptForm.FindStringSubmatch(b.Get("/2fa/recovery-codes").Body); m != nil {
		b.kept = []string{"set", m[1]}
		if m[2] != "" {
			b.kept = append(b.kept, "enabled", "1")
		}
	}
	if b.kept == nil {
		b.t.Fatal("no recovery codes are shown")
	}
	return b.Post("/2fa/recovery-codes/kept", b.kept...)
}

// SendNew has a new request sent to the phone, from the challenge page.
func (b *Browser) SendNew() Answer {
	b.t.Helper()
	if a := b.Post("/2fa/challenge"); a.Status != 303 || a.Location != "/2fa/challenge" {
		b.t.Fatalf("a new request: got %d to %q, want 303 to the challenge", a.Status, a.Location)
	}
	return b.Get("/2fa/challenge")
}

// Code is what the phone shows.
func Code(t testing.TB, phone *emulator.Phone) string {
	t.Helper()
	code := expect.Try(phone.Code()).OrFail(t)
	return code
}

// Enrolled returns the phone of a user who has the second factor.
func (a *App) Enrolled(t testing.TB, email string) *emulator.Phone {
	t.Helper()
	return a.Browser(t).Login(email).Enrol(email)
}

// Stopped returns a browser that was led to the challenge, after the password
// and the first page.
func (a *App) Stopped(t testing.TB, email string) *Browser {
	t.Helper()
	b := a.Browser(t).Login(email)
	b.Stop()
	return b
}

// Stop opens a guarded page, and the challenge that it leads to.
func (b *Browser) Stop() {
	b.t.Helper()
	if a := b.Get("/account"); a.Location != "/2fa/challenge" {
		b.t.Fatalf("first page: got %d to %q, want 303 to /2fa/challenge", a.Status, a.Location)
	}
	b.Get("/2fa/challenge")
}

// Approve taps the right number.
func Approve(t testing.TB, phone *emulator.Phone) {
	t.Helper()
	replies := expect.Try(phone.Approve(t.Context())).OrFail(t)
	for _, r := range replies {
		expect.Equal(t, r.Status, 200, "callback")
	}
}

// Deny taps "It's not me".
func Deny(t testing.TB, phone *emulator.Phone) {
	t.Helper()
	expect.Try(phone.Deny(t.Context())).OrFail(t)
}

// WantLocked fails the test unless the session is stopped, by page and by
// program.
func (b *Browser) WantLocked(when string) {
	b.t.Helper()
	before := b.App.Passed.Load()
	for _, a := range []Answer{b.Get("/account"), b.GetJSON("/account"), b.Post("/account")} {
		if a.Secret() || a.Status == 200 {
			b.t.Errorf("%s: got in with status %d", when, a.Status)
		}
	}
	if n := b.App.Passed.Load() - before; n != 0 {
		b.t.Errorf("%s: the guarded handler was called %d times", when, n)
	}
}

// WantIn fails the test unless the session is let in.
func (b *Browser) WantIn(when string) {
	b.t.Helper()
	if a, at := b.Follow("/account"); !a.Secret() || a.Header.Get("X-User") == "" {
		b.t.Errorf("%s: got %d at %s for user %q, want the page for somebody", when, a.Status, at, a.Header.Get("X-User"))
	}
}

// WantLockedOrOut fails the test unless the session is stopped or nobody's: the
// guarded page says so of a request without a user.
func (b *Browser) WantLockedOrOut(when string) {
	b.t.Helper()
	for _, a := range []Answer{b.Get("/account"), b.GetJSON("/account")} {
		if a.Secret() && a.Header.Get("X-User") != "" {
			b.t.Errorf("%s: got in as %s", when, a.Header.Get("X-User"))
		}
	}
}

// WantInOrCode is WantIn for a browser that may have missed the answer which
// unlocked it: it types a code then.
func (b *Browser) WantInOrCode(phone *emulator.Phone) {
	b.t.Helper()
	if a := b.Get("/account"); !a.Secret() {
		b.Post("/2fa/challenge/totp", "code", Code(b.t, phone))
	}
	b.WantIn("with a code")
}
