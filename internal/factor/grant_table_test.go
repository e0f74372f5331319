package factor_test

import (
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
)

// TestGrantTable is about a proof. It is "outdated" if it was given with another factor
// than the one in force, or before all of the user's proofs were revoked; "off" while
// there is no factor in force, so that none is asked for. An answer "in" is a request
// that is let in by the grant, or by the one that was to take its place.
func TestGrantTable(t *testing.T) { grantTable(t) }

// It holds with the store failing at each write, too.
func TestThoroughGrantTable(t *testing.T) { grantTable(t) }

func grantTable(t *testing.T) {
	t.Parallel()
	st := stateTable{states: grantStates, events: grantEvents, state: (*scene).grantState, text: `
event               | proof                | moved          | ended          | absent     | outdated       | off                  | run out
-------------------------------------------------------------------------------------------------------------------------------------------
its session         | in                   | locked         | locked         | locked     | locked         | open                 | locked
same node           | in                   | locked         | locked         | locked     | locked         | open                 | locked
another user        | locked               | locked         | locked         | locked     | locked         | locked               | locked
by its cookie       | in                   | locked         | locked         | locked     | locked         | open                 | locked
cookie, elsewhere   | locked               | locked         | locked         | locked     | locked         | open                 | locked
clock an hour back  | locked               | locked         | locked         | locked     | locked         | open                 | in
prolonged           | in                   | locked         | locked         | locked     | locked         | open                 | locked
lifetime            | run out: locked      | locked         | locked         | locked     | locked         | open                 | locked
approval            | moved: in            | over           | over           | over       | moved: in      | moved: open          | moved: in
code                | moved: in            | in             | over           | over       | moved: in      | moved: open          | moved: in
logout              | absent: locked       | absent: locked | absent: locked | locked     | absent: locked | absent: open         | absent: locked
other user          | absent: locked       | absent: locked | absent: locked | locked     | absent: locked | absent: open         | absent: locked
taken back          | absent: locked       | absent: locked | absent: locked | locked     | absent: locked | absent: open         | absent: locked
revoke              | outdated: locked     | locked         | locked         | locked     | locked         | open                 | outdated: locked
reset               | off: open            | open           | open           | open       | off: open      | open                 | off: open
disable             | off: in, open        | in, open       | in, open       | in, open   | off: in, open  | off, open            | off: in, open
replace phone       | outdated: in, locked | in, locked     | in, locked     | in, locked | in, locked     | outdated: in, locked | outdated: in, locked
password changed    | in                   | locked         | locked         | locked     | locked         | open                 | locked
account held        | in                   | locked         | locked         | locked     | locked         | off                  | locked
revoked elsewhere   | outdated: in         | locked         | locked         | locked     | locked         | open                 | outdated: locked
two seconds before  | outdated: locked     | locked         | locked         | locked     | locked         | open                 | outdated: locked
clock set back then | outdated: locked     | locked         | locked         | locked     | locked         | open                 | outdated: locked
operator unlocks    | in                   | locked         | locked         | locked     | locked         | open                 | locked
release address     | in                   | locked         | locked         | locked     | locked         | open                 | locked
`}
	// Another request would try again, if one came in time.
	st.cutOff = map[string]string{"proof, prolonged": "run out or proof"}
	st.run(t)
}

