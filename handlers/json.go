package handlers

import (
	"time"

	"github.com/eagate/eagate"
)

// The bodies that programs get. Times are RFC 3339 in UTC, and a field that is marked
// omitempty is left out where it says nothing.

// An accountJSON is the user's second factor: the answer of /, /enable/confirm and
// /disable.
type accountJSON struct {
	// State is off, pending (an enrolment is under way in this session) or on.
	State string `json:"state"`

	// EnabledAt is when it was switched on, or over to another phone.
	EnabledAt *time.Time `json:"enabled_at,omitempty"`

	// CodesOnly says of a factor that is on that the phone isn't asked.
	CodesOnly bool `json:"codes_only,omitempty"`

	// LateSince is when the oldest change was made that the service doesn't know.
	LateSince *time.Time `json:"service_late_since,omitempty"`

	// RecoveryLeft is how many recovery codes are left.
	RecoveryLeft *int `json:"recovery_codes_left,omitempty"`

	// RecoveryCodes are the first ones, in the answer of /enable/confirm only.
	RecoveryCodes []string `json:"recovery_codes,omitempty"`

	// LastProofs are the last five times that the second factor was proved, the newest
	// first.
	LastProofs []proofJSON `json:"last_proofs,omitempty"`

	// Required says that the user must have a second factor, and Due until when it may be
	// off.
	Required bool       `json:"required,omitempty"`
	Due      *time.Time `json:"required_by,omitempty"`
}

// A proofJSON is one time that the user has proved the second factor.
type proofJSON struct {
	// Method is push, totp or recovery, and At the time.
	Method eagate.Method `json:"method"`
	At     time.Time     `json:"at"`
}

// An enrolmentJSON is what a program needs to set up a phone: the answer of /enable.
type enrolmentJSON struct {
	// Secret is the key in Base32 without padding, and URI the same with all the rest, as
	// an otpauth URI to make a QR code of.
	Secret string `json:"secret"`
	URI    string `json:"uri"`

	// Algorithm is SHA1, SHA256 or SHA512, Digits how many a code has, and Period for how
	// many seconds the phone shows each.
	Algorithm string `json:"algorithm"`
	Digits    int    `json:"digits"`
	Period    int    `json:"period"`

	// CodesOnly says that the phone won't be asked, because another account has the
	// address.
	CodesOnly bool `json:"codes_only,omitempty"`

	// ExpiresAt is until when the enrolment can be confirmed.
	ExpiresAt time.Time `json:"expires_at"`
}

// A challengeJSON is how the session's challenge stands: the answer of /challenge and what
// is below it, of /cancel, and the data of each event.
type challengeJSON struct {
	// State is pending, approved, not_approved, rejected, expired or none.
	State string `json:"state"`

	// Number is what the user taps on the phone. It is missing in the hosted modes, where
	// Webview is the service's page that shows it.
	Number  string `json:"number,omitempty"`
	Webview string `json:"webview_url,omitempty"`

	// ExpiresIn is for how many seconds the challenge can still be approved.
	ExpiresIn int `json:"expires_in,omitempty"`

	// Verified says that the session has proved all that it is asked for, and Next where to
	// go on. Where it is approved and not verified yet, that is the page which takes the
	// approval.
	Verified bool   `json:"verified,omitempty"`
	Next     string `json:"next,omitempty"`
}

// A recoveryJSON is the state of the user's recovery codes: the answer of /recovery-codes
// and /recovery-codes/kept.
type recoveryJSON struct {
	// Left is how many codes are left, and MadeAt when they were made.
	Left   int        `json:"left"`
	MadeAt *time.Time `json:"made_at,omitempty"`

	// Codes are in the answer to the POST that makes them only.
	Codes []string `json:"codes,omitempty"`
}

// A devicesJSON lists the browsers that the user trusts: the answer of /devices and
// /devices/revoke.
type devicesJSON struct {
	// Devices are those whose trust hasn't expired, in the order in which they were added.
	Devices []deviceJSON `json:"devices"`
}

// A deviceJSON is a browser that the user trusts.
type deviceJSON struct {
	// ID names it to /devices/revoke.
	ID string `json:"id"`

	// Name is how its user may know it, such as "Firefox, Linux". It may be empty.
	Name string `json:"name"`

	// This says that the request comes from it.
	This bool `json:"this"`

	// VerifiedAt is when the user last proved the second factor in it, LastUsedAt when it
	// last let a session in, and ExpiresAt until when it can.
	VerifiedAt time.Time `json:"verified_at"`
	LastUsedAt time.Time `json:"last_used_at"`
	ExpiresAt  time.Time `json:"expires_at"`
}

// A problemJSON is a refusal (RFC 9457).
type problemJSON struct {
	// Type is the URI of an [eagate.Problem].
	Type string `json:"type"`

	// Title is for people.
	Title string `json:"title"`

	// Status is the response's.
	Status int `json:"status"`

	// ChallengeURL is the path at which the second factor is proved, where that helps, and
	// EnrolURL at which it is switched on.
	ChallengeURL string `json:"challenge_url,omitempty"`
	EnrolURL     string `json:"enrol_url,omitempty"`

	// MaxAge says how many seconds ago it must have been proved at most, and Methods by
	// what: push, totp or recovery.
	MaxAge  int      `json:"max_age,omitempty"`
	Methods []string `json:"methods,omitempty"`
}
