package handlers_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/records"
)

// guess posts a code as a program does, and returns in a word what came of it.
func guess(t *testing.T, b *apptest.Browser, path, code string) string {
	t.Helper()
	body := expect.Try(json.Marshal(map[string]string{"code": code})).OrFail(t)
	a := b.PostJSON(path, string(body))
	if a.Status == http.StatusOK {
		return "accepted"
	}
	kind, _ := a.JSON("type").(string)
	want := map[string]int{
		"code-wrong": 422, "code-used": 422, "code-required": 422, "code-paused": 429, "code-busy": 429, "code-blocked": 429,
		"unavailable": 503, "no-enrolment": 409, "overtaken": 409, "second-factor-required": 403, "rejected": 401, "sign-in-required": 401, "held": 403,
	}
	kind = strings.TrimPrefix(kind, "urn:eagate:problem:")
	a.Want(t, want[kind], path)
	return kind
}

const totp = "/2fa/challenge/totp"

func wantGuess(t *testing.T, when string, b *apptest.Browser, path, code, want string) {
	t.Helper()
	expect.Equal(t, guess(t, b, path, code), want, when)
}

func codeAt(t *testing.T, phone *emulator.Phone, at time.Time) string {
	t.Helper()
	code := expect.Try(phone.CodeAt(at)).OrFail(t)
	return code
}

func TestA20_CodeUsedAgain(t *testing.T) {
	t.Parallel()
	world := apptest.NewWorld(t)
	app, other := world.Node(t), world.Node(t)

	// The enrolment's own code, at the login that follows.
	b := app.Browser(t).Login(alice)
	uri, _ := b.PostJSON("/2fa/enable", "").JSON("uri").(string)
	phone := world.Emulator.Phone(alice)
	expect.NoError(t, phone.AddAccount(uri))
	code := apptest.Code(t, phone)
	wantGuess(t, "enrolment", b, "/2fa/enable/confirm", code, "accepted")
	for _, app := range []*apptest.App{app, other} {
		b := app.Browser(t).Login(alice)
		wantGuess(t, "the enrolment's code at the next login", b, totp, code, "code-used")
		b.WantLocked("by the enrolment's code")
	}

	// A login's code, in the same step, the next, and on another node.
	world.Clock.Add(2 * apptest.Step)
	code = apptest.Code(t, phone)
	before := codeAt(t, phone, world.Clock.Now().Add(-apptest.Step))
	b = app.Browser(t).Login(alice)
	wantGuess(t, "a code", b, totp, code, "accepted")
	b.WantIn("by a code")
	thief := other.Browser(t).Login(alice)
	wantGuess(t, "the same code", thief, totp, code, "code-used")
	wantGuess(t, "the code of the step before", thief, totp, before, "code-used")
	thief.Post(totp, "code", code).Want(t, http.StatusUnprocessableEntity, "the same code in a form")
	b.Post("/logout")
	world.ChangeAccount(t, alice, func(a *records.Account) { a.Failures, a.LockedUntil = 0, time.Time{} })
	wantGuess(t, "the same code after the logout", b.Login(alice), totp, code, "code-used")
	world.Clock.Add(apptest.Step)
	wantGuess(t, "the same code in the next step", thief, totp, code, "code-used")
	thief.WantLocked("by a used code")
	wantGuess(t, "the next code", thief, totp, apptest.Code(t, phone), "accepted")
}

func TestA20_CodeAtOnceOnTwoNodes(t *testing.T) {
	t.Parallel()
	world := apptest.NewWorld(t)
	nodes := []*apptest.App{world.Node(t), world.Node(t)}
	phone := nodes[0].Enrolled(t, alice)
	code := apptest.Code(t, phone)
	browsers := make([]*apptest.Browser, 20)
	for i := range browsers {
		browsers[i] = nodes[i%2].Browser(t).Login(alice)
	}
	var accepted atomic.Int64
	atOnce(len(browsers), func(i int) {
		if guess(t, browsers[i], totp, code) == "accepted" {
			accepted.Add(1)
		}
	})
	expect.Equal(t, accepted.Load(), 1, "accepted")
	in := 0
	for _, b := range browsers {
		if b.GetJSON("/account").Secret() {
			in++
		}
	}
	expect.Equal(t, in, 1, "sessions in")
}

