package factor_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/internal/totp"
)

// sync makes a pass.
func (w *world) sync(t testing.TB, r *factor.Rules) {
	t.Helper()
	expect.NoError(t, r.SyncDue(t.Context()))
}

// wantView fails the test unless the service's view equals ours, and nothing is
// left to be told.
func (w *world) wantView(t testing.TB, user eagate.User, when string) {
	t.Helper()
	a := w.account(t, user)
	w.service.mu.Lock()
	defer w.service.mu.Unlock()
	expect.Equal(t, w.service.view[user.Email].Enabled, a.State == records.On, "%s: at the service", when)
	if a.Sync.Late() || a.Sync.Attempts != 0 || a.Sync.LastErr != "" || a.Sync.Retired != nil {
		t.Errorf("%s: got %+v, want nothing left to be told", when, a.Sync)
	}
}

func (w *world) disable(t testing.TB, r *factor.Rules) {
	t.Helper()
	if answer, err := r.Disable(t.Context(), alice, w.fresh(t, alice)); err != nil || answer.Result != factor.CodeAccepted {
		t.Fatalf("disable: got %v, %v, want accepted", answer, err)
	}
}

// What the service is told is what is in force.
func TestSyncStatus(t *testing.T) {
	w := newWorld(t)
	r := w.node(t, func(cfg *factor.Config) {
		cfg.TOTP = totp.Parameters{Algorithm: "SHA256", Digits: 8, Period: time.Minute}
	})
	p, _ := w.enrol(t, r, alice)
	r.SyncNow(t.Context(), alice.ID)
	w.wantView(t, alice, "enabled")
	if got, want := w.service.view[alice.Email], (client.Status{
		Email: alice.Email, Enabled: true, Secret: p.secret, Algorithm: "SHA256", Digits: 8, Period: time.Minute,
	}); got.Secret != want.Secret || got.Algorithm != want.Algorithm || got.Digits != want.Digits || got.Period != want.Period {
		t.Errorf("got %v, want %v, or the secrets differ", got, want)
	}
	r.SyncNow(t.Context(), alice.ID)
	w.sync(t, r)
	expect.Equal(t, w.service.history(), "+", "told")
}

// While the service is down, only the end of what happened matters; it is told
// by whichever node comes first, and once.
func TestA37_ServiceDown(t *testing.T) {
	type step = func(*testing.T, *world, *factor.Rules)
	enable := func(t *testing.T, w *world, r *factor.Rules) {
		w.enrol(t, r, alice)
		r.SyncNow(t.Context(), alice.ID)
	}
	disable := func(t *testing.T, w *world, r *factor.Rules) {
		w.disable(t, r)
		r.SyncNow(t.Context(), alice.ID)
	}
	for _, c := range []struct {
		name  string
		up    []step // before the service goes down
		down  []step
		after string // what it is told in the end
	}{
		{"enable", nil, []step{enable}, "+"},
		{"enable, disable", nil, []step{enable, disable}, "-"},
		{"disable", []step{enable}, []step{disable}, "+-"},
		{"disable, enable", []step{enable}, []step{disable, enable}, "++"},
		{"enable, disable, enable", nil, []step{enable, disable, enable}, "+"},
		{"disable, enable, disable", []step{enable}, []step{disable, enable, disable}, "+-"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			r := w.node(t)
			for _, step := range c.up {
				step(t, w, r)
			}
			w.service.setDown(errDown)
			for _, step := range c.down {
				step(t, w, r)
			}
			if a := w.account(t, alice).Sync; !a.Late() || a.LastErr != errDown.Error() || a.Attempts == 0 {
				t.Errorf("while down: got %+v, it late, with the reason", a)
			}
			w.service.setDown(nil)
			restarted := w.node(t)
			w.clock.Add(time.Hour)
			w.sync(t, restarted)
			w.wantView(t, alice, "service back")
			w.sync(t, w.node(t))
			expect.Equal(t, w.service.history(), c.after, "told")
		})
	}
}

// What the user changes is tried anew with short pauses, however often it failed before.
func TestSyncPausesOfAChange(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	w.service.setDown(errDown)
	w.enrol(t, r, alice)
	for range 10 {
		w.sync(t, r)
		w.clock.Add(time.Hour)
	}
	w.disable(t, r)
	w.sync(t, r)
	if a := w.account(t, alice).Sync; a.Attempts != 1 || a.NextAt.Sub(w.clock.Now()) > 5*time.Second {
		t.Errorf("got %d attempts, and a pause of %v, want one and at most 5 s", a.Attempts, a.NextAt.Sub(w.clock.Now()))
	}
}

