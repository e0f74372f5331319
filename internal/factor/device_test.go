package factor_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
)

const trustedFor = 30 * 24 * time.Hour

func trusting(cfg *factor.Config) { cfg.DeviceLifetime = trustedFor }

// trusted returns what the cookie of a trusted device holds.
func (w *world) trusted(t testing.TB, r *factor.Rules, user eagate.User) (secret string) {
	t.Helper()
	secret, _, err := r.Trust(t.Context(), user, w.fresh(t, user), "browser")
	expect.NoError(t, err)
	return secret
}

// useDevice logs in on a device, and returns the grant's secret, if any.
func useDevice(t testing.TB, r *factor.Rules, user eagate.User, device string) string {
	t.Helper()
	grant := expect.Try(r.UseDevice(t.Context(), user, session("login"), device, far)).OrFail(t)
	return grant
}

// On whose word a browser is trusted: a proof of the last minutes by its user, with
// the factor in force, that still stands.
func TestTrust(t *testing.T) {
	for _, c := range []struct {
		name  string
		grant func(t *testing.T, w *world, g records.Grant) records.Grant
		want  error
	}{
		{"just now", func(_ *testing.T, _ *world, g records.Grant) records.Grant { return g }, nil},
		{"5 minutes ago, less a moment", func(_ *testing.T, w *world, g records.Grant) records.Grant {
			w.clock.Add(factor.Freshness - time.Microsecond)
			return g
		}, nil},
		{"5 minutes ago", func(_ *testing.T, w *world, g records.Grant) records.Grant {
			w.clock.Add(factor.Freshness)
			return g
		}, factor.ErrNotFresh},
		{"by another trusted device", func(t *testing.T, w *world, g records.Grant) records.Grant {
			w.byDevice(t, alice, g)
			return g
		}, factor.ErrNotFresh},
		{"none", func(*testing.T, *world, records.Grant) records.Grant { return records.Grant{} }, factor.ErrOvertaken},
		{"revoked", func(t *testing.T, w *world, g records.Grant) records.Grant {
			expect.NoError(t, w.records.DeleteGrant(t.Context(), g.ID))
			return g
		}, factor.ErrOvertaken},
		{"another user's", func(t *testing.T, w *world, g records.Grant) records.Grant {
			w.change(t, bob, func(b *records.Account) { b.Epoch = g.Epoch })
			return w.fresh(t, bob).Grant
		}, factor.ErrOvertaken},
		{"with the factor before", func(t *testing.T, w *world, g records.Grant) records.Grant {
			w.change(t, alice, func(a *records.Account) { a.Epoch++ })
			return g
		}, factor.ErrOvertaken},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			r := w.node(t, trusting)
			w.enrol(t, r, alice)
			proof := w.fresh(t, alice)
			proof.Grant = c.grant(t, w, proof.Grant)
			secret, d, err := r.Trust(t.Context(), alice, proof, "browser")
			if got := secret != ""; got != (c.want == nil) || !errors.Is(err, c.want) {
				t.Errorf("got a secret %t, %v, want %v", got, err, c.want)
			}
			devices := slices.DeleteFunc(w.account(t, alice).Devices, func(d records.Device) bool { return d.ID == "another" })
			expect.Equal(t, len(devices) == 1, c.want == nil, "devices %+v", devices)
			if c.want == nil && (!reflect.DeepEqual(devices[0], d) || d.ID == secret || !d.ExpiresAt.Equal(w.clock.Now().Add(trustedFor))) {
				t.Errorf("got %+v, it hashed, and for %v", d, trustedFor)
			}
		})
	}
	t.Run("where nothing was set", func(t *testing.T) {
		w := newWorld(t)
		w.enrol(t, w.node(t), alice)
		if _, _, err := w.node(t).Trust(t.Context(), alice, w.fresh(t, alice), ""); !errors.Is(err, factor.ErrNotFresh) {
			t.Errorf("got %v, want %v", err, factor.ErrNotFresh)
		}
		// Nor is there anything left of it once it is taken away.
		device := w.trusted(t, w.node(t, trusting), alice)
		expect.Equal(t, useDevice(t, w.node(t), alice, device), "", "in by a device of before")
	})
}

// Of too many devices the one that was used least recently makes room, and those
// that have expired.
func TestTrustMany(t *testing.T) {
	w := newWorld(t)
	r := w.node(t, trusting)
	w.enrol(t, r, alice)
	var devices []string
	for range factor.DevicesMost {
		w.clock.Add(time.Minute)
		devices = append(devices, w.trusted(t, r, alice))
	}
	useDevice(t, r, alice, devices[0])
	w.clock.Add(time.Minute)
	devices = append(devices, w.trusted(t, r, alice))
	for i, device := range devices {
		expect.Equal(t, useDevice(t, r, alice, device) != "", i != 1, "device %d of %d", i+1, len(devices))
	}
	w.clock.Add(trustedFor)
	w.trusted(t, r, alice)
	expect.Equal(t, len(w.account(t, alice).Devices), 1, "devices (1 after the others' time)")
}