func TestA21_BadCodes(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	phone := app.Enrolled(t, alice)
	b := app.Browser(t).Login(alice)
	for name, format := range map[string]string{
		"empty":           "",
		"blank":           " \u00a0\n",
		"five digits":     "%.5s",
		"a digit more":    "%s0",
		"a zero before":   "0%s",
		"NUL":             "%s\x00",
		"plus":            "+%s",
		"fraction":        "%s.0",
		"exponent":        "%se0",
		"underscore":      "%.3s_%s",
		"hexadecimal":     "0x%s",
		"full-width":      "\uff10\uff11",
		"Arabic-Indic":    "\u0661\u0662\u0663",
		"a replacement":   "\ufffd%s", // what some readers make of invalid UTF-8
		"long":            strings.Repeat("1", 3000),
		"right, repeated": "%s,%s",
	} {
		app.ChangeAccount(t, alice, func(a *records.Account) { a.Failures, a.LockedUntil = 0, time.Time{} })
		right := apptest.Code(t, phone)
		code := strings.ReplaceAll(format, "%s", right)
		code = strings.ReplaceAll(strings.ReplaceAll(code, "%.5s", right[:5]), "%.3s", right[:3])
		a := b.Post(totp, "code", code)
		if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, "Type all 6 digits of the code") {
			t.Errorf("%s in a form: got %d %.200s, want 422, and what a code is", name, a.Status, a.Body)
		}
		wantGuess(t, name, b, totp, code, "code-wrong")
		expect.Equal(t, app.Account(t, alice).Failures, 2, "%s, counted", name)
	}
	// What isn't one code at all is refused before it is looked at.
	app.ChangeAccount(t, alice, func(a *records.Account) { a.Failures = 0 })
	right := apptest.Code(t, phone)
	for name, body := range map[string]string{
		"number":    fmt.Sprintf(`{"code":%s}`, right),
		"list":      fmt.Sprintf(`{"code":["%s"]}`, right),
		"object":    fmt.Sprintf(`{"code":{"code":"%s"}}`, right),
		"null":      `{"code":null}`,
		"twice":     fmt.Sprintf(`{"code":"000000","code":"%s"}`, right),
		"no JSON":   right,
		"two":       fmt.Sprintf(`{"code":"%s"}{}`, right),
		"cut off":   fmt.Sprintf(`{"code":"%s"`, right),
		"5 KiB":     fmt.Sprintf(`{"code":"%s","x":"%s"}`, right, strings.Repeat("x", 5<<10)),
		"not UTF-8": fmt.Sprintf("{\"code\":\"%s\",\"x\":\"\xff\"}", right),
		"top list":  fmt.Sprintf(`[{"code":"%s"}]`, right),
	} {
		if a := b.PostJSON(totp, body); a.Status != http.StatusBadRequest && a.Status != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: got %d, want 400 or 413", name, a.Status)
		}
	}
	b.Post(totp, "code", right, "code", right).Want(t, http.StatusBadRequest, "twice in a form")
	b.Post(totp, "code", "\xff"+right).Want(t, http.StatusBadRequest, "not UTF-8 in a form")
	b.Do("POST", totp+"?code="+right, "", "Accept", "application/json").Want(t, http.StatusUnprocessableEntity, "in the query")
	b.WantLocked("by bad codes")
	if got := app.Account(t, alice).Failures; got != 1 { // that of the query, which is an empty one
		t.Errorf("got %d counted, want 1", got)
	}
	wantGuess(t, "the code itself", b, totp, right, "accepted")
}

