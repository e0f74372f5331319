package middleware_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// A person is a browser: of the account's owner, who has two, or of somebody else.
type person int

const (
	owner       person = iota
	ownersOther        // the owner's other browser
	knower             // knows the password
	cookieThief        // has a session cookie of one of the above
	jarThief           // has all cookies of one of the above, as they were
	persons            // how many there are
)

func (p person) String() string {
	return [...]string{"owner", "owner's other", "knower", "cookie thief", "jar thief"}[p]
}

// An op is what happens: a number, because most of them go together.
type op = int

const (
	opPage = iota
	opRecent
	opChallenge
	opStatus
	opSend
	opSendJSON
	opContinue
	opCode
	opReplay
	opWrongCode
	opApprove
	opFalse
	opLogin
	opNewBrowser
	opLogout
	opPasswordChanged
	opRevoke
	opReplacePhone
	opSteal
	opTime
	opJump
	opRight
	ops // how many there are
)

// opWords say what happens.
var opWords = [ops]string{
	"opens a page", "opens a page that wants a recent proof", "opens the challenge", "asks for the status",
	"asks for a new request", "asks for a new request as a program", "continues here", "types a code",
	"types a code that was typed before", "types a wrong code", "phone approves", "service reports false",
	"logs in", "takes a new browser", "logs out", "password changed", "operator revokes", "replaces the phone",
	"steals", "time passes", "clock jumps", "clocks are put right",
}

// A step is one of a walk.
type step struct {
	Op   op
	Who  person
	Node int
	N    int // which of several
	D    time.Duration

	Fault   fault
	FaultAt int

	// Meanwhile happens on the other node at the HoldAt-th access to the store.
	Meanwhile *step
	HoldAt    int
}

func (s step) String() string {
	text := fmt.Sprintf("node %d: ", s.Node)
	switch s.Op {
	case opApprove, opFalse:
		text += fmt.Sprintf("%v (request %d from the last)", opWords[s.Op], s.N%3)
	case opPasswordChanged, opRevoke, opRight:
		text += opWords[s.Op]
	case opTime, opJump:
		text += fmt.Sprintf("%v: %v", opWords[s.Op], s.D)
	case opSteal:
		text += fmt.Sprintf("%v steals from %v", s.thief(), s.victim())
	default:
		text += fmt.Sprintf("%v %v", s.Who, opWords[s.Op])
	}
	if s.Fault != noFault {
		text += fmt.Sprintf(" [%v at %d]", s.Fault, s.FaultAt)
	}
	if s.Meanwhile != nil {
		text += fmt.Sprintf(" [held at access %d: %v]", s.HoldAt, *s.Meanwhile)
	}
	return text
}

func (s step) thief() person  { return cookieThief + person(s.N&1) }
func (s step) victim() person { return person(s.N >> 1 % int(cookieThief)) }

// weights are how often each happens.
var weights = [ops]int{
	opPage: 14, opRecent: 4, opChallenge: 10, opStatus: 3, opSend: 3, opSendJSON: 2, opContinue: 3,
	opCode: 5, opReplay: 2, opWrongCode: 2, opApprove: 11, opFalse: 2, opLogin: 3, opNewBrowser: 2, opLogout: 3,
	opPasswordChanged: 2, opRevoke: 2, opReplacePhone: 1, opSteal: 6, opTime: 6, opJump: 3, opRight: 1,
}

func randomSteps(rng *rand.Rand, cfg walkConfig) []step {
	var steps []step
	for len(steps) < walkSteps {
		if rng.IntN(12) == 0 {
			steps = append(steps, likely(rng, cfg)...)
			continue
		}
		s := randomStep(rng, cfg)
		if rng.IntN(8) == 0 {
			s.Fault, s.FaultAt = fault(1+rng.IntN(int(faults)-1)), 1+rng.IntN(5)
		} else if rng.IntN(6) == 0 && s.isRequest() {
			other := randomStep(rng, cfg)
			other.Node = 1 - s.Node
			s.Meanwhile, s.HoldAt = &other, 1+rng.IntN(10)
		}
		steps = append(steps, s)
	}
	return steps
}