var grantStates = map[string]func(*scene){
	"proof": (*scene).prove,
	"moved": func(sc *scene) {
		sc.prove()
		sc.must(sc.rules.Succeed(sc.t.Context(), alice, factor.Session{}, sc.grant, factor.Entry{Secret: sc.another(), Method: eagate.TOTP}, far))
	},
	"ended": func(sc *scene) { // by a node that died before it was deleted
		sc.prove()
		sc.faulty.cutAt(2, cut{})
		err := sc.rules.EndGrant(sc.t.Context(), sc.grant)
		if sc.faulty.heal(); !errors.Is(err, errCut) {
			sc.t.Fatal(err)
		}
	},
	"absent": func(sc *scene) {
		sc.prove()
		sc.must(sc.rules.EndGrant(sc.t.Context(), sc.grant))
	},
	"outdated": func(sc *scene) {
		sc.prove()
		sc.must(sc.rules.RevokeAll(sc.t.Context(), alice.ID, ""))
	},
	"off": func(sc *scene) {
		sc.prove()
		sc.must(sc.rules.Reset(sc.t.Context(), alice.ID, ""))
	},
	"run out": func(sc *scene) {
		sc.prove()
		sc.clock.Add(keptLife)
	},
}

// sessionLife is how long the session lasts that the grant is of, and keptLife how long
// the grant is kept.
const (
	sessionLife = time.Hour
	keptLife    = sessionLife + 24*time.Hour
)

var grantEvents = map[string]func(*scene) string{
	// A request comes.
	"its session":       func(sc *scene) string { return sc.verdict(sc.other, sc.grant) },
	"same node":         func(sc *scene) string { return sc.verdict(sc.rules, sc.grant) },
	"another user":      func(sc *scene) string { return sc.verdictOf(bob) },
	"by its cookie":     func(sc *scene) string { return sc.returning(sc.s) },
	"cookie, elsewhere": func(sc *scene) string { return sc.returning(session("another")) },
	"prolonged": func(sc *scene) string {
		_, g, err := sc.other.Check(sc.t.Context(), alice.ID, sc.grant)
		sc.must(err)
		if g.ID != "" {
			sc.other.Lasts(sc.t.Context(), sc.grant, g, sc.clock.Now().Add(keptLife))
			sc.clock.Add(keptLife)
		}
		return sc.verdict(sc.rules, sc.grant)
	},
	"clock an hour back": func(sc *scene) string {
		sc.clock.Add(-time.Hour)
		defer sc.clock.Add(time.Hour)
		return sc.verdict(sc.node(sc.t), sc.grant)
	},
	"lifetime": func(sc *scene) string { sc.clock.Add(keptLife); return sc.verdict(sc.other, sc.grant) },

	// Another proof is to take its place.
	"approval": func(sc *scene) string { return sc.succeed(eagate.Push) },
	"code":     func(sc *scene) string { return sc.succeed(eagate.TOTP) },

	// Something ends.
	"logout": func(sc *scene) string { return sc.then(sc.other.EndGrant(sc.t.Context(), sc.grant)) },
	"other user": func(sc *scene) string {
		foreign, err := sc.other.RevokeForeign(sc.t.Context(), bob.ID, sc.grant)
		if err == nil && !foreign {
			return "kept"
		}
		return sc.then(err)
	},
	"taken back":         func(sc *scene) string { return sc.then(sc.other.Revoke(sc.t.Context(), sc.grant)) },
	"revoke":             func(sc *scene) string { return sc.then(sc.other.RevokeAll(sc.t.Context(), alice.ID, "")) },
	"reset":              func(sc *scene) string { return sc.then(sc.other.Reset(sc.t.Context(), alice.ID, "")) },
	"disable":            func(sc *scene) string { answer := sc.disable(); return answer + ", " + sc.then(nil) },
	"replace phone":      func(sc *scene) string { answer := sc.replace(); return answer + ", " + sc.then(nil) },
	"password changed":   func(sc *scene) string { return sc.then(sc.other.PasswordChanged(sc.t.Context(), alice.ID)) },
	"account held":       func(sc *scene) string { return sc.then(sc.hold(sc.other)) },
	"revoked elsewhere":  func(sc *scene) string { return sc.revokedElsewhere(func() {}) },
	"two seconds before": func(sc *scene) string { return sc.revokedElsewhere(func() { sc.clock.Add(factor.CacheLifetime) }) },
	"clock set back then": func(sc *scene) string {
		return sc.revokedElsewhere(func() { sc.clock.Add(factor.CacheLifetime); sc.clock.Set(sc.clock.Now().Add(-time.Minute)) })
	},
	"operator unlocks": func(sc *scene) string { return sc.then(sc.other.Unlock(sc.t.Context(), alice.ID, "")) },
	"release address":  func(sc *scene) string { return sc.then(sc.other.ReleaseAddress(sc.t.Context(), alice.Email, "")) },
}