// That the service was just told of an account brings its turn no nearer when all are
// told of anew: those that are off still come first.
func TestResyncOfWhatWasJustTold(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	w.enrol(t, r, alice)
	w.sync(t, r)
	expect.Try(r.ResyncAll(t.Context(), func(factor.Progress) {})).OrFail(t)
	expect.Equal(t, w.account(t, alice).Sync.NextAt.Sub(w.clock.Now()), factor.ResyncAfter, "it due in")
}

// The pause between attempts doubles from 5 seconds to an hour, less up to a
// quarter; nothing is tried before.
func TestSyncPauses(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	w.service.setDown(errDown)
	w.enrol(t, r, alice)
	pause := 5 * time.Second
	for i := range 15 {
		w.sync(t, r)
		if _, calls := w.service.asked(); calls != i+1 {
			t.Fatalf("got %d attempts, want %d", calls, i+1)
		}
		next := w.account(t, alice).Sync.NextAt
		if got := next.Sub(w.clock.Now()); got > pause || got < pause-pause/4 {
			t.Errorf("after %d: got a pause of %v, want %v less up to a quarter", i+1, got, pause)
		}
		w.clock.Set(next.Add(-time.Microsecond))
		w.sync(t, r)
		r.SyncNow(t.Context(), alice.ID)
		if _, calls := w.service.asked(); calls != i+1 {
			t.Fatalf("got an attempt before it was due")
		}
		w.clock.Set(next)
		pause = min(2*pause, time.Hour)
	}
	for _, failures := range []int{11, 64, 100, 1 << 20} {
		if got := factor.SyncPauseAfter(failures); got > time.Hour || got < 45*time.Minute {
			t.Errorf("after %d: got a pause of %v", failures, got)
		}
	}
	// A change is tried at once.
	w.disable(t, r)
	w.service.setDown(nil)
	r.SyncNow(t.Context(), alice.ID)
	w.wantView(t, alice, "after a change")
}

