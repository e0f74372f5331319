package handlers_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/store"
)

// asTyped are two ways in which people type a code, or their clipboards hold it.
var asTyped = []func(code string) string{
	func(code string) string { return "\u200e " + code[:3] + "\u2011" + code[3:] + "\r\n" },
	func(code string) string {
		return strings.Map(func(c rune) rune { return c - '0' + '\u0e50' }, code) + "\u00a0"
	},
}

// A code is taken as people type it, on every route that takes one.
func TestA51_CodesAsTyped(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	owner, codes := enrolWithCodes(t, app, alice)
	phone := app.Emulator.Phone(alice)
	stale := func() { app.Clock.Add(10 * time.Minute) }
	for i, write := range asTyped {
		b := app.Stopped(t, alice)
		b.Post(totp, "code", write(apptest.Code(t, phone))).Want(t, http.StatusSeeOther, "%d, at the login", i)
		app.Clock.Add(apptest.Step)
		wantGuess(t, "at the login", app.Stopped(t, alice), totp, write(apptest.Code(t, phone)), "accepted")
		stale()
		wantGuess(t, "by a recovery code", app.Stopped(t, alice), totp, codes[i], "accepted")
		a := owner.PostJSON("/2fa/recovery-codes", fmt.Sprintf(`{"code":%q}`, write(apptest.Code(t, phone))))
		codes = codesOf(t, a, "codes")
		stale()
		a = owner.PostJSON("/2fa/enable", fmt.Sprintf(`{"code":%q}`, write(apptest.Code(t, phone))))
		uri, _ := a.JSON("uri").(string)
		expect.NoError(t, phone.AddAccount(uri), "%d, for another phone: %d %s", i, a.Status, a.Body)
		wantGuess(t, "the other phone's", owner, "/2fa/enable/confirm", write(apptest.Code(t, phone)), "accepted")
		stale()
	}
	wantGuess(t, "to switch it off", owner, "/2fa/disable", asTyped[0](apptest.Code(t, phone)), "accepted")
}

// A mistyped recovery code is reported where it belongs, whichever field it was typed
// into, and stays there to be mended. It isn't counted with the codes of the phone.
func TestA51_MistypedRecoveryCode(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	_, codes := enrolWithCodes(t, app, alice)
	b := app.Stopped(t, alice)
	const (
		malformed = "A recovery code has 16 letters and digits."
		wrong     = "That is not one of your recovery codes"
	)
	tries := 0
	for _, c := range []struct{ path, typed, want string }{
		{recoveryPath, codes[0][:17], malformed},
		{recoveryPath, codes[0][:9], malformed}, // which could be anything, elsewhere
		{recoveryPath, codes[0] + "0", malformed},
		{totp, "\u201c" + codes[0][:18] + "\u201d", malformed},
		{recoveryPath, "0000-0000-0000-0000", wrong},
		{totp, "0000-0000-0000-000l", wrong},
	} {
		app.Clock.Add(time.Hour)
		tries++
		a := b.Post(c.path, "code", c.typed)
		field := `name="recovery" type="text" autocomplete="off" autocapitalize="characters" spellcheck="false" dir="ltr" value="` + c.typed + `" aria-invalid="true"`
		if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, `<p id="recovery-error" class="error" role="alert">`+c.want) ||
			!strings.Contains(a.Body, field) || strings.Contains(a.Body, `id="code-error"`) {
			t.Errorf("%q at %s: got %d %s, want %q at the recovery code's field, with what was typed", c.typed, c.path, a.Status, a.Body, c.want)
		}
		if got := app.Account(t, alice); got.RecoveryFailures != tries || got.Failures != 0 {
			t.Errorf("%q at %s: got %d and %d counted, want %d, and none of the phone's", c.typed, c.path, got.RecoveryFailures, got.Failures, tries)
		}
	}
	app.Clock.Add(time.Hour)
	wantGuess(t, "mended", b, recoveryPath, codes[0], "accepted")
}

// Wherever a code is asked for, a recovery code does too, and the page says so.
func TestA51_RecoveryCodeWhereverACodeIsAsked(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	b, codes := enrolWithCodes(t, app, alice)
	app.Clock.Add(time.Hour)
	for path, page := range map[string]string{"/2fa/recovery-codes": "/2fa/recovery-codes", "/2fa/disable": "/2fa/", "/2fa/enable": "/2fa/"} {
		if a := b.Get(page); !strings.Contains(a.Body, ">Code from your eAuthenticator app, or a recovery code</label>") || strings.Contains(a.Body, "inputmode") {
			t.Errorf("%s: got %s, want a field for either", page, a.Body)
		}
		for typed, want := range map[string]string{
			"0000-0000-0000-0000": "That is not one of your recovery codes",
			"0000-0000-0000-A":    "A recovery code has 16 letters and digits.",
			"000000":              "That code is not right.",
			"ABC-123":             "Type all 6 digits of the code, or all 16 letters and digits of a recovery code.",
		} {
			app.Clock.Add(time.Hour)
			a := b.Post(path, "code", typed)
			if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, want) {
				t.Errorf("%s at %s: got %d %s, want %q", typed, path, a.Status, a.Body, want)
			}
			expect.Equal(t, strings.Contains(a.Body, `value="`+typed+`"`), strings.HasPrefix(typed, "0000-"), "%s at %s, kept", typed, path)
		}
	}
	app.Clock.Add(time.Hour)
	wantGuess(t, "to make others", b, "/2fa/recovery-codes", codes[0], "accepted")
}

// A slowBody lets time pass before it is read.
type slowBody struct {
	io.Reader
	wait func()
}

