package store

import "time"

// A Challenge is one push request to one user's phone.
type Challenge struct {
	// ID is the SHA-256 of the service's session token, in base64url: the token
	// itself is never stored.
	ID string

	UserID string

	// Binding names the session that started the challenge: no other can use
	// its approval.
	Binding string

	// Epoch is the account's at the start.
	Epoch uint64

	State ChallengeState
	Mode  Mode

	// Number is what the user taps on the phone; empty in the hosted modes.
	Number string

	CreatedAt time.Time
	DecidedAt time.Time // when the phone answered

	// ExpiresAt ends the time in which the phone may answer and the answer be
	// used.
	ExpiresAt time.Time

	// ForgetAt is when the record may be deleted: later than ExpiresAt, so that
	// a page can still say what happened.
	ForgetAt time.Time

	// GrantID is the grant that the approval was turned into; set in the state
	// [Consumed].
	GrantID string

	// Version is counted up by the store with every change.
	Version uint64
}

// ChallengeState is how far a challenge has come. That it has expired is not a
// state but a matter of the clock.
type ChallengeState uint8

const (
	Pending  ChallengeState = iota // the phone hasn't answered; the zero value
	Approved                       // the phone said yes; the session hasn't come back for it yet
	Rejected                       // the phone said no
	Consumed                       // the approval was turned into a grant
	Void                           // given up: its session is over
	Replaced                       // given up for a newer challenge
)

func (s ChallengeState) String() string {
	switch s {
	case Pending:
		return "pending"
	case Approved:
		return "approved"
	case Rejected:
		return "rejected"
	case Consumed:
		return "consumed"
	case Void:
		return "void"
	case Replaced:
		return "replaced"
	}
	return "invalid"
}

// Mode is how the user meets the challenge.
type Mode uint8

const (
	NumberMatch Mode = iota // our own page shows the number; the zero value
	Redirect                // the browser goes to the service's page, and comes back
	Popup                   // the service's page in a window of its own
)

func (m Mode) String() string {
	switch m {
	case NumberMatch:
		return "number"
	case Redirect:
		return "redirect"
	case Popup:
		return "popup"
	}
	return "invalid"
}