// Nodes that look at the same time share the work.
func TestSyncTogether(t *testing.T) {
	const users = 20
	w := newWorld(t)
	nodes := []*factor.Rules{w.node(t), w.node(t), w.node(t)}
	for i := range users {
		w.enrol(t, nodes[0], eagate.User{ID: fmt.Sprint(i), Email: fmt.Sprintf("%d@example.com", i)})
	}
	var wg sync.WaitGroup
	for _, r := range nodes {
		wg.Go(func() {
			if err := r.SyncDue(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if _, calls := w.service.asked(); calls != users {
		t.Errorf("got %d calls for %d users", calls, users)
	}
}

// A change that comes while the service is being told is told after it.
func TestA37_Order(t *testing.T) {
	w := newWorld(t)
	here, there := w.node(t), w.node(t)
	w.enrol(t, here, alice)
	w.service.before = func(client.Status) {
		w.disable(t, there)
		there.SyncNow(t.Context(), alice.ID) // leaves it to the other
		expect.Equal(t, w.service.history(), "", "told past the one who is at it")
	}
	here.SyncNow(t.Context(), alice.ID)
	expect.Equal(t, w.service.history(), "+-", "told")
	w.wantView(t, alice, "afterwards")
}

// So it is when that one took so long that another has taken over.
func TestA37_Overtaken(t *testing.T) {
	w := newWorld(t)
	here, there := w.node(t), w.node(t)
	w.enrol(t, here, alice)
	w.service.before = func(client.Status) {
		w.clock.Add(factor.SyncClaim)
		w.disable(t, there)
		there.SyncNow(t.Context(), alice.ID)
		expect.Equal(t, w.service.history(), "-", "told (- when the claim has passed)")
	}
	here.SyncNow(t.Context(), alice.ID) // its ENABLE arrives last
	w.sync(t, there)
	if got := w.service.history(); !strings.HasPrefix(got, "-+") {
		t.Fatalf("got told %q, want the late + behind the -", got)
	}
	w.wantView(t, alice, "afterwards")
}

// A node that dies between the change and the telling, or between the telling
// and noting it, leaves the rest to another.
func TestA37_Crash(t *testing.T) {
	for _, c := range []struct {
		name  string
		crash func(w *world, r *factor.Rules)
		want  string
	}{
		{"before telling", func(*world, *factor.Rules) {}, "+"},
		{"while telling", func(w *world, r *factor.Rules) {
			w.service.before = func(client.Status) {
				w.store.setFault(errDown) // nothing of this node gets anywhere any more
				panic("crash")
			}
			func() {
				defer func() { _ = recover() }()
				r.SyncNow(context.Background(), alice.ID)
			}()
		}, "+"},
		{"after telling", func(w *world, r *factor.Rules) {
			w.service.before = func(client.Status) { w.store.setFault(errDown) }
			r.SyncNow(context.Background(), alice.ID)
		}, "++"}, // the same twice, which is once in effect
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			first := w.node(t)
			w.enrol(t, first, alice)
			c.crash(w, first)
			w.store.setFault(nil)
			next := w.node(t)
			w.clock.Add(factor.SyncClaim)
			w.sync(t, next)
			expect.Equal(t, w.service.history(), c.want, "told")
			w.wantView(t, alice, "afterwards")
		})
	}
}

// The last secret goes with the DISABLE only where it is wanted, and is kept no
// longer than that.
func TestSyncSecretOnDisable(t *testing.T) {
	for _, want := range []bool{false, true} {
		w := newWorld(t)
		r := w.node(t, func(cfg *factor.Config) { cfg.SecretOnDisable = want })
		p, _ := w.enrol(t, r, alice)
		r.SyncNow(t.Context(), alice.ID)
		w.service.setDown(errDown)
		w.disable(t, r)
		r.SyncNow(t.Context(), alice.ID)
		expect.Equal(t, w.account(t, alice).Sync.Retired != nil, want, "wanted %t, a secret kept", want)
		w.service.setDown(nil)
		w.clock.Add(time.Hour)
		w.sync(t, r)
		w.wantView(t, alice, "switched off")
		secret := ""
		if want {
			secret = p.secret
		}
		expect.Equal(t, w.service.view[alice.Email].Secret, secret, "wanted %t: the secret told differs", want)
	}
}

// One account that can't be told doesn't hold up the others.
func TestSyncDamaged(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	w.enrol(t, r, alice)
	w.enrol(t, r, bob)
	w.change(t, alice, func(a *records.Account) { a.Factor.Secret = []byte("damaged") })
	w.sync(t, r)
	w.wantView(t, bob, "beside a damaged one")
	if a := w.account(t, alice).Sync; !a.Late() || a.Attempts != 1 {
		t.Errorf("damaged: got %+v, it tried on", a)
	}
}

// Run tries on until the service is there, deletes what has expired, says what
// goes wrong once, and stops with its context.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		r := w.node(t, func(cfg *factor.Config) { cfg.Now, cfg.Elapsed = time.Now, nil })
		w.clock.Set(time.Now())
		ctx, cancel := context.WithCancel(t.Context())
		stopped := make(chan struct{})
		w.service.setDown(errDown)
		w.enrol(t, r, alice)
		g := records.Grant{ID: "old", ExpiresAt: time.Now().Add(time.Minute)}
		expect.NoError(t, w.records.CreateGrant(t.Context(), g))
		go func() {
			defer close(stopped)
			r.Run(ctx)
		}()
		pass := func(d time.Duration) {
			time.Sleep(d) // of the bubble's clock
			synctest.Wait()
		}
		pass(10 * time.Minute)
		if _, calls := w.service.asked(); calls < 5 || calls > 10 {
			t.Errorf("got %d attempts in 10 minutes, want some 7", calls)
		}
		if _, err := w.records.Grant(t.Context(), "old"); !errors.Is(err, records.ErrNotFound) {
			t.Errorf("expired grant: got %v, it deleted", err)
		}
		w.service.setDown(nil)
		w.store.setFault(errDown)
		pass(10 * time.Minute)
		w.store.setFault(nil)
		pass(time.Hour)
		w.wantView(t, alice, "service and store back")
		w.store.setDirty(errDown)
		pass(time.Hour)
		for line, want := range map[string]int{
			`background work fails" work="status sync"`:   1,
			`background work fails" work=clean-up`:        2, // with all of the store, and alone
			`background work goes on" work="status sync"`: 1,
			`background work goes on" work=clean-up`:      1,
			"couldn't be informed of a change":            1,
		} {
			expect.Equal(t, strings.Count(w.log.String(), line), want, "lines %q", line)
		}
		cancel()
		synctest.Wait()
		select {
		case <-stopped:
		default:
			t.Error("Run goes on after its context has ended")
		}
	})
}

// Run stops even while the service keeps it waiting.
func TestRunStopsInCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.clock.Set(time.Now())
		r := w.node(t, func(cfg *factor.Config) {
			cfg.Now, cfg.Service = time.Now, silent{w.service}
		})
		w.enrol(t, r, alice)
		ctx, cancel := context.WithCancel(t.Context())
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			r.Run(ctx)
		}()
		time.Sleep(2 * factor.SyncEvery) // of the bubble's clock
		cancel()
		<-stopped
	})
}

// silent is a service that doesn't answer.
type silent struct{ *service }

func (silent) SyncStatus(ctx context.Context, _ client.Status) error {
	<-ctx.Done()
	return ctx.Err()
}
