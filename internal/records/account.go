package records

import (
	"context"
	"iter"
	"math/rand/v2"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/store"
)

// An Account is the second factor of one user.
type Account struct {
	// UserID is the application's ID of the user, which never changes.
	UserID string `json:"-"`

	// Email is the address under which the service knows the user: the one
	// that was current when the second factor was switched on.
	Email string `json:"email,omitzero"`

	// State says whether the second factor is on.
	State State `json:"state"`

	// Epoch changes with the factor, and never repeats: see [NewEpoch]. Challenges and
	// grants of another epoch are void.
	Epoch uint64 `json:"epoch,omitzero"`

	// Era is incremented when the account is closed and when the password is changed: it
	// voids challenges and requests of an earlier era. Grants stay valid; Epoch is for
	// those.
	Era uint64 `json:"era,omitzero"`

	// Factor is the current TOTP secret; zero unless State is [On].
	Factor Factor `json:"factor,omitzero"`

	// Staged is an enrolment that waits for its first code, or nil.
	Staged *Staged `json:"staged,omitzero"`

	// OffBy is the ID of the grant by which the factor was switched off; its session
	// doesn't end. It is empty while State is [On], and after an operator's reset.
	OffBy string `json:"off_by,omitzero"`

	// EnabledAt is when the current factor was confirmed.
	EnabledAt time.Time `json:"enabled_at,omitzero"`

	// LastStep is the last time step whose code was accepted (RFC 6238 §5.2).
	// It never decreases while the factor is on.
	LastStep int64 `json:"last_step,omitzero"`

	// EarlierSteps are the accepted steps before LastStep, the oldest first, in case the
	// clock was ahead when LastStep was accepted.
	EarlierSteps []int64 `json:"earlier_steps,omitzero"`

	// LastForm is the last form of a challenge or an enrolment whose code was accepted
	// in the current epoch and era.
	LastForm Form `json:"last_form,omitzero"`

	// Proofs are the last proofs of the second factor, the oldest first.
	Proofs []Proof `json:"proofs,omitzero"`

	// Failures counts the wrong codes since the last proof, over all paths.
	// RecoveryFailures counts those that look like recovery codes.
	Failures         int `json:"failures,omitzero"`
	RecoveryFailures int `json:"recovery_failures,omitzero"`

	// LockedUntil is when the next code of the phone is checked, and
	// RecoveryLockedUntil the next one that looks like a recovery code.
	LockedUntil         time.Time `json:"locked_until,omitzero"`
	RecoveryLockedUntil time.Time `json:"recovery_locked_until,omitzero"`

	// WrongCodes are those for the next notice to the owner.
	WrongCodes WrongCodes `json:"wrong_codes,omitzero"`

	// Push has the requests to the user's phone.
	Push Push `json:"push,omitzero"`

	// Sync has the reports to the service.
	Sync Sync `json:"sync,omitzero"`

	// Recovery has the recovery codes, or is nil.
	Recovery *Recovery `json:"recovery,omitzero"`

	// RecoveryMade has the times at which new ones were made lately, the oldest first.
	RecoveryMade []time.Time `json:"recovery_made,omitzero"`

	// RecoveryMaker is the browser for which the last ones are, or were, being made, as
	// in [Recovery]; empty for a program.
	RecoveryMaker string `json:"recovery_maker,omitzero"`

	// Devices are the trusted browsers, the oldest first.
	Devices []Device `json:"devices,omitzero"`

	// RequiredSince is the first guarded request on which the user had to have a second
	// factor and had none.
	RequiredSince time.Time `json:"required_since,omitzero"`

	// HeldSince is when a rejection closed the account until the password is changed.
	// ReleasedAt is when that was done last: an earlier rejection closes nothing.
	HeldSince  time.Time `json:"held_since,omitzero"`
	ReleasedAt time.Time `json:"released_at,omitzero"`

	// Version is 0 if the user has no account, and changes with every write.
	Version uint64 `json:"-"`

	// Stale says that another key than the newest authenticates the record.
	Stale bool `json:"-"`

	Unknown jsontext.Value `json:",embed"`
}

// A State says whether an account has a second factor.
type State uint8

const (
	Off State = iota // no second factor; the zero value
	On               // the second factor is required
)

