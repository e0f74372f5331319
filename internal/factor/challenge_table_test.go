package factor_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"testing"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
)

// TestChallengeTable is about a request to the phone. Of its states, the clock makes
// "expired" of a pending request and "lapsed" of one that was approved. A request is
// "outdated" that was begun with another factor, or before all proofs were revoked;
// "overtaken" if the password was changed or the account closed since; "stranded" if its
// approval was taken by a request that failed before it could unlock the session; and
// while it is "creating", the service is asked for it, unless that is given up: then
// there is "none".
func TestChallengeTable(t *testing.T) { challengeTable(t) }

// It holds with the store failing at each write, too.
func TestThoroughChallengeTable(t *testing.T) { challengeTable(t) }

func challengeTable(t *testing.T) {
	t.Parallel()
	st := stateTable{states: challengeStates, events: challengeEvents, state: (*scene).challengeState, text: `
event                  | none    | creating      | pending             | approved        | not_approved | rejected   | consumed   | stranded       | void     | replaced   | expired        | lapsed          | overtaken      | outdated
-----------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------
true                   | unknown | unknown       | approved: taken     | repeated        | too late     | too late   | repeated   | repeated       | too late | too late   | too late       | repeated        | repeated       | repeated
false                  | unknown | unknown       | not_approved: taken | too late        | repeated     | repeated   | too late   | too late       | too late | too late   | too late       | too late        | too late       | too late
false: rejected        | unknown | unknown       | rejected: taken     | too late        | repeated     | repeated   | too late   | too late       | too late | too late   | too late       | too late        | too late       | too late
false: held            | unknown | unknown       | rejected: taken     | too late        | repeated     | repeated   | too late   | too late       | too late | too late   | too late       | too late        | too late       | too late
its browser            | no      | no            | no                  | consumed: in    | no           | no         | no         | consumed: in   | no       | no         | no             | no              | no             | no
another browser        | no      | no            | no                  | no              | no           | no         | no         | no             | no       | no         | no             | no              | no             | no
another session        | no      | no            | no                  | no              | no           | no         | no         | no             | no       | no         | no             | no              | no             | no
renamed session        | no      | no            | no                  | consumed: in    | no           | no         | no         | no             | no       | no         | no             | no              | no             | no
unlocking fails        | no      | no            | no                  | done            | no           | no         | no         | approved: done | no       | no         | no             | no              | no             | no
clock an hour back     | no      | no            | no                  | no              | no           | no         | no         | no             | no       | no         | no             | no              | no             | no
lifetime               | no      | none: no      | expired: no         | lapsed: no      | no           | no         | no         | no             | no       | no         | no             | no              | no             | no
page                   | none    | pending       | number              | approved        | not approved | rejected   | consumed   | consumed       | none     | replaced   | expired        | expired         | none           | none
page elsewhere         | none    | elsewhere     | elsewhere           | elsewhere       | not approved | rejected   | consumed   | consumed       | none     | replaced   | expired        | expired         | none           | none
another                | sent    | not sent      | replaced: sent      | sent            | sent         | over       | over       | sent           | sent     | sent       | replaced: sent | sent            | sent           | sent
another, elsewhere     | sent    | other browser | other browser       | other browser   | sent         | over       | over       | sent           | sent     | sent       | replaced: sent | sent            | sent           | sent
another, other session | sent    | none: sent    | replaced: sent      | sent            | sent         | limited    | sent       | sent           | sent     | sent       | replaced: sent | sent            | sent           | sent
continue elsewhere     | sent    | none: sent    | replaced: sent      | other browser   | sent         | over       | over       | sent           | sent     | sent       | replaced: sent | sent            | sent           | sent
code                   | in      | in            | void: in            | void: in        | in           | in         | in         | in             | in       | in         | void: in       | void: in        | in             | in
code elsewhere         | in      | in            | in                  | in              | in           | in         | in         | in             | in       | in         | in             | in              | in             | in
wrong code             | wrong   | wrong         | wrong               | wrong           | wrong        | wrong      | wrong      | wrong          | wrong    | wrong      | wrong          | wrong           | wrong          | wrong
cancel                 | done    | none: done    | void: done          | void: done      | done         | done       | done       | done           | done     | done       | void: done     | void: done      | void: done     | done
logout                 | done    | none: done    | void: done          | void: done      | void: done   | void: done | void: done | void: done     | done     | void: done | void: done     | void: done      | void: done     | done
other user             | done    | none: done    | void: done          | void: done      | void: done   | void: done | void: done | void: done     | done     | void: done | void: done     | void: done      | void: done     | done
password changed       | done    | none: done    | void: done          | void: done      | done         | done       | done       | done           | done     | done       | void: done     | void: done      | done           | done
account held           | done    | none: done    | replaced: done      | overtaken: done | done         | limited    | done       | done           | done     | done       | replaced: done | overtaken: done | done           | done
revoke                 | done    | none: done    | outdated: done      | outdated: done  | done         | done       | done       | done           | done     | done       | outdated: done | outdated: done  | outdated: done | done
operator unlocks       | done    | done          | done                | done            | done         | done       | done       | done           | done     | done       | done           | done            | done           | done
reset                  | done    | none: done    | outdated: done      | outdated: done  | done         | done       | done       | done           | done     | done       | outdated: done | outdated: done  | outdated: done | done
release address        | done    | done          | done                | done            | done         | done       | done       | done           | done     | done       | done           | done            | done           | done
disable                | in      | none: in      | outdated: in        | outdated: in    | in           | in         | in         | in             | in       | in         | outdated: in   | outdated: in    | outdated: in   | in
replace phone          | in      | none: in      | outdated: in        | outdated: in    | in           | in         | in         | in             | in       | in         | outdated: in   | outdated: in    | outdated: in   | in
`}
	st.cutOff = map[string]string{
		// One that has run out isn't marked as replaced or void as well.
		"expired, another":                "expired or replaced",
		"expired, another, elsewhere":     "expired or replaced",
		"expired, another, other session": "expired or replaced",
		"expired, account held":           "overtaken or replaced",
		"pending, account held":           "overtaken or replaced",

		// That the password was changed is in the account.
		"pending, password changed":  "overtaken or void",
		"approved, password changed": "overtaken or void",
		"expired, password changed":  "overtaken or void",
		"lapsed, password changed":   "overtaken or void",

		// The code was right: what the same browser has begun besides may stay.
		"pending, code":  "replaced or void",
		"approved, code": "approved or void",
		"expired, code":  "expired or void",
		"lapsed, code":   "lapsed or void",

		// The grant is revoked first: another request must be sent.
		"approved, unlocking fails": "consumed, for nothing or approved",
		"stranded, unlocking fails": "consumed, for nothing or approved",
	}
	for event := range challengeEvents {
		st.cutOff["creating, "+event] = "creating or none" // when the few seconds have passed that it may take
	}
	st.wantStates(t, named[records.ChallengeState]())
	st.run(t)
}

