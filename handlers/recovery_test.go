package handlers_test

import (
	"bytes"
	"context"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/store"
)

const recoveryPath = "/2fa/challenge/recovery"

// enrolWithCodes switches the second factor on, and returns the recovery codes
// that are shown then.
func enrolWithCodes(t *testing.T, app *apptest.App, email string) (b *apptest.Browser, codes []string) {
	t.Helper()
	b = app.Browser(t).Login(email)
	phone := stage(t, b, email)
	a := b.PostJSON("/2fa/enable/confirm", fmt.Sprintf(`{"code":%q}`, apptest.Code(t, phone)))
	codes = codesOf(t, a, "recovery_codes")
	app.Clock.Add(apptest.Step)
	return b, codes
}

func codesOf(t *testing.T, a apptest.Answer, field string) []string {
	t.Helper()
	var fields map[string]json.RawMessage
	var codes []string
	err := json.Unmarshal([]byte(a.Body), &fields)
	if err == nil {
		err = json.Unmarshal(fields[field], &codes)
	}
	if err != nil || len(codes) != 10 {
		t.Fatalf("got %d %s, want ten %s", a.Status, a.Body, field)
	}
	return codes
}

func TestRecoveryCode(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	owner, codes := enrolWithCodes(t, app, alice)
	form := regexp.MustCompile(`^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$`)
	for _, code := range codes {
		if !form.MatchString(code) {
			t.Errorf("got code %q, want groups of four", code)
		}
	}
	// As people type them.
	for i, typed := range []string{
		codes[0],
		strings.ToLower(codes[1]),
		strings.ReplaceAll(codes[2], "-", ""),
		" " + strings.ReplaceAll(codes[3], "-", " ") + " ",
		strings.NewReplacer("0", "O", "1", "l").Replace(codes[4]),
	} {
		b := app.Stopped(t, alice)
		wantGuess(t, typed, b, recoveryPath, typed, "accepted")
		b.WantIn(typed)
		expect.Equal(t, b.Get("/account").Header.Get("X-Method"), "recovery", "%s, method", typed)
		expect.Equal(t, owner.GetJSON("/2fa/recovery-codes").JSON("left"), any(float64(9-i)), "%s: left", typed)
	}
	// Typed into the other field, it does as well; and in place of the phone's code
	// where something is changed.
	wantGuess(t, "in the field of the phone's code", app.Stopped(t, alice), totp, codes[5], "accepted")
	app.Clock.Add(time.Hour)
	wantGuess(t, "to switch off", owner, "/2fa/disable", "", "code-required")
	wantGuess(t, "to switch off", owner, "/2fa/disable", codes[6], "accepted")
}

// Each code is good once, on whichever node.
func TestA24_OneRecoveryCodeOften(t *testing.T) {
	t.Parallel()
	world := apptest.NewWorld(t)
	nodes := []*apptest.App{world.Node(t), world.Node(t)}
	_, codes := enrolWithCodes(t, nodes[0], alice)
	results := make([]string, 20)
	var wg sync.WaitGroup
	for i := range results {
		b := nodes[i%2].Browser(t).Login(alice)
		wg.Go(func() {
			a := b.PostJSON(recoveryPath, fmt.Sprintf(`{"code":%q}`, codes[0]))
			results[i] = fmt.Sprint(a.JSON("verified"))
		})
	}
	wg.Wait()
	expect.Equal(t, strings.Count(fmt.Sprint(results), "true"), 1, "successes")
	world.Clock.Add(time.Hour)
	wantGuess(t, "afterwards", nodes[1].Browser(t).Login(alice), recoveryPath, codes[0], "code-wrong")
	expect.Equal(t, len(world.Account(t, alice).Recovery.Hashes), 9, "left")
}

func TestA24_AnothersRecoveryCode(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	_, codes := enrolWithCodes(t, app, alice)
	enrolWithCodes(t, app, bob)
	b := app.Stopped(t, bob)
	wantGuess(t, "alice's code", b, recoveryPath, codes[0], "code-wrong")
	b.WantLocked("alice's code")
	// Nor is a copied set worth anything with another salt.
	salt := app.Account(t, bob).Recovery.Salt
	set := *app.Account(t, alice).Recovery
	set.Salt = salt
	app.ChangeAccount(t, bob, func(a *records.Account) { a.Recovery = &set })
	wantGuess(t, "alice's hashes", b, recoveryPath, codes[0], "code-wrong")
}

