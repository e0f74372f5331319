package store

import (
	"slices"
	"time"
)

// An Account is the second factor of one user.
type Account struct {
	// UserID is the application's own, never-changing ID of the user.
	UserID string

	// Email is the address under which the service knows the user: the one
	// that was current when the second factor was switched on.
	Email string

	// State says whether the second factor is asked for.
	State State

	// Epoch grows whenever the factor changes. Challenges and grants of an
	// earlier epoch are void.
	Epoch uint64

	// Factor is the TOTP secret in force; zero unless State is [On].
	Factor Factor

	// Staged is an enrolment that waits for its first code, or nil.
	Staged *Staged

	// EnabledAt is when the factor in force was confirmed.
	EnabledAt time.Time

	// LastStep is the last time step whose code was accepted (RFC 6238 §5.2).
	// It never goes down while a factor is in force.
	LastStep int64

	// Failures counts the wrong codes since the last right one, over every
	// path on which a code can be tried.
	Failures int

	// LockedUntil is when the next code may be tried.
	LockedUntil time.Time

	// Push is what the user's phone is being asked, and has been.
	Push Push

	// Sync is what the service has been told.
	Sync Sync

	// Recovery are the codes for somebody who doesn't have the phone, or nil.
	Recovery *Recovery

	// Devices are the browsers on which the user isn't asked, the oldest first.
	Devices []Device

	// RequiredSince is when somebody who must have a second factor was first seen
	// without one.
	RequiredSince time.Time

	// HeldSince is when a request was rejected on the phone, where that closes
	// the account until the password has been changed. ReleasedAt is when that
	// was done last: a rejection of before closes nothing.
	HeldSince  time.Time
	ReleasedAt time.Time

	// Version is counted up by the store with every change.
	Version uint64
}

// State says whether an account has a second factor.
type State uint8

const (
	Off State = iota // no second factor; the zero value
	On               // the second factor is asked for
)

func (s State) String() string {
	switch s {
	case Off:
		return "off"
	case On:
		return "on"
	}
	return "invalid"
}

// A Factor is a TOTP secret with its parameters (RFC 6238).
type Factor struct {
	Secret    []byte        // sealed: never the plain secret
	Algorithm string        // SHA1, SHA256 or SHA512
	Digits    int           // 6 or 8
	Period    time.Duration // whole seconds
}

// Staged is a factor that was shown to the user but not yet confirmed.
type Staged struct {
	Factor    Factor
	Binding   string // names the session that staged it, and may see and confirm it
	ExpiresAt time.Time
}

// Push limits and tracks the requests that reach the user's phone.
type Push struct {
	// Live is the ID of the one challenge that may still be approved, or
	// empty. A challenge that is not named here is void.
	Live string

	// Reserved names the session whose challenge is just being created at the
	// service, until ReservedUntil: it keeps a second request of the same
	// session from creating another one.
	Reserved      string
	ReservedUntil time.Time

	// Sent holds when the last requests were sent, oldest first.
	Sent []time.Time

	// PausedUntil is when the next request may be sent after a rejection.
	PausedUntil time.Time
}

// Sync is the service's view of an account, as a pair of revisions: each change
// of State or Factor raises Wanted, and Confirmed follows when the service has
// taken it.
type Sync struct {
	Wanted    uint64
	Confirmed uint64

	// Since is when the oldest change that the service doesn't know was made.
	Since time.Time

	// ClaimedUntil keeps other nodes away while one makes an attempt; it passes
	// by itself if that node dies.
	ClaimedUntil time.Time

	NextAt   time.Time // when the next attempt is due
	Attempts int       // made in vain since Since
	LastErr  string    // why the last one failed

	// Addresses are those under which the service may have the second factor
	// on: where the account's own is another by now, or none is wanted any more,
	// it must be switched off there.
	Addresses []string

	// Retired is the sealed secret of a factor that was switched off, kept only
	// where the service wants it with the DISABLE.
	Retired []byte
}

// Recovery is a set of recovery codes.
type Recovery struct {
	// Scheme and Salt say how Hashes were made, so that a later release can make
	// them otherwise.
	Scheme string
	Salt   []byte

	// Hashes are those of the codes that are left.
	Hashes [][]byte

	CreatedAt time.Time

	// NextAt is when the next code may be tried.
	NextAt time.Time
}

// A Device is a browser that a user trusts: a login there needs no second
// factor.
type Device struct {
	ID         string // the SHA-256, in base64url, of the secret in the browser's cookie
	Name       string // which the list of devices shows
	Method     Method // how the second factor was given when the device was added
	VerifiedAt time.Time
	LastUsedAt time.Time
	ExpiresAt  time.Time
}

// Late reports whether the service still has to be told of a change.
func (s Sync) Late() bool { return s.Wanted != s.Confirmed }

// Clone returns a copy that shares no memory with a.
func (a Account) Clone() Account {
	a.Factor = a.Factor.clone()
	if a.Staged != nil {
		staged := *a.Staged
		staged.Factor = staged.Factor.clone()
		a.Staged = &staged
	}
	if a.Recovery != nil {
		recovery := *a.Recovery
		recovery.Salt = slices.Clone(recovery.Salt)
		recovery.Hashes = slices.Clone(recovery.Hashes)
		for i, h := range recovery.Hashes {
			recovery.Hashes[i] = slices.Clone(h)
		}
		a.Recovery = &recovery
	}
	a.Devices = slices.Clone(a.Devices)
	a.Push.Sent = slices.Clone(a.Push.Sent)
	a.Sync.Addresses = slices.Clone(a.Sync.Addresses)
	a.Sync.Retired = slices.Clone(a.Sync.Retired)
	return a
}

func (f Factor) clone() Factor {
	f.Secret = slices.Clone(f.Secret)
	return f
}
