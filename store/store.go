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
// Accounts must never be lost: a user whose account is gone has no second
// factor. Challenges and grants may be, at the price that users prove again.
// [Split] keeps the two in different places.
//
// [NewMemory] keeps everything in the process: for tests, demos, and single
// processes that may forget who has a second factor when they stop. The modules
// store/sqlstore and store/redisstore keep it in databases.
package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
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
// connection can break while it is, but it is stored once or not at all, and
// whole; only an error of the change function itself says that it was not. A
// store that has lost the answer therefore finds out or returns an error, and
// doesn't call the function again. Contention between writers is no fault: a store
// tries again by itself. When connections break, it connects again by itself.
//
// A finished write is seen by every read that begins after it, whichever node
// it comes from: no cache and no lagging replica lies between.
//
// Records go in and out by value: what a caller does to a returned record, or
// to one that it has handed in, changes nothing in the store. Times are kept to
// the microsecond at least. IDs are told apart byte by byte, up to 255 bytes of
// UTF-8 without NUL (see [CheckID]); what a store can't hold it refuses, and
// never alters: Account returns an error for a user ID that UpdateAccount refuses.
// Texts and byte strings of 255 bytes are kept everywhere, secrets of 1 KiB,
// Sync.LastErr of 16 KiB, and a thousand times and a hundred addresses; what is
// longer is kept whole or refused, never cut off. During an upgrade of several
// nodes, a store whose release doesn't know a field yet leaves alone what a newer
// one has put there.
type Store interface {
	Accounts
	Volatile
}

// Volatile is what may be lost: then users prove their second factor once more,
// and nobody gets in without.
type Volatile interface {
	Challenges
	Grants

	// DeleteExpired removes at most limit challenges whose ForgetAt, and
	// grants whose ExpiresAt, are not after now, and returns how many it
	// removed. A limit below 1 removes none. What it removes has expired when it is
	// removed, and of several at once, each record is counted once. A store that
	// forgets by itself may have nothing to do.
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

	// ListAccounts returns the next accounts that the filter lets through, at
	// most limit of them, and where to go on: "" begins, each answer's next goes
	// on, through whichever node, and a next of "" is the end. What next holds is the
	// store's own affair.
	//
	// The order is the store's. An account that is there, and that the filter lets
	// through, from the first call to the last is returned exactly once; one that
	// comes, changes or goes meanwhile may be. A page can have fewer accounts than
	// limit, or none, and yet not be the last. A limit below 1 is an error.
	ListAccounts(ctx context.Context, filter AccountFilter, from string, limit int) (page []Account, next string, err error)
}

// An AccountFilter says which accounts ListAccounts returns. The zero value lets
// all of them through.
type AccountFilter struct {
	// Late lets through only those of which the service doesn't know the wanted
	// state, whether or not an attempt is due.
	Late bool
}

// Match reports whether the filter lets a through.
func (f AccountFilter) Match(a Account) bool { return !f.Late || a.Sync.Late() }

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
	// CreateGrant stores a new grant, as Version 1, or returns [ErrExists].
	CreateGrant(ctx context.Context, g Grant) error

	// Grant returns the grant with that ID, or [ErrNotFound]. Stores need not
	// look at the clock: an expired grant may still be returned.
	Grant(ctx context.Context, id string) (Grant, error)

	// UpdateGrant applies change to the grant with that ID, under the rules of
	// [Accounts].UpdateAccount, or returns [ErrNotFound] without calling it. ID
	// and Version belong to the store.
	UpdateGrant(ctx context.Context, id string, change func(*Grant) error) error

	// DeleteGrant removes the grant with that ID, and no update that began before
	// brings it back. That there was none is no error.
	DeleteGrant(ctx context.Context, id string) error
}

// MaxID is the length of the longest ID, in bytes.
const MaxID = 255

// CheckID returns an error unless every store can hold the ID: 1 to [MaxID]
// bytes of UTF-8 without NUL.
func CheckID(id string) error {
	if id == "" || len(id) > MaxID || !utf8.ValidString(id) || strings.Contains(id, "\x00") {
		return fmt.Errorf("store: ID %.*q: want 1 to %d bytes of UTF-8 without NUL", MaxID, id, MaxID)
	}
	return nil
}
