package factor_test

import (
	"context"
	"testing"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/factor"
)

// TestAddressTable is about alice's e-mail address, which "nobody" has claimed, of which
// alice is the "holder", that "another" account holds, or of which a claim is "void":
// the account that made it has no factor for requests to the phone under that address
// any more. An answer "asked" means that alice's phone can be asked, and "codes" that it can't.
func TestAddressTable(t *testing.T) { addressTable(t) }

// It holds with the store failing at each write, too.
func TestThoroughAddressTable(t *testing.T) { addressTable(t) }

func addressTable(t *testing.T) {
	t.Parallel()
	stateTable{states: addressStates, events: addressEvents, state: (*scene).addressState, text: `
event                   | nobody         | holder         | another       | void
--------------------------------------------------------------------------------
alice enrols            | holder: asked  | asked          | no push       | holder: asked
the other enrols        | another: asked | no push        | asked         | another: asked
alice's has changed     | off            | no push        | off           | off
and the other enrols    | another: asked | another: asked | asked         | another: asked
the other's has changed | holder: asked  | asked          | holder: asked | holder: asked
disable                 | off            | void: off      | off           | off
reset                   | off            | void: off      | off           | off
release                 | off            | void: no push  | void: off     | off
released, then enrols   | holder: asked  | asked          | holder: asked | holder: asked
password changed        | off            | asked          | off           | off
revoke                  | off            | asked          | off           | off
account held            | off            | held           | off           | off
`}.run(t)
}

// namesake is another account with alice's address.
var namesake = eagate.User{ID: "3", Email: " ALICE@example.com"}

var addressStates = map[string]func(*scene){
	"nobody":  func(*scene) {},
	"holder":  (*scene).enrolled,
	"another": func(sc *scene) { sc.enrol(sc.t, sc.rules, namesake) },
	"void": func(sc *scene) {
		sc.enrolled()
		sc.must(sc.rules.Reset(sc.t.Context(), alice.ID, ""))
	},
}

var addressEvents = map[string]func(*scene) string{
	"alice enrols":            func(sc *scene) string { return sc.enrolNow(sc.other, alice) },
	"the other enrols":        func(sc *scene) string { return sc.enrolNow(sc.other, namesake) },
	"alice's has changed":     func(sc *scene) string { return sc.asked(sc.moved(alice)) },
	"and the other enrols":    func(sc *scene) string { return sc.enrolNow(sc.moved(alice), namesake) },
	"the other's has changed": func(sc *scene) string { return sc.enrolNow(sc.moved(namesake), alice) },
	"disable": func(sc *scene) string {
		if answer := sc.disable(); answer != "in" {
			return answer
		}
		return sc.asked(sc.other)
	},
	"reset":   func(sc *scene) string { return sc.after(sc.other.Reset(sc.t.Context(), alice.ID, "")) },
	"release": func(sc *scene) string { return sc.after(sc.other.ReleaseAddress(sc.t.Context(), alice.Email, "")) },
	"released, then enrols": func(sc *scene) string {
		if err := sc.other.ReleaseAddress(sc.t.Context(), alice.Email, ""); err != nil {
			return word(err)
		}
		return sc.enrolNow(sc.other, alice)
	},
	"password changed": func(sc *scene) string { return sc.after(sc.other.PasswordChanged(sc.t.Context(), alice.ID)) },
	"revoke":           func(sc *scene) string { return sc.after(sc.other.RevokeAll(sc.t.Context(), alice.ID, "")) },
	"account held":     func(sc *scene) string { return sc.after(sc.hold(sc.other)) },
}

func (sc *scene) addressState() string {
	sc.t.Helper()
	holder, err := sc.node(sc.t).AddressHolder(sc.t.Context(), alice.Email)
	sc.must(err)
	a, err := sc.records.Address(sc.t.Context(), alice.Email)
	sc.must(err)
	switch {
	case holder == alice.ID:
		return "holder"
	case holder != "":
		return "another"
	case a.UserID != "":
		return "void"
	}
	return "nobody"
}

// moved is a node whose application says that the user has another address by now.
func (sc *scene) moved(user eagate.User) *factor.Rules {
	return sc.node(sc.t, func(c *factor.Config) {
		c.Email = func(_ context.Context, userID string) (string, error) {
			if userID == user.ID {
				return "another@example.com", nil
			}
			return alice.Email, nil
		}
	})
}

// asked is whether alice's phone can be asked.
func (sc *scene) asked(r *factor.Rules) string {
	_, err := r.Begin(sc.t.Context(), alice, session("asked"), browser)
	if err == nil {
		return "asked"
	}
	return word(err)
}

func (sc *scene) after(err error) string {
	if err != nil {
		return word(err)
	}
	return sc.asked(sc.other)
}

// enrolNow has a user set up a phone, and is whether that one can be asked.
func (sc *scene) enrolNow(r *factor.Rules, user eagate.User) string {
	s := session("enrolment of " + user.ID)
	proof, err := sc.provenBy(user)
	if err != nil {
		return word(err)
	}
	if answer, err := r.Stage(sc.t.Context(), user, s, browser, proof); err != nil || answer.Result != factor.CodeAccepted {
		return wordOf(answer, err)
	}
	e, err := r.Staged(sc.t.Context(), user, s)
	if err != nil {
		return word(err)
	}
	p := sc.scan(sc.t, e)
	proof.Code = p.code()
	if answer, _, err := r.Confirm(sc.t.Context(), user, s, proof, far); err != nil || answer.Result != factor.CodeAccepted {
		return wordOf(answer, err)
	}
	r.SyncNow(sc.t.Context(), user.ID)
	_, err = r.Begin(sc.t.Context(), user, session("asked"), browser)
	if err == nil {
		return "asked"
	}
	return word(err)
}
