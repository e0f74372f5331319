package store

import "time"

// A Grant is a proof that was given: whoever holds its secret, in the session
// that it was made for, is verified.
type Grant struct {
	// ID is the SHA-256, in base64url, of the secret that the session holds.
	ID string

	UserID string

	// Epoch is the account's when the proof was given.
	Epoch uint64

	// Method is how it was given.
	Method Method

	// Binding names the session as it was before unlocking: a response that was
	// still on its way then may bring that session's cookie back to the browser.
	Binding string

	VerifiedAt time.Time
	ExpiresAt  time.Time
}

// Method is a way to give the second factor.
type Method uint8

const (
	MethodTOTP Method = iota + 1 // a time-based code (RFC 6238)
	MethodPush                   // the matching number, tapped on the phone
)

func (m Method) String() string {
	switch m {
	case MethodTOTP:
		return "totp"
	case MethodPush:
		return "push"
	}
	return "invalid"
}
