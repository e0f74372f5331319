package nodes_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/records"
)

const outage = time.Hour

// The service takes no status for an hour, in which users switch their second
// factor on and off, change their phones, and nodes crash and come back. It then
// learns how everybody stands, and hears of nothing that has become untrue.
func TestSyncOutage(t *testing.T) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) { testOutage(t, newSQLite(t)) })
	t.Run("PostgreSQL", func(t *testing.T) { testOutage(t, newPostgreSQL(t)) })
}

func testOutage(t *testing.T, db database) {
	t.Parallel()
	rng := newSeed(t).round(0)
	w := apptest.NewWorld(t)
	members := []*member{newMember(t, w, db), newMember(t, w, db)}
	var people []*person
	for i, seldom := range []int{2, 2, 2, 4, 16, 64} {
		people = append(people, newPerson(t, w, members[0], fmt.Sprintf("user%d@example.com", i), seldom))
	}
	for range 8 {
		for range 5 { // in which the service fails now and then
			w.Emulator.Misbehave(emulator.SyncStatus, oneOf(rng, slices.Concat(down, halfway)...), 1+rng.IntN(3))
			aWhile(rng, w, members, people)
			w.Emulator.Behave()
		}
		settle(t, w, members, people)
	}

	crashes := 0
	for end := w.Clock.Now().Add(outage); w.Clock.Now().Before(end); {
		w.Emulator.Behave()
		w.Emulator.Misbehave(emulator.SyncStatus, oneOf(rng, down...), 0)
		aWhile(rng, w, members, people)
		switch m := members[rng.IntN(len(members))]; rng.IntN(6) {
		case 0:
			m.crash(rng)
			crashes++
			m.restart()
		case 1:
			m.restart()
		}
	}
	late := lateSyncs(t, members[0])
	w.Emulator.Behave()
	settle(t, w, members, people)

	calls := w.Emulator.Calls(emulator.SyncStatus)
	members[0].pass()
	if again := w.Emulator.Calls(emulator.SyncStatus); len(again) != len(calls) {
		t.Errorf("the service was told %d times more of what it knew", len(again)-len(calls))
	}
	accepted := 0
	for _, p := range people {
		accepted += p.wantTold(calls)
	}
	t.Logf("%d calls, %d of them taken; %d crashes; %d users of whom the service didn't know at the end of the outage",
		len(calls), accepted, crashes, late)
	if late == 0 || crashes == 0 || accepted == len(calls) {
		t.Error("that was no outage")
	}
}

// How the service fails: without having done what it was told to, or only when it
// comes to the answer.
var (
	down = []emulator.Fault{
		emulator.StatusFault(503),
		emulator.ResetFault(),
		emulator.TruncatedFault(),
		emulator.EnvelopeFault(403, "INACTIVE", "The application is not active"),
	}
	halfway = []emulator.Fault{emulator.ResetFault().Late(), emulator.StatusFault(502).Late()}
)

func oneOf(rng *rand.Rand, faults ...emulator.Fault) emulator.Fault {
	return faults[rng.IntN(len(faults))]
}

// aWhile is some time in which users make changes at any node, while both nodes
// look for what the service must be told.
func aWhile(rng *rand.Rand, w *apptest.World, members []*member, people []*person) {
	var changes, passes sync.WaitGroup
	for _, p := range people {
		if rng.IntN(p.seldom) == 0 {
			m, replace := members[rng.IntN(len(members))], rng.IntN(3) == 0
			changes.Go(func() { p.change(m, replace) })
		}
	}
	for _, m := range members {
		s := slow{changes: &changes, there: rng.IntN(2) == 0}
		passes.Go(func() { m.slowPass(s) })
	}
	changes.Wait()
	passes.Wait()
	// At least as long as nodes go on as if an account hadn't changed.
	w.Clock.Add(2*time.Second + time.Duration(rng.Int64N(int64(2*time.Minute))))
}

// settle lets time pass, with a service that works, until it knows how everybody
// stands.
func settle(t *testing.T, w *apptest.World, members []*member, people []*person) {
	t.Helper()
	for end := w.Clock.Now().Add(2 * time.Hour); w.Clock.Now().Before(end); w.Clock.Add(2 * time.Minute) {
		var passes sync.WaitGroup
		for _, m := range members {
			passes.Go(m.pass)
		}
		passes.Wait()
		if lateSyncs(t, members[0]) == 0 {
			for _, p := range people {
				p.wantKnown(members[1])
			}
			return
		}
	}
	t.Fatal("in two hours, the service hasn't learned all")
}

