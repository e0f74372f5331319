package handlers_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/keyring"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/store"
)

const codesPath = "/2fa/recovery-codes"

var (
	shownCode = regexp.MustCompile(`<li><code>([^<]+)</code></li>`)
	attempt   = regexp.MustCompile(`name="attempt" value="([^"]+)"`)
)

// shown returns the recovery codes on a page.
func shown(a apptest.Answer) (codes []string) {
	for _, m := range shownCode.FindAllStringSubmatch(a.Body, -1) {
		codes = append(codes, m[1])
	}
	return codes
}

// makingForm returns the fields of the form that has new codes made.
func makingForm(t *testing.T, b *apptest.Browser) []string {
	t.Helper()
	a := b.Get(codesPath)
	m := attempt.FindStringSubmatch(a.Body)
	if m == nil {
		t.Fatalf("got %d\n%s\nwant the form that has new codes made", a.Status, a.Body)
	}
	return []string{"attempt", m[1]}
}

// wantShown fails the test unless the browser sees these codes, and only on the page.
func wantShown(t *testing.T, when string, b *apptest.Browser, want []string) {
	t.Helper()
	a := b.Get(codesPath)
	if got := shown(a); len(want) != 10 || !slices.Equal(got, want) {
		t.Errorf("%s: got %d and the codes %v, want %v", when, a.Status, got, want)
	}
	expect.Contains(t, a.Header.Get("Cache-Control"), "no-store", when)
}

// wantNotShown fails the test if the browser sees any codes, or one of these anywhere.
func wantNotShown(t *testing.T, when string, b *apptest.Browser, codes []string) {
	t.Helper()
	for _, a := range []apptest.Answer{b.Get(codesPath), b.GetJSON(codesPath), b.GetJSON("/2fa/"), b.Get("/2fa/enable"), b.Post("/2fa/enable/confirm")} {
		if len(shown(a)) > 0 || strings.Contains(a.Body, codes[0]) {
			t.Errorf("%s: got %d with the codes", when, a.Status)
		}
	}
}

// enrolByForm switches the second factor on in a browser, and returns the codes that the
// next page shows.
func enrolByForm(t *testing.T, app *apptest.App, email string) (b *apptest.Browser, codes []string) {
	t.Helper()
	b = app.Browser(t).Login(email)
	b.Enrol(email)
	return b, shown(b.Get(codesPath))
}

// The codes of a new second factor stay until they are kept, whatever is pressed.
func TestA51_FirstCodesStay(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	b := app.Browser(t).Login(alice)
	phone := stage(t, b, alice)
	code := apptest.Code(t, phone)
	b.Post("/2fa/enable/confirm", "code", code).WantTo(t, codesPath, "confirmed")
	first := b.Get(codesPath)
	codes := shown(first)
	expect.Contains(t, first.Body, "Sign-in approval is on", "it said that it is on")
	wantShown(t, "once more", b, codes)
	for _, a := range []apptest.Answer{
		b.Get("/2fa/enable"), b.Post("/2fa/enable/confirm", "code", code), b.Post("/2fa/enable/confirm"),
	} {
		if a.Location == "/2fa/enable" {
			a = b.Get(a.Location)
		}
		a.WantTo(t, codesPath, "the enrolment after it")
	}
	expect.Contains(t, b.Get("/2fa/").Body, `id="unkept"`, "security page, it said that they haven't been kept")
	wantShown(t, "after all that", b, codes)
	for _, path := range []string{codesPath, "/2fa/"} {
		expect.Lacks(t, b.GetJSON(path).Body, codes[0], "%s by a program", path)
	}

	b.Kept().WantTo(t, "/", "kept")
	wantNotShown(t, "kept", b, codes)
	if page := b.Get(codesPath).Body; !strings.Contains(page, "You have kept these codes") || !strings.Contains(page, `data-left="10"`) {
		t.Errorf("Back: got\n%s\nwant it said that they were kept", page)
	}
	expect.Lacks(t, b.Get("/2fa/").Body, `id="unkept"`, "security page: the codes are still said not to be kept")
	for _, a := range []apptest.Answer{b.Get("/2fa/enable"), b.Post("/2fa/enable/confirm", "code", code)} {
		if strings.Contains(a.Body, "expired") || a.Location == "/2fa/enable" && !strings.Contains(b.Get(a.Location).Body, "Sign-in approval is on") {
			t.Errorf("the enrolment after it: got %d to %q\n%s\nwant it said that it is on", a.Status, a.Location, a.Body)
		}
	}
	wantGuess(t, "one of them", app.Stopped(t, alice), recoveryPath, codes[0], "accepted")
	for _, code := range codes {
		expect.Lacks(t, app.Log.String(), code, "a code is in the log")
	}
}

