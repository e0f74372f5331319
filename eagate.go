// Package eagate has the words that all of eagate shares: who a [User] is, by which
// [Method] a second factor is proved and in which [Mode] the phone is asked, what a
// [Requirement] demands, what an [Event] reports, and what a [Lock] keeps closed.
//
// The gate itself is in package [github.com/eagate/eagate/middleware].
package eagate

import (
	"fmt"
	"time"
)

// A User is who the application says is logged in by password.
type User struct {
	// ID is the application's own ID of the user, 1 to 255 bytes of UTF-8 without
	// NUL: one that never changes and is never given to another user, such as the
	// primary key of a table. The second factor belongs to it, and it is compared byte
	// by byte.
	//
	// The address that was typed at the login is no such ID. Where the application finds
	// "alice@example.com" by "Alice@example.com" too, the gate would know no account of
	// that spelling, and let her in without a second factor; and when the address
	// changes, the second factor would stay behind.
	ID string

	// Email is the user's present e-mail address, by which the service knows the
	// user: see middleware.WithEmail for where a session may keep an old one. A phone is
	// set up with it, and asked only while it stays the same but for letter case, blanks
	// around it, and ways to write the same letter (NFKC). If it has changed, codes go
	// on working until the user has set the phone up again. Of several users with one
	// address, the first who sets up a phone can be asked; the others have codes only.
	Email string
}

// A Method is a way to prove the second factor. The zero value is none.
type Method uint8

// The methods.
const (
	TOTP          Method = iota + 1 // a time-based code (RFC 6238)
	Push                            // approved on the phone
	Recovery                        // a recovery code
	TrustedDevice                   // nothing was asked, because the user trusts the browser
)

var methods = names[Method]{"", "totp", "push", "recovery", "device"}

// String returns the method's name, which never changes: "totp", "push", "recovery" or
// "device".
func (m Method) String() string { return methods.of(m) }

// MarshalText returns the method's name, or an error if it is none of the methods.
func (m Method) MarshalText() ([]byte, error) { return methods.marshal(m) }

// UnmarshalText sets the method by its name.
func (m *Method) UnmarshalText(text []byte) error { return methods.unmarshal(text, m) }

// A Mode is how a user and the phone are brought together. In the hosted modes,
// [Redirect] and [Popup], the service's own page shows the number to tap.
type Mode uint8

// The modes.
const (
	NumberMatch Mode = iota // the gate's own page shows the number; the zero value
	Redirect                // the browser goes to the service's page, and comes back
	Popup                   // the service's page opens in a window of its own; Redirect where it can't
)

var modes = names[Mode]{"number", "redirect", "popup"}

// String returns the mode's name, which never changes: "number", "redirect" or "popup".
func (m Mode) String() string { return modes.of(m) }

// MarshalText returns the mode's name, or an error if it is none of the modes.
func (m Mode) MarshalText() ([]byte, error) { return modes.marshal(m) }

// UnmarshalText sets the mode by its name.
func (m *Mode) UnmarshalText(text []byte) error { return modes.unmarshal(text, m) }

// FalseResult is what it means that the service reports result=false. The service
// doesn't say why a request failed: it reports false after a rejection on the phone,
// and it may after a time-out or a fault of its own.
type FalseResult uint8

// The meanings.
const (
	// NotApproved takes the request for one that ran out: nothing ends, codes go on
	// working, another request can be sent, and [EventNotApproved] reports it. The
	// zero value.
	NotApproved FalseResult = iota

	// Rejection takes it for the user's word that somebody else tried to sign in: the
	// sign-in ends for good, no request is sent to the phone for at least 15 minutes,
	// and [EventRejected] and the user's notice report it.
	Rejection
)

var falseResults = names[FalseResult]{"not approved", "rejection"}

// String returns "not approved" or "rejection".
func (f FalseResult) String() string { return falseResults.of(f) }

// A Lock says why a user's codes of one kind are not checked at present.
type Lock uint8

// The locks.
const (
	LockNone    Lock = iota // codes are checked; the zero value
	LockPaused              // too many wrong ones, for a while
	LockBlocked             // too many in a row: an operator, a code of the other kind or the phone unlocks it
	LockHeld                // the account is closed until the password has been changed
)

var locks = names[Lock]{"none", "paused", "blocked", "held"}

// String returns the lock's name, which never changes: "none", "paused", "blocked" or
// "held".
func (l Lock) String() string { return locks.of(l) }

// A Requirement says whether a user must have a second factor: it is made by
// [Optional], [Require] or [ReportOnly]. The zero value is Optional.
type Requirement struct {
	level level
	grace time.Duration
}

type level uint8

const (
	optional level = iota
	required
	reportOnly
)

// Optional leaves it to the user.
func Optional() Requirement { return Requirement{} }

// Require stops a user who has no second factor, until one is switched on.
//
// The grace is how long that can be put off; 0 is not at all. It counts from the
// first guarded request on which the user is required to have a second factor and
// has none. That moment is kept in the store, so that it is the same on all nodes
// and after a restart, and a grace that is changed later counts from it too.
// There is only one grace: it begins again neither after the factor was lost and
// reset nor in any other way that the user has, but only when the user has been
// seen on a guarded request as [Optional] in between.
func Require(grace time.Duration) Requirement { return Requirement{required, grace} }

// ReportOnly lets a user who has no second factor pass and reports by
// [EventWouldStop] that [Require] would stop this user in the end: to see, before
// it is required, who would be stopped. No grace begins.
func ReportOnly() Requirement { return Requirement{level: reportOnly} }

// Required reports whether it was made by [Require].
func (r Requirement) Required() bool { return r.level == required }

// ReportsOnly reports whether it was made by [ReportOnly].
func (r Requirement) ReportsOnly() bool { return r.level == reportOnly }

// Grace returns for how long [Require] can be put off.
func (r Requirement) Grace() time.Duration { return r.grace }

// names are those of an enum's values, from 0 on. A value without a name is invalid.
type names[E ~uint8] []string

func (n names[E]) of(e E) string {
	if int(e) < len(n) && n[e] != "" {
		return n[e]
	}
	return "invalid"
}

func (n names[E]) marshal(e E) ([]byte, error) {
	if n.of(e) == "invalid" {
		return nil, fmt.Errorf("%T of %d has no name", e, e)
	}
	return []byte(n[e]), nil
}

func (n names[E]) unmarshal(text []byte, e *E) error {
	for i, name := range n {
		if name != "" && name == string(text) {
			*e = E(i)
			return nil
		}
	}
	return fmt.Errorf("no %T is called %.40q", *e, text)
}