func TestA22_GuessesStopAtTheCap(t *testing.T) {
	t.Parallel()
	world := apptest.NewWorld(t)
	nodes := []*apptest.App{world.Node(t), world.Node(t)}
	phone := nodes[0].Enrolled(t, alice)
	browsers := make([]*apptest.Browser, 50)
	for i := range browsers {
		browsers[i] = nodes[i%2].Browser(t).Login(alice)
	}
	results := make(map[string]int)
	for i := range 200 {
		b := browsers[i%50]
		results[guess(t, b.On(nodes[i/50%2]), totp, world.WrongCode(t, phone))]++
		switch {
		case i%7 == 6: // whoever has the password can log in again
			b.Login(alice)
		case i%11 == 10: // and ask for a new challenge
			b.PostJSON("/2fa/challenge", "")
		}
		world.Clock.Add(time.Hour) // and be patient
	}
	// The twentieth is looked at, and blocks.
	if results["code-wrong"] != 19 || results["code-blocked"] != 181 {
		t.Errorf("got %v of 200 guesses, want 19 wrong and the others blocked", results)
	}
	restarted := world.Node(t)
	for _, b := range []*apptest.Browser{restarted.Browser(t).Login(alice), restarted.Stopped(t, alice)} {
		wantGuess(t, "the right code after a restart", b, totp, apptest.Code(t, phone), "code-blocked")
		b.Post(totp, "code", apptest.Code(t, phone)).Want(t, http.StatusTooManyRequests, "in a form")
		b.WantLocked("blocked")
	}
}

func TestA22_PausesBetweenGuesses(t *testing.T) {
	t.Parallel()
	world := apptest.NewWorld(t)
	nodes := []*apptest.App{world.Node(t), world.Node(t)}
	phone := nodes[0].Enrolled(t, alice)
	browsers := make([]*apptest.Browser, 20)
	for i := range browsers {
		browsers[i] = nodes[i%2].Browser(t).Login(alice)
	}
	wrong := world.WrongCode(t, phone)
	var looked atomic.Int64
	atOnce(200, func(i int) {
		if guess(t, browsers[i%20], totp, wrong) == "code-wrong" {
			looked.Add(1)
		}
	})
	expect.Equal(t, looked.Load(), 5, "200 guesses at once, looked at")
	right := world.Node(t).Browser(t).Login(alice)
	a := right.PostJSON(totp, fmt.Sprintf(`{"code":"%s"}`, apptest.Code(t, phone)))
	if a.Status != http.StatusTooManyRequests || a.Header.Get("Retry-After") != "30" {
		t.Errorf("the right code in the pause: got %d, Retry-After %q, want 429 and 30", a.Status, a.Header.Get("Retry-After"))
	}
	world.Clock.Add(30 * time.Second)
	wantGuess(t, "the right code after the pause", right, totp, apptest.Code(t, phone), "accepted")
}

// Login, switching off, enrolling anew and confirming that share one budget.
func TestA23_OneBudget(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	owner := app.Browser(t).Login(alice)
	phone := owner.Enrol(alice)
	owner.PostJSON("/2fa/enable", "").Want(t, http.StatusOK, "stage")
	app.Clock.Add(5 * time.Minute) // the proof isn't fresh any more
	locked := app.Browser(t).Login(alice)
	paths := []struct {
		b    *apptest.Browser
		path string
	}{
		{locked, totp}, {owner, "/2fa/disable"}, {owner, "/2fa/enable"}, {owner, "/2fa/enable/confirm"}, {locked, totp},
	}
	for i, p := range paths {
		wantGuess(t, p.path, p.b, p.path, app.WrongCode(t, phone), "code-wrong")
		expect.Equal(t, app.Account(t, alice).Failures, i+1, "%s, counted", p.path)
	}
	for _, p := range paths {
		wantGuess(t, p.path+" in the pause", p.b, p.path, apptest.Code(t, phone), "code-paused")
	}
	app.ChangeAccount(t, alice, func(a *records.Account) { a.Failures = 20 })
	app.Clock.Add(time.Minute)
	for _, p := range paths {
		wantGuess(t, p.path+" when blocked", p.b, p.path, apptest.Code(t, phone), "code-blocked")
	}
	owner.WantIn("verified before")
	locked.WantLocked("when blocked")
}

