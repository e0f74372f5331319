// Package store says where eagate keeps what it must remember: in a [Backend],
// a small document store that any database can be.
//
// A document is a text under an ID, with a version and, where something has to
// happen at some time, a due time. What the texts say, how they are protected
// against forgery, and how they change, is eagate's own affair; a backend neither
// reads nor changes them. One is written in an evening: see [Backend] for the
// contract, and package storetest for the suite that checks it.
//
// [NewMemory] keeps the documents in the process. The modules store/sqlstore,
// store/redisstore and store/natsstore keep them in SQLite, PostgreSQL, MariaDB,
// MySQL, Redis and NATS.
//
// # What may be lost
//
// Accounts and addresses must never be lost: a user whose account is gone has no
// second factor. Challenges and grants may be; users then prove their second
// factor once more. [Split] keeps the two sorts in different places.
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
	// ErrConflict says that a document wasn't written or deleted, because the
	// version that is stored isn't the one that was given.
	ErrConflict = errors.New("store: another version is stored")

	// ErrNotPrimary says that a server was asked that isn't the one to be written
	// to: a standby, a replica, or a primary that was demoted. What it holds may be
	// old, so that it must not be asked whether there is a second factor.
	ErrNotPrimary = errors.New("store: the server isn't the primary")
)

// A Kind is one sort of document. IDs of different kinds are independent. A
// backend treats all kinds alike, those of later releases too: 1 to 32 lower-case
// letters.
type Kind string

const (
	Accounts   Kind = "account"   // one for each user, by the user's ID
	Addresses  Kind = "address"   // one for each e-mail address in use, by a hash of it
	Challenges Kind = "challenge" // one for each request to a phone
	Grants     Kind = "grant"     // one for each proof that was given
)

// Volatile reports whether documents of this kind may be lost, at the price that
// users prove their second factor once more.
func (k Kind) Volatile() bool { return k == Challenges || k == Grants }

// A Document is what a backend keeps under a kind and an ID.
type Document struct {
	// ID is 1 to 255 bytes of UTF-8 without NUL: see [CheckID]. IDs are compared
	// byte by byte.
	ID string

	// Version names one state of the document. It is the backend's: above 0, below
	// 1<<53, and greater with every Put, be it of the same body. It isn't used again for
	// the same ID, even when the document was deleted and inserted anew. It is 0 where
	// there is no document.
	Version uint64

	// Due is when the document is due for [Backend.Due] and [Backend.DeleteDue], or
	// zero if never. What is finer than a microsecond is kept or cut off. Times between
	// 2000 and 2100 are kept, all others kept or refused; the time zone is lost.
	Due time.Time

	// Body is a JSON text of at most [MaxBody] bytes. It comes back byte by byte as
	// it was written: a column type that formats JSON won't do.
	Body []byte

	// Notify asks Put to report the write to [Watcher.Watch]. It isn't stored.
	Notify bool
}

// A Backend keeps documents.
//
// All methods are safe for concurrent use, and return soon after the context has
// ended. A context that has ended before the call changes nothing, and its error
// is returned. A context may have no deadline: a backend must then give up by itself
// when its storage doesn't answer. A document that a backend can't hold as it is, is refused with an
// error, never altered.
//
// A finished write is seen by every read (Get, Due and List) that begins after it,
// whichever node it comes from: neither a cache nor a replica lies between. Where
// several servers vote, a read must be confirmed by most of them. A server that knows
// that it isn't the primary is an error ([ErrNotPrimary]), and its connection is not
// used again. Storage that was deleted, emptied or made anew under a running program
// is an error, too, as far as it can be found out. No fault may look like a missing
// document, because a missing account means "no second factor".
//
// An error other than [ErrConflict] leaves open whether a write happened, or will in a
// moment: the connection may have broken before the answer came, or the context may
// have ended, which a backend makes rare by waiting for the answer a little longer. A
// write happens once or not at all, and whole. A backend may try again what certainly had no effect, such as a
// transaction that the database ended because of a deadlock, but it never sends again
// what may have had one. When connections break, it connects again by itself; a call
// may wait a moment for that, as long as nothing was sent.
//
// Get and Put are called for most requests that the gate answers itself, with a few
// IDs, and up to 40 times a second with 500 IDs while many wait for their phones. Each
// node calls Due of accounts every 5 seconds and DeleteDue of challenges and grants
// once a minute, with limits of some hundred; List only when an operator asks.
//
// What a caller does to a document that it got or gave changes nothing in the
// backend.
type Backend interface {
	// Get returns the documents with these IDs, at most [MaxGet], in their order.
	// One that isn't there has its ID, the Version 0 and nothing else; that is no
	// error.
	Get(ctx context.Context, kind Kind, ids ...string) ([]Document, error)

	// Put writes a document in place of the one with the given Version, or with
	// Version 0 inserts it, and returns its new version. If another version is
	// stored, or none, or one where none should be, nothing changes, and the error
	// is [ErrConflict]. Of several writers that give the same version, one succeeds.
	Put(ctx context.Context, kind Kind, doc Document) (version uint64, err error)

	// Delete removes the document with that ID and version. It returns [ErrConflict]
	// if another version is stored, and no error if none is. No Put that was given
	// an earlier version brings it back.
	Delete(ctx context.Context, kind Kind, id string, version uint64) error

	// Due returns the IDs of at most limit documents that are due at or before now,
	// the longest due first; fewer say that no more are due. A limit below 1 is an
	// error.
	Due(ctx context.Context, kind Kind, now time.Time, limit int) ([]string, error)

	// DeleteDue removes at most limit documents that are due at or before now, and
	// returns how many it removed; fewer than limit says that no more are due, but
	// for those that others are removing at the same time. A document that is written
	// meanwhile with a later Due stays. A limit below 1 is an error.
	DeleteDue(ctx context.Context, kind Kind, now time.Time, limit int) (int, error)

	// List returns the next documents of a kind, at most limit of them, and where to
	// go on: after "" it begins, each answer's next goes on, through whichever node,
	// and a next of "" is the end. What next holds, and the order, are the backend's
	// own affair.
	//
	// A document that is there from the first call to the last is returned exactly
	// once, in one of the states that it has meanwhile, so that the order can't be one
	// that a write changes; one that comes or goes meanwhile, at most once, be it deleted
	// and inserted anew. A page can have
	// fewer documents than limit, or none, and yet not be the last. A limit below 1 is
	// an error.
	List(ctx context.Context, kind Kind, after string, limit int) (page []Document, next string, err error)
}

