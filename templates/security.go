package templates

import (
	"time"

	"github.com/eagate/eagate"
)

const securityPage = "security"

// Security is the page on which a user sees the second factor and switches it on and off.
type Security struct {
	Page

	// State says whether the second factor is on.
	State FactorState

	// Since is when the factor was switched on, or zero.
	Since time.Time

	// LateSince is when the oldest change was made that was not reported to the service
	// yet, or zero.
	LateSince time.Time

	// Push says, with [FactorOn], whether requests can be sent: [PushMoved] and
	// [PushCodesOnly] are shown. With any state, [PushNoAddress] says that no phone can be
	// set up.
	Push Push

	// Required says that the user must have a second factor.
	Required bool

	// Due is when the grace ends, or zero if there is none.
	Due time.Time

	// NeedsCode says that a change needs a code.
	NeedsCode bool

	// Code is the form for the code. Disabling says that its error is that of switching
	// off, and not that of setting up a new phone.
	Code      CodeForm
	Disabling bool

	// Proofs are the last times that the second factor was proved, the newest first, with
	// [FactorOn].
	Proofs []Proof

	// RecoveryLeft is the number of unused recovery codes, with [FactorOn].
	RecoveryLeft int

	// RecoveryUnkept says that the user hasn't confirmed to have kept them.
	RecoveryUnkept bool

	// HasDevices says that browsers can be trusted, and Devices is their number.
	HasDevices bool
	Devices    int
}

// A Proof says how and when the user has proved the second factor. Method is [eagate.Push],
// [eagate.TOTP] or [eagate.Recovery].
type Proof struct {
	Method eagate.Method
	At     time.Time
}

// Said is the text about the method.
func (p Proof) Said() Key {
	switch p.Method {
	case eagate.Push:
		return "security.push"
	case eagate.TOTP, eagate.TrustedDevice:
		return "security.totp"
	case eagate.Recovery:
		return "recovery.label"
	}
	return "security.totp"
}

// A FactorState says whether a user has a second factor.
type FactorState uint8

const (
	FactorOff     FactorState = iota // off; the zero value
	FactorPending                    // off, with an unconfirmed enrolment
	FactorOn                         // on
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

// A SecuritySheet is the [Sheet].View of the page [Security], for its template; see [WithTemplates].
type SecuritySheet struct {
	Security
	Input            CodeInput  // of both forms
	Replace, Disable ProofInput // of each
}

func (s Security) sheet() Sheet {
	view := SecuritySheet{Security: s, Input: s.Code.input(s.Issuer, false)}
	view.Input.Either = s.RecoveryLeft > 0
	view.Input.Wanted = s.NeedsCode
	plain := view.Input
	plain.CodeForm = CodeForm{Digits: plain.Digits}
	view.Replace, view.Disable = ProofInput{view.Input, "code", view.Input.Label()}, ProofInput{plain, "disable-code", plain.Label()}
	if s.Disabling {
		view.Replace.CodeInput, view.Disable.CodeInput = plain, view.Input
	}
	lead := Key("security.text")
	if view.CodesOnly() {
		lead = "security.codes"
	}
	return Sheet{
		Page: s.Page, Name: securityPage, View: view, Failed: s.Code.failed(),
		Title: "security.title", Lead: lead,
	}
}

// Moved reports whether the phone gets no requests because the user's address has changed.
func (s SecuritySheet) Moved() bool { return s.On() && s.Push == PushMoved }

// CodesOnly reports whether the phone was set up for codes only.
func (s SecuritySheet) CodesOnly() bool { return s.On() && s.Push == PushCodesOnly }

// NoAddress reports whether no phone can be set up.
func (s SecuritySheet) NoAddress() bool { return s.Push == PushNoAddress }

// Missing reports whether there are no recovery codes.
func (s SecuritySheet) Missing() bool { return s.On() && s.RecoveryLeft == 0 }

// Few reports whether there are few recovery codes, or none.
func (s SecuritySheet) Few() bool { return s.On() && s.RecoveryLeft <= RecoveryFew }

// Unkept reports whether the recovery codes were not confirmed as kept.
func (s SecuritySheet) Unkept() bool { return s.On() && s.RecoveryUnkept }

// On reports whether the second factor is on.
func (s SecuritySheet) On() bool { return s.State == FactorOn }

// Pending reports whether an enrolment is unconfirmed.
func (s SecuritySheet) Pending() bool { return s.State == FactorPending }

// Status is the text about the state.
func (s SecuritySheet) Status() Key {
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
