package handlers_test

import (
	"context"
	"fmt"
	"net/http"
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

// Of what the former password has begun, nothing counts once it was changed: on
// whichever node, before or after the phone answers.
func TestA49_PasswordChanged(t *testing.T) {
	t.Parallel()
	changed := func(t *testing.T, node *apptest.App) {
		t.Helper()
		expect.NoError(t, node.Gate.PasswordChanged(t.Context(), apptest.UserID(alice)))
	}
	for _, approvedFirst := range []bool{true, false} {
		t.Run(map[bool]string{true: "approved request", false: "pending request"}[approvedFirst], func(t *testing.T) {
			t.Parallel()
			app := apptest.New(t)
			other := app.Node(t)
			w := wait(t, app, alice)
			report := func() { service(t, app).Get(callback(app) + query(w.token, "true")) }
			if approvedFirst {
				report()
			}
			changed(t, other)
			report()
			w.WantLocked("approved with the former password")
		})
	}
	t.Run("first enrolment", func(t *testing.T) {
		t.Parallel()
		app := apptest.New(t)
		other := app.Node(t)
		thief := app.Browser(t).Login(alice)
		phone := stage(t, thief, alice)
		changed(t, other)
		wantGuess(t, "the thief's phone", thief, "/2fa/enable/confirm", apptest.Code(t, phone), "no-enrolment")
		expect.Equal(t, app.Account(t, alice).State, records.Off, "state")
	})
	t.Run("replacement", func(t *testing.T) {
		t.Parallel()
		app := apptest.New(t)
		owner := app.Browser(t).Login(alice)
		owner.Enrol(alice)
		secret := app.Account(t, alice).Factor.Secret
		thief := owner.Copy()
		phone := stage(t, thief, alice)
		changed(t, app.Node(t))
		wantGuess(t, "the thief's phone", thief, "/2fa/enable/confirm", apptest.Code(t, phone), "no-enrolment")
		if got := app.Account(t, alice); string(got.Factor.Secret) != string(secret) {
			t.Error("another factor is in force")
		}
		owner.WantIn("verified before")
	})
}

// holding is an application in which a rejection closes the account.
func holding() apptest.Setup {
	return apptest.Setup{Options: []middleware.Option{
		middleware.WithFalseResult(eagate.Rejection), middleware.WithHoldOnRejection(),
	}}
}

// overtaking is what ends, on another node, what a request of alice's waits to do.
var overtaking = []struct {
	name string
	do   func(t *testing.T, at *apptest.App, owner *apptest.Browser, pending string)
}{
	{"rejection", func(t *testing.T, at *apptest.App, _ *apptest.Browser, pending string) {
		report(t, at, pending, "false")
	}},
	{"password changed", func(t *testing.T, at *apptest.App, _ *apptest.Browser, _ string) {
		expect.NoError(t, at.Gate.PasswordChanged(t.Context(), apptest.UserID(alice)))
	}},
	{"revoked", func(t *testing.T, at *apptest.App, _ *apptest.Browser, _ string) {
		expect.NoError(t, at.Gate.Admin().Revoke(t.Context(), apptest.UserID(alice), "a test"))
	}},
	{"logout", func(t *testing.T, at *apptest.App, owner *apptest.Browser, _ string) {
		owner.On(at).Copy().Post("/logout").Want(t, 200, "logout")
	}},
}

// A request of a session that was stolen waits, for the store or for its turn to hash,
// while the account is closed, the password changed, the session logged out: it changes
// nothing then.
func TestA42_ProofAtUse(t *testing.T) {
	t.Parallel()
	for _, change := range []struct {
		name, path string
		fields     []string
		update     int  // of the account, in which it waits
		code       bool // of a phone that was staged before
		device     bool // which was trusted before
	}{
		{name: "another phone", path: "/2fa/enable", update: 1},
		{name: "another phone's code", path: "/2fa/enable/confirm", update: 1, code: true},
		{name: "switching off", path: "/2fa/disable", update: 1},
		{name: "recovery codes", path: "/2fa/recovery-codes", update: 1},
		{name: "recovery codes, which are hashed", path: "/2fa/recovery-codes", update: 2},
		{name: "a device", path: "/2fa/devices", update: 1},
		{name: "devices", path: "/2fa/devices/revoke", fields: []string{"all", "1"}, update: 1, device: true},
	} {
		for _, meanwhile := range overtaking {
			t.Run(change.name+"/"+meanwhile.name, func(t *testing.T) {
				t.Parallel()
				world := apptest.NewWorld(t)
				here, there := world.Node(t, trusting(), holding()), world.Node(t, trusting(), holding())
				owner := here.Browser(t).Login(alice)
				phone := owner.Enrol(alice)
				if change.device {
					owner.Post("/2fa/devices")
				}
				fields := change.fields
				if change.code {
					fields = []string{"code", apptest.Code(t, stage(t, owner, alice))}
				}
				here.Stopped(t, alice)
				pending := expect.Try(phone.Wait(t.Context())).OrFail(t)
				world.Clock.Add(3 * time.Second) // so that nothing is cached any more
				before := world.Account(t, alice)
				thief := owner.Copy()
				at := apptest.Nth(change.update, apptest.Writes, store.Accounts)
				if meanwhile.name == "logout" { // the account doesn't say so, the session's grant does
					at = apptest.Nth(1+change.update, apptest.Reads, store.Grants)
				}
				pause := world.Pause(t, at)
				answer := make(chan apptest.Answer, 1)
				go func() { answer <- thief.Post(change.path, fields...) }()
				pause.Wait()
				meanwhile.do(t, there, owner, pending.Token)
				pause.Go()
				if a := <-answer; a.Status < 300 || strings.Contains(a.Body, "recovery-code\"") {
					t.Errorf("got %d, want a refusal", a.Status)
				}
				after := world.Account(t, alice)
				if after.State != before.State || string(after.Factor.Secret) != string(before.Factor.Secret) {
					t.Errorf("got state %v, same secret %t, want the same factor", after.State, string(after.Factor.Secret) == string(before.Factor.Secret))
				}
				if after.Staged != nil && (before.Staged == nil || string(after.Staged.Factor.Secret) != string(before.Staged.Factor.Secret)) {
					t.Error("another phone can be confirmed")
				}
				if after.Recovery != nil && string(after.Recovery.Salt) != string(before.Recovery.Salt) {
					t.Error("there are other recovery codes")
				}
				// PasswordChanged and Revoke themselves trust no device any more.
				if ended := meanwhile.name == "password changed" || meanwhile.name == "revoked"; !ended && len(after.Devices) != len(before.Devices) {
					t.Errorf("got %d devices, want %d", len(after.Devices), len(before.Devices))
				}
			})
		}
	}
}

// Between a proof and the grant that is made of it, the account is closed or the
// password changed: the session stays locked, and nothing is left that would open it.
func TestA42_GrantInForce(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(t *testing.T, app *apptest.App) (b *apptest.Browser, unlock func() apptest.Answer){
		"a code": func(t *testing.T, app *apptest.App) (*apptest.Browser, func() apptest.Answer) {
			b := app.Stopped(t, alice)
			return b, func() apptest.Answer { return b.Post(totp, "code", apptest.Code(t, app.Emulator.Phone(alice))) }
		},
		"an approval": func(t *testing.T, app *apptest.App) (*apptest.Browser, func() apptest.Answer) {
			b := app.Stopped(t, alice)
			apptest.Approve(t, app.Emulator.Phone(alice))
			return b, func() apptest.Answer { return b.Get("/account") }
		},
		"a device": func(t *testing.T, app *apptest.App) (*apptest.Browser, func() apptest.Answer) {
			b := trusted(t, app, alice).Login(alice)
			return b, func() apptest.Answer { return b.Get("/account") }
		},
	} {
		for meanwhile, do := range map[string]func(t *testing.T, at *apptest.App){
			"closed": func(t *testing.T, at *apptest.App) {
				at.ChangeAccount(t, alice, func(a *records.Account) { a.HeldSince = at.Clock.Now() })
			},
			"password changed": func(t *testing.T, at *apptest.App) {
				expect.NoError(t, at.Gate.PasswordChanged(t.Context(), apptest.UserID(alice)))
			},
		} {
			t.Run(name+"/"+meanwhile, func(t *testing.T) {
				t.Parallel()
				world := apptest.NewWorld(t)
				here, there := world.Node(t, trusting()), world.Node(t, trusting())
				here.Enrolled(t, alice)
				b, unlock := prepare(t, here)
				spy := world.Spy(t)
				pause := world.Pause(t, apptest.Nth(1, apptest.Writes, store.Grants))
				answer := make(chan apptest.Answer, 1)
				go func() { answer <- unlock() }()
				pause.Wait()
				do(t, there)
				pause.Go()
				if a := <-answer; a.Secret() {
					t.Errorf("got the page with status %d", a.Status)
				}
				expect.Equal(t, spy.Grants(), 0, "grants left")
				b.WantLocked("afterwards")
			})
		}
	}
}

// A request to the phone that is still being made when the password is changed, or the
// session logged out, opens nothing when it is approved.
func TestA49_RequestBeingMade(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(t *testing.T, at *apptest.App, b *apptest.Browser){
		"password changed": func(t *testing.T, at *apptest.App, _ *apptest.Browser) {
			expect.NoError(t, at.Gate.PasswordChanged(t.Context(), apptest.UserID(alice)))
		},
		"logout": func(_ *testing.T, at *apptest.App, b *apptest.Browser) { b.On(at).Copy().Post("/logout") },
	} {
		for _, at := range []store.Kind{store.Accounts, store.Challenges} { // before and after the phone is asked
			t.Run(name+"/"+string(at), func(t *testing.T) {
				t.Parallel()
				world := apptest.NewWorld(t)
				here, there := world.Node(t), world.Node(t)
				here.Enrolled(t, alice)
				b := here.Browser(t).Login(alice)
				b.Get("/account")
				pause := world.Pause(t, apptest.Nth(1, apptest.Writes, at))
				copied := b.Copy()
				done := make(chan apptest.Answer, 1)
				go func() { done <- b.Get("/2fa/challenge") }()
				pause.Wait()
				do(t, there, copied)
				pause.Go()
				<-done
				for _, request := range world.Emulator.Requests() {
					report(t, there, request.Token, "true")
				}
				b.WantLockedOrOut("approved")
				copied.WantLockedOrOut("approved")
			})
		}
	}
}

// A report that comes while the challenge is being made counts: before it is in the
// store, on the node that makes it and on another one, and before it has its number.
func TestA49_ReportBeforeChallenge(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		write int // of the challenge, before which the report comes
		same  bool
		wait  time.Duration // how long the report would wait
	}{
		{"this node", 1, true, time.Hour}, // too long to look again in the test: it is woken
		{"another node", 1, false, 10 * time.Second},
		{"before the number", 2, false, time.Hour},
	} {
		for _, result := range []string{"true", "false"} {
			t.Run(row.name+"/"+result, func(t *testing.T) {
				t.Parallel()
				world := apptest.NewWorld(t)
				early := apptest.Setup{Options: []middleware.Option{
					apptest.EarlyReports(row.wait), middleware.WithFalseResult(eagate.Rejection),
				}}
				here, there := world.Node(t, early), world.Node(t, early)
				at := there
				if row.same {
					at = here
				}
				here.Enrolled(t, alice)
				b := here.Browser(t).Login(alice)
				b.Get("/account")
				spy := world.Spy(t)
				pause := world.Pause(t, apptest.Nth(row.write, apptest.Writes, store.Challenges))
				page := make(chan apptest.Answer, 1)
				go func() { page <- b.Get("/2fa/challenge") }()
				pause.Wait()
				token := world.Emulator.Requests()[0].Token
				lookups := spy.Lookups()
				reported := make(chan apptest.Answer, 1)
				go func() { reported <- service(t, at).GetJSON(callback(at) + query(token, result)) }()
				await(t, "the report's first look", func() bool { return spy.Lookups() > lookups })
				pause.Go()
				<-page
				if a := <-reported; a.Status != 200 || a.Body != `{"code":"SUCCESS"}` {
					t.Errorf("got %d %s, want 200 and SUCCESS", a.Status, a.Body)
				}
				if result == "true" {
					b.WantIn("approved")
					return
				}
				b.WantLockedOrOut("rejected")
				expect.Equal(t, spy.Moves(records.Pending, records.Rejected), 1, "challenges rejected")
			})
		}
	}
}

