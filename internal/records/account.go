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
	// UserID is the application's own, never-changing ID of the user.
	UserID string `json:"-"`

	// Email is the address under which the service knows the user: the one
	// that was current when the second factor was switched on.
	Email string `json:"email,omitzero"`

	// State says whether the second factor is asked for.
	State State `json:"state"`

	// Epoch is another one whenever the factor changes, and never repeats: see
	// [NewEpoch]. Challenges and grants of another epoch are void.
	Epoch uint64 `json:"epoch,omitzero"`

	// Era is raised by everything after which what is under way must end: when the
	// account is closed, and when the password is changed. What began in an earlier era,
	// a challenge or a request that waits, counts no more. Grants in force stay: Epoch
	// is for those.
	Era uint64 `json:"era,omitzero"`

	// Factor is the TOTP secret in force; zero unless State is [On].
	Factor Factor `json:"factor,omitzero"`

	// Staged is an enrolment that waits for its first code, or nil.
	Staged *Staged `json:"staged,omitzero"`

	// OffBy is the ID of the grant by which the factor was switched off: its session goes
	// on. It is empty while State is [On], and after an operator's reset.
	OffBy string `json:"off_by,omitzero"`

	// EnabledAt is when the factor in force was confirmed.
	EnabledAt time.Time `json:"enabled_at,omitzero"`

	// LastStep is the last time step whose code was accepted (RFC 6238 §5.2).
	// It never goes down while a factor is in force.
	LastStep int64 `json:"last_step,omitzero"`

	// EarlierSteps are the last accepted ones before LastStep, the oldest first: they
	// tell what was accepted if the clock was ahead when LastStep was.
	EarlierSteps []int64 `json:"earlier_steps,omitzero"`

	// LastForm is the last form of a challenge or an enrolment whose code was accepted,
	// since the factor was changed or what was under way was ended.
	LastForm Form `json:"last_form,omitzero"`

	// Failures counts the wrong codes since the last proof, over every path on
	// which a code can be tried; but for those that look like recovery codes, which
	// RecoveryFailures counts.
	Failures         int `json:"failures,omitzero"`
	RecoveryFailures int `json:"recovery_failures,omitzero"`

	// LockedUntil is when the next code may be tried, and RecoveryLockedUntil when
	// the next one that looks like a recovery code.
	LockedUntil         time.Time `json:"locked_until,omitzero"`
	RecoveryLockedUntil time.Time `json:"recovery_locked_until,omitzero"`

	// WrongCodes are those that the owner is to be told of.
	WrongCodes WrongCodes `json:"wrong_codes,omitzero"`

	// Push is what the user's phone is being asked, and has been.
	Push Push `json:"push,omitzero"`

	// Sync is what the service has been told.
	Sync Sync `json:"sync,omitzero"`

	// Recovery are the codes for somebody who doesn't have the phone, or nil.
	Recovery *Recovery `json:"recovery,omitzero"`

	// RecoveryMade holds when new ones were made lately, the oldest first.
	RecoveryMade []time.Time `json:"recovery_made,omitzero"`

	// RecoveryMaker is the browser for which the last ones of those are, or were, being
	// made, as in [Recovery]; empty for a program.
	RecoveryMaker string `json:"recovery_maker,omitzero"`

	// Devices are the browsers on which the user isn't asked, the oldest first.
	Devices []Device `json:"devices,omitzero"`

	// RequiredSince is when somebody who must have a second factor was first seen
	// without one.
	RequiredSince time.Time `json:"required_since,omitzero"`

	// HeldSince is when a request was rejected on the phone, where that closes
	// the account until the password has been changed. ReleasedAt is when that
	// was done last: an earlier rejection closes nothing.
	HeldSince  time.Time `json:"held_since,omitzero"`
	ReleasedAt time.Time `json:"released_at,omitzero"`

	// Version is 0 of a user who has no account yet, and another one after every
	// change.
	Version uint64 `json:"-"`

	// Stale says that a former key protects the record, and not the newest one.
	Stale bool `json:"-"`

	Unknown jsontext.Value `json:",unknown"`
}

// State says whether an account has a second factor.
type State uint8

const (
	Off State = iota // no second factor; the zero value
	On               // the second factor is asked for
)

