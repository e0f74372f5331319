package handlers

import (
	"github.com/eagate/eagate/internal/factor"
)

// A Demand is what a route wants of a session.
type Demand uint8

// The demands.
const (
	SignedIn Demand = iota // of the challenge's pages: that a user is logged in
	Unlocked               // of the pages that change something: and that the session isn't locked
	Guarded                // of the application's routes: that a session isn't locked, if a user is logged in
	Proved                 // of those behind RequireRecent and RequireMethod: that it has proved what they want
)

// A Case is all that decides what is done with a request.
type Case struct {
	Standing factor.Standing
	Demand   Demand
	Met      bool // whether a verified session has proved what a route wants that demands Proved
	Sender   Sender
	Tried    bool // whether a locked session was to be let in just now, and couldn't be
}

// An Action is what is done with a request. The zero Action refuses it.
type Action uint8

// The actions.
const (
	Refuse          Action = iota // a program's, of a locked session
	RefuseForm                    // a person's form, of a locked session: the page says so
	LeadToChallenge               // of a locked session
	TryEnter                      // let the session in if that can be done right now, and decide again
	Pass

	SignIn          // nobody is logged in
	LeadToLogin     // the same, of a part of a page
	End             // the session, which was asked for a second factor that is off by now
	RefuseUnproved  // a program's, of a session that must prove it once more
	LeadToProve     // to the challenge, for that
	RefuseFactorOff // what demands a proof, of a user who has no second factor
	RefuseToEnrol   // of a user who must have a second factor first
	LeadToEnrol     // the same
	RefuseAhead     // nobody has asked for it yet
	RefuseCrossSite // it must not say where a session goes on, nor have the phone ring
)

// Decide is the one place that decides what is done with a request. Whether it passes
// doesn't depend on its sender.
func (c Case) Decide() Action {
	switch c.Standing {
	case factor.Nobody:
		return c.nobody()
	case factor.Open:
		if c.Demand == Proved {
			return RefuseFactorOff
		}
		return Pass
	case factor.MustEnrol:
		return c.mustEnrol()
	case factor.Locked:
		return c.locked()
	case factor.Over:
		if c.Sender.kind == kindAhead {
			return RefuseAhead
		}
		return End
	case factor.Verified:
		if c.Demand != Proved || c.Met {
			return Pass
		}
		return c.unproved()
	}
	return Refuse
}

func (c Case) nobody() Action {
	switch c.Demand {
	case Guarded: // it is the application that asks for the password
		return Pass
	case Proved:
		if c.Sender.kind.isHTMX() {
			return LeadToLogin
		}
	case SignedIn, Unlocked:
	}
	return SignIn
}

func (c Case) mustEnrol() Action {
	switch c.Demand {
	case SignedIn, Unlocked: // which is where that is done
		return Pass
	case Proved:
		return RefuseFactorOff
	case Guarded:
	}
	return c.byKind(RefuseToEnrol, RefuseToEnrol, LeadToEnrol)
}

func (c Case) locked() Action {
	if c.Demand == SignedIn { // the challenge is for such sessions
		return Pass
	}
	if c.Demand != Proved && !c.Tried && c.Sender.kind != kindAhead && c.Sender.kind != kindUpgrade {
		return TryEnter
	}
	return c.byKind(Refuse, RefuseForm, LeadToChallenge)
}

func (c Case) unproved() Action {
	if c.Sender.kind == kindAhead {
		return RefuseAhead
	}
	return c.byKind(RefuseUnproved, LeadToProve, LeadToProve)
}

// byKind returns what is done with a program's request, a form of a person, or with what
// goes elsewhere: a page, or a part of one.
func (c Case) byKind(program, form, page Action) Action {
	switch c.Sender.kind {
	case kindProgram, kindAhead, kindUpgrade:
		return program
	case kindNavigation, kindForm, kindFragment, kindRestore:
	}
	if c.Sender.crossSite {
		return RefuseCrossSite
	}
	if c.Sender.kind == kindForm {
		return form
	}
	return page
}
