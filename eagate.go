// Package eagate has the types that an application shares with the gate, which is in
// package [github.com/eagate/eagate/middleware]: start there.
//
//	gate, err := middleware.New(
//		…
//		middleware.WithRequired(func(u eagate.User) eagate.Requirement {
//			return eagate.Require(14 * 24 * time.Hour) // from when the user is first seen
//		}),
//		middleware.WithEvents(func(_ context.Context, e eagate.Event) {
//			if e.Kind == eagate.EventRejected {
//				alert(e.UserID)
//			}
//		}),
//	)
//
// # What an application says
//
//   - [User]: who is logged in by password
//   - [Requirement]: who must have a second factor, by [Require], [ReportOnly] or [Optional]
//   - [Mode]: where users see the number that they tap on the phone
//   - [FalseResult]: whether a report of false means that the user rejected the request
//
// # What an application gets
//
//   - [Event]: what happened to a user's second factor
//   - [Method]: by what a session was verified
//   - [Lock]: why a user's codes are not checked
//   - [Problem]: why a program's request was refused
package eagate

import (
	"fmt"
	"time"
)

// A User is the user who is logged in by password, as the application says.
type User struct {
	// ID is the application's own ID of the user, 1 to 255 bytes of UTF-8 without
	// NUL: one that never changes and is never given to another user, such as the
	// primary key of a table. The second factor belongs to it, and it is compared byte
	// by byte.
	//
	// Don't use the address that was typed at the login. If the application finds
	// "alice@example.com" by "Alice@example.com" too, the gate has no account with the
	// second spelling, and lets her in without a second factor; and if the address
	// changes, the second factor is lost.
	ID string

	// Email is the user's current e-mail address, by which the service identifies the
	// user; middleware.WithEmail is for sessions that may keep an old one. The phone is
	// set up with it, and gets requests only while it is the same, except for letter
	// case, surrounding blanks and Unicode form (NFKC). After a change, codes still
	// work, and requests do once the user has set up the phone again. Of several users
	// with one address, the first who sets up a phone gets requests; the others have
	// codes only.
	Email string
}

// A Method is a way to prove the second factor. The zero value is no method.
type Method uint8

// The methods.
const (
	TOTP          Method = iota + 1 // a time-based code (RFC 6238)
	Push                            // an approval on the phone
	Recovery                        // a recovery code
	TrustedDevice                   // an earlier proof in a browser that the user trusts
)

var methods = names[Method]{"", "totp", "push", "recovery", "device"}

// String returns the method's name, which never changes: "totp", "push", "recovery" or
// "device".
func (m Method) String() string { return methods.of(m) }

// MarshalText returns the method's name, or an error if it is none of the methods.
func (m Method) MarshalText() ([]byte, error) { return methods.marshal(m) }

// UnmarshalText sets the method by its name.
func (m *Method) UnmarshalText(text []byte) error { return methods.unmarshal(text, m) }

// A Mode is where the user sees the number to tap on the phone. In the hosted modes,
// [Redirect] and [Popup], that is the service's own page.
type Mode uint8

// The modes.
const (
	NumberMatch Mode = iota // on the gate's page; the zero value
	Redirect                // on the service's page, which redirects back
	Popup                   // on the service's page in a popup, or by Redirect if none can be opened
)

var modes = names[Mode]{"number", "redirect", "popup"}

// String returns the mode's name, which never changes: "number", "redirect" or "popup".
func (m Mode) String() string { return modes.of(m) }

// MarshalText returns the mode's name, or an error if it is none of the modes.
func (m Mode) MarshalText() ([]byte, error) { return modes.marshal(m) }

// UnmarshalText sets the mode by its name.
func (m *Mode) UnmarshalText(text []byte) error { return modes.unmarshal(text, m) }

// A FalseResult is the meaning of result=false from the service. The service doesn't give
// a reason: it reports false after a rejection on the phone, and possibly after a timeout
// or a fault of its own.
type FalseResult uint8

// The meanings.
const (
	// NotApproved treats the request like one that expired: the sign-in continues,
	// codes work, another request can be sent, and [EventNotApproved] reports it. It
	// is the zero value.
	NotApproved FalseResult = iota

	// Rejection means that the user says that somebody else tries to sign in: the
	// sign-in ends, no request is sent to the phone for at least 15 minutes, and
	// [EventRejected] and the user's notice report it.
	Rejection
)

var falseResults = names[FalseResult]{"not approved", "rejection"}

// String returns "not approved" or "rejection".
func (f FalseResult) String() string { return falseResults.of(f) }

// A Lock is the reason why a user's codes of one kind are not checked.
type Lock uint8

// The locks.
const (
	LockNone    Lock = iota // codes are checked; the zero value
	LockPaused              // too many wrong codes: locked for some time
	LockBlocked             // too many wrong codes in a row: locked until an operator, a code of the other kind or the phone unlocks it
	LockHeld                // the account is closed until the password has been changed
)

var locks = names[Lock]{"none", "paused", "blocked", "held"}

// String returns the lock's name, which never changes: "none", "paused", "blocked" or
// "held".
func (l Lock) String() string { return locks.of(l) }

// A Requirement says whether a user must have a second factor. It is made by [Optional],
// [Require] or [ReportOnly]; the zero value is Optional.
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

// Optional lets the user decide.
func Optional() Requirement { return Requirement{} }

// Require stops a user without a second factor until it is switched on.
//
// The grace is how long the user may put that off; 0 means not at all. It starts with the
// first guarded request on which the user must have a second factor and has none. That
// time is in the store, so it is the same on all nodes and after a restart, and a changed
// grace counts from it, too. Switching the second factor on, off, or an operator's reset
// doesn't start it again; only a guarded request with [Optional] in between does.
func Require(grace time.Duration) Requirement { return Requirement{required, grace} }

// ReportOnly lets a user without a second factor pass, and reports by [EventWouldStop]
// that [Require] would stop them: for a trial before it is required. It starts no grace.
func ReportOnly() Requirement { return Requirement{level: reportOnly} }

// Required reports whether r was made by [Require].
func (r Requirement) Required() bool { return r.level == required }

// ReportsOnly reports whether r was made by [ReportOnly].
func (r Requirement) ReportsOnly() bool { return r.level == reportOnly }

// Grace returns the grace of [Require].
func (r Requirement) Grace() time.Duration { return r.grace }

// names are the names of an enum's values, from 0 on. A value without a name is invalid.
type names[E ~uint8] []string

func (n names[E]) of(e E) string {
	if int(e) < len(n) && n[e] != "" {
		return n[e]
	}
	return "invalid"
}

func (n names[E]) marshal(e E) ([]byte, error) {
	if n.of(e) == "invalid" {
		return nil, fmt.Errorf("invalid %T %d", e, e)
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
	return fmt.Errorf("unknown %T %.40q", *e, text)
}