// Codes and push don't lock each other.
func TestA23_CodesAndPushApart(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	phone := app.Enrolled(t, alice)
	for range 20 {
		guess(t, app.Browser(t).Login(alice), totp, app.WrongCode(t, phone))
		app.Clock.Add(time.Hour)
	}
	b := app.Stopped(t, alice)
	wantGuess(t, "when blocked", b, totp, apptest.Code(t, phone), "code-blocked")
	apptest.Approve(t, phone)
	b.WantIn("by push while codes are blocked")

	app = apptest.New(t, apptest.Rejecting())
	phone = app.Enrolled(t, bob)
	app.Stopped(t, bob)
	apptest.Deny(t, phone)
	b = app.Browser(t).Login(bob)
	if a := b.PostJSON("/2fa/challenge", ""); a.Status != http.StatusTooManyRequests || a.Header.Get("Retry-After") != "900" {
		t.Errorf("push after a rejection: got %d, Retry-After %q, want 429 and 900", a.Status, a.Header.Get("Retry-After"))
	}
	wantGuess(t, "a code after a rejection", b, totp, apptest.Code(t, phone), "accepted")
	b.WantIn("by code after a rejection")
}

func TestA25_PushStarts(t *testing.T) {
	t.Parallel()
	world := apptest.NewWorld(t)
	nodes := []*apptest.App{world.Node(t, apptest.Rejecting()), world.Node(t, apptest.Rejecting())}
	phone := nodes[0].Enrolled(t, alice)
	browsers := make([]*apptest.Browser, 20)
	for i := range browsers {
		browsers[i] = nodes[i%2].Browser(t).Login(alice)
	}
	calls := func() int { return len(world.Emulator.Calls(emulator.CreateSession)) }
	atOnce(len(browsers), func(i int) {
		if i%4 < 2 {
			browsers[i].PostJSON("/2fa/challenge", "")
		} else {
			browsers[i].Get("/account")
		}
	})
	if got := calls(); got == 0 || got > 3 {
		t.Errorf("20 starts at once: got %d calls, want 1 to 3", got)
	}
	for i, b := range browsers {
		b.On(nodes[i%2]).PostJSON("/2fa/challenge", "")
		world.Clock.Add(time.Second)
	}
	expect.Equal(t, calls(), 3, "20 more, calls")
	world.Clock.Add(15 * time.Minute)
	nodes[1].Stopped(t, alice)
	expect.Equal(t, calls(), 4, "a quarter of an hour later, calls")
	apptest.Deny(t, phone)
	for range 20 {
		if a := nodes[0].Browser(t).Login(alice).PostJSON("/2fa/challenge", ""); a.Status != http.StatusTooManyRequests {
			t.Fatalf("after the rejection: got %d, want 429", a.Status)
		}
		world.Clock.Add(44 * time.Second) // 20 times: just under the quarter of an hour
	}
	expect.Equal(t, calls(), 4, "after the rejection, calls (still 4)")
	world.Clock.Add(20 * time.Second)
	if a := nodes[1].Browser(t).Login(alice).PostJSON("/2fa/challenge", ""); a.Status != http.StatusCreated || calls() != 5 {
		t.Errorf("after the pause: got %d and %d calls, want 201 and 5", a.Status, calls())
	}
}

func TestA26_Clocks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		ahead int // seconds of the phone's clock before the server's, at the middle of a step
		at    int // seconds of the server's clock in its step
		want  string
	}{
		{0, 0, "accepted"}, {0, 29, "accepted"},
		{-29, 0, "accepted"}, {-29, 29, "accepted"},
		{-31, 0, "code-wrong"}, {-31, 1, "accepted"}, {-31, 29, "accepted"},
		{-60, 0, "code-wrong"}, {-60, 29, "code-wrong"},
		{29, 0, "accepted"}, {29, 1, "accepted"}, {29, 29, "accepted"},
		{31, 0, "accepted"}, {31, 28, "accepted"}, {31, 29, "code-wrong"},
		{60, 0, "code-wrong"}, {60, 29, "code-wrong"},
	} {
		app := apptest.New(t)
		phone := app.Enrolled(t, alice)
		app.Clock.Add(10*apptest.Step + time.Duration(c.at)*time.Second)
		code := codeAt(t, phone, app.Clock.Now().Add(time.Duration(c.ahead)*time.Second))
		wantGuess(t, fmt.Sprintf("phone ahead by %d s, %d s into the step", c.ahead, c.at),
			app.Browser(t).Login(alice), totp, code, c.want)
	}
}

