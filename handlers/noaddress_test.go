package handlers_test

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/middleware"
)

// addressed returns an application that tells the address which is set.
func addressed(t *testing.T, address string) (app *apptest.App, set func(string)) {
	t.Helper()
	var now atomic.Value
	now.Store(address)
	app = apptest.New(t, apptest.Setup{Options: []middleware.Option{middleware.WithEmail(
		func(context.Context, string) (string, error) { return now.Load().(string), nil },
	)}})
	return app, func(s string) { now.Store(s) }
}

// wantForGood fails the test unless a refusal says that it isn't for a while.
func wantForGood(t *testing.T, when string, a apptest.Answer, kind string) {
	t.Helper()
	if a.Status != http.StatusConflict || a.JSON("type") != "urn:eagate:problem:"+kind || a.Header.Get("Retry-After") != "" {
		t.Errorf("%s: got %d %s, Retry-After %q, want 409 %s, and not to try again", when, a.Status, a.Body, a.Header.Get("Retry-After"), kind)
	}
}

// Who has no address that could be one is told so, before the button and after it, and
// not to try again in a while.
func TestNoAddress(t *testing.T) {
	t.Parallel()
	for name, address := range map[string]string{
		"none": "", "blanks": " \t ", "no at": "alice", "no host": "alice@", "no name": "@example.com",
		"a line break in it": "alice@example.com\r\nBcc: x@y",
		"not UTF-8":          "\xff@example.com", "too long": strings.Repeat("a", 310) + "@example.com",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app, set := addressed(t, address)
			b := app.Browser(t).Login(alice)
			if a := b.Get("/2fa/"); a.Status != http.StatusOK || !strings.Contains(a.Body, `id="no-address"`) || strings.Contains(a.Body, `action="/2fa/enable"`) {
				t.Errorf("security page: got %d\n%s\nwant it said, and no button", a.Status, a.Body)
			}
			for range 3 {
				wantForGood(t, "a program", b.PostJSON("/2fa/enable", ""), "no-address")
			}
			if a := b.Post("/2fa/enable"); a.Status != http.StatusConflict || !strings.Contains(a.Body, `data-message="no-address"`) || a.Header.Get("Retry-After") != "" {
				t.Errorf("page: got %d\n%s", a.Status, a.Body)
			}
			expect.Equal(t, strings.Count(app.Log.String(), "without an e-mail address"), 1, "lines in the log")
			if a := app.Account(t, alice); a.Staged != nil || a.State != records.Off {
				t.Error("something was staged")
			}
			set(" alice@example.com ")
			b.Enrol(alice)
			b.WantIn("with an address")
		})
	}
}

// An address that goes while a phone is set up, or afterwards.
func TestAddressGoes(t *testing.T) {
	t.Parallel()
	app, set := addressed(t, alice)
	b := app.Browser(t).Login(alice)
	phone := stage(t, b, alice)
	set("")
	wantForGood(t, "confirming", b.PostJSON("/2fa/enable/confirm", `{"code":"`+apptest.Code(t, phone)+`"}`), "no-address")
	expect.Contains(t, b.Post("/2fa/enable/confirm", "code", apptest.Code(t, phone)).Body, `data-message="no-address"`, "confirming")
	set(alice)
	wantGuess(t, "confirming with an address", b, "/2fa/enable/confirm", apptest.Code(t, phone), "accepted")
	app.Clock.Add(apptest.Step)

	set(" ")
	calls := len(app.Emulator.Calls())
	if a := b.Get("/2fa/"); !strings.Contains(a.Body, `id="no-address"`) || strings.Contains(a.Body, `id="moved"`) {
		t.Errorf("security page: got\n%s\nwant it said", a.Body)
	}
	locked := app.Stopped(t, alice)
	if a := locked.Get("/2fa/challenge"); !strings.Contains(a.Body, "Your account has no e-mail address") || !strings.Contains(a.Body, `id="code"`) {
		t.Errorf("challenge: got\n%s\nwant it said, and the field for a code", a.Body)
	}
	wantForGood(t, "asking the phone", locked.PostJSON("/2fa/challenge", ""), "no-push")
	if n := len(app.Emulator.Calls()); n != calls {
		t.Errorf("the service was called %d times", n-calls)
	}
	wantGuess(t, "a code", locked, totp, apptest.Code(t, phone), "accepted")
}

// An address that is too long for a QR code is no fault: the page has the link and the key.
func TestLongAddress(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		address string
		picture bool
	}{
		"long":     {strings.Repeat("a", 64) + "@" + strings.Repeat("b", 240) + ".example", true},
		"too long": {strings.Repeat("อ", 100) + "@example.com", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app, _ := addressed(t, c.address)
			b := app.Browser(t).Login(alice)
			phone := stage(t, b, c.address)
			page := b.Get("/2fa/enable")
			if page.Status != http.StatusOK || strings.Contains(page.Body, "<svg") != c.picture || !strings.Contains(page.Body, `id="otpauth"`) || !strings.Contains(page.Body, `id="key"`) {
				t.Errorf("got %d\n%s\nwant the link and the key, and a picture %v", page.Status, page.Body, c.picture)
			}
			wantGuess(t, "confirming", b, "/2fa/enable/confirm", apptest.Code(t, phone), "accepted")
			app.Clock.Add(time.Minute)
			locked := app.Stopped(t, alice)
			apptest.Approve(t, phone)
			locked.WantIn("by the phone")
		})
	}
}

// A service that declines isn't asked again in a while, as one that is down is.
func TestServiceDeclines(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault   emulator.Fault
		forGood bool
	}{
		"an address that it doesn't know": {emulator.EnvelopeFault(200, "INVALID_REQUEST", "no"), true},
		"no notifications":                {emulator.EnvelopeFault(403, "INACTIVE", "no"), true},
		"a host that it doesn't know":     {emulator.StatusFault(403), true},
		"down":                            {emulator.StatusFault(503), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := apptest.New(t, quick())
			app.Enrolled(t, alice)
			app.Emulator.Misbehave(emulator.CreateSession, c.fault, 0)
			b := app.Stopped(t, alice)
			page := b.Get("/2fa/challenge").Body
			if strings.Contains(page, "Your phone can’t be asked") != c.forGood || !strings.Contains(page, `id="code"`) || !strings.Contains(page, "Try the phone again") {
				t.Errorf("got\n%s\nwant the field for a code, and why", page)
			}
			if a := b.PostJSON("/2fa/challenge", ""); c.forGood {
				wantForGood(t, "a program", a, "no-push")
			} else if a.Status != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" {
				t.Errorf("a program: got %d %s, want 503 and a Retry-After", a.Status, a.Body)
			}
		})
	}
}