// A form that is sent twice makes one set of codes, and both answers lead to it.
func TestA51_CodesMadeByTwoClicks(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	b, _ := enrolByForm(t, app, alice)
	b.Kept()
	app.Clock.Add(time.Hour)
	form := append(makingForm(t, b), "code", apptest.Code(t, app.Emulator.Phone(alice)))
	for range 3 { // a click, a reload, another
		b.Post(codesPath, form...).WantTo(t, codesPath)
	}
	codes := shown(b.Get(codesPath))
	wantShown(t, "after three clicks", b, codes)
	expect.Equal(t, len(app.Account(t, alice).RecoveryMade), 1, "times codes were made")
	b.Kept()

	// At once, on two nodes: whichever is first, both see the same.
	other := b.On(app.World.Node(t))
	app.Clock.Add(time.Hour)
	form = append(makingForm(t, b), "code", apptest.Code(t, app.Emulator.Phone(alice)))
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			a := []*apptest.Browser{b, other}[i%2].Post(codesPath, form...)
			a.WantTo(t, codesPath, "at once")
		})
	}
	wg.Wait()
	again := shown(b.Get(codesPath))
	wantShown(t, "on the other node", other, again)
	if slices.Equal(again, codes) {
		t.Error("no new codes were made")
	}
	wantGuess(t, "one of them", app.Stopped(t, alice), recoveryPath, again[0], "accepted")
}

// Another set that the same form would make takes no code's place: what wasn't proved the
// first time has to be proved the second time.
func TestA39_CodesMadeByAFormThatWasRefused(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	b, _ := enrolByForm(t, app, alice)
	b.Kept()
	app.Clock.Add(time.Hour)
	phone := app.Emulator.Phone(alice)
	form := makingForm(t, b)
	salt := func() string { return string(app.Account(t, alice).Recovery.Salt) }
	before := salt()
	for _, code := range []string{app.WrongCode(t, phone), "", app.WrongCode(t, phone)} {
		b.Post(codesPath, append(form, "code", code)...).Want(t, http.StatusUnprocessableEntity, "code %q", code)
	}
	expect.Equal(t, salt(), before, "codes were made without a proof")
	b.Post(codesPath, append(form, "code", apptest.Code(t, phone))...)
	expect.Differ(t, salt(), before, "no codes were made with a proof")
	// Nor has anybody else with the session, by a form of another page.
	thief := b.Thief()
	made := salt()
	if a := thief.Post(codesPath, makingForm(t, thief)...); a.Status != http.StatusUnprocessableEntity || salt() != made {
		t.Errorf("another form: got %d, want 422 and no other codes", a.Status)
	}
}