// Reports of tokens that nobody knows wait in 64 places on a node, one for each token;
// what finds none is answered at once, and like all others.
func TestA10_EarlyReportsAreBounded(t *testing.T) {
	t.Parallel()
	const places = 64
	app := apptest.New(t, apptest.Setup{Options: []middleware.Option{apptest.EarlyReports(time.Hour)}})
	spy := app.Spy(t)
	s := service(t, app)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	answers := make(chan int, 1000)
	send := func(n int) {
		req, err := http.NewRequestWithContext(ctx, "GET", app.URL+callback(app)+query(fmt.Sprint("token ", n), "true"), nil)
		if err != nil {
			t.Error(err)
			return
		}
		if a := s.Quiet().Send(req); a.Status != 0 {
			if a.Status != 200 || a.Body != `{"code":"SUCCESS"}` {
				t.Errorf("got %d %s, want 200 and SUCCESS", a.Status, a.Body)
			}
			answers <- n
		}
	}
	want := func(when string) {
		t.Helper()
		select {
		case <-answers:
		case <-time.After(10 * time.Second):
			t.Fatalf("%s: no answer", when)
		}
	}
	var waiting sync.WaitGroup
	for range 2 { // the same token
		waiting.Go(func() { send(0) })
	}
	want("a token that waits already")
	for n := range places { // with token 0, one too many
		waiting.Go(func() { send(1 + n) })
	}
	want("one more than there are places")
	for n := range 20 {
		send(1000 + n)
		want("a full node")
	}
	expect.Equal(t, len(answers), 0, "more answers")
	cancel() // nobody waits for the answers any more, and their places are free
	waiting.Wait()
	await(t, "the end of all", func() bool {
		return strings.Count(app.Log.String(), "callback for no challenge of ours") == 2+places+20
	})
	ctx, cancel = context.WithCancel(t.Context())
	for range 2 {
		waiting.Go(func() { send(2000) })
	}
	want("a token that waits already")
	for range 20 {
		send(2000)
		want("a token that still waits")
	}
	expect.Equal(t, len(answers), 0, "more answers (one report to wait)")
	cancel()
	waiting.Wait()
	expect.Equal(t, spy.Changes(), 0, "records made or changed")
}