// A device says how and when its user proved it, and its use prolongs nothing.
func TestUseDevice(t *testing.T) {
	w := newWorld(t)
	r := w.node(t, trusting)
	w.enrol(t, r, alice)
	proved := w.clock.Now()
	device := w.trusted(t, r, alice)
	w.clock.Add(time.Hour)
	until := w.clock.Now().Add(time.Hour)
	secret := expect.Try(r.UseDevice(t.Context(), alice, session("login"), device, until)).OrFail(t)
	verdict, g, err := r.Check(t.Context(), alice.ID, secret)
	if err != nil || verdict != factor.Verified || g.Method != eagate.TrustedDevice || !g.VerifiedAt.Equal(proved) || !g.ExpiresAt.Equal(until.Add(24*time.Hour)) ||
		g.Binding != session("login").Binding {
		t.Errorf("got %v, %+v, %v, want a proof of %v by a device kept until a day after %v", verdict, g, err, proved, until)
	}
	d := w.account(t, alice).Devices[0]
	if !d.LastUsedAt.Equal(w.clock.Now()) || !d.ExpiresAt.Equal(proved.Add(trustedFor)) {
		t.Errorf("got %+v, it used now, and its end unchanged", d)
	}
	w.clock.Set(d.ExpiresAt.Add(-time.Microsecond))
	expect.Differ(t, useDevice(t, r, alice, device), "", "at the last moment: not let in")
	w.clock.Set(d.ExpiresAt)
	for when, secret := range map[string]string{"after its time": device, "by its ID": d.ID, "without a secret": ""} {
		expect.Equal(t, useDevice(t, r, alice, secret), "", "%s, in", when)
	}
	if list := r.Devices(w.account(t, alice)); len(list) != 0 {
		t.Errorf("after its time: got %+v listed, want none", list)
	}
}

// Whatever ends the trust while a login is under way, ends that too.
func TestUseDeviceMeanwhile(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, w *world, r *factor.Rules) error{
		"revoked": func(t *testing.T, _ *world, r *factor.Rules) error {
			_, err := r.Distrust(t.Context(), alice.ID, "", "stolen")
			return err
		},
		"held": func(t *testing.T, w *world, _ *factor.Rules) error {
			w.change(t, alice, func(a *records.Account) { a.HeldSince = w.clock.Now() })
			return nil
		},
		"proofs revoked": func(t *testing.T, _ *world, r *factor.Rules) error {
			return r.RevokeAll(t.Context(), alice.ID, "a test")
		},
		"reset": func(t *testing.T, _ *world, r *factor.Rules) error { return r.Reset(t.Context(), alice.ID, "a test") },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			r := w.node(t, trusting)
			w.enrol(t, r, alice)
			device := w.trusted(t, r, alice)
			w.store.whileReading(func() {
				if err := end(t, w, w.node(t, trusting)); err != nil {
					t.Error(err)
				}
			})
			expect.Equal(t, useDevice(t, r, alice, device), "", "the method")
		})
	}
}

// One device is revoked, and the others stay.
func TestDistrust(t *testing.T) {
	w := newWorld(t)
	r := w.node(t, trusting)
	w.enrol(t, r, alice)
	one, other := w.trusted(t, r, alice), w.trusted(t, r, alice)
	grant := useDevice(t, r, alice, one)
	wantCheck(t, r, alice, grant, factor.Verified, "before")
	for _, c := range []struct {
		id   string
		want int
	}{{"unknown", 0}, {factor.DeviceOf(one), 1}, {factor.DeviceOf(one), 0}} {
		if n, err := r.Distrust(t.Context(), alice.ID, c.id, "stolen"); n != c.want || err != nil {
			t.Errorf("got %d, %v, want %d", n, err, c.want)
		}
	}
	wantCheck(t, r, alice, grant, factor.Locked, "the session that it let in")
	if useDevice(t, r, alice, one) != "" || useDevice(t, r, alice, other) == "" {
		t.Error("the one refused, and the other let in")
	}
}

// What a browser is called comes from the browser.
func TestDeviceNames(t *testing.T) {
	w := newWorld(t)
	r := w.node(t, trusting)
	w.enrol(t, r, alice)
	var got, want []string
	for _, c := range [][2]string{
		{" Chrome, Android ", "Chrome, Android"}, {"a\x00b\nc\u009bd", "abcd"}, {"a\xff\ufffdb", "ab"},
		{strings.Repeat("ä", 40), strings.Repeat("ä", 32)}, {"a" + strings.Repeat("ä", 40), "a" + strings.Repeat("ä", 31)},
	} {
		_, d, err := r.Trust(t.Context(), alice, w.fresh(t, alice), c[0])
		expect.NoError(t, err)
		got, want = append(got, d.Name), append(want, c[1])
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %s, want %s", fmt.Sprintf("%q", got), fmt.Sprintf("%q", want))
	}
}
