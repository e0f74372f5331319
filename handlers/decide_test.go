package handlers_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/eagate/eagate/handlers"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/factor"
)

// decisions says what is done with a request of each kind, by how its session stands and
// what its route demands. The
// kinds with an "x" are sent by a page of another site.
const decisions = `
standing              demand    | program        program-x      upgrade        ahead          navigation      form            form-x          fragment        fragment-x      restore
Nobody                SignedIn  | SignIn         SignIn         SignIn         SignIn         SignIn          SignIn          SignIn          SignIn          SignIn          SignIn
Nobody                Unlocked  | SignIn         SignIn         SignIn         SignIn         SignIn          SignIn          SignIn          SignIn          SignIn          SignIn
Nobody                Guarded   | Pass           Pass           Pass           Pass           Pass            Pass            Pass            Pass            Pass            Pass
Nobody                Proved    | SignIn         SignIn         SignIn         SignIn         SignIn          SignIn          SignIn          LeadToLogin     LeadToLogin     LeadToLogin
Open                  SignedIn  | Pass           Pass           Pass           Pass           Pass            Pass            Pass            Pass            Pass            Pass
Open                  Unlocked  | Pass           Pass           Pass           Pass           Pass            Pass            Pass            Pass            Pass            Pass
Open                  Guarded   | Pass           Pass           Pass           Pass           Pass            Pass            Pass            Pass            Pass            Pass
Open                  Proved    | RefuseOff      RefuseOff      RefuseOff      RefuseOff      RefuseOff       RefuseOff       RefuseOff       RefuseOff       RefuseOff       RefuseOff
MustEnrol             SignedIn  | Pass           Pass           Pass           Pass           Pass            Pass            Pass            Pass            Pass            Pass
MustEnrol             Unlocked  | Pass           Pass           Pass           Pass           Pass            Pass            Pass            Pass            Pass            Pass
MustEnrol             Guarded   | RefuseToEnrol  RefuseToEnrol  RefuseToEnrol  RefuseToEnrol  LeadToEnrol     RefuseToEnrol   RefuseCross     LeadToEnrol     RefuseCross     LeadToEnrol
MustEnrol             Proved    | RefuseOff      RefuseOff      RefuseOff      RefuseOff      RefuseOff       RefuseOff       RefuseOff       RefuseOff       RefuseOff       RefuseOff
Locked                SignedIn  | Pass           Pass           Pass           Pass           Pass            Pass            Pass            Pass            Pass            Pass
Locked                Unlocked  | Enter          Enter          Refuse         Refuse         Enter           Enter           Enter           Enter           Enter           Enter
Locked                Guarded   | Enter          Enter          Refuse         Refuse         Enter           Enter           Enter           Enter           Enter           Enter
Locked                Proved    | Refuse         Refuse         Refuse         Refuse         LeadToChallenge RefuseForm      RefuseCross     LeadToChallenge RefuseCross     LeadToChallenge
Locked,tried          SignedIn  | Pass           Pass           Pass           Pass           Pass            Pass            Pass            Pass            Pass            Pass
Locked,tried          Unlocked  | Refuse         Refuse         Refuse         Refuse         LeadToChallenge RefuseForm      RefuseCross     LeadToChallenge RefuseCross     LeadToChallenge
Locked,tried          Guarded   | Refuse         Refuse         Refuse         Refuse         LeadToChallenge RefuseForm      RefuseCross     LeadToChallenge RefuseCross     LeadToChallenge
Locked,tried          Proved    | Refuse         Refuse         Refuse         Refuse         LeadToChallenge RefuseForm      RefuseCross     LeadToChallenge RefuseCross     LeadToChallenge
Over                  SignedIn  | End            End            End            RefuseAhead    End             End             End             End             End             End
Over                  Unlocked  | End            End            End            RefuseAhead    End             End             End             End             End             End
Over                  Guarded   | End            End            End            RefuseAhead    End             End             End             End             End             End
Over                  Proved    | End            End            End            RefuseAhead    End             End             End             End             End             End
Verified              SignedIn  | Pass           Pass           Pass           Pass           Pass            Pass            Pass            Pass            Pass            Pass
Verified              Unlocked  | Pass           Pass           Pass           Pass           Pass            Pass            Pass            Pass            Pass            Pass
Verified              Guarded   | Pass           Pass           Pass           Pass           Pass            Pass            Pass            Pass            Pass            Pass
Verified              Proved    | RefuseUnproved RefuseUnproved RefuseUnproved RefuseAhead    LeadToProve     LeadToProve     RefuseCross     LeadToProve     RefuseCross     LeadToProve
Verified,met          SignedIn  | Pass           Pass           Pass           Pass           Pass            Pass            Pass            Pass            Pass            Pass
Verified,met          Unlocked  | Pass           Pass           Pass           Pass           Pass            Pass            Pass            Pass            Pass            Pass
Verified,met          Guarded   | Pass           Pass           Pass           Pass           Pass            Pass            Pass            Pass            Pass            Pass
Verified,met          Proved    | Pass           Pass           Pass           Pass           Pass            Pass            Pass            Pass            Pass            Pass
`

