package handlers_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/alexedwards/scs/v2/memstore"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/store"
)

// statusCalls are the reports that took effect at the service.
func statusCalls(t *testing.T, w *apptest.World) (actions string) {
	t.Helper()
	for _, c := range w.Emulator.Calls(emulator.SyncStatus) {
		var body struct{ Action string }
		if c.Code == "SUCCESS" && c.Fault == "" {
			expect.NoError(t, json.Unmarshal(c.Body, &body))
			actions += map[string]string{"ENABLE": "+", "DISABLE": "-"}[body.Action]
		}
	}
	return actions
}

// wantTold fails the test unless the service knows how the user stands.
func wantTold(t *testing.T, w *apptest.World, email string) {
	t.Helper()
	acct := w.Account(t, email)
	var at emulator.User
	for _, u := range w.Emulator.Users() {
		if u.Email == email {
			at = u
		}
	}
	if acct.Sync.Late() || at.Enabled != (acct.State == records.On) {
		t.Errorf("got late %t, %t at the service, it told that it is %v", acct.Sync.Late(), at.Enabled, acct.State)
	}
	if acct.State == records.On && at.Secret != apptest.Base32(w.Secret(t, email)) {
		t.Error("the service has another secret")
	}
}

// What a node that is gone couldn't tell the service is told by another over
// the same store: once in effect, and in order.
func TestA37_NodeGone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		fault emulator.Fault
		steps string // + enable, - disable, while the service is down
		want  string
	}{
		{"enable", emulator.StatusFault(503), "+", "+"},
		{"enable, disable", emulator.StatusFault(503), "+-", "-"},
		{"enable, disable, enable", emulator.SilentFault(), "+-+", "+"},
		{"not heard", emulator.ResetFault(), "+", "+"},
	} {
		world := apptest.NewWorld(t)
		world.Emulator.Misbehave(emulator.SyncStatus, c.fault, 0)
		node := world.Node(t, quick())
		b := node.Browser(t).Login(alice)
		for _, step := range c.steps {
			if step == '+' {
				b.Enrol(alice)
			} else if a := b.Post("/2fa/disable"); a.Status != http.StatusOK {
				t.Fatalf("%s: disable: got %d", c.name, a.Status)
			}
		}
		if got := statusCalls(t, world); got != "" || !world.Account(t, alice).Sync.Late() {
			t.Fatalf("%s: got told %q while the service is down", c.name, got)
		}
		if a := b.GetJSON("/2fa/"); a.JSON("service_late_since") == nil {
			t.Errorf("%s: got %s, it to say that the service doesn't know yet", c.name, a.Body)
		}
		world.Emulator.Behave()
		world.Clock.Add(time.Hour)
		world.Sync(t)
		world.Sync(t)
		wantTold(t, world, alice)
		expect.Equal(t, statusCalls(t, world), c.want, "%s, told", c.name)
		if a := b.GetJSON("/2fa/"); a.JSON("service_late_since") != nil {
			t.Errorf("%s: got %s, want nothing late", c.name, a.Body)
		}
	}
}

// A crash right after the local change, before anything was told.
func TestA37_Crash(t *testing.T) {
	t.Parallel()
	world := apptest.NewWorld(t)
	spy := &crashing{Backend: world.Store.Inner()}
	world.Store.SetInner(spy)
	node := world.Node(t)
	b := node.Browser(t).Login(alice)
	phone := stage(t, b, alice)
	spy.after.Store(true)
	b.PostJSON("/2fa/enable/confirm", `{"code":"`+apptest.Code(t, phone)+`"}`)
	world.Store.SetInner(spy.Backend) // the next node's
	if a := world.Account(t, alice); a.State != records.On || !a.Sync.Late() {
		t.Fatalf("got %v, late %t, it on and late", a.State, a.Sync.Late())
	}
	next := world.Node(t)
	world.Sync(t)
	wantTold(t, world, alice)
	expect.Equal(t, statusCalls(t, world), "+", "told")
	world.Clock.Add(apptest.Step)
	wantGuess(t, "a login afterwards", next.Browser(t).Login(alice), totp, apptest.Code(t, phone), "accepted")
}

// A crashing store takes one more change of an account, and then nothing.
type crashing struct {
	store.Backend
	after atomic.Bool
	gone  atomic.Bool
}

func (s *crashing) Put(ctx context.Context, kind store.Kind, doc store.Document) (uint64, error) {
	if s.gone.Load() {
		return 0, apptest.ErrFault
	}
	version, err := s.Backend.Put(ctx, kind, doc)
	if kind == store.Accounts && s.after.Load() {
		s.gone.Store(true)
	}
	return version, err
}

