package store

import "time"

// A Grant is a proof that was given: whoever holds its secret, in the session
// that it was made for, is verified.
type Grant struct {
	// ID is the SHA-256, in base64url, of the secret that the session holds.
	ID string

	UserID string

	// Kind says what the record is.
	Kind Kind

	// Epoch is the account's when the proof was given.
	Epoch uint64

	// Method is how it was given.
	Method Method

	// Binding names the session as it was before unlocking: a response that was
	// still on its way then may bring that session's cookie back to the browser.
	Binding string

	// Successor is, of [KindMoved], the ID of the grant that the session went on
	// with.
	Successor string

	// Device is, of [MethodDevice], the ID of the trusted device: the grant lasts
	// as long as that is trusted.
	Device string

	VerifiedAt time.Time
	ExpiresAt  time.Time

	// Version is counted up by the store with every change.
	Version uint64
}

// Kind says what a [Grant] is: a proof, or a mark that nothing can be proved any
// more in a session, which is kept in the same place because it lives as long.
type Kind uint8

const (
	KindProof Kind = iota // a proof; the zero value
	KindMoved             // the session goes on under another ID
	KindEnded             // the session was logged out
)

func (k Kind) String() string {
	switch k {
	case KindProof:
		return "proof"
	case KindMoved:
		return "moved"
	case KindEnded:
		return "ended"
	}
	return "invalid"
}

// Method is a way to give the second factor.
type Method uint8

const (
	MethodTOTP     Method = iota + 1 // a time-based code (RFC 6238)
	MethodPush                       // approved on the phone
	MethodRecovery                   // a recovery code
	MethodDevice                     // none: the browser is one that the user trusts
)

func (m Method) String() string {
	switch m {
	case MethodTOTP:
		return "totp"
	case MethodPush:
		return "push"
	case MethodRecovery:
		return "recovery"
	case MethodDevice:
		return "device"
	}
	return "invalid"
}
