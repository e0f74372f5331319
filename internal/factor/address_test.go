package factor_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
)

// moved is alice after the application has changed her e-mail address.
var moved = eagate.User{ID: alice.ID, Email: "alice@new.example.com"}

// swap enrols a new phone beside the one in force.
func (w *world) swap(t *testing.T, r *factor.Rules, user eagate.User) phone {
	t.Helper()
	proof := w.fresh(t, user)
	p := w.stage(t, r, user, session("swap"), proof)
	proof.Code = p.code()
	answer, _, err := r.Confirm(t.Context(), user, session("swap"), proof, far)
	if err != nil || answer.Result != factor.CodeAccepted {
		t.Fatalf("confirm: got %v, %v, want accepted", answer, err)
	}
	w.clock.Add(30 * time.Second)
	return p
}

// on returns the addresses that are on by the service's view.
func (s *service) on() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var on []string
	for email, st := range s.view {
		if st.Enabled {
			on = append(on, email)
		}
	}
	slices.Sort(on)
	return on
}

// Whoever enrols anew under another address is switched off under the former
// one, whatever is down meanwhile.
func TestSyncFormerAddress(t *testing.T) {
	enrol := func(t *testing.T, w *world, r *factor.Rules) { w.enrol(t, r, moved) }
	disable := func(t *testing.T, w *world, r *factor.Rules) { w.disable(t, r) }
	swap := func(t *testing.T, w *world, r *factor.Rules) { w.swap(t, r, moved) }
	swapBack := func(t *testing.T, w *world, r *factor.Rules) { w.swap(t, r, alice) }
	type step = func(*testing.T, *world, *factor.Rules)
	for _, c := range []struct {
		name  string
		steps []step
		want  []string
	}{
		{"swapped", []step{swap}, []string{moved.Email}},
		{"off, and on", []step{disable, enrol}, []string{moved.Email}},
		{"swapped, and off", []step{swap, disable}, nil},
		{"swapped to and fro", []step{swap, swapBack}, []string{alice.Email}},
		{"off, on, and swapped back", []step{disable, enrol, swapBack}, []string{alice.Email}},
	} {
		// The service is down from a step on, and back after the last.
		for down := range len(c.steps) + 1 {
			t.Run(c.name, func(t *testing.T) {
				w := newWorld(t)
				r := w.node(t)
				w.enrol(t, r, alice)
				r.SyncNow(t.Context(), alice.ID)
				for i, step := range c.steps {
					if i == down {
						w.service.setDown(errDown)
					}
					step(t, w, r)
					r.SyncNow(t.Context(), alice.ID)
				}
				w.service.setDown(nil)
				w.clock.Add(factor.SyncPauseMax)
				w.sync(t, w.node(t))
				expect.Slice(t, w.service.on(), c.want, "down from step %d, on at the service", down)
				if a := w.account(t, alice).Sync; a.Late() || !slices.Equal(a.Addresses, c.want) {
					t.Errorf("down from step %d: got %+v, want nothing left to be told, and the addresses %q", down, a, c.want)
				}
			})
		}
	}
}

// An ENABLE that took effect although its answer was lost is undone.
func TestSyncUnnoticed(t *testing.T) {
	w := newWorld(t)
	r := w.node(t, func(cfg *factor.Config) { cfg.Service = &deaf{service: w.service} })
	w.enrol(t, r, alice)
	r.SyncNow(t.Context(), alice.ID)
	w.disable(t, r)
	w.enrol(t, r, moved)
	r.SyncNow(t.Context(), alice.ID)
	if got, want := w.service.on(), []string{moved.Email}; !slices.Equal(got, want) {
		t.Errorf("got %q on at the service, want %q", got, want)
	}
}

// deaf is a service whose first answer is lost.
type deaf struct {
	*service
	heard bool
}

func (d *deaf) SyncStatus(ctx context.Context, st client.Status) error {
	err := d.service.SyncStatus(ctx, st)
	if d.heard {
		return err
	}
	d.heard = true
	return errDown
}

// So is one that a release has switched on which didn't note addresses yet.
func TestSyncUnnotedAddress(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	w.enrol(t, r, alice)
	r.SyncNow(t.Context(), alice.ID)
	w.change(t, alice, func(a *records.Account) { a.Sync.Addresses = nil })
	w.swap(t, r, moved)
	r.SyncNow(t.Context(), alice.ID)
	if got, want := w.service.on(), []string{moved.Email}; !slices.Equal(got, want) {
		t.Errorf("got %q on at the service, want %q", got, want)
	}
}