// Recovery codes and those of the phone have budgets of their own: guesses of one shape
// keep nobody from typing the other, and a right one makes good for both.
func TestA23_RecoveryCodesApart(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	owner, codes := enrolWithCodes(t, app, alice)
	phone := app.Emulator.Phone(alice)
	const none = "0000-0000-0000-0000"
	b := app.Stopped(t, alice)
	for i := range 5 {
		wantGuess(t, fmt.Sprint("wrong recovery code ", i), b, recoveryPath, none, "code-wrong")
	}
	wantGuess(t, "in the pause", b, recoveryPath, codes[0], "code-paused")
	expect.Contains(t, b.Post(recoveryPath, "code", codes[0]).Body, "Too many wrong recovery codes. Try again in", "page in the pause")
	wantGuess(t, "the phone's code in the pause", b, totp, apptest.Code(t, phone), "accepted")
	wantGuess(t, "a recovery code after that", app.Stopped(t, alice), recoveryPath, codes[0], "accepted")

	app.ChangeAccount(t, alice, func(a *records.Account) { a.RecoveryFailures = 49 })
	b = app.Stopped(t, alice)
	wantGuess(t, "the fiftieth wrong one", b, recoveryPath, none, "code-blocked")
	wantGuess(t, "after fifty wrong ones", b, recoveryPath, codes[1], "code-blocked")
	a := b.Post(recoveryPath, "code", codes[1])
	if a.Status != http.StatusTooManyRequests || !strings.Contains(a.Body, "Too many wrong recovery codes were typed. A tap on your phone still works, and so does a code from the app.") ||
		strings.Contains(a.Body, `action="/2fa/challenge/recovery"`) || !strings.Contains(a.Body, `action="/2fa/challenge/totp"`) {
		t.Errorf("page when recovery codes are blocked: got %d\n%s\nwant only the field for the phone's codes", a.Status, a.Body)
	}
	const title = "Too many wrong recovery codes; only a code of the phone is accepted, or the phone"
	expect.Equal(t, b.PostJSON(recoveryPath, `{"code":"`+codes[1]+`"}`).JSON("title"), title, "problem when recovery codes are blocked")
	status, err := app.Gate.Admin().Status(t.Context(), apptest.UserID(alice))
	if err != nil || status.RecoveryLock != eagate.LockBlocked || status.WrongRecoveryCodes != 50 || status.Lock != eagate.LockNone {
		t.Errorf("got %+v, %v, want recovery codes blocked, and those alone", status, err)
	}
	apptest.Approve(t, phone)
	b.WantIn("by the phone")
	wantGuess(t, "after an approval", app.Stopped(t, alice), recoveryPath, codes[1], "accepted")

	for range 20 {
		guess(t, app.Browser(t).Login(alice), totp, app.WrongCode(t, phone))
		app.Clock.Add(time.Hour)
	}
	b = app.Stopped(t, alice)
	wantGuess(t, "when blocked", b, totp, apptest.Code(t, phone), "code-blocked")
	wantGuess(t, "when blocked", b, recoveryPath, none, "code-wrong")
	expect.Contains(t, b.Get("/2fa/challenge").Body, `action="/2fa/challenge/recovery"`, "page, want the field for recovery codes")
	wantGuess(t, "when blocked", b, recoveryPath, codes[2], "accepted")
	app.Clock.Add(apptest.Step)
	wantGuess(t, "the phone's code afterwards", app.Stopped(t, alice), totp, apptest.Code(t, phone), "accepted")
	owner.WantIn("verified before")
}

