package factor_test

import (
	"crypto/rand"
	"testing"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
)

// TestSessionTable is about the mark of a session, which somebody may bring back who
// knows its ID: that it "moved" to another ID, by a grant, has "ended", or that a request
// to unlock it was "rejected". An answer
// is what becomes of a request with the new grant, and of one with the grant that the
// session had gone on with before.
func TestSessionTable(t *testing.T) { sessionTable(t) }

// It holds with the store failing at each write, too.
func TestThoroughSessionTable(t *testing.T) { sessionTable(t) }

func sessionTable(t *testing.T) {
	t.Parallel()
	stateTable{states: sessionStates, events: sessionEvents, state: (*scene).sessionState, text: `
event             | open                            | moved                    | ended                       | rejected
-----------------------------------------------------------------------------------------------------------------------
approval          | moved: moved, in; before locked | over, locked; before in  | over, locked; before locked | over, locked; before locked
device            | moved: moved, in; before locked | over, locked; before in  | over, locked; before locked | over, locked; before locked
code              | moved: moved, in; before locked | moved, in; before locked | over, locked; before locked | over, locked; before locked
recovery          | moved: moved, in; before locked | moved, in; before locked | over, locked; before locked | over, locked; before locked
push              | sent                            | over                     | over                        | over
logout            | ended: locked                   | ended: locked            | locked                      | locked
rejection         | rejected: locked                | in                       | locked                      | locked
logout of another | locked                          | in                       | locked                      | locked
another user's    | locked                          | in                       | locked                      | locked
`}.run(t)
	for _, kind := range named[records.Kind]() {
		if kind == records.KindLeft.String() || kind == records.KindCodes.String() {
			continue // a list, and what a browser may see
		}
		if grantStates[kind] == nil && sessionStates[kind] == nil {
			t.Errorf("state %q is in no column", kind)
		}
	}
}

var sessionStates = map[string]func(*scene){
	"open": func(sc *scene) {
		sc.enrolled()
		sc.grant = ""
	},
	"moved": func(sc *scene) {
		sc.enrolled()
		sc.grant = sc.another()
		sc.must(sc.rules.Succeed(sc.t.Context(), alice, sc.s, "", factor.Entry{Secret: sc.grant, Method: eagate.TOTP}, far))
	},
	"rejected": func(sc *scene) {
		sc.enrolled()
		sc.grant = ""
		sc.must(sc.rules.Reject(sc.t.Context(), alice, sc.s))
	},
	"ended": func(sc *scene) {
		sc.enrolled()
		sc.grant = ""
		sc.must(sc.rules.End(sc.t.Context(), alice, sc.s, far))
	},
}

var sessionEvents = map[string]func(*scene) string{
	"approval": func(sc *scene) string { return sc.move(alice, eagate.Push) },
	"device":   func(sc *scene) string { return sc.move(alice, eagate.TrustedDevice) },
	"code":     func(sc *scene) string { return sc.move(alice, eagate.TOTP) },
	"recovery": func(sc *scene) string { return sc.move(alice, eagate.Recovery) },
	"push":     func(sc *scene) string { return sc.sent(sc.other.Begin(sc.t.Context(), alice, sc.s, browser)) },
	"logout": func(sc *scene) string {
		if err := sc.other.End(sc.t.Context(), alice, sc.s, far); err != nil {
			return word(err)
		}
		return sc.before()
	},
	"rejection": func(sc *scene) string {
		if err := sc.other.Reject(sc.t.Context(), alice, sc.s); err != nil {
			return word(err)
		}
		return sc.before()
	},
	"logout of another": func(sc *scene) string {
		if err := sc.other.End(sc.t.Context(), alice, session("another"), far); err != nil {
			return word(err)
		}
		return sc.before()
	},
	"another user's": func(sc *scene) string {
		if err := sc.other.End(sc.t.Context(), bob, sc.s, far); err != nil {
			return word(err)
		}
		return sc.before()
	},
}

func (sc *scene) sessionState() string {
	sc.t.Helper()
	mark, err := sc.rules.SessionEnd(sc.t.Context(), alice, sc.s)
	sc.must(err)
	switch {
	case mark.Rejected:
		return "rejected"
	case mark.Ended:
		return "ended"
	case mark.Over:
		return "moved"
	}
	return "open"
}

// move has the session go on with a new grant, by that method.
func (sc *scene) move(user eagate.User, method eagate.Method) string {
	next := rand.Text()
	g := records.Grant{
		ID: hashed(next), UserID: user.ID, Epoch: sc.account(sc.t, user).Epoch, Method: eagate.TOTP,
		VerifiedAt: sc.clock.Now(), ExpiresAt: far,
	}
	if err := records.New(sc.store, sc.keys).CreateGrant(sc.t.Context(), g); err != nil {
		return word(err)
	}
	answer := "over"
	if err := sc.other.Succeed(sc.t.Context(), user, sc.s, "", factor.Entry{Secret: next, Method: method}, far); err == nil {
		answer = "moved"
	} else if word(err) != answer {
		return word(err)
	}
	return answer + ", " + sc.verdict(sc.node(sc.t), next) + "; before " + sc.before()
}

// before is what becomes of a request with the grant that the session went on with.
func (sc *scene) before() string {
	return sc.verdict(sc.node(sc.t), sc.grant)
}