// Who sees new recovery codes, and until when.
func TestA38_NewCodesAreForOneBrowser(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(t *testing.T, app *apptest.App, b *apptest.Browser) (looks *apptest.Browser){
		"by another browser of the session": func(_ *testing.T, _ *apptest.App, b *apptest.Browser) *apptest.Browser { return b.Thief() },
		"by a browser with a forged secret": func(_ *testing.T, _ *apptest.App, b *apptest.Browser) *apptest.Browser {
			thief := b.Thief()
			for name, value := range b.Cookies() {
				if strings.Contains(name, "-browser-") {
					thief.SetCookie(name, value[:len(value)-4]+"AAAA")
				}
			}
			return thief
		},
		"by one whose secret comes twice": func(t *testing.T, app *apptest.App, b *apptest.Browser) *apptest.Browser {
			thief := b.Thief()
			var twice []string
			for name, value := range b.Cookies() {
				if strings.Contains(name, "-browser-") {
					twice = append(twice, name+"="+value, name+"=planted")
				}
			}
			a := thief.Do("GET", codesPath, "", "Accept", "text/html", "Cookie", strings.Join(append(twice, "session="+b.Cookie("session")), "; "))
			if len(shown(a)) > 0 {
				t.Error("the codes are shown")
			}
			return thief
		},
		"after a logout": func(t *testing.T, app *apptest.App, b *apptest.Browser) *apptest.Browser {
			b.Post("/logout")
			b.Login(alice)
			wantGuess(t, "in", b, totp, apptest.Code(t, app.Emulator.Phone(alice)), "accepted")
			return b
		},
		"after another user": func(t *testing.T, app *apptest.App, b *apptest.Browser) *apptest.Browser {
			b.Login(bob)
			if codes := shown(b.Get(codesPath)); len(codes) > 0 {
				t.Error("another user sees the codes")
			}
			b.Login(alice)
			wantGuess(t, "in", b, totp, apptest.Code(t, app.Emulator.Phone(alice)), "accepted")
			return b
		},
		"after a reset": func(t *testing.T, app *apptest.App, b *apptest.Browser) *apptest.Browser {
			expect.NoError(t, app.Gate.Admin().Reset(t.Context(), apptest.UserID(alice), "lost"))
			return b
		},
		"after all was revoked": func(t *testing.T, app *apptest.App, b *apptest.Browser) *apptest.Browser {
			expect.NoError(t, app.Gate.Admin().Revoke(t.Context(), apptest.UserID(alice), "stolen"))
			app.Clock.Add(2 * time.Second)
			wantGuess(t, "in", b, totp, apptest.Code(t, app.Emulator.Phone(alice)), "accepted")
			return b
		},
		"after the account was closed": func(t *testing.T, app *apptest.App, b *apptest.Browser) *apptest.Browser {
			app.ChangeAccount(t, alice, func(a *records.Account) { a.HeldSince, a.Era = app.Clock.Now(), a.Era+1 })
			return b
		},
		"after a new password": func(t *testing.T, app *apptest.App, b *apptest.Browser) *apptest.Browser {
			expect.NoError(t, app.Gate.PasswordChanged(t.Context(), apptest.UserID(alice)))
			return b
		},
		"after ten minutes": func(_ *testing.T, app *apptest.App, b *apptest.Browser) *apptest.Browser {
			app.Clock.Add(10 * time.Minute)
			return b
		},
		"before they were made": func(_ *testing.T, app *apptest.App, b *apptest.Browser) *apptest.Browser {
			app.Clock.Set(-time.Hour)
			return b
		},
		"after others were made": func(_ *testing.T, _ *apptest.App, b *apptest.Browser) *apptest.Browser {
			b.PostJSON(codesPath, "")
			return b
		},
		"after another factor": func(t *testing.T, app *apptest.App, b *apptest.Browser) *apptest.Browser {
			phone := stage(t, b, alice)
			wantGuess(t, "another phone", b, "/2fa/enable/confirm", apptest.Code(t, phone), "accepted")
			return b
		},
		"with their record gone": func(t *testing.T, app *apptest.App, b *apptest.Browser) *apptest.Browser {
			g := codesRecord(t, app)
			expect.NoError(t, app.Records(t).DeleteGrant(t.Context(), g.ID))
			return b
		},
		"with a record of another kind": func(t *testing.T, app *apptest.App, b *apptest.Browser) *apptest.Browser {
			changeGrant(t, app, codesRecord(t, app).ID, func(g *records.Grant) { g.Kind = records.KindProof })
			return b
		},
		"with a record that says it lasts longer": func(t *testing.T, app *apptest.App, b *apptest.Browser) *apptest.Browser {
			changeGrant(t, app, codesRecord(t, app).ID, func(g *records.Grant) { g.ExpiresAt = g.ExpiresAt.Add(time.Hour) })
			return b
		},
		"with another user's record in its place": func(t *testing.T, app *apptest.App, b *apptest.Browser) *apptest.Browser {
			mine := codesRecord(t, app)
			enrolByForm(t, app, bob)
			var his records.Grant
			for _, g := range codesRecords(t, app) {
				if g.ID != mine.ID {
					his = g
				}
			}
			if len(his.Sealed) == 0 {
				t.Fatal("the other user's record has no codes")
			}
			changeGrant(t, app, mine.ID, func(g *records.Grant) { g.Sealed = his.Sealed })
			return b
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := apptest.New(t)
			b, codes := enrolByForm(t, app, alice)
			wantShown(t, "before", b, codes)
			wantNotShown(t, "then", do(t, app, b), codes)
		})
	}
}

