package templates

import "time"

const securityPage = "security"

// Security is the page on which a user sees, switches on and switches off the
// second factor.
type Security struct {
	Page

	State FactorState

	// Since is when the factor was switched on, or zero.
	Since time.Time

	// LateSince is since when the service has to be told of a change, or zero
	// if it knows all.
	LateSince time.Time

	// Push says, with [FactorOn], whether the phone can be asked: [PushMoved] and
	// [PushCodesOnly] are shown. With any state, [PushNoAddress] says that no phone can be
	// set up.
	Push Push

	// Required says that the user must have a second factor.
	Required bool

	// Due is until when that can be put off, or zero if it can't.
	Due time.Time

	// NeedsCode says that switching off takes a code.
	NeedsCode bool

	// Code is the form for it, and its error.
	Code CodeForm

	// RecoveryLeft is how many recovery codes there are, with [FactorOn].
	RecoveryLeft int

	// RecoveryUnkept says that the user hasn't said yet to have kept them.
	RecoveryUnkept bool

	// HasDevices says that browsers can be trusted, and Devices how many are.
	HasDevices bool
	Devices    int
}

// FactorState says whether a user has a second factor.
type FactorState uint8

const (
	FactorOff     FactorState = iota // none; the zero value
	FactorPending                    // none yet: shown to the user, not confirmed
	FactorOn                         // it is asked for
)

// String returns the state's name in the page's data-state.
func (s FactorState) String() string {
	switch s {
	case FactorOff:
		return "off"
	case FactorPending:
		return "pending"
	case FactorOn:
		return "on"
	}
	return "invalid"
}

// A securitySheet is a security page made ready for its template.
type securitySheet struct {
	Security
	Input codeInput
}

func (s Security) sheet() sheet {
	view := securitySheet{Security: s, Input: s.Code.input(s.Issuer, false)}
	view.Input.Either = s.RecoveryLeft > 0
	view.Input.Wanted = s.NeedsCode
	lead := Key("security.text")
	if view.CodesOnly() {
		lead = "security.codes"
	}
	return sheet{
		Page: s.Page, Name: securityPage, View: view, Failed: s.Code.failed(),
		Title: "security.title", Lead: lead,
	}
}

// Moved and CodesOnly report why the phone isn't asked.
func (s securitySheet) Moved() bool     { return s.On() && s.Push == PushMoved }
func (s securitySheet) CodesOnly() bool { return s.On() && s.Push == PushCodesOnly }

// NoAddress reports whether no phone can be set up.
func (s securitySheet) NoAddress() bool { return s.Push == PushNoAddress }

// Missing and Few report whether there should be more recovery codes.
func (s securitySheet) Missing() bool { return s.On() && s.RecoveryLeft == 0 }
func (s securitySheet) Few() bool     { return s.On() && s.RecoveryLeft <= RecoveryFew }
func (s securitySheet) Unkept() bool  { return s.On() && s.RecoveryUnkept }

func (s securitySheet) On() bool      { return s.State == FactorOn }
func (s securitySheet) Pending() bool { return s.State == FactorPending }

// Status is the word for the state.
func (s securitySheet) Status() Key {
	switch s.State {
	case FactorOff:
		return "security.off"
	case FactorPending:
		return "security.pending"
	case FactorOn:
		return "security.on"
	}
	return "security.off"
}