// likely are steps of which something may come that seldom follow one another by chance.
func likely(rng *rand.Rand, cfg walkConfig) []step {
	who, node := person(rng.IntN(int(cookieThief))), rng.IntN(2)
	page := step{Op: opPage, Who: who, Node: node}
	ends := step{Op: []op{opRevoke, opPasswordChanged, opLogout}[rng.IntN(3)], Who: who, Node: 1 - node}
	proven := []step{{Op: opChallenge, Who: who, Node: node}, {Op: opApprove, Node: 1 - node}}
	switch rng.IntN(3) {
	case 0: // something ends on another node, by another clock
		back := step{Op: opTime, D: 3 * time.Second}
		if cfg.Jumps {
			back = step{Op: opJump, Node: node, D: -time.Minute}
		}
		after := []step{page, {Op: opTime, D: 2 * time.Minute}, page, ends, back, {Op: opTime, D: 3 * time.Second}, page}
		return append(proven, after...)
	case 1: // while an approval is being used
		page.Meanwhile, page.HoldAt = &ends, 1+rng.IntN(10)
		return append(proven, page, step{Op: opTime, D: 3 * time.Second}, step{Op: opPage, Who: who, Node: node})
	}
	// a thief comes first
	thief := rng.IntN(2)
	steals := step{Op: opSteal, N: thief | int(who)<<1}
	return append(append(append([]step{steals}, proven...),
		step{Op: opPage, Who: cookieThief + person(thief), Node: node}), page)
}

func randomStep(rng *rand.Rand, cfg walkConfig) step {
	total := 0
	for _, w := range weights {
		total += w
	}
	s := step{Who: person(rng.IntN(int(persons))), Node: rng.IntN(2), N: rng.IntN(60)}
	n := rng.IntN(total)
	for n >= weights[s.Op] {
		n -= weights[s.Op]
		s.Op++
	}
	switch s.Op {
	case opJump:
		s.D = times(rng, time.Second, time.Minute, time.Hour, 3*time.Hour, 48*time.Hour)
		if rng.IntN(2) == 0 {
			s.D = -s.D
		}
		if !cfg.Jumps {
			s.Op, s.D = opTime, 30*time.Second
		}
	case opTime:
		s.D = times(rng, time.Second, 3*time.Second, 30*time.Second, 2*time.Minute, 6*time.Minute, 20*time.Minute)
	case opApprove: // the newest, most often
		s.N = max(0, s.N%6-3)
	case opCode, opReplacePhone, opLogin, opNewBrowser: // not by who doesn't know how to
		s.Who = s.Who % cookieThief
		if s.Op == opCode || s.Op == opReplacePhone {
			s.Who %= knower
		}
	}
	return s
}

// isRequest reports whether the step is a request of somebody, or a report.
func (s step) isRequest() bool {
	switch s.Op {
	case opTime, opJump, opRight, opSteal, opLogin, opNewBrowser, opReplacePhone, opPasswordChanged, opRevoke:
		return false
	}
	return true
}

// TestA15_LogoutWhileASessionIsRenewed logs out under the session's former ID, on another
// node, at each access to the store of a request that unlocks the session: it doesn't go
// on, logged in, under its new ID.
func TestA15_LogoutWhileASessionIsRenewed(t *testing.T) {
	t.Parallel()
	logout := &step{Op: opLogout, Node: 1}
	after := []step{{Op: opTime, D: 30 * time.Second}, {Op: opCode}, {Op: opPage}}
	for name, steps := range map[string][]step{
		"approval":         {{Op: opChallenge}, {Op: opApprove, Node: 1}, {Op: opPage, Meanwhile: logout}},
		"code":             {{Op: opChallenge}, {Op: opCode, Meanwhile: logout}},
		"code, not pushed": {{Op: opCode, Meanwhile: logout}},
	} {
		for at := 1; at < 16; at++ {
			t.Run(fmt.Sprint(name, at), func(t *testing.T) {
				t.Parallel()
				walk := append([]step(nil), steps...)
				walk[len(walk)-1].HoldAt = at
				if fault := walkOnce(t, walkConfig{Rejection: true}, append(walk, after...)); fault != "" {
					t.Error(fault)
				}
			})
		}
	}
}