// codesRecords returns the records of codes that can be seen.
func codesRecords(t *testing.T, app *apptest.App) (list []records.Grant) {
	t.Helper()
	docs, _, err := app.Store.List(t.Context(), store.Grants, "", 100)
	expect.NoError(t, err)
	for _, doc := range docs {
		if g := apptest.DecodeGrant(t, doc); g.Kind == records.KindCodes {
			list = append(list, g)
		}
	}
	return list
}

func codesRecord(t *testing.T, app *apptest.App) records.Grant {
	t.Helper()
	list := codesRecords(t, app)
	if len(list) != 1 {
		t.Fatalf("got %d records of codes, want one", len(list))
	}
	return list[0]
}

// changeGrant changes a record as somebody does who has the gate's key for its MAC, even.
func changeGrant(t *testing.T, app *apptest.App, id string, change func(*records.Grant)) {
	t.Helper()
	err := app.Records(t).UpdateGrant(t.Context(), id, func(g *records.Grant) error { change(g); return nil })
	expect.NoError(t, err)
}

// The store has the codes neither in plain nor under the gate's key alone, in no account,
// and not for longer than they can be seen.
func TestA38_NewCodesInTheStore(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	b, codes := enrolByForm(t, app, alice)
	g := codesRecord(t, app)
	if want := app.Clock.Now().Add(10 * time.Minute); g.ExpiresAt.After(want) {
		t.Errorf("got them kept until %v, want %v at most", g.ExpiresAt, want)
	}
	for kind := range map[store.Kind]bool{store.Accounts: true, store.Grants: true, store.Challenges: true} {
		docs, _, err := app.Store.List(t.Context(), kind, "", 100)
		expect.NoError(t, err)
		for _, doc := range docs {
			expect.Lacks(t, string(doc.Body), codes[0], "a document of %s has a code in plain", kind)
		}
	}
	acct := app.Account(t, alice)
	owner := fmt.Sprintf("%s %d %d %s", base64.RawURLEncoding.EncodeToString(acct.Recovery.Salt), acct.Epoch, acct.Era, apptest.UserID(alice))
	open := func(keys *keyring.Sealer) bool {
		_, err := keys.Open(g.Sealed, "new recovery codes", owner)
		return err == nil
	}
	if open(apptest.Keys(t).Sealer) {
		t.Error("they open without the browser's secret")
	}
	opened := false
	for name, value := range b.Cookies() {
		if _, secret, ok := strings.Cut(value, "."); ok && strings.Contains(name, "-browser-") {
			with := expect.Try(apptest.Keys(t).With(secret)).OrFail(t)
			other := expect.Try(keyring.New([]byte("another key, which is as long...."[:32]))).OrFail(t)
			if otherWith, err := other.With(secret); err != nil || open(otherWith) {
				t.Errorf("they open under another key, %v", err)
			}
			opened = opened || open(with)
		}
	}
	if !opened {
		t.Error("they don't open with both")
	}
	b.Kept()
	expect.Equal(t, len(codesRecords(t, app)), 0, "kept, records")
}