// What isn't looked at can be asked for without end: nothing is stored of it, whichever
// way it is typed.
func TestA50_RefusedGuessesWriteNothing(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	_, codes := enrolWithCodes(t, app, alice)
	phone := app.Emulator.Phone(alice)
	b := app.Stopped(t, alice)
	spy := app.Spy(t)
	for when, until := range map[string]func(a *records.Account){
		"paused": func(a *records.Account) {
			a.Failures, a.LockedUntil = 5, app.Clock.Now().Add(30*time.Second)
			a.RecoveryFailures, a.RecoveryLockedUntil = 5, a.LockedUntil
		},
		"blocked": func(a *records.Account) { a.Failures, a.RecoveryFailures = 20, 50 },
	} {
		app.ChangeAccount(t, alice, until)
		before := spy.Changes()
		for range 10 {
			wantGuess(t, when, b, totp, apptest.Code(t, phone), "code-"+when)
			wantGuess(t, when, b, totp, app.WrongCode(t, phone), "code-"+when)
			wantGuess(t, when, b, recoveryPath, codes[0], "code-"+when)
			wantGuess(t, when, b, recoveryPath, "0000-0000-0000-0000", "code-"+when)
		}
		expect.Equal(t, spy.Changes()-before, 0, "%s: 40 codes changed records", when)
	}
}

func TestRecoveryCodesMadeAnew(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	owner, former := enrolWithCodes(t, app, alice)
	phone := app.Emulator.Phone(alice)
	app.Clock.Add(time.Hour)
	const path = "/2fa/recovery-codes"
	wantGuess(t, "without a fresh proof", owner, path, "", "code-required")
	wantGuess(t, "with a wrong code", owner, path, app.WrongCode(t, phone), "code-wrong")
	if page := owner.Get(path).Body; strings.Contains(page, former[0]) || !strings.Contains(page, `data-left="10"`) {
		t.Errorf("page: got\n%s\nwant how many are left, and none of them", page)
	}
	a := owner.PostJSON(path, fmt.Sprintf(`{"code":%q}`, apptest.Code(t, phone)))
	codes := codesOf(t, a, "codes")
	b := app.Stopped(t, alice)
	wantGuess(t, "a former one", b, recoveryPath, former[0], "code-wrong")
	wantGuess(t, "a new one", b, recoveryPath, codes[0], "accepted")

	// Few are said to be few, and the page of the new ones has them for those
	// without script too.
	app.ChangeAccount(t, alice, func(a *records.Account) { a.Recovery.Hashes = a.Recovery.Hashes[:3] })
	expect.Contains(t, b.Get("/2fa/").Body, `id="few"`, "security page, want a warning")
	b.Post(path).WantTo(t, path, "made")
	made := b.Get(path)
	for _, want := range []string{`id="codes"`, `download="recovery-codes.txt"`, `href="data:text/plain`} {
		expect.Contains(t, made.Body, want, "page")
	}
	expect.Lacks(t, b.Get("/2fa/").Body, `id="few"`, "security page, a warning")

	// They go with the factor, and come with the next.
	b.Post("/2fa/disable")
	if a := app.Account(t, alice); a.Recovery != nil {
		t.Error("switched off: the codes are still there")
	}
	b.GetJSON(path).Want(t, http.StatusConflict, "switched off")
}

// A new phone doesn't take the recovery codes away.
func TestRecoveryCodesStayWithNewPhone(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	_, codes := enrolWithCodes(t, app, alice)
	b := app.Stopped(t, alice) // the phone is lost
	wantGuess(t, "the phone is lost", b, recoveryPath, codes[0], "accepted")
	former := app.Account(t, alice).Factor
	other := stage(t, b, alice)
	if got := app.Account(t, alice).Factor; string(got.Secret) != string(former.Secret) {
		t.Error("staged: the former phone's secret is gone before the new one is confirmed")
	}
	wantGuess(t, "the new phone", b, "/2fa/enable/confirm", apptest.Code(t, other), "accepted")
	app.Clock.Add(apptest.Step)
	wantGuess(t, "another code", app.Stopped(t, alice), recoveryPath, codes[1], "accepted")
	expect.Equal(t, len(app.Account(t, alice).Recovery.Hashes), 8, "left")
}