func (s *slowBody) Read(p []byte) (int, error) {
	if s.wait != nil {
		s.wait()
		s.wait = nil
	}
	return s.Reader.Read(p)
}

// A slowStore lets time pass before it is read, once.
type slowStore struct {
	store.Backend
	wait func()
}

func (s *slowStore) Get(ctx context.Context, kind store.Kind, ids ...string) ([]store.Document, error) {
	if wait := s.wait; wait != nil {
		s.wait = nil
		wait()
	}
	return s.Backend.Get(ctx, kind, ids...)
}

// A code is judged by when its request came, however long it waits for the store, or its
// body to be read: but nobody keeps a code good by sending it slowly.
func TestA51_CodeThatCameInTime(t *testing.T) {
	t.Parallel()
	w := apptest.NewWorld(t)
	slow := &slowStore{Backend: w.Store}
	var door within
	app := w.Node(t, door.setup(), apptest.Setup{Options: []middleware.Option{middleware.WithStore(slow)}})
	phone := app.Enrolled(t, alice)
	for _, c := range []struct {
		store, body time.Duration
		want        int
	}{
		{40 * time.Second, 0, http.StatusOK},
		{0, 40 * time.Second, http.StatusOK},
		{0, 10 * time.Minute, http.StatusUnprocessableEntity},
		{0, -10 * time.Minute, http.StatusUnprocessableEntity}, // by a clock that was ahead
	} {
		app.Clock.Add(10 * time.Minute)
		b := app.Stopped(t, alice)
		code := codeAt(t, phone, app.Clock.Now().Add(-apptest.Step)) // the oldest that is right
		slow.wait = func() { app.Clock.Add(c.store) }
		body := &slowBody{strings.NewReader(url.Values{"code": {code}}.Encode()), func() { app.Clock.Add(c.body) }}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, totp, body)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Accept", js)
		r.AddCookie(&http.Cookie{Name: app.Sessions.Cookie.Name, Value: b.Cookie(app.Sessions.Cookie.Name)})
		rec := httptest.NewRecorder()
		door.handler.ServeHTTP(rec, r)
		expect.Equal(t, rec.Code, c.want, "store %v, body %v, %s", c.store, c.body, rec.Body)
	}
}

// No field cuts off what is typed or pasted into it, or has the browser refuse it.
func TestA51_FieldsTakeAllThatIsTyped(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	b, _ := enrolWithCodes(t, app, alice)
	app.Clock.Add(time.Hour)
	fields := regexp.MustCompile(`<input[^>]* name="code"[^>]*>`)
	pages := map[string]apptest.Answer{
		"challenge": app.Stopped(t, alice).Get("/2fa/challenge"), "security": b.Get("/2fa/"), "recovery codes": b.Get("/2fa/recovery-codes"),
	}
	b = app.Browser(t).Login(bob)
	b.Post("/2fa/enable")
	pages["enable"] = b.Get("/2fa/enable")
	for name, page := range pages {
		found := fields.FindAllString(page.Body, -1)
		expect.Differ(t, len(found), 0, "%s, no field in %s", name, page.Body)
		for _, field := range found {
			if regexp.MustCompile(`maxlength|minlength|pattern|type="(number|tel)"`).MatchString(field) {
				t.Errorf("%s: got %s, one that takes everything", name, field)
			}
		}
	}
}

// Who has no recovery codes left is told so of one that is typed, too.
func TestA51_RecoveryCodeOfNone(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	enrolWithCodes(t, app, alice)
	app.ChangeAccount(t, alice, func(a *records.Account) { a.Recovery.Hashes = nil })
	for _, path := range []string{recoveryPath, totp} {
		a := app.Stopped(t, alice).Post(path, "code", "0000-0000-0000-0000")
		if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, `role="alert">That is not one of your recovery codes`) {
			t.Errorf("%s: got %d %s, it said", path, a.Status, a.Body)
		}
	}
}

// A code has as many digits as the phone was set up with, whatever new ones are.
func TestA51_DigitsOfTheFactorInForce(t *testing.T) {
	t.Parallel()
	w := apptest.NewWorld(t)
	six := w.Node(t)
	eight := w.Node(t, apptest.Setup{Options: []middleware.Option{middleware.WithTOTP("SHA1", 8, 30*time.Second)}})
	phone := six.Enrolled(t, alice)
	b := eight.Stopped(t, alice)
	expect.Contains(t, b.Get("/2fa/challenge").Body, ">6 digits<", "a field for 6 digits")
	wantGuess(t, "at the login", b, totp, apptest.Code(t, phone), "accepted")
	other := eight.Browser(t).Login(bob)
	expect.Equal(t, other.PostJSON("/2fa/enable", "").JSON("digits"), 8.0)
}

// A code that the same browser sends twice is the same in another spelling.
func TestA51_CodeSentTwiceInAnotherSpelling(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	_, codes := enrolWithCodes(t, app, alice)
	code := apptest.Code(t, app.Emulator.Phone(alice))
	for path, spellings := range map[string][2]string{
		totp:         {code, code[:3] + " " + code[3:]},
		recoveryPath: {codes[0], strings.ToLower(strings.ReplaceAll(codes[0], "-", " "))},
	} {
		b := app.Stopped(t, alice)
		former := b.Copy()
		wantGuess(t, "first", b, path, spellings[0], "accepted")
		wantGuess(t, "again, as managers of passwords do", former, path, spellings[1], "accepted")
	}
	if a := app.Account(t, alice); a.Failures+a.RecoveryFailures != 0 || len(a.Recovery.Hashes) != 9 {
		t.Errorf("got %d and %d counted, %d codes left, want one used up", a.Failures, a.RecoveryFailures, len(a.Recovery.Hashes))
	}
}
