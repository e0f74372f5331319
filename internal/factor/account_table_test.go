package factor_test

import (
	"testing"
	"time"

	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
)

// TestAccountTable is about a second factor. It is "staged" if another phone was shown
// its secret but hasn't confirmed it, and "replacing" if that is to take the place of one
// in force. What s is, in the events, is the session that has staged it, verified a
// moment ago where there is a factor in force.
func TestAccountTable(t *testing.T) { accountTable(t) }

// It holds with the store failing at each write, too.
func TestThoroughAccountTable(t *testing.T) { accountTable(t) }

func accountTable(t *testing.T) {
	t.Parallel()
	st := stateTable{states: accountStates, events: accountEvents, state: (*scene).accountState, text: `
event            | absent         | off            | staged         | on             | replacing      | held
------------------------------------------------------------------------------------------------------------
stage            | staged: in     | staged: in     | in             | replacing: in  | in             | held
stage, stale     | staged: in     | staged: in     | in             | code wanted    | code wanted    | held
stage, code      | staged: in     | staged: in     | in             | replacing: in  | in             | held
confirm          | nothing staged | nothing staged | on: in         | nothing staged | on: in         | held
confirm, browser | nothing staged | nothing staged | other browser  | nothing staged | other browser  | held
confirm, session | nothing staged | nothing staged | nothing staged | nothing staged | nothing staged | held
confirm, wrong   | nothing staged | nothing staged | wrong          | nothing staged | wrong          | held
confirm, late    | nothing staged | nothing staged | nothing staged | nothing staged | nothing staged | held
show             | nothing staged | nothing staged | done           | nothing staged | done           | nothing staged
show, browser    | nothing staged | nothing staged | other browser  | nothing staged | other browser  | nothing staged
show, session    | nothing staged | nothing staged | nothing staged | nothing staged | nothing staged | nothing staged
code             | off            | off            | off            | in             | in             | held
code again       | off            | off            | off            | used           | used           | held
wrong code       | off            | off            | off            | wrong          | wrong          | held
push             | off            | off            | off            | sent           | sent           | held
push, rejected   | off            | off            | off            | held: done     | held: done     | held
disable          | off            | off            | off            | off: in        | off: in        | held
disable, stale   | off            | off            | off            | code wanted    | code wanted    | held
disable, code    | off            | off            | off            | off: in        | off: in        | held
reset            | off: done      | done           | off: done      | off: done      | off: done      | off: done
logout           | done           | done           | off: done      | done           | on: done       | done
logout, another  | done           | done           | done           | done           | done           | done
password changed | off: done      | done           | off: done      | done           | on: done       | on: done
revoke           | off: done      | done           | done           | done           | on: done       | done
operator unlocks | off: done      | done           | done           | done           | done           | on: done
release address  | done           | done           | done           | done           | done           | done
`}
	st.wantStates(t, []string{"off", "on"})
	st.run(t)
}

var accountStates = map[string]func(*scene){
	"absent": func(*scene) {},
	"off": func(sc *scene) {
		sc.enrolled()
		sc.must(sc.rules.Reset(sc.t.Context(), alice.ID, ""))
	},
	"staged": func(sc *scene) {
		sc.staged = sc.stage(sc.t, sc.rules, alice, sc.s, typed(sc.t, sc.rules, alice, ""))
	},
	"on": (*scene).enrolled,
	"replacing": func(sc *scene) {
		sc.enrolled()
		proof, err := sc.proven()
		sc.must(err)
		sc.staged = sc.stage(sc.t, sc.rules, alice, sc.s, proof)
	},
	"held": func(sc *scene) {
		sc.enrolled()
		sc.must(sc.hold(sc.rules))
	},
}

