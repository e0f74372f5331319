package handlers_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/middleware"
)

const (
	carol = "carol@example.com"
	dave  = "dave@example.com"
)

// within serves requests without a network between, so that a test can wait until all
// of them are waiting for something.
type within struct {
	handler http.Handler
}

func (w *within) setup() apptest.Setup {
	return apptest.Setup{Wrap: func(app *apptest.App, mux http.Handler) http.Handler {
		w.handler = app.Sessions.LoadAndSave(app.Gate.Handler(mux))
		return w.handler
	}}
}

// post sends a code, and returns where the answer's status will be.
func (w *within) post(ctx context.Context, b *apptest.Browser, path, code string) *atomic.Int64 {
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, path, strings.NewReader(fmt.Sprintf(`{"code":%q}`, code)))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	r.AddCookie(&http.Cookie{Name: "session", Value: b.Cookie("session")})
	status := new(atomic.Int64)
	go func() {
		rec := httptest.NewRecorder()
		w.handler.ServeHTTP(rec, r)
		status.Store(int64(rec.Code))
	}()
	return status
}

// Users take turns at hashing, one hash each: whatever number of requests others make
// for new codes, or guesses, one's own code is the next.
func TestA50_HashingTakesTurns(t *testing.T) {
	t.Parallel()
	var (
		door within
		held apptest.HeldHashes
	)
	app := apptest.New(t, door.setup(), apptest.Setup{Options: []middleware.Option{held.Option()}})
	busy, _ := enrolWithCodes(t, app, bob)
	_, others := enrolWithCodes(t, app, carol)
	_, codes := enrolWithCodes(t, app, alice)
	_, later := enrolWithCodes(t, app, dave)
	carols, alices, daves := app.Stopped(t, carol), app.Stopped(t, alice), app.Stopped(t, dave)
	saltOf := func(email string) string { return string(app.Account(t, email).Recovery.Salt) }
	salts := map[string]string{saltOf(alice): alice, saltOf(carol): carol, saltOf(dave): dave}

	synctest.Test(t, func(t *testing.T) {
		begun, goOn, release := held.Hold()
		next := func() string {
			synctest.Wait()
			if len(begun) == 0 {
				return "nobody"
			}
			salt := <-begun
			if salts[salt] == "" {
				return "new codes"
			}
			return salts[salt]
		}
		want := func(when string, want ...string) {
			t.Helper()
			for _, want := range want {
				expect.Equal(t, next(), want, when)
			}
			expect.Equal(t, next(), "nobody", "%s, a turn of", when)
		}
		door.post(t.Context(), busy, "/2fa/recovery-codes", "")
		want("bob makes new codes", "new codes")
		first := door.post(t.Context(), carols, recoveryPath, "0000-0000-0000-0000")
		want("carol's first", carol)
		var guesses []*atomic.Int64
		for range 30 {
			guesses = append(guesses, door.post(t.Context(), carols, recoveryPath, others[0]))
		}
		want("carol's next ones")
		owner := door.post(t.Context(), alices, recoveryPath, codes[0])
		want("alice comes")
		door.post(t.Context(), daves, recoveryPath, later[0])
		want("dave comes")
		goOn <- struct{}{} // to bob's, which began first
		want("after one hash of bob's ten", alice)
		for range 2 {
			goOn <- struct{}{}
			synctest.Wait()
		}
		expect.Equal(t, owner.Load(), http.StatusOK, "after three hashes, for alice")
		release()
		synctest.Wait()
		refused := 0
		for _, g := range guesses {
			if g.Load() == http.StatusTooManyRequests {
				refused++
			}
		}
		if refused != 29 || first.Load() != http.StatusUnprocessableEntity {
			t.Errorf("got %d for carol's first, and %d of the others refused at once, want 422 and all but the last", first.Load(), refused)
		}
	})
	if a := app.Account(t, carol); a.RecoveryFailures != 0 || len(a.Recovery.Hashes) != 9 {
		t.Errorf("got %d wrong codes of carol's and %d left, want her last code accepted", a.RecoveryFailures, len(a.Recovery.Hashes))
	}
}

// Who waits too long for a turn, or goes away, is answered, and the code isn't counted.
func TestA50_HashingIsNotWaitedForLong(t *testing.T) {
	t.Parallel()
	var (
		door within
		held apptest.HeldHashes
		e    ear
	)
	app := apptest.New(t, door.setup(), e.setup(), apptest.Setup{Options: []middleware.Option{held.Option()}})
	busy, _ := enrolWithCodes(t, app, bob)
	busier, _ := enrolWithCodes(t, app, carol)
	_, codes := enrolWithCodes(t, app, alice)
	b, gone := app.Stopped(t, alice), app.Stopped(t, alice)
	synctest.Test(t, func(t *testing.T) {
		_, _, release := held.Hold()
		door.post(t.Context(), busy, "/2fa/recovery-codes", "")
		door.post(t.Context(), busier, "/2fa/recovery-codes", "")
		synctest.Wait()
		leaving, leave := context.WithCancel(t.Context())
		left := door.post(leaving, gone, recoveryPath, codes[0])
		synctest.Wait()
		leave()
		synctest.Wait()
		expect.Differ(t, left.Load(), 0, "who has gone away still waits")
		e.take()
		status := door.post(t.Context(), b, recoveryPath, codes[0])
		time.Sleep(5*time.Second - 1)
		if synctest.Wait(); status.Load() != 0 {
			t.Errorf("got %d, it to wait", status.Load())
		}
		time.Sleep(2 * time.Nanosecond)
		if synctest.Wait(); status.Load() != http.StatusTooManyRequests {
			t.Errorf("after five seconds: got %d, want 429", status.Load())
		}
		e.want(t, "after five seconds", "code_refused recovery: busy")
		release()
		synctest.Wait()
	})
	if a := app.Account(t, alice); a.RecoveryFailures != 0 || len(a.Recovery.Hashes) != 10 {
		t.Errorf("got %d wrong codes and %d left, want none counted nor used", a.RecoveryFailures, len(a.Recovery.Hashes))
	}
	wantGuess(t, "afterwards", b, recoveryPath, codes[0], "accepted")
}