// A Factor is a TOTP secret with its parameters (RFC 6238).
type Factor struct {
	Secret    []byte        `json:"secret"` // sealed: never the plain secret
	Algorithm string        `json:"algorithm"`
	Digits    int           `json:"digits"`            // 6 or 8
	Period    time.Duration `json:"period,format:sec"` // whole seconds

	// CodesOnly says that the phone makes codes and isn't asked: when it was set up,
	// another account held the e-mail address, or an operator has released it since.
	CodesOnly bool `json:"codes_only,omitzero"`

	// AwaitsSync says that the phone isn't asked before the service has been told of
	// this factor: under the same address, it may know another account's phone.
	AwaitsSync bool `json:"awaits_sync,omitzero"`

	Unknown jsontext.Value `json:",unknown"`
}

// A Form is what a browser has sent once: sent again, it is answered by what came of it.
type Form struct {
	// ID is an HMAC by the gate's key over the user, the session, the browser's secret,
	// where the form was sent to, and the code.
	ID string `json:"id,omitzero"`

	// By is the same over the user, the session and the browser's secret alone.
	By string `json:"by,omitzero"`

	At time.Time `json:"at,omitzero"` // when its code was accepted

	Unknown jsontext.Value `json:",unknown"`
}

// Staged is a factor that was shown to the user but not yet confirmed.
type Staged struct {
	Factor    Factor    `json:"factor"`
	Email     string    `json:"email"`   // the user's address when the factor was shown
	Binding   string    `json:"binding"` // names the session that staged it, and may see and confirm it
	Browser   string    `json:"browser"` // and its browser, as in a Challenge
	ExpiresAt time.Time `json:"expires_at"`

	// By names the form that staged it, as the ID of a [Form], and At is when.
	By string    `json:"by,omitzero"`
	At time.Time `json:"at,omitzero"`

	Unknown jsontext.Value `json:",unknown"`
}

// WrongCodes are those that were typed without a proof soon after, and that the
// account's owner hasn't been told of.
type WrongCodes struct {
	Count  int       `json:"count,omitzero"`
	Since  time.Time `json:"since,omitzero"`   // when the first of them was typed
	TellAt time.Time `json:"tell_at,omitzero"` // when the owner is to be told of them
	ToldAt time.Time `json:"told_at,omitzero"` // when the owner was last told of others

	Unknown jsontext.Value `json:",unknown"`
}

// Push limits and tracks the requests that reach the user's phone.
type Push struct {
	// Live is the ID of the one challenge that may still be approved, or
	// empty. A pending challenge that is not named here is void.
	Live string `json:"live,omitzero"`

	// Reserved names the session whose challenge is just being created at the
	// service, until ReservedUntil: it keeps a second request of the same
	// session from creating another one.
	Reserved      string    `json:"reserved,omitzero"`
	ReservedUntil time.Time `json:"reserved_until,omitzero"`
	ReservedBy    string    `json:"reserved_by,omitzero"` // its browser, as in a Challenge

	// Sent holds when the requests of the last hour were sent, and Unused those of the
	// last quarter of an hour whose approval wasn't used; oldest first.
	Sent   []time.Time `json:"sent,omitzero"`
	Unused []time.Time `json:"unused,omitzero"`

	// Open is when the newest request was sent, until it is noted here what came of
	// it.
	Open time.Time `json:"open,omitzero"`

	// Unapproved counts the requests in a row that weren't approved, since the last
	// proof; PausedUntil is when the next one may be sent because of them.
	Unapproved  int       `json:"unapproved,omitzero"`
	PausedUntil time.Time `json:"paused_until,omitzero"`

	// WarnedAt is when the user was last told of them.
	WarnedAt time.Time `json:"warned_at,omitzero"`

	Unknown jsontext.Value `json:",unknown"`
}