var challengeStates = map[string]func(*scene){
	"none":     (*scene).enrolled,
	"pending":  (*scene).begin,
	"approved": (*scene).approve,
	"not_approved": func(sc *scene) {
		sc.begin()
		_, err := sc.rules.Decide(sc.t.Context(), sc.token, false)
		sc.must(err)
	},
	"rejected": func(sc *scene) {
		sc.begin()
		_, err := sc.rejecting(false).Decide(sc.t.Context(), sc.token, false)
		sc.must(err)
	},
	"consumed": func(sc *scene) {
		sc.approve()
		sc.unlock(sc.rules, sc.s)
	},
	"stranded": func(sc *scene) {
		sc.approve()
		_, err := sc.rules.Consume(sc.t.Context(), alice, sc.s, far)
		sc.must(err)
		sc.clock.Add(soon)
	},
	"void": func(sc *scene) {
		sc.begin()
		sc.must(sc.rules.Abandon(sc.t.Context(), alice, sc.s))
	},
	"replaced": func(sc *scene) {
		sc.begin()
		_, err := sc.rules.Begin(sc.t.Context(), alice, session("another"), "a third browser")
		sc.must(err)
	},
	"expired": func(sc *scene) {
		sc.begin()
		sc.clock.Add(factor.DefaultTokenLifetime)
	},
	"lapsed": func(sc *scene) {
		sc.approve()
		sc.clock.Add(factor.DefaultTokenLifetime)
	},
	"overtaken": func(sc *scene) {
		sc.approve()
		_, err := sc.rules.Begin(sc.t.Context(), alice, session("another"), "a third browser")
		sc.must(err)
		sc.must(sc.rules.PasswordChanged(sc.t.Context(), alice.ID))
	},
	"creating": func(sc *scene) { // by a node that died in the middle
		sc.enrolled()
		sc.faulty.cutAt(2, cut{})
		_, err := sc.rules.Begin(sc.t.Context(), alice, sc.s, browser)
		if sc.faulty.heal(); !errors.Is(err, errCut) {
			sc.t.Fatal(err)
		}
	},
	"outdated": func(sc *scene) {
		sc.approve()
		sc.must(sc.rules.RevokeAll(sc.t.Context(), alice.ID, ""))
	},
}