// Nor is a code used up in a session that was logged out, and written back.
func TestA24_RecoveryCodeAfterTheLogout(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	_, codes := enrolWithCodes(t, app, alice)
	b := app.Stopped(t, alice)
	thief, cookie := b.Copy(), b.Cookie("session")
	former, found, err := app.Scs.Find(cookie)
	if err != nil || !found {
		t.Fatalf("got session found %t, %v", found, err)
	}
	b.Post("/logout")
	expect.NoError(t, app.Scs.Commit(cookie, former, time.Now().Add(time.Hour)))
	wantGuess(t, "after the logout", thief, recoveryPath, codes[0], "sign-in-required")
	wantGuess(t, "after the logout", thief, totp, app.WrongCode(t, app.Emulator.Phone(alice)), "sign-in-required")
	if a := app.Account(t, alice); len(a.Recovery.Hashes) != 10 || a.Failures != 0 {
		t.Errorf("got %d codes left and %d wrong ones, want none looked at", len(a.Recovery.Hashes), a.Failures)
	}
}

// What isn't a recovery code is refused before anything is hashed.
func TestA21_RecoveryCodesOfOtherShape(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	_, codes := enrolWithCodes(t, app, alice)
	b := app.Stopped(t, alice)
	for _, typed := range []string{codes[0][:18], codes[0] + "0", codes[0] + "\u00e9", "Ü" + codes[0][1:], strings.Repeat("0", 3000)} {
		app.Clock.Add(2 * time.Hour)
		wantGuess(t, typed[:10], b, recoveryPath, typed, "code-wrong")
	}
	b.WantLocked("codes of other shapes")
}

// The codes are nowhere but in the answer that shows them.
func TestA38_RecoveryCodesAreHashed(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	_, codes := enrolWithCodes(t, app, alice)
	wantGuess(t, "in", app.Stopped(t, alice), recoveryPath, codes[0], "accepted")
	stored := expect.Try(json.Marshal(app.Account(t, alice))).OrFail(t)
	for _, code := range codes {
		for _, text := range []string{code, strings.ReplaceAll(code, "-", "")} {
			if strings.Contains(string(stored), text) || strings.Contains(app.Log.String(), text) {
				t.Errorf("a code is in the store or in the log")
			}
		}
	}
	// JSON has bytes in base64, which would hide a code; it may be kept in packed form too.
	for _, hash := range app.Account(t, alice).Recovery.Hashes {
		for _, code := range codes {
			plain := strings.ReplaceAll(code, "-", "")
			packed := expect.Try(base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").DecodeString(plain)).OrFail(t)
			for _, text := range []string{code, plain, strings.ToLower(plain), string(packed)} {
				if bytes.Contains(hash, []byte(text)) {
					t.Errorf("a code is kept as it is")
				}
			}
		}
	}
}

// An interloper does something after an account has been updated, once.
type interloper struct {
	store.Backend
	do func()
}

func (i *interloper) Put(ctx context.Context, kind store.Kind, doc store.Document) (uint64, error) {
	version, err := i.Backend.Put(ctx, kind, doc)
	if do := i.do; do != nil && kind == store.Accounts {
		i.do = nil
		do()
	}
	return version, err
}

// Of two clicks on "make new codes", the earlier one shows none that are void.
func TestRecoveryCodesOfTwoClicks(t *testing.T) {
	t.Parallel()
	w := apptest.NewWorld(t)
	accounts := &interloper{Backend: w.Store}
	app := w.Node(t, apptest.Setup{Options: []middleware.Option{middleware.WithStore(accounts)}})
	b, _ := enrolWithCodes(t, app, alice)
	later := func() {
		app.ChangeAccount(t, alice, func(a *records.Account) {
			a.Recovery.Salt, a.Recovery.CreatedAt = []byte("of the later one"), app.Clock.Now().Add(time.Second)
		})
	}
	accounts.do = later
	if a := b.PostJSON("/2fa/recovery-codes", ""); a.Status != 409 || a.JSON("type") != "urn:eagate:problem:made-meanwhile" {
		t.Errorf("by a program: got %d %s, want 409 made-meanwhile", a.Status, a.Body)
	}
	app.ChangeAccount(t, alice, func(a *records.Account) { a.Recovery.Salt = []byte("another") })
	accounts.do = later
	b.Post("/2fa/recovery-codes").WantTo(t, "/2fa/recovery-codes")
}