var accountEvents = map[string]func(*scene) string{
	// Another phone is set up.
	"stage":            func(sc *scene) string { return sc.stageBy(sc.s, time.Minute, "") },
	"stage, stale":     func(sc *scene) string { return sc.stageBy(sc.s, time.Hour, "") },
	"stage, code":      func(sc *scene) string { return sc.stageBy(sc.s, time.Hour, sc.phoneCode()) },
	"confirm":          func(sc *scene) string { return sc.confirm(sc.s, sc.stagedCode()) },
	"confirm, browser": func(sc *scene) string { return sc.confirm(sc.elsewhere(), sc.stagedCode()) },
	"confirm, session": func(sc *scene) string { return sc.confirm(session("another"), sc.stagedCode()) },
	"confirm, wrong":   func(sc *scene) string { return sc.confirm(sc.s, wrongOf(sc.staged)) },
	"confirm, late":    func(sc *scene) string { sc.clock.Add(factor.EnrolmentTime); return sc.confirm(sc.s, sc.stagedCode()) },
	"show":             func(sc *scene) string { _, err := sc.other.Staged(sc.t.Context(), alice, sc.s); return word(err) },
	"show, browser": func(sc *scene) string {
		_, err := sc.other.Staged(sc.t.Context(), alice, sc.elsewhere())
		return word(err)
	},
	"show, session": func(sc *scene) string {
		_, err := sc.other.Staged(sc.t.Context(), alice, session("another"))
		return word(err)
	},

	// It is proved.
	"code": func(sc *scene) string { return sc.code(sc.s, sc.phoneCode()) },
	"code again": func(sc *scene) string {
		if first := sc.code(sc.s, sc.phoneCode()); first != "in" {
			return first
		}
		return sc.code(session("another"), sc.phoneCode())
	},
	"wrong code":     func(sc *scene) string { return sc.code(sc.s, wrongOf(sc.phone)) },
	"push":           func(sc *scene) string { return sc.sent(sc.other.Begin(sc.t.Context(), alice, sc.s, browser)) },
	"push, rejected": func(sc *scene) string { return word(sc.hold(sc.other)) },

	// It is switched off.
	"disable":        func(sc *scene) string { return sc.disable() },
	"disable, stale": func(sc *scene) string { return sc.disableBy(time.Hour, "") },
	"disable, code":  func(sc *scene) string { return sc.disableBy(time.Hour, sc.phoneCode()) },
	"reset":          func(sc *scene) string { return word(sc.other.Reset(sc.t.Context(), alice.ID, "")) },

	// Something else ends.
	"logout":           func(sc *scene) string { return word(sc.other.Abandon(sc.t.Context(), alice, sc.s)) },
	"logout, another":  func(sc *scene) string { return word(sc.other.Abandon(sc.t.Context(), alice, session("another"))) },
	"password changed": func(sc *scene) string { return word(sc.other.PasswordChanged(sc.t.Context(), alice.ID)) },
	"revoke":           func(sc *scene) string { return word(sc.other.RevokeAll(sc.t.Context(), alice.ID, "")) },
	"operator unlocks": func(sc *scene) string { return word(sc.other.Unlock(sc.t.Context(), alice.ID, "")) },
	"release address":  func(sc *scene) string { return word(sc.other.ReleaseAddress(sc.t.Context(), alice.Email, "")) },
}

func (sc *scene) accountState() string {
	sc.t.Helper()
	acct := sc.account(sc.t, alice)
	switch {
	case acct.Version == 0:
		return "absent"
	case acct.State == records.Off && acct.Staged != nil:
		return "staged"
	case acct.State == records.On && !acct.HeldSince.IsZero():
		return "held"
	case acct.State == records.On && acct.Staged != nil:
		return "replacing"
	}
	return acct.State.String()
}

// aged is a proof that was given so long ago, with a code that is typed now.
func (sc *scene) aged(age time.Duration, code string) (factor.Proof, error) {
	sc.clock.Add(-age)
	proof, err := sc.proven()
	sc.clock.Add(age)
	proof.Code = code
	return proof, err
}

func (sc *scene) stageBy(s factor.Session, age time.Duration, code string) string {
	proof, err := sc.aged(age, code)
	if err != nil {
		return word(err)
	}
	return wordOf(sc.other.Stage(sc.t.Context(), alice, s, browser, proof))
}

func (sc *scene) disableBy(age time.Duration, code string) string {
	proof, err := sc.aged(age, code)
	if err != nil {
		return word(err)
	}
	return wordOf(sc.other.Disable(sc.t.Context(), alice, proof))
}

// confirm types a code of the phone that was staged.
func (sc *scene) confirm(s factor.Session, code string) string {
	proof, err := sc.aged(0, code)
	if err != nil {
		return word(err)
	}
	answer, _, err := sc.other.Confirm(sc.t.Context(), alice, s, proof, far)
	return wordOf(answer, err)
}

// phoneCode is a code of the factor in force, and stagedCode one of that which is
// staged. Where there is none, it is some code.
func (sc *scene) phoneCode() string  { return codeOf(sc.phone) }
func (sc *scene) stagedCode() string { return codeOf(sc.staged) }

// wrongOf is none of a phone's codes.
func wrongOf(p phone) string {
	if p.secret == "" {
		return "123456"
	}
	return p.wrong()
}

func codeOf(p phone) string {
	if p.secret == "" {
		return "123456"
	}
	return p.code()
}