var challengeEvents = map[string]func(*scene) string{
	// The service reports.
	"true":            func(sc *scene) string { return sc.report(sc.other, true) },
	"false":           func(sc *scene) string { return sc.report(sc.other, false) },
	"false: rejected": func(sc *scene) string { return sc.report(sc.rejecting(false), false) },
	"false: held":     func(sc *scene) string { return sc.report(sc.rejecting(true), false) },

	// A request comes, which takes the approval if it may.
	"its browser":     func(sc *scene) string { return sc.unlock(sc.other, sc.s) },
	"another browser": func(sc *scene) string { return sc.unlock(sc.other, sc.elsewhere()) },
	"another session": func(sc *scene) string {
		s := session("another")
		s.Browsers = []string{"a third browser"}
		return sc.unlock(sc.other, s)
	},
	"renamed session": func(sc *scene) string {
		s := sc.s
		s.Binding = factor.Binding("as the application renamed it")
		return sc.unlock(sc.other, s)
	},
	"unlocking fails": func(sc *scene) string {
		secret, err := sc.other.Consume(sc.t.Context(), alice, sc.s, far)
		if err != nil || secret == "" {
			return noneOr(err)
		}
		return word(sc.other.Unconsume(sc.t.Context(), alice, sc.s, secret))
	},
	"clock an hour back": func(sc *scene) string {
		sc.clock.Add(-time.Hour)
		defer sc.clock.Add(time.Hour)
		return sc.unlock(sc.other, sc.s)
	},
	"lifetime": func(sc *scene) string {
		sc.clock.Add(factor.DefaultTokenLifetime)
		return sc.unlock(sc.other, sc.s)
	},

	// A page asks how it stands.
	"page":           func(sc *scene) string { return sc.look(sc.s) },
	"page elsewhere": func(sc *scene) string { return sc.look(sc.elsewhere()) },

	// Another request is to be sent.
	"another": func(sc *scene) string { return sc.sent(sc.other.Begin(sc.t.Context(), alice, sc.s, "another secret")) },
	"another, elsewhere": func(sc *scene) string {
		return sc.sent(sc.other.Begin(sc.t.Context(), alice, sc.elsewhere(), "another browser"))
	},
	"another, other session": func(sc *scene) string {
		return sc.sent(sc.other.Begin(sc.t.Context(), alice, session("another"), "a third browser"))
	},
	"continue elsewhere": func(sc *scene) string {
		if err := sc.other.MakeRoom(sc.t.Context(), alice, sc.elsewhere()); err != nil {
			return word(err)
		}
		return sc.sent(sc.other.Begin(sc.t.Context(), alice, sc.elsewhere(), "another browser"))
	},

	// A code is typed.
	"code":           func(sc *scene) string { return sc.code(sc.s, sc.phone.code()) },
	"code elsewhere": func(sc *scene) string { return sc.code(sc.elsewhere(), sc.phone.code()) },
	"wrong code":     func(sc *scene) string { return sc.code(sc.s, sc.phone.wrong()) },

	// Something ends.
	"cancel": func(sc *scene) string { return word(sc.other.Withdraw(sc.t.Context(), alice, sc.s)) },
	"logout": func(sc *scene) string {
		if err := sc.other.End(sc.t.Context(), alice, sc.s, far); err != nil {
			return word(err)
		}
		return word(sc.other.Abandon(sc.t.Context(), alice, sc.s))
	},
	"other user":       func(sc *scene) string { return word(sc.other.Abandon(sc.t.Context(), alice, sc.s)) },
	"password changed": func(sc *scene) string { return word(sc.other.PasswordChanged(sc.t.Context(), alice.ID)) },
	"account held":     func(sc *scene) string { return word(sc.hold(sc.other)) },
	"revoke":           func(sc *scene) string { return word(sc.other.RevokeAll(sc.t.Context(), alice.ID, "")) },
	"operator unlocks": func(sc *scene) string { return word(sc.other.Unlock(sc.t.Context(), alice.ID, "")) },
	"reset":            func(sc *scene) string { return word(sc.other.Reset(sc.t.Context(), alice.ID, "")) },
	"release address":  func(sc *scene) string { return word(sc.other.ReleaseAddress(sc.t.Context(), alice.Email, "")) },
	"disable":          func(sc *scene) string { return sc.disable() },
	"replace phone":    func(sc *scene) string { return sc.replace() },
}