// The secret that a former address is switched off with is its own.
func TestSyncFormerAddressSecret(t *testing.T) {
	w := newWorld(t)
	r := w.node(t, func(cfg *factor.Config) { cfg.SecretOnDisable = true })
	first, _ := w.enrol(t, r, alice)
	r.SyncNow(t.Context(), alice.ID)
	second := w.swap(t, r, moved)
	r.SyncNow(t.Context(), alice.ID)
	if got := w.service.view[alice.Email]; got.Enabled || got.Secret != first.secret {
		t.Errorf("former address: got %v, it off, with its own secret", got)
	}
	if got := w.service.view[moved.Email]; !got.Enabled || got.Secret != second.secret {
		t.Errorf("new address: got %v, it on, with its own secret", got)
	}
	if a := w.account(t, alice); a.Sync.Retired != nil || a.State != records.On {
		t.Errorf("got %+v, want the former secret forgotten", a.Sync)
	}
}

// A late ENABLE of an address that was given up meanwhile is undone.
func TestA37_OvertakenAddress(t *testing.T) {
	w := newWorld(t)
	here, there := w.node(t), w.node(t)
	w.enrol(t, here, alice)
	w.service.before = func(client.Status) {
		w.clock.Add(factor.SyncClaim)
		w.swap(t, there, moved)
		there.SyncNow(t.Context(), alice.ID)
	}
	here.SyncNow(t.Context(), alice.ID) // its ENABLE of the former address arrives last
	w.sync(t, there)
	if got, want := w.service.on(), []string{moved.Email}; !slices.Equal(got, want) {
		t.Errorf("got %q on at the service, want %q", got, want)
	}
}

// heir is a user who has got alice's address.
var heir = eagate.User{ID: "heir", Email: " ALICE@example.com"}

// wantHeir fails the test unless the service has the heir's phone on at alice's address,
// and the heir's sign-ins ask it.
func (w *world) wantHeir(t *testing.T, r *factor.Rules, p phone) {
	t.Helper()
	w.clock.Add(factor.SyncPauseMax)
	w.sync(t, r)
	w.service.mu.Lock()
	last := w.service.told[len(w.service.told)-1]
	w.service.mu.Unlock()
	if !last.Enabled || last.Secret != p.secret {
		t.Errorf("the service was told last that %s is on: %t, it on with the heir's phone", last.Email, last.Enabled)
	}
	expect.Try(r.Begin(t.Context(), heir, session("heir"), browser)).OrFail(t, "the heir's sign-in")
}

// A DISABLE that is under way while somebody else gets the address arrives last.
func TestA47_LateDisable(t *testing.T) {
	w := newWorld(t)
	here, there := w.node(t), w.node(t)
	w.enrol(t, here, alice)
	here.SyncNow(t.Context(), alice.ID)
	w.disable(t, here)
	var p phone
	w.service.before = func(client.Status) {
		p, _ = w.enrol(t, there, heir)
		there.SyncNow(t.Context(), heir.ID)
	}
	here.SyncNow(t.Context(), alice.ID)
	if _, err := there.Begin(t.Context(), heir, session("heir"), browser); !errors.Is(err, factor.ErrNoPush) {
		t.Errorf("before the service is told again: got %v, want no push", err)
	}
	w.wantHeir(t, there, p)
}

// So does one whose answer was lost, and which may take effect some time.
func TestA47_UnheardDisable(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	w.enrol(t, r, alice)
	r.SyncNow(t.Context(), alice.ID)
	w.service.setDown(errDown)
	w.disable(t, r)
	r.SyncNow(t.Context(), alice.ID)
	w.service.setDown(nil)
	p, _ := w.enrol(t, r, heir)
	r.SyncNow(t.Context(), heir.ID)
	w.clock.Add(factor.SyncPauseMax)
	r.SyncNow(t.Context(), alice.ID)
	expect.Equal(t, w.service.history(), "++", "the service was told")
	if _, err := r.Begin(t.Context(), heir, session("heir"), browser); !errors.Is(err, factor.ErrNoPush) {
		t.Errorf("before the service is told again: got %v, want no push", err)
	}
	w.wantHeir(t, r, p)
	expect.Equal(t, w.service.history(), "+++", "the service was told")
}

// The service is told of an address in every spelling that it may have it on in.
func TestSyncSpellings(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	w.enrol(t, r, alice)
	r.SyncNow(t.Context(), alice.ID)
	w.swap(t, r, eagate.User{ID: alice.ID, Email: "Alice@Example.com"})
	r.SyncNow(t.Context(), alice.ID)
	expect.Equal(t, w.service.history(), "++", "in another spelling: the service was told")
	w.disable(t, r)
	r.SyncNow(t.Context(), alice.ID)
	if got := w.service.on(); len(got) != 0 {
		t.Errorf("switched off: the service has %q on, want none", got)
	}
}