// A Factor is a TOTP secret with its parameters (RFC 6238).
type Factor struct {
	Secret    []byte `json:"secret"` // sealed: never the plain secret
	Algorithm string `json:"algorithm"`
	Digits    int    `json:"digits"` // 6 or 8
	Period    int    `json:"period"` // in seconds

	// CodesOnly says that the phone generates codes and gets no requests: when it was
	// set up, another account held the e-mail address, or an operator has released it
	// since.
	CodesOnly bool `json:"codes_only,omitzero"`

	// AwaitsSync says that the phone gets no requests until this factor was reported to
	// the service, which may know another account's phone under the same address.
	AwaitsSync bool `json:"awaits_sync,omitzero"`

	Unknown jsontext.Value `json:",embed"`
}

// A Form is an accepted form: the same form again gets the same result.
type Form struct {
	// ID is an HMAC under the gate's key over the user, the session, the browser's
	// secret, the route, and the code.
	ID string `json:"id,omitzero"`

	// By is the same over the user, the session and the browser's secret alone.
	By string `json:"by,omitzero"`

	At time.Time `json:"at,omitzero"` // when its code was accepted

	Unknown jsontext.Value `json:",embed"`
}

// Staged is a factor that was shown to the user but not yet confirmed.
type Staged struct {
	Factor    Factor    `json:"factor"`
	Email     string    `json:"email"`   // the user's address when the factor was shown
	Binding   string    `json:"binding"` // identifies the session that staged it, and may see and confirm it
	Browser   string    `json:"browser"` // and its browser, as in a Challenge
	ExpiresAt time.Time `json:"expires_at"`

	// By is the ID of the [Form] that staged it, and At the time.
	By string    `json:"by,omitzero"`
	At time.Time `json:"at,omitzero"`

	Unknown jsontext.Value `json:",embed"`
}

// A Proof says how and when the user has proved the second factor; it doesn't say from
// where.
type Proof struct {
	Method eagate.Method `json:"method"`
	At     time.Time     `json:"at"`

	Unknown jsontext.Value `json:",embed"`
}

// WrongCodes are wrong codes without a proof soon after, for which the account's owner
// has had no notice yet.
type WrongCodes struct {
	Count  int       `json:"count,omitzero"`
	Since  time.Time `json:"since,omitzero"`   // of the first one
	TellAt time.Time `json:"tell_at,omitzero"` // when the next notice is due
	ToldAt time.Time `json:"told_at,omitzero"` // of the last notice

	Unknown jsontext.Value `json:",embed"`
}

// Push has the state and the limits of requests to the user's phone.
type Push struct {
	// Live is the ID of the only challenge that can be approved, or empty. Any other
	// pending challenge is void.
	Live string `json:"live,omitzero"`

	// Reserved identifies the session whose challenge is being created at the service,
	// until ReservedUntil, so that a second request of the session doesn't create
	// another one.
	Reserved      string    `json:"reserved,omitzero"`
	ReservedUntil time.Time `json:"reserved_until,omitzero"`
	ReservedBy    string    `json:"reserved_by,omitzero"` // its browser, as in a Challenge

	// Sent has the times of the requests of the last hour, and Unused those of the last
	// 15 minutes whose approval wasn't used; oldest first.
	Sent   []time.Time `json:"sent,omitzero"`
	Unused []time.Time `json:"unused,omitzero"`

	// Open is when the newest request was sent, until its result is recorded here.
	Open time.Time `json:"open,omitzero"`

	// Unapproved counts the requests that weren't approved since the last proof;
	// PausedUntil is when the pause because of them ends.
	Unapproved  int       `json:"unapproved,omitzero"`
	PausedUntil time.Time `json:"paused_until,omitzero"`

	// WarnedAt is when the user last got a notice of them.
	WarnedAt time.Time `json:"warned_at,omitzero"`

	Unknown jsontext.Value `json:",embed"`
}

// Sync is the service's view of an account, as a pair of revisions: each change of State
// or Factor increments Wanted, and Confirmed follows when the service has accepted the
// report.
type Sync struct {
	Wanted    uint64 `json:"wanted,omitzero"`
	Confirmed uint64 `json:"confirmed,omitzero"`

	// Since is when the oldest unreported change was made.
	Since time.Time `json:"since,omitzero"`

	// ClaimedUntil stops other nodes while one makes an attempt; it expires by itself if
	// that node is killed.
	ClaimedUntil time.Time `json:"claimed_until,omitzero"`

	// PacedUntil is when the pauses between reports of a user's changes would end, had
	// each of the last ones waited for its own.
	PacedUntil time.Time `json:"paced_until,omitzero"`

	NextAt   time.Time `json:"next_at,omitzero"`    // when the next attempt is due
	Attempts int       `json:"attempts,omitzero"`   // failed ones since Since
	LastErr  string    `json:"last_error,omitzero"` // why the last one failed

	// Addresses are those under which the service may have the second factor on. It
	// must be switched off under those that aren't the account's current one.
	Addresses []string `json:"addresses,omitzero"`

	// Retired is the sealed secret of a factor that was switched off, kept only if the
	// service requires it with DISABLE.
	Retired []byte `json:"retired,omitzero"`

	Unknown jsontext.Value `json:",embed"`
}