// A browser that doesn't get the answer by which the factor was switched on finds the
// codes on the page that it asks for next.
func TestA51_CodesAfterALostConfirm(t *testing.T) {
	t.Parallel()
	world := apptest.NewWorld(t)
	ended := make(chan struct{})
	app := world.Node(t, apptest.Setup{Wrap: func(app *apptest.App, mux http.Handler) http.Handler {
		h := app.Sessions.LoadAndSave(app.Gate.Handler(mux))
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/2fa/enable/confirm" {
				defer close(ended)
			}
			h.ServeHTTP(w, r)
		})
	}})
	b := app.Browser(t).Login(alice)
	phone := stage(t, b, alice)
	pause := world.Pause(t, apptest.Nth(1, apptest.Writes, store.Accounts))
	ctx, leave := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		req, _ := http.NewRequestWithContext(ctx, "POST", app.URL+"/2fa/enable/confirm", strings.NewReader("code="+apptest.Code(t, phone)))
		req.Header.Set("Accept", "text/html")
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		b.Quiet().Send(req)
	}()
	pause.Wait()
	leave()
	<-done
	pause.Go()
	<-ended
	if a := app.Account(t, alice); a.State != records.On || a.Recovery == nil {
		t.Fatalf("got %v, codes %t, want all of it done", a.State, a.Recovery != nil)
	}
	app.Clock.Add(apptest.Step)
	app.Clock.Add(time.Minute) // so that the answer isn't taken up any more
	b.Login(alice).Get("/account?tab=2")
	b.Post(totp, "code", apptest.Code(t, phone)).WantTo(t, codesPath, "a code afterwards")
	wantShown(t, "afterwards", b, shown(b.Get(codesPath)))
	b.Kept().WantTo(t, "/account?tab=2", "kept")
}

// Of two clicks, the first one's codes may have been made while the second one's are about
// to be: those that were shown stay.
func TestA51_CodesOfTheOtherClick(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	b, _ := enrolByForm(t, app, alice)
	b.Kept()
	form := makingForm(t, b)
	pause := app.World.Pause(t, apptest.Nth(1, apptest.Writes, store.Grants))
	done := make(chan apptest.Answer)
	go func() { done <- b.Post(codesPath, form...) }()
	pause.Wait()
	b.Post(codesPath, form...)
	seen := shown(b.Get(codesPath))
	pause.Go()
	(<-done).WantTo(t, codesPath, "the other click")
	wantShown(t, "after both clicks", b, seen)
}

// The page that one of two clicks leads to waits for the codes that the other one makes.
func TestA51_CodesBeingMade(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	b, _ := enrolByForm(t, app, alice)
	browser := app.Account(t, alice).Recovery.Browser
	b.Kept()
	app.ChangeAccount(t, alice, func(a *records.Account) {
		a.RecoveryMade, a.RecoveryMaker = append(a.RecoveryMade, app.Clock.Now()), browser
	})
	const waits = "Your codes are being made"
	if page := b.Get(codesPath).Body; !strings.Contains(page, waits) || !strings.Contains(page, `http-equiv="refresh"`) || attempt.MatchString(page) {
		t.Errorf("got\n%s\nwant a page that waits", page)
	}
	expect.Lacks(t, b.Thief().Get(codesPath).Body, waits, "another browser waits")
	app.Clock.Add(time.Minute)
	makingForm(t, b)
}