func lateSyncs(t *testing.T, m *member) (n int) {
	t.Helper()
	for _, err := range m.app.Gate.Admin().LateSyncs(t.Context()) {
		expect.NoError(t, err)
		n++
	}
	return n
}

// A person is a user with all that became of their second factor.
type person struct {
	t       *testing.T
	w       *apptest.World
	email   string
	browser *apptest.Browser
	seldom  int // a change comes once in so many whiles
	states  []state
}

// A state is how a second factor stood for some time.
type state struct {
	phone        emulator.Account // the zero one: it was off
	since, until time.Time
}

// forEver is the end of the state that a second factor is in.
var forEver = time.Unix(1<<40, 0)

func (s state) on() bool { return s.phone.Secret != "" }

func newPerson(t *testing.T, w *apptest.World, m *member, email string, seldom int) *person {
	t.Helper()
	return &person{
		t: t, w: w, email: email, browser: m.app.Browser(t).Login(email), seldom: seldom,
		states: []state{{until: forEver}},
	}
}

func (p *person) now() state { return p.states[len(p.states)-1] }

// change switches the second factor on or off, or over to another phone.
func (p *person) change(m *member, replace bool) {
	p.t.Helper()
	b, now := p.browser.On(m.app), p.now()
	var phone emulator.Account
	if now.on() && !replace {
		expect.Equal(p.t, p.proving(b, "/2fa/disable").Status, 200, "%s: disable", p.email)
	} else {
		a := p.proving(b, "/2fa/enable")
		uri, _ := a.JSON("uri").(string)
		var err error
		if phone, err = emulator.ParseAccount(uri); err != nil {
			p.t.Errorf("%s: enable: %v; got %d %s", p.email, err, a.Status, a.Body)
			return
		}
		expect.Equal(p.t, b.PostJSON("/2fa/enable/confirm", p.withCode(phone)).Status, 200, "%s: confirm", p.email)
	}
	at := p.w.Clock.Now()
	p.states[len(p.states)-1].until = at
	p.states = append(p.states, state{phone, at, forEver})
}

// proving posts without a proof and, if that isn't enough, with a code.
func (p *person) proving(b *apptest.Browser, path string) apptest.Answer {
	p.t.Helper()
	a := b.PostJSON(path, "")
	if a.Status != 200 && p.now().on() {
		a = b.PostJSON(path, p.withCode(p.now().phone))
	}
	return a
}

func (p *person) withCode(phone emulator.Account) string {
	p.t.Helper()
	code := expect.Try(phone.Code(p.w.Clock.Now())).OrFail(p.t)
	return fmt.Sprintf(`{"code": %q}`, code)
}

// wantKnown fails the test unless the service and a node agree with the person.
func (p *person) wantKnown(m *member) {
	p.t.Helper()
	now := p.now()
	if acct := m.app.Account(p.t, p.email); (acct.State == records.On) != now.on() {
		p.t.Errorf("%s: the account is %v, want on: %t", p.email, acct.State, now.on())
	}
	if known, _ := p.w.Emulator.Status(p.email); known.Enabled != now.on() || known.Enabled && known.Secret != now.phone.Secret {
		p.t.Errorf("%s: the service knows %+v, want %+v", p.email, known, now)
	}
}

// wantTold fails the test unless the service was told of the person's states in
// their order, of each while it was true, and of the last. It returns how often
// it was told.
func (p *person) wantTold(calls []emulator.Call) (accepted int) {
	p.t.Helper()
	at := 0
	for _, c := range calls {
		var told struct{ Email, Action, Secret string }
		if err := json.Unmarshal(c.Body, &told); err != nil {
			p.t.Errorf("call %s: %v", c.Body, err)
		}
		if told.Email != p.email || c.Code != "SUCCESS" {
			continue
		}
		accepted++
		i := slices.IndexFunc(p.states[at:], func(s state) bool {
			return s.phone.Secret == told.Secret && !c.Time.Before(s.since) && !c.Time.After(s.until)
		})
		if i < 0 {
			p.t.Errorf("%s: %s at %v is out of order, after state %d of %d", p.email, c.Body, c.Time, at, len(p.states))
			continue
		}
		at += i
	}
	if p.states[at].phone != p.now().phone {
		p.t.Errorf("%s: the service heard of state %d last, of %d", p.email, at, len(p.states))
	}
	return accepted
}