// prove has alice's session be unlocked by a code, for an hour. Bob has a second factor
// too.
func (sc *scene) prove() {
	sc.t.Helper()
	sc.enrol(sc.t, sc.rules, bob)
	sc.enrolled()
	sc.grant = sc.another()
	sc.verdict(sc.rules, sc.grant) // and remembers it
}

// another is a proof that was given now by a code.
func (sc *scene) another() (secret string) {
	sc.t.Helper()
	sc.clock.Add(soon)
	answer, secret, err := sc.rules.VerifyCode(sc.t.Context(), alice, sc.s, typed(sc.t, sc.rules, alice, sc.phone.code()), sc.clock.Now().Add(sessionLife))
	if sc.must(err); answer.Result != factor.CodeAccepted {
		sc.t.Fatalf("got %v, want accepted", answer)
	}
	return secret
}

func (sc *scene) grantState() string {
	sc.t.Helper()
	acct := sc.account(sc.t, alice)
	g, err := sc.records.Grant(sc.t.Context(), hashed(sc.grant))
	switch {
	case errors.Is(err, records.ErrNotFound):
		return "absent"
	case err != nil:
		sc.t.Fatal(err)
	case g.Kind != records.KindProof:
		return g.Kind.String()
	case acct.State != records.On:
		return "off"
	case g.Epoch != acct.Epoch:
		return "outdated"
	case !sc.clock.Now().Before(g.ExpiresAt):
		return "run out"
	}
	return "proof"
}

func (sc *scene) verdictOf(user eagate.User) string {
	v, _, err := sc.other.Check(sc.t.Context(), user.ID, sc.grant)
	return verdictWord(v, err)
}

func (sc *scene) returning(s factor.Session) string {
	v, _, err := sc.other.CheckReturning(sc.t.Context(), alice.ID, sc.grant, s)
	return verdictWord(v, err)
}

// then is what becomes of the next request, on the node where something has ended, if
// that was possible.
func (sc *scene) then(err error) string {
	if err != nil {
		return word(err)
	}
	return sc.verdict(sc.other, sc.grant)
}

// revokedElsewhere is what becomes of a request on the node that remembers the grant, a
// while after that was revoked on another one.
func (sc *scene) revokedElsewhere(pass func()) string {
	sc.clock.Add(10 * time.Minute) // else a clock that is set back is before the proof
	if sc.verdict(sc.rules, sc.grant) == "fault" {
		return "fault"
	}
	if err := sc.other.RevokeAll(sc.t.Context(), alice.ID, ""); err != nil {
		return word(err)
	}
	pass()
	return sc.verdict(sc.rules, sc.grant)
}

// succeed has another proof take the grant's place, by that method, and is what becomes
// of a request with that one.
func (sc *scene) succeed(method eagate.Method) string {
	acct := sc.account(sc.t, alice)
	next := rand.Text()
	err := sc.records.CreateGrant(sc.t.Context(), records.Grant{
		ID: hashed(next), UserID: alice.ID, Epoch: acct.Epoch, Method: method, VerifiedAt: sc.clock.Now(), ExpiresAt: far,
	})
	if err != nil {
		return word(err)
	}
	if err := sc.other.Succeed(sc.t.Context(), alice, factor.Session{}, sc.grant, factor.Entry{Secret: next, Method: method}, far); err != nil {
		if v := sc.verdict(sc.node(sc.t), next); v == "in" {
			return "in, although " + word(err)
		}
		return word(err)
	}
	return sc.verdict(sc.other, next)
}
