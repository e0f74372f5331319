// Package store says what eagate remembers, and what it asks of the place
// that remembers it.
//
// Three kinds of record are kept: an [Account] for each user, a [Challenge]
// for each push request, and a [Grant] for each proof that was given. The
// store is the authority on all of them; nothing that decides who gets in
// lives only in a session.
//
// Every change is an atomic read-modify-write: the rules hand the store a
// function, and the store applies it so that no other change to the same
// record can come between its reading and its writing. One-time use, replay
// protection and attempt limits all rest on that, on any number of nodes.
// Package storetest checks an implementation against this contract.
//
// [NewMemory] keeps everything in the process: for tests, demos, and single
// processes that may forget who has a second factor when they stop.
package store

import (
	"context"
	"errors"
	"time"
)

var (
	// ErrNotFound says that there is no record under that ID.
	ErrNotFound = errors.New("store: not found")

	// ErrExists says that a record with that ID exists already.
	ErrExists = errors.New("store: already exists")
)

// A Store keeps accounts, challenges and grants.
//
// All methods are safe for concurrent use. A context that has ended changes
// nothing, and its error is returned. Any fault of the storage is an error: it
// must never look like a missing record, because a missing account means "no
// second factor". An error leaves open whether the change was stored, since a
// connection can break while it is; only an error of the change function itself
// says that it was not. Contention between writers is no fault: a store tries
// again by itself.
//
// A finished write is seen by every read that begins after it, whichever node
// it comes from: no cache and no lagging replica lies between.
//
// Records go in and out by value: what a caller does to a returned record, or
// to one that it has handed in, changes nothing in the store. Times are kept to
// the microsecond at least. IDs are told apart byte by byte, up to 255 bytes of
// UTF-8 without NUL; what a store can't hold it refuses, and never alters.
type Store interface {
	Accounts
	Challenges
	Grants

	// DeleteExpired removes at most limit challenges whose ForgetAt, and
	// grants whose ExpiresAt, are not after now, and returns how many it
	// removed. A limit below 1 removes none. A store that forgets by itself may
	// have nothing to do.
	DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error)
}

// Accounts keeps one [Account] for each user.
type Accounts interface {
	// Account returns the user's account. A user whom the store has never
	// seen has the zero Account with only its UserID set, and no error.
	Account(ctx context.Context, userID string) (Account, error)

	// UpdateAccount applies change to the user's account, starting from the
	// zero Account for a user never seen, and stores what it leaves.
	//
	// The update is atomic: change sees the newest record, and if another
	// writer comes first, it is called again with what that one wrote. It must
	// therefore have no effect outside its argument but to set (not add to)
	// variables of its caller, and must not call the store. If change returns
	// an error, nothing is stored and UpdateAccount returns that error.
	// Version and UserID belong to the store: what change does to them is
	// ignored; Version is counted up by one. A change that panics changes
	// nothing.
	UpdateAccount(ctx context.Context, userID string, change func(*Account) error) error

	// UnsyncedAccounts returns the user IDs of at most limit accounts of which
	// the service doesn't know the wanted state (Sync.Wanted != Sync.Confirmed)
	// and whose next attempt is due (Sync.NextAt not after now), the longest
	// due first.
	UnsyncedAccounts(ctx context.Context, now time.Time, limit int) ([]string, error)
}

// Challenges keeps the push requests.
type Challenges interface {
	// CreateChallenge stores a new challenge, as Version 1, or returns
	// [ErrExists].
	CreateChallenge(ctx context.Context, c Challenge) error

	// Challenge returns the challenge with that ID, or [ErrNotFound]. Stores
	// need not look at the clock: an expired challenge may still be returned.
	Challenge(ctx context.Context, id string) (Challenge, error)

	// UpdateChallenge applies change to the challenge with that ID, under the
	// rules of [Accounts].UpdateAccount, or returns [ErrNotFound] without
	// calling it. ID and Version belong to the store.
	UpdateChallenge(ctx context.Context, id string, change func(*Challenge) error) error
}

// Grants keeps the proofs that were given.
type Grants interface {
	// CreateGrant stores a new grant, or returns [ErrExists].
	CreateGrant(ctx context.Context, g Grant) error

	// Grant returns the grant with that ID, or [ErrNotFound]. Stores need not
	// look at the clock: an expired grant may still be returned.
	Grant(ctx context.Context, id string) (Grant, error)

	// DeleteGrant removes the grant with that ID. That there was none is no
	// error.
	DeleteGrant(ctx context.Context, id string) error
}