// Run tells the service what is due, from the store alone.
func TestA37_Run(t *testing.T) {
	sessions := scs.New() // which starts a goroutine
	sessions.Store = memstore.NewWithCleanupInterval(0)
	synctest.Test(t, func(t *testing.T) {
		emu := emulator.New(emulator.Config{})
		accounts := store.NewMemory()
		secret := []byte("12345678901234567890")
		kept := records.New(accounts, apptest.Keys(t))
		err := kept.UpdateAccount(t.Context(), apptest.UserID(alice), func(a *records.Account) error {
			a.State, a.Email = records.On, alice
			a.Factor = records.Factor{Secret: apptest.Seal(t, secret, alice), Algorithm: "SHA1", Digits: 6, Period: 30}
			a.Sync = records.Sync{Wanted: 1, Since: time.Now(), NextAt: time.Now()}
			return nil
		})
		expect.NoError(t, errors.Join(err, apptest.ClaimAddress(t.Context(), kept, apptest.UserID(alice), alice)))
		gate, err := middleware.New(
			middleware.WithSessions(sessions), middleware.WithStore(accounts), middleware.WithIssuer("Acme"),
			middleware.WithInsecureCookie(), middleware.WithKey(apptest.Key), middleware.WithLogger(slog.New(slog.DiscardHandler)),
			middleware.WithUser(func(*http.Request) (middleware.User, error) { return middleware.User{}, nil }),
			middleware.WithService(client.New(emu.ClientID(), emu.APIKey(), append(emulator.ClientOptions("http://localhost:1"),
				client.WithHTTPClient(&http.Client{Transport: direct{emu}}))...)),
		)
		expect.NoError(t, err)
		emu.Misbehave(emulator.SyncStatus, emulator.StatusFault(503), 0)
		ctx, cancel := context.WithCancel(t.Context())
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			gate.Run(ctx)
		}()
		pass := func(d time.Duration) {
			time.Sleep(d) // of the bubble's clock
			synctest.Wait()
		}
		pass(time.Minute)
		if calls := emu.Calls(emulator.SyncStatus); len(calls) == 0 || len(emu.Users()) != 0 {
			t.Errorf("while down: got %d calls, %d users told", len(calls), len(emu.Users()))
		}
		emu.Behave()
		pass(time.Hour)
		users := emu.Users()
		if len(users) != 1 || !users[0].Enabled || users[0].Secret != apptest.Base32(secret) {
			t.Errorf("got %d users, want alice with her secret", len(users))
		}
		calls := len(emu.Calls(emulator.SyncStatus))
		pass(time.Hour)
		expect.Equal(t, len(emu.Calls(emulator.SyncStatus)), calls, "calls when all was told")
		cancel()
		<-stopped
	})
}

// direct calls a handler without a network.
type direct struct{ http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	in := r.Clone(r.Context())
	if in.Body == nil {
		in.Body = http.NoBody
	}
	d.ServeHTTP(w, in)
	return w.Result(), nil
}

// A user who switches on and off in a loop has the service called a few times and then
// once in fifteen seconds, and another user's change is told at once. In the end the
// service knows how the user stands.
func TestA50_EnrolmentsInALoop(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	b := app.Browser(t).Login(alice)
	changes := func(n int) {
		t.Helper()
		for range n {
			phone := stage(t, b, alice)
			wantGuess(t, "on", b, "/2fa/enable/confirm", apptest.Code(t, phone), "accepted")
			wantGuess(t, "off", b, "/2fa/disable", "", "accepted")
		}
	}
	calls := func() int { return len(app.Emulator.Calls(emulator.SyncStatus)) }
	changes(20)
	expect.Equal(t, calls(), 4, "40 changes at once, calls")
	app.Enrolled(t, bob) // which takes 30 seconds
	wantTold(t, app.World, bob)
	expect.Equal(t, calls(), 5, "another user's, calls")
	changes(20)
	if n := calls(); n > 5+3 {
		t.Errorf("40 more half a minute later: got %d calls, want 8 at most", n)
	}
	app.Clock.Add(time.Minute)
	phone := stage(t, b, alice)
	wantGuess(t, "on", b, "/2fa/enable/confirm", apptest.Code(t, phone), "accepted")
	before := calls()
	app.Clock.Add(time.Minute)
	app.Sync(t)
	wantTold(t, app.World, alice)
	if n := calls() - before; n > 1 {
		t.Errorf("in the background: got %d calls, want the last state alone", n)
	}
	if strings.Contains(app.Log.String(), "no recovery codes were made") {
		t.Error("got a fault in the log for codes that weren't made because five sets were")
	}
}