func TestDecide(t *testing.T) {
	t.Parallel()
	standings := map[string]factor.Standing{
		"Nobody": factor.Nobody, "Open": factor.Open, "MustEnrol": factor.MustEnrol,
		"Locked": factor.Locked, "Over": factor.Over, "Verified": factor.Verified,
	}
	demands := map[string]handlers.Demand{
		"SignedIn": handlers.SignedIn, "Unlocked": handlers.Unlocked, "Guarded": handlers.Guarded, "Proved": handlers.Proved,
	}
	kinds := map[string]handlers.Kind{
		"program": handlers.KindProgram, "upgrade": handlers.KindUpgrade, "ahead": handlers.KindAhead, "navigation": handlers.KindNavigation,
		"form": handlers.KindForm, "fragment": handlers.KindFragment, "restore": handlers.KindRestore,
	}
	actions := map[string]handlers.Action{
		"Refuse": handlers.Refuse, "RefuseForm": handlers.RefuseForm, "LeadToChallenge": handlers.LeadToChallenge,
		"Enter": handlers.TryEnter, "Pass": handlers.Pass, "SignIn": handlers.SignIn, "LeadToLogin": handlers.LeadToLogin,
		"End": handlers.End, "RefuseUnproved": handlers.RefuseUnproved, "LeadToProve": handlers.LeadToProve,
		"RefuseOff": handlers.RefuseFactorOff, "RefuseToEnrol": handlers.RefuseToEnrol, "LeadToEnrol": handlers.LeadToEnrol,
		"RefuseAhead": handlers.RefuseAhead, "RefuseCross": handlers.RefuseCrossSite,
	}
	lines := strings.Split(strings.TrimSpace(decisions), "\n")
	columns := strings.Fields(lines[0])[3:]
	rows := make(map[string]bool)
	for _, line := range lines[1:] {
		cells := strings.Fields(line)
		session, demand, cells := cells[0], cells[1], cells[3:]
		rows[session+" "+demand] = true
		standing, also, _ := strings.Cut(session, ",")
		for i, column := range columns {
			name, crossSite := strings.CutSuffix(column, "-x")
			c := handlers.Case{
				Standing: standings[standing], Demand: demands[demand], Met: also == "met", Tried: also == "tried",
				Sender: handlers.NewSender(kinds[name], crossSite),
			}
			expect.Equal(t, c.Decide(), actions[cells[i]], "%s, %s, %s: action", session, demand, column)
		}
	}
	expect.Equal(t, len(rows), (len(standings)+2)*len(demands), "rows")
	expect.Equal(t, len(columns), len(kinds)+3, "kinds of requests")
}

// What doesn't decide anything: whether another standing was met or tried, and that what
// can't be sent across sites seems to be. Whether a request passes depends on nothing
// that its sender says, which is why the guard asks for that only of the others.
func TestDecideOnNothingElse(t *testing.T) {
	t.Parallel()
	for standing := factor.Locked; standing <= factor.Nobody; standing++ {
		for demand := handlers.SignedIn; demand <= handlers.Proved; demand++ {
			c := handlers.Case{Standing: standing, Demand: demand}
			passes := c.Decide() == handlers.Pass
			for kind := handlers.KindProgram; kind <= handlers.KindUpgrade; kind++ {
				for _, crossSite := range []bool{false, true} {
					c.Sender = handlers.NewSender(kind, crossSite)
					name := fmt.Sprintf("standing %d, demand %d, kind %d, cross-site %t", standing, demand, kind, crossSite)
					expect.Equal(t, c.Decide() == handlers.Pass, passes, "%s, pass", name)
					met, tried := c, c
					met.Met, tried.Tried = true, true
					if standing != factor.Verified && met.Decide() != c.Decide() {
						t.Errorf("%s: whether a demand is met decides", name)
					}
					if standing != factor.Locked && tried.Decide() != c.Decide() {
						t.Errorf("%s: whether it was tried to let it in decides", name)
					}
				}
			}
		}
	}
}