// Late reports whether a change was not reported to the service yet.
func (s Sync) Late() bool { return s.Wanted != s.Confirmed }

// Recovery is a set of recovery codes.
type Recovery struct {
	// Scheme and Salt are those of Hashes; a later release may use another scheme.
	Scheme string `json:"scheme"`
	Salt   []byte `json:"salt"`

	// Hashes are those of the unused codes.
	Hashes [][]byte `json:"hashes"`

	CreatedAt time.Time `json:"created_at,omitzero"`

	// Browser is the SHA-256, in base64url, of the secret of the browser that may show the
	// codes: see [KindCodes]. It is empty once the user has kept them, and for codes of a
	// program.
	Browser string `json:"browser,omitzero"`

	// KeptAt is when the user confirmed to have kept them.
	KeptAt time.Time `json:"kept_at,omitzero"`

	Unknown jsontext.Value `json:",embed"`
}

// A Device is a browser that a user trusts: a login there needs no second factor.
type Device struct {
	ID         string        `json:"id"` // the SHA-256, in base64url, of the secret in the browser's cookie
	Name       string        `json:"name,omitzero"`
	Method     eagate.Method `json:"method,omitzero"` // how the second factor was given when the device was added
	VerifiedAt time.Time     `json:"verified_at"`
	LastUsedAt time.Time     `json:"last_used_at"`
	ExpiresAt  time.Time     `json:"expires_at"`

	// By identifies the grant by which the device was added, and its browser's secret,
	// as the ID of a [Form].
	By string `json:"by,omitzero"`

	Unknown jsontext.Value `json:",embed"`
}

// NewEpoch returns a random epoch, which no account has had, not even this one before it
// was deleted and created again. It has 53 bits, which JSON numbers represent exactly.
func NewEpoch() uint64 { return 1 + rand.Uint64N(1<<53-1) }

// atOnce is a time that has passed, and that every backend can hold.
var atOnce = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

var accounts = kind[Account]{
	name: store.Accounts,
	of:   func(a *Account) meta { return meta{&a.UserID, &a.Version, &a.Stale} },

	// An account is due when the service has to be told of it, or its owner of wrong
	// codes.
	due: func(a *Account) time.Time {
		due := a.WrongCodes.TellAt
		if !a.Sync.Late() {
			return due
		}
		next := a.Sync.NextAt
		if next.IsZero() {
			next = atOnce
		}
		if due.IsZero() || next.Before(due) {
			return next
		}
		return due
	},

	awaited: func(from, to *Account) bool {
		return from.State != to.State || from.Epoch != to.Epoch || from.Era != to.Era || from.Push.Live != to.Push.Live ||
			from.Push.Reserved != "" && from.Push.Reserved != to.Push.Reserved ||
			!from.HeldSince.Equal(to.HeldSince) || !from.ReleasedAt.Equal(to.ReleasedAt)
	},
	written: func(o Observer, id string, a *Account) { o.AccountWritten(id, a) },
}

// Account returns the user's account. For a user without one, it returns an Account with
// only the UserID, Version 0, and no error.
func (r *Records) Account(ctx context.Context, userID string) (Account, error) {
	return orZero(accounts.get(ctx, r, userID))
}

// UpdateAccount applies change to the user's account, or to the zero Account of a user
// without one, as one atomic change. If change returns an error, nothing is stored and
// UpdateAccount returns that error, or nil for [ErrUnchanged]. After any other error the
// change may have been stored. change may be called more than once: it must have no
// effect except on its argument, and on variables that it sets in each call.
func (r *Records) UpdateAccount(ctx context.Context, userID string, change func(*Account) error) error {
	return accounts.update(ctx, r, userID, true, change)
}

// DueAccounts returns the user IDs of at most limit accounts with a due report to the
// service or a due notice of wrong codes, the earliest due first.
func (r *Records) DueAccounts(ctx context.Context, now time.Time, limit int) ([]string, error) {
	return r.backend.Due(ctx, store.Accounts, now, limit)
}

// Accounts iterates over all accounts, in no particular order. An account that can't be
// read is an error with a [*RecordError]; any other error ends the iteration.
func (r *Records) Accounts(ctx context.Context) iter.Seq2[Account, error] {
	return accounts.all(ctx, r)
}