// Sync is the service's view of an account, as a pair of revisions: each change
// of State or Factor raises Wanted, and Confirmed follows when the service has
// taken it.
type Sync struct {
	Wanted    uint64 `json:"wanted,omitzero"`
	Confirmed uint64 `json:"confirmed,omitzero"`

	// Since is when the oldest change that the service doesn't know was made.
	Since time.Time `json:"since,omitzero"`

	// ClaimedUntil keeps other nodes away while one makes an attempt; it passes
	// by itself if that node dies.
	ClaimedUntil time.Time `json:"claimed_until,omitzero"`

	// PacedUntil is when the pauses would end that a user's changes are told at,
	// had each of the last ones waited for its own.
	PacedUntil time.Time `json:"paced_until,omitzero"`

	NextAt   time.Time `json:"next_at,omitzero"`    // when the next attempt is due
	Attempts int       `json:"attempts,omitzero"`   // made in vain since Since
	LastErr  string    `json:"last_error,omitzero"` // why the last one failed

	// Addresses are those under which the service may have the second factor
	// on: where the account's own is another by now, or none is wanted any more,
	// it must be switched off there.
	Addresses []string `json:"addresses,omitzero"`

	// Retired is the sealed secret of a factor that was switched off, kept only
	// where the service wants it with the DISABLE.
	Retired []byte `json:"retired,omitzero"`

	Unknown jsontext.Value `json:",unknown"`
}

// Late reports whether the service still has to be told of a change.
func (s Sync) Late() bool { return s.Wanted != s.Confirmed }

// Recovery is a set of recovery codes.
type Recovery struct {
	// Scheme and Salt say how Hashes were made, so that a later release can make
	// them otherwise.
	Scheme string `json:"scheme"`
	Salt   []byte `json:"salt"`

	// Hashes are those of the codes that are left.
	Hashes [][]byte `json:"hashes"`

	CreatedAt time.Time `json:"created_at,omitzero"`

	// Browser is the SHA-256, in base64url, of the secret of the browser that may see the
	// codes: see [KindCodes]. It is empty once their user has kept them, and of codes that
	// a program was given.
	Browser string `json:"browser,omitzero"`

	// KeptAt is when the user said to have kept them.
	KeptAt time.Time `json:"kept_at,omitzero"`

	Unknown jsontext.Value `json:",unknown"`
}

// A Device is a browser that a user trusts: a login there needs no second
// factor.
type Device struct {
	ID         string        `json:"id"` // the SHA-256, in base64url, of the secret in the browser's cookie
	Name       string        `json:"name,omitzero"`
	Method     eagate.Method `json:"method,omitzero"` // how the second factor was given when the device was added
	VerifiedAt time.Time     `json:"verified_at"`
	LastUsedAt time.Time     `json:"last_used_at"`
	ExpiresAt  time.Time     `json:"expires_at"`

	// By names the grant by which the device was added, and its browser's secret, as the
	// ID of a [Form].
	By string `json:"by,omitzero"`

	Unknown jsontext.Value `json:",unknown"`
}

// NewEpoch returns an epoch that no account ever had, nor will have: not this one
// either, after it was deleted and made anew. It has 53 bits, which JSON numbers
// hold everywhere.
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

// Account returns the user's account. A user who never had one has the zero Account
// with only its UserID, of Version 0, and no error.
func (r *Records) Account(ctx context.Context, userID string) (Account, error) {
	return orZero(accounts.get(ctx, r, userID))
}

// UpdateAccount applies change to the user's account, starting from the zero
// Account for a user who has none, as one atomic change. If change returns an
// error, nothing is stored and UpdateAccount returns that error, or nil for
// [ErrUnchanged]. After any other error the change may be stored or not. change may be called more than once: it
// must have no effect but on its argument, and on variables of its caller that it
// sets anew each time.
func (r *Records) UpdateAccount(ctx context.Context, userID string, change func(*Account) error) error {
	return accounts.update(ctx, r, userID, true, change)
}

// DueAccounts returns the user IDs of at most limit accounts whose state the
// service has to be told of by now, or their owners of wrong codes, the longest due
// first.
func (r *Records) DueAccounts(ctx context.Context, now time.Time, limit int) ([]string, error) {
	return r.backend.Due(ctx, store.Accounts, now, limit)
}

// Accounts returns all accounts, in no particular order. An account that can't be
// read is an error with a [*RecordError]; any other error ends the list.
func (r *Records) Accounts(ctx context.Context) iter.Seq2[Account, error] {
	return accounts.all(ctx, r)
}