// New codes are made five times an hour, those of an enrolment included. What is
// refused writes nothing and uses no code up.
func TestA50_NewRecoveryCodesInALoop(t *testing.T) {
	t.Parallel()
	const path = "/2fa/recovery-codes"
	app := apptest.New(t)
	owner, _ := enrolWithCodes(t, app, alice)
	phone := app.Emulator.Phone(alice)
	for i := range 4 {
		owner.PostJSON(path, "").Want(t, http.StatusOK, "set %d", i+2)
		app.Clock.Add(10 * time.Minute)
		owner = app.Browser(t).Login(alice)
		wantGuess(t, "a fresh proof", owner, totp, apptest.Code(t, phone), "accepted")
		app.Clock.Add(apptest.Step)
	}
	spy, before := app.Spy(t), app.Account(t, alice)
	code := apptest.Code(t, phone)
	for range 20 {
		a := owner.PostJSON(path, fmt.Sprintf(`{"code":%q}`, code))
		// 18 minutes of the hour, but for the enrolment's step.
		if a.Status != http.StatusTooManyRequests || a.JSON("type") != "urn:eagate:problem:recovery-limited" || a.Header.Get("Retry-After") != "1050" {
			t.Fatalf("the sixth set: got %d %s, Retry-After %s", a.Status, a.Body, a.Header.Get("Retry-After"))
		}
	}
	if a := owner.Post(path, "code", code); a.Status != http.StatusTooManyRequests || !strings.Contains(a.Body, `data-message="made-often"`) || !strings.Contains(a.Body, "18 minutes") {
		t.Errorf("page: got %d\n%s", a.Status, a.Body)
	}
	if n := spy.Changes(); n != 0 || app.Account(t, alice).Version != before.Version {
		t.Errorf("got %d changes by what was refused, want none", n)
	}
	wantGuess(t, "the code that was refused", app.Stopped(t, alice), totp, code, "accepted")
	app.Clock.Add(20 * time.Minute)
	owner = app.Browser(t).Login(alice)
	wantGuess(t, "a fresh proof", owner, totp, apptest.Code(t, phone), "accepted")
	owner.PostJSON(path, "").Want(t, http.StatusOK, "an hour after the first, want new ones")
	// A clock that was ahead keeps nobody from it.
	ahead := app.Clock.Now().Add(48 * time.Hour)
	app.ChangeAccount(t, alice, func(a *records.Account) { a.RecoveryMade = []time.Time{ahead, ahead, ahead, ahead, ahead} })
	owner.PostJSON(path, "").Want(t, http.StatusOK, "after a clock was ahead, want new ones")
}

// A recovery code that comes in a pause was in the pause, and one that comes after it is
// looked at: whenever the pause ends while the request goes on, none is wrong, or not
// looked at, for want of a hash.
func TestA50_CodesAtTheEndOfAPause(t *testing.T) {
	t.Parallel()
	w := apptest.NewWorld(t)
	var passes atomic.Bool // whether time passes whenever somebody looks at the clock
	app := w.Node(t, apptest.Setup{Options: []middleware.Option{middleware.WithClock(func() time.Time {
		if passes.Load() {
			w.Clock.Add(time.Millisecond)
		}
		return w.Clock.Now()
	})}})
	_, codes := enrolWithCodes(t, app, alice)
	set := *app.Account(t, alice).Recovery
	got := make(map[string]int)
	for looks := range 60 {
		b := app.Browser(t).Login(alice)
		app.ChangeAccount(t, alice, func(a *records.Account) {
			a.Recovery, a.RecoveryFailures = &set, 5
			a.RecoveryLockedUntil = w.Clock.Now().Add(time.Duration(looks) * time.Millisecond)
		})
		passes.Store(true)
		outcome := guess(t, b, recoveryPath, codes[0])
		passes.Store(false)
		got[outcome]++
		failures, left := app.Account(t, alice).RecoveryFailures, len(app.Account(t, alice).Recovery.Hashes)
		if (outcome != "accepted" || left != 9) && (outcome != "code-paused" || failures != 5 || left != 10) {
			t.Errorf("a pause that ends after %d looks at the clock: got %s, %d failures and %d codes left", looks, outcome, failures, left)
		}
	}
	if got["accepted"] == 0 || got["code-paused"] == 0 {
		t.Errorf("got %v, want the pause to end before and after the code comes", got)
	}
}