// Another phone is confirmed within 15 minutes of the proof that allowed it, however
// late it was staged; a first one within 30 of that.
func TestA42_StagedLongAgo(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name         string
		first, typed bool
		proved       time.Duration // how long before it was staged
		after        time.Duration // it was staged
		want         string
	}{
		{"by a fresh session", false, false, 0, 15*time.Minute - time.Second, "accepted"},
		{"by a fresh session, too late", false, false, 0, 15 * time.Minute, "no-enrolment"},
		{"4 minutes after the proof", false, false, 4 * time.Minute, 11*time.Minute - time.Second, "accepted"},
		{"4 minutes after the proof, too late", false, false, 4 * time.Minute, 11 * time.Minute, "no-enrolment"},
		{"by code", false, true, time.Hour, 15*time.Minute - time.Second, "accepted"},
		{"by code, too late", false, true, time.Hour, 15 * time.Minute, "no-enrolment"},
		{"first", true, false, 0, 30*time.Minute - time.Second, "accepted"},
		{"first, too late", true, false, 0, 30 * time.Minute, "no-enrolment"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			app := apptest.New(t)
			b := app.Browser(t).Login(alice)
			code := ""
			if !row.first {
				phone := b.Enrol(alice)
				wantGuess(t, "login", app.Browser(t).Login(alice), totp, apptest.Code(t, phone), "accepted")
				app.Clock.Add(time.Hour)
				b = app.Browser(t).Login(alice)
				wantGuess(t, "login", b, totp, apptest.Code(t, phone), "accepted")
				app.Clock.Add(row.proved)
				if row.typed {
					code = apptest.Code(t, phone)
				}
			}
			a := b.PostJSON("/2fa/enable", fmt.Sprintf(`{"code":%q}`, code))
			until, _ := a.JSON("expires_at").(string)
			uri, _ := a.JSON("uri").(string)
			phone := app.Emulator.Phone(alice)
			if err := phone.AddAccount(uri); err != nil {
				t.Fatalf("stage: %v; answer %d %s", err, a.Status, a.Body)
			}
			expect.Contains(t, b.Get("/2fa/enable").Body, `<time datetime="`+until[:10], "it to say until when")
			app.Clock.Add(row.after)
			wantGuess(t, row.name, b, "/2fa/enable/confirm", apptest.Code(t, phone), row.want)
		})
	}
}