// A Watcher is a [Backend] that can tell of writes, also of other nodes, without
// being asked again and again. It is optional: without it, what waits is looked
// for once a second.
type Watcher interface {
	Backend

	// Watch calls changed with the ID of each document of that kind that is written
	// with Notify, within a fraction of a second, until ctx ends or the watch breaks
	// off; it returns why. Calls come one after the other.
	//
	// It calls changed with the ID "" first, when the watch has begun, and whenever
	// some writes may not have been reported: any document may have changed then. A
	// write that begins after that call is reported, or is followed by another such
	// call, or Watch returns. A write that is reported can be read. A call that takes
	// long holds up neither Put nor other watches, and loses no later one.
	//
	// When ctx ends, Watch returns its error. After any other error it is called again
	// in a while.
	//
	// A backend that can't watch as it was set up returns [errors.ErrUnsupported] at
	// once.
	Watch(ctx context.Context, kind Kind, changed func(id string)) error
}

const (
	// MaxID is the length of the longest ID, in bytes.
	MaxID = 255

	// MaxBody is the length of the longest body that every backend can hold, in
	// bytes.
	MaxBody = 256 << 10

	// MaxGet is how many documents one Get can ask for.
	MaxGet = 1000
)

// CheckID returns an error unless every backend can hold the ID: 1 to [MaxID]
// bytes of UTF-8 without NUL.
func CheckID(id string) error {
	if id == "" || len(id) > MaxID || !utf8.ValidString(id) || strings.Contains(id, "\x00") {
		return fmt.Errorf("store: ID %.*q: want 1 to %d bytes of UTF-8 without NUL", MaxID, id, MaxID)
	}
	return nil
}

// Check returns an error unless every backend can hold a document of that kind. A
// backend calls it first in Put.
func (d Document) Check(kind Kind) error {
	if err := errors.Join(kind.Check(), CheckID(d.ID)); err != nil {
		return err
	}
	if n := len(d.Body); n == 0 || n > MaxBody || !utf8.Valid(d.Body) {
		return fmt.Errorf("store: body of %s %.*q has %d bytes: want 1 to %d of UTF-8", kind, MaxID, d.ID, n, MaxBody)
	}
	return nil
}

// Check returns an error unless that is a kind: 1 to 32 lower-case letters.
func (k Kind) Check() error {
	if k == "" || len(k) > 32 || strings.Trim(string(k), "abcdefghijklmnopqrstuvwxyz") != "" {
		return fmt.Errorf("store: kind %.40q: want 1 to 32 lower-case letters", string(k))
	}
	return nil
}

// CheckGet returns an error unless every backend can be asked for these IDs. A
// backend calls it first in Get.
func CheckGet(kind Kind, ids ...string) error {
	if err := kind.Check(); err != nil {
		return err
	}
	if len(ids) > MaxGet {
		return fmt.Errorf("store: %d IDs in one Get: want at most %d", len(ids), MaxGet)
	}
	for _, id := range ids {
		if err := CheckID(id); err != nil {
			return err
		}
	}
	return nil
}

// CheckLimit returns an error for a limit below 1.
func CheckLimit(limit int) error {
	if limit < 1 {
		return fmt.Errorf("store: limit %d: want at least 1", limit)
	}
	return nil
}
