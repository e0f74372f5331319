//go:build linux

package nodes_test

import (
	"encoding/hex"
	"net/http"
	"testing"
	"time"

	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/records"
)

// A change is one of the second factor itself.
type change uint8

const (
	enables  change = iota
	replaces        // by another phone
	disables
)

func (c change) String() string { return [...]string{"enables", "replaces", "disables"}[c] }

// next is a change that is possible now.
func (s *signIn) next() change {
	switch {
	case s.w.account(s.user).State == records.Off:
		return enables
	case s.rng.IntN(2) == 0:
		return replaces
	}
	return disables
}

// changing is how the user makes a change, in a session that is in.
type changing struct {
	*signIn
	change
	phone user // the new one
}

func (c *changing) steps() []step {
	if c.change == disables {
		return []step{c.step("disable", func(n *node) (answer, error) {
			return c.send(n, "/2fa/disable", asPage, form())
		}, func(a answer) bool { return a.status == http.StatusOK })}
	}
	return []step{
		c.step("enable", func(n *node) (answer, error) {
			a, err := c.send(n, "/2fa/enable", asProgram, form())
			if err == nil && a.status == http.StatusOK {
				c.phone = *c.user
				c.phone.used = 0
				c.phone.phone, err = emulator.ParseAccount(a.json("uri"))
			}
			return a, err
		}, func(a answer) bool { return a.status == http.StatusOK }),
		c.step("enable page", c.page("/2fa/enable"), func(a answer) bool { return a.status == http.StatusOK }),
		c.step("confirm", func(n *node) (answer, error) {
			return c.send(n, "/2fa/enable/confirm", asPage, form("code", c.phone.code()))
		}, func(a answer) bool { return a.leadsTo("/2fa/recovery-codes") || a.leadsTo("/2fa/enable") }),
	}
}

// takeEffect is to be called when the change has. It waits until no node lets
// anybody in any more by the password alone, as each may for a moment.
func (c *changing) takeEffect() {
	c.t.Helper()
	if c.change == disables {
		return
	}
	c.user.phone, c.user.used = c.phone.phone, c.phone.used
	other := newVisitor(c.t, c.user)
	other.proved = true // for that moment
	if a := other.must(other.login(c.anyNode())); !a.leadsTo("/account") {
		c.t.Fatalf("%s, in another browser: got %v", c.email, a)
	}
	for _, n := range c.w.nodes {
		c.w.eventually(soon, n.name+" asks "+c.email+" for a second factor", func() bool {
			return other.must(other.send(n, "/account", asProgram, nil)).status == http.StatusForbidden
		})
	}
}

// undisturbed makes the change, by doing each step.
func (c *changing) undisturbed(do func(step)) {
	c.t.Helper()
	steps := c.steps()
	last := len(steps) - 1
	for _, s := range steps[:last] {
		do(s)
	}
	was := c.w.account(c.user)
	do(steps[last])
	if !wantWhole(c.t, c.change, was, c.w.account(c.user)) {
		c.t.Fatalf("%s %v the second factor, and nothing changes", c.email, c.change)
	}
	c.takeEffect()
}

// struck makes the change, and once more if it is lost when a node is killed in
// the middle of it. It reports whether it was.
func (c *changing) struck(k *killer) (lost bool) {
	c.t.Helper()
	steps := c.steps()
	last := c.rng.IntN(len(steps))
	for _, s := range steps[:last] {
		k.spare(s)
	}
	was := c.w.account(c.user)
	m := k.strike(steps[last], c.rng)
	is := c.w.account(c.user)
	changed := wantWhole(c.t, c.change, was, is)
	if final := last == len(steps)-1; changed && (!final || m == before) || !changed && final && m == after {
		c.t.Errorf("%s %v: %s, killed %v it: changed: %t", c.email, c.change, steps[last].name, m, changed)
	}
	if changed {
		c.takeEffect()
	}
	if is.State == records.On {
		c.getIn()
	} else if a := c.reload(); a.status != http.StatusOK {
		c.t.Fatalf("%s, without a second factor: got %v", c.email, a)
	}
	if !changed {
		c.undisturbed(k.spare)
	}
	return !changed
}

// wantWhole fails the test unless an account is as it was, or as the change
// leaves it, and nothing in between. It reports whether it has changed.
func wantWhole(t *testing.T, c change, was, is records.Account) (changed bool) {
	t.Helper()
	if is.Epoch == was.Epoch {
		wantSame(t, was, is)
		return false
	}
	want := was
	want.Epoch, want.Sync.Wanted = is.Epoch, was.Sync.Wanted+1
	want.State, want.Factor, want.EnabledAt = records.Off, records.Factor{}, time.Time{}
	if c != disables && was.Staged != nil {
		want.State, want.Factor = records.On, was.Staged.Factor
		want.EnabledAt, want.Email = is.EnabledAt, is.Email
	}
	wantSame(t, want, is)
	if is.State == records.On && (is.Staged != nil || is.EnabledAt.IsZero()) {
		t.Errorf("a second factor that is on since %v, and staged: %t", is.EnabledAt, is.Staged != nil)
	}
	return true
}

// wantSame fails the test unless two accounts are the same, but for what comes
// and goes without a change of the factor.
func wantSame(t *testing.T, want, got records.Account) {
	t.Helper()
	expect.Equal(t, essenceOf(got), essenceOf(want), "account")
}

// essence is what must never be lost of an account.
type essence struct {
	id, email         string
	state             records.State
	epoch, wanted     uint64
	secret, algorithm string
	digits, failures  int
	period            int
	enabledAt         time.Time
	lockedUntil       time.Time
}

func essenceOf(a records.Account) essence {
	return essence{
		id: a.UserID, email: a.Email, state: a.State, epoch: a.Epoch, wanted: a.Sync.Wanted,
		secret: hex.EncodeToString(a.Factor.Secret), algorithm: a.Factor.Algorithm, digits: a.Factor.Digits, period: a.Factor.Period,
		enabledAt: a.EnabledAt, failures: a.Failures, lockedUntil: a.LockedUntil,
	}
}