func TestA26_ClockSteppedBack(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	phone := app.Enrolled(t, alice)
	app.Clock.Add(time.Hour)
	code := apptest.Code(t, phone)
	wantGuess(t, "at first", app.Browser(t).Login(alice), totp, code, "accepted")
	last := app.Account(t, alice).LastStep
	for range 3 {
		app.Clock.Add(-20 * time.Minute)
		wantGuess(t, "the code of the clock stepped back", app.Browser(t).Login(alice), totp, apptest.Code(t, phone), "code-used")
		expect.Equal(t, app.Account(t, alice).LastStep, last, "last step")
	}
	app.Clock.Add(time.Hour)
	wantGuess(t, "the same code, the clock put right", app.Browser(t).Login(alice), totp, code, "code-used")
}

func TestA27_DamagedFactor(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(f *records.Factor){
		"nothing sealed":    func(f *records.Factor) { f.Secret = nil },
		"one byte":          func(f *records.Factor) { f.Secret = []byte{1} },
		"cut off":           func(f *records.Factor) { f.Secret = f.Secret[:len(f.Secret)-1] },
		"first bit flipped": func(f *records.Factor) { f.Secret[0] ^= 1 },
		"last bit flipped":  func(f *records.Factor) { f.Secret[len(f.Secret)-1] ^= 1 },
		"empty secret":      func(f *records.Factor) { f.Secret = apptest.Seal(t, nil, alice) },
		"short secret":      func(f *records.Factor) { f.Secret = apptest.Seal(t, []byte("short"), alice) },
		"another user's":    func(f *records.Factor) { f.Secret = apptest.Seal(t, []byte("12345678901234567890"), bob) },
		"unknown algorithm": func(f *records.Factor) { f.Algorithm = "MD5" },
		"no algorithm":      func(f *records.Factor) { f.Algorithm = "" },
		"no digits":         func(f *records.Factor) { f.Digits = 0 },
		"many digits":       func(f *records.Factor) { f.Digits = 1 << 30 },
		"no period":         func(f *records.Factor) { f.Period = 0 },
		"negative period":   func(f *records.Factor) { f.Period = -30 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := apptest.New(t)
			phone := app.Enrolled(t, alice)
			whole := app.Account(t, alice).Factor
			app.ChangeAccount(t, alice, func(a *records.Account) { damage(&a.Factor) })
			b := app.Stopped(t, alice)
			before := strings.Count(app.Log.String(), "refused because of a fault")
			codes := []string{"", "000000", apptest.Code(t, phone)}
			for _, code := range codes {
				wantGuess(t, "code "+code, b, totp, code, "unavailable")
			}
			expect.Equal(t, strings.Count(app.Log.String(), "refused because of a fault")-before, 1, "log lines")
			if a := b.Post(totp, "code", codes[2]); a.Status != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" {
				t.Errorf("in a form: got %d, want 503 with Retry-After", a.Status)
			}
			b.Get("/2fa/challenge").Want(t, http.StatusOK, "challenge page")
			b.WantLocked("by a damaged factor")
			apptest.Approve(t, phone)
			b.WantIn("by push, for the phone is good")
			app.Clock.Add(5 * time.Minute)
			wantGuess(t, "disable", b, "/2fa/disable", codes[2], "unavailable")
			app.ChangeAccount(t, alice, func(a *records.Account) { a.Factor = whole })
			wantGuess(t, "put right", app.Browser(t).Login(alice), totp, apptest.Code(t, phone), "accepted")
			expect.Lacks(t, app.Log.String(), "panic", "something panicked")
		})
	}
}