// enrolled switches alice's second factor on.
func (sc *scene) enrolled() {
	sc.t.Helper()
	sc.phone, sc.grant = sc.enrol(sc.t, sc.rules, alice)
}

// hashed is the ID of what has that secret.
func hashed(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// begin sends a request to alice's phone.
func (sc *scene) begin() {
	sc.t.Helper()
	sc.enrolled()
	var err error
	sc.token, err = sc.rules.Begin(sc.t.Context(), alice, sc.s, browser)
	sc.must(err)
	sc.s.Token = sc.token
}

// hold has a request of another session be rejected, where that closes the account.
func (sc *scene) hold(r *factor.Rules) error {
	token, err := r.Begin(sc.t.Context(), alice, session("another"), "a third browser")
	if err == nil {
		_, err = sc.rejecting(true).Decide(sc.t.Context(), token, false)
	}
	return err
}

// approve has the request be approved.
func (sc *scene) approve() {
	sc.t.Helper()
	sc.begin()
	_, err := sc.rules.Decide(sc.t.Context(), sc.token, true)
	sc.must(err)
}

// challengeState is the request's state.
func (sc *scene) challengeState() string {
	sc.t.Helper()
	acct := sc.account(sc.t, alice)
	c, err := sc.records.Challenge(sc.t.Context(), hashed(sc.token))
	if errors.Is(err, records.ErrNotFound) {
		if acct.Push.Reserved == sc.s.Binding && sc.clock.Now().Before(acct.Push.ReservedUntil) {
			return "creating"
		}
		return "none"
	}
	sc.must(err)
	switch c.State {
	case records.Pending, records.Approved:
		switch {
		case acct.State != records.On || acct.Epoch != c.Epoch:
			return "outdated"
		case !acct.HeldSince.IsZero() || acct.Era != c.Era:
			return "overtaken"
		case c.State == records.Approved && !sc.clock.Now().Before(c.ExpiresAt):
			return "lapsed"
		case !sc.clock.Now().Before(c.ExpiresAt):
			return "expired"
		case c.State == records.Pending && acct.Push.Live != c.ID:
			return "replaced"
		}
	case records.Consumed:
		g, err := sc.records.Grant(sc.t.Context(), c.GrantID)
		if errors.Is(err, records.ErrNotFound) {
			return "consumed, for nothing"
		}
		sc.must(err)
		mark, err := sc.rules.SessionEnd(sc.t.Context(), alice, factor.Session{Binding: g.Binding})
		sc.must(err)
		if !mark.Over {
			return "stranded"
		}
	case records.NotApproved, records.Rejected, records.Void, records.Replaced:
	}
	return c.State.String()
}

func (sc *scene) report(r *factor.Rules, approved bool) string {
	d, err := r.Decide(sc.t.Context(), sc.token, approved)
	if err != nil {
		return word(err)
	}
	return map[factor.Decision]string{
		factor.DecisionUnknown: "unknown", factor.DecisionTaken: "taken",
		factor.DecisionRepeated: "repeated", factor.DecisionTooLate: "too late",
	}[d]
}

// unlock takes the approval for the session, and unlocks it.
func (sc *scene) unlock(r *factor.Rules, s factor.Session) string {
	secret, err := r.Consume(sc.t.Context(), alice, s, far)
	if err != nil || secret == "" {
		return noneOr(err)
	}
	if err := r.Succeed(sc.t.Context(), alice, s, "", factor.Entry{Secret: secret, Method: eagate.Push}, far); err != nil {
		return word(err)
	}
	return sc.verdict(sc.node(sc.t), secret)
}

func noneOr(err error) string {
	if err != nil {
		return word(err)
	}
	return "no"
}

// verdict is what becomes of a request of alice's with the secret of a grant.
func (sc *scene) verdict(r *factor.Rules, secret string) string {
	v, _, err := r.Check(sc.t.Context(), alice.ID, secret)
	return verdictWord(v, err)
}

func verdictWord(v factor.Standing, err error) string {
	if err != nil {
		return word(err)
	}
	return map[factor.Standing]string{factor.Locked: "locked", factor.Verified: "in", factor.Open: "open", factor.MustEnrol: "stopped"}[v]
}

// look is how the session's challenge looks, and whether it shows the number.
func (sc *scene) look(s factor.Session) string {
	view, err := look(sc.t, sc.other, alice, s)
	if err != nil {
		return word(err)
	}
	name := map[factor.Phase]string{
		factor.PhaseNone: "none", factor.PhasePending: "pending", factor.PhaseApproved: "approved",
		factor.PhaseNotApproved: "not approved", factor.PhaseRejected: "rejected", factor.PhaseExpired: "expired",
		factor.PhaseReplaced: "replaced", factor.PhaseConsumed: "consumed", factor.PhaseElsewhere: "elsewhere",
	}[view.Phase]
	if view.Number != "" && view.Phase == factor.PhasePending {
		name = "number"
	}
	return name
}

func (sc *scene) sent(token string, err error) string {
	switch {
	case err != nil:
		return word(err)
	case token == "":
		return "not sent"
	}
	return "sent"
}

func (sc *scene) code(s factor.Session, code string) string {
	basis, err := sc.other.Basis(sc.t.Context(), alice.ID)
	if err != nil {
		return word(err)
	}
	answer, _, err := sc.other.VerifyCode(sc.t.Context(), alice, s, factor.Proof{Basis: basis, Code: code}, far)
	return wordOf(answer, err)
}

// proven is a proof that was given a moment ago in another session.
func (sc *scene) proven() (factor.Proof, error) { return sc.provenBy(alice) }

func (sc *scene) provenBy(user eagate.User) (factor.Proof, error) {
	acct, err := sc.records.Account(sc.t.Context(), user.ID)
	if err != nil {
		return factor.Proof{}, err
	}
	g := records.Grant{
		ID: rand.Text(), UserID: user.ID, Epoch: acct.Epoch, Method: eagate.Push,
		VerifiedAt: sc.clock.Now(), ExpiresAt: far,
	}
	err = records.New(sc.store, sc.keys).CreateGrant(sc.t.Context(), g) // which isn't cut off
	return factor.Proof{Basis: factor.BasisOf(acct), Grant: g}, err
}

func (sc *scene) disable() string {
	proof, err := sc.proven()
	if err != nil {
		return word(err)
	}
	return wordOf(sc.other.Disable(sc.t.Context(), alice, proof))
}

// replace has alice set up another phone, in the session in which she gave that proof.
func (sc *scene) replace() string {
	s := session("enrolment")
	proof, err := sc.proven()
	if err != nil {
		return word(err)
	}
	answer, err := sc.other.Stage(sc.t.Context(), alice, s, browser, proof)
	if err != nil || answer.Result != factor.CodeAccepted {
		return wordOf(answer, err)
	}
	e, err := sc.other.Staged(sc.t.Context(), alice, s)
	if err != nil {
		return word(err)
	}
	proof.Code = sc.scan(sc.t, e).code()
	answer, _, err = sc.other.Confirm(sc.t.Context(), alice, s, proof, far)
	return wordOf(answer, err)
}
