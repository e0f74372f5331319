// Package store defines the [Backend] in which eagate keeps its data: a small
// document store, which can be implemented over any database that has an atomic
// compare-and-swap.
//
// A document is a JSON text under an ID, with a version and an optional due time.
// eagate defines its content, protects it against forgery and changes it; a backend
// neither reads nor changes it.
//
//	documents := store.NewMemory() // for tests and demos: it forgets everything
//	gate, err := middleware.New(middleware.WithStore(documents), …)
//
// # Stores
//
// [NewMemory] keeps the documents in the process. The modules store/sqlstore,
// store/redisstore and store/natsstore keep them in SQLite, PostgreSQL, MariaDB,
// MySQL, Redis and NATS.
//
// # What may be lost
//
// Accounts and addresses must never be lost: a user without an account has no
// second factor. Challenges and grants may be lost: users then prove their second
// factor again. [Split] keeps the two groups in different backends.
//
// # Another database
//
// [Backend] is the contract, and package [github.com/eagate/eagate/store/storetest] tests
// it. A backend first checks what it is given, by [Document.Check], [CheckGet] and
// [CheckLimit]. It may be a [Watcher], too: pages that wait for the phone are then told of
// writes, and needn't poll.
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
	// ErrConflict is returned when a document was not written or deleted because
	// the stored version isn't the given one.
	ErrConflict = errors.New("store: another version is stored")

	// ErrNotPrimary is returned when the server is a standby, a replica, or a
	// demoted primary. Its data may be stale, so it can't be relied on to say
	// whether a user has a second factor.
	ErrNotPrimary = errors.New("store: the server isn't the primary")
)

// A Kind is a kind of document: 1 to 32 lower-case letters. IDs of different kinds
// are independent. A backend treats all kinds alike, including those that later
// releases add.
type Kind string

// The kinds of this release.
const (
	Accounts   Kind = "account"   // one per user, by the user's ID
	Addresses  Kind = "address"   // one per e-mail address in use, by a hash of it
	Challenges Kind = "challenge" // one per request to a phone
	Grants     Kind = "grant"     // one per verified session, and what is kept of sessions that are over
)

// Volatile reports whether documents of this kind may be lost: users then prove
// their second factor again.
func (k Kind) Volatile() bool { return k == Challenges || k == Grants }

// A Document is what a backend keeps under a kind and an ID.
type Document struct {
	// ID is 1 to 255 bytes of UTF-8 without NUL: see [CheckID]. IDs are compared
	// byte by byte.
	ID string

	// Version identifies a state of the document. The backend chooses it: above 0,
	// below 1<<53, and greater with every Put, even of the same body. A version is
	// never used again for the same ID, not even after the document was deleted. It
	// is 0 where there is no document.
	Version uint64

	// Due is when the document is due for [Backend.Due] and [Backend.DeleteDue], or
	// zero if never. A backend keeps it to the microsecond at least. It must accept
	// times between 2000 and 2100, and may refuse others. It may drop the time zone.
	Due time.Time

	// Body is a JSON text of at most [MaxBody] bytes. A backend returns the bytes
	// that were written; a column type that reformats JSON can't be used.
	Body []byte

	// Notify asks Put to report the write to [Watcher.Watch]. It isn't stored.
	Notify bool
}

// A Backend keeps documents.
//
// All methods are safe for concurrent use, and return soon after the context is
// done. If it is done before the call, nothing changes and the context's error is
// returned. A context may have no deadline: a backend needs a timeout of its own for
// storage that doesn't respond. A backend returns an error for a document that it
// can't store unchanged.
//
// Every read (Get, Due and List) that starts after a write has finished sees that
// write, on any node: reads come neither from a cache nor from a replica. Where
// several servers vote, a majority must confirm a read. A server that knows that it
// isn't the primary is an error ([ErrNotPrimary]), and its connection is not used
// again. Storage that was deleted, emptied or created again under a running program
// is an error, too, as far as that can be detected. No fault may look like a missing
// document, because a missing account means "no second factor".
//
// After an error other than [ErrConflict], a write may have happened, or may still
// happen: the connection may have broken before the response, or the context may
// have ended. A backend makes the latter rare by waiting for the response a little
// longer. Writes are atomic, and happen at most once. A backend may retry a write that
// certainly had no effect, such as a transaction that the database aborted because of
// a deadlock, but never one that may have had an effect. It reconnects when a
// connection breaks; a call may wait for that as long as nothing was sent.
//
// Get and Put are called for most requests that the gate answers itself, with a few
// IDs, and Get dozens of times a second with up to 500 IDs while many users wait for their
// phones. Each node that runs Gate.Run calls Due for accounts every 5 seconds and DeleteDue
// for challenges and grants once a minute, with limits of a few hundred, and Due with 10,000
// every 10 minutes. List is only called for an operator.
//
// A backend shares no memory with its callers: they may change a document after
// passing it to a method or receiving it from one.
type Backend interface {
	// Get returns the documents with these IDs, at most [MaxGet], in the order of
	// the IDs. For a missing document it returns the ID and Version 0, and no error.
	Get(ctx context.Context, kind Kind, ids ...string) ([]Document, error)

	// Put replaces the document that has doc.Version, or inserts doc if the Version
	// is 0, and returns the new version. If the stored version is another one (0 if
	// there is no document), nothing changes and the error is [ErrConflict]. Of
	// several concurrent calls with the same version, one succeeds.
	Put(ctx context.Context, kind Kind, doc Document) (version uint64, err error)

	// Delete deletes the document with that ID and version. It returns [ErrConflict]
	// if another version is stored, and no error if there is no document. A later Put
	// with an earlier version must not restore it.
	Delete(ctx context.Context, kind Kind, id string, version uint64) error

	// Due returns the IDs of at most limit documents that are due at or before now,
	// the earliest due first. Fewer than limit means that no others are due. A limit
	// below 1 is an error.
	Due(ctx context.Context, kind Kind, now time.Time, limit int) ([]string, error)

	// DeleteDue deletes at most limit documents that are due at or before now, and
	// returns how many it deleted. Fewer than limit means that no others are due,
	// except those that concurrent calls are deleting. It must not delete a document
	// that is concurrently given a later Due. A limit below 1 is an error.
	DeleteDue(ctx context.Context, kind Kind, now time.Time, limit int) (int, error)

	// List returns a page of at most limit documents of a kind, and the cursor for
	// the next page. The first page is after ""; a next of "" marks the last page. The
	// backend chooses the cursors and the order. A cursor is valid on every node.
	//
	// A document that exists from the first call to the last is returned exactly
	// once, in one of its states during that time, so a write must not change its
	// place in the order. One that is inserted or deleted during that time, or both,
	// is returned at most once. A page other than the last may have fewer documents
	// than limit, or none. A limit below 1 is an error.
	List(ctx context.Context, kind Kind, after string, limit int) (page []Document, next string, err error)
}

// A Watcher is a [Backend] that reports writes, including those of other nodes.
// It is optional: without it, each node polls once a second for what its pages wait
// for.
type Watcher interface {
	Backend

	// Watch calls changed with the ID of each document of that kind that is written
	// with Notify, within a fraction of a second, until ctx is done or the watch
	// fails, and returns the error. It makes one call at a time.
	//
	// It calls changed with the ID "" when the watch has started, and whenever it may
	// have missed writes: any document may have changed then. A write that starts after
	// such a call is reported, or is followed by another such call, or Watch returns.
	// A reported write can be read. A slow call of changed delays neither Put nor other
	// watches, and no later report is lost because of it.
	//
	// If ctx is done, Watch returns its error. After any other error, the caller calls
	// Watch again after a pause.
	//
	// A backend whose configuration doesn't allow watching returns
	// [errors.ErrUnsupported] at once.
	Watch(ctx context.Context, kind Kind, changed func(id string)) error
}

// The limits of every backend.
const (
	MaxID   = 255       // bytes of an ID
	MaxBody = 256 << 10 // bytes of a body
	MaxGet  = 1000      // documents in one Get
)

// CheckID returns an error unless the ID is valid: 1 to [MaxID] bytes of UTF-8
// without NUL.
func CheckID(id string) error {
	if id == "" || len(id) > MaxID || !utf8.ValidString(id) || strings.Contains(id, "\x00") {
		return fmt.Errorf("store: ID %.*q: want 1 to %d bytes of UTF-8 without NUL", MaxID, id, MaxID)
	}
	return nil
}

// Check returns an error unless the document and the kind are valid. A backend calls
// it first in Put.
func (d Document) Check(kind Kind) error {
	if err := errors.Join(kind.Check(), CheckID(d.ID)); err != nil {
		return err
	}
	if n := len(d.Body); n == 0 || n > MaxBody || !utf8.Valid(d.Body) {
		return fmt.Errorf("store: body of %s %.*q has %d bytes: want 1 to %d of UTF-8", kind, MaxID, d.ID, n, MaxBody)
	}
	return nil
}

// Check returns an error unless the kind is valid: 1 to 32 lower-case letters.
func (k Kind) Check() error {
	if k == "" || len(k) > 32 || strings.Trim(string(k), "abcdefghijklmnopqrstuvwxyz") != "" {
		return fmt.Errorf("store: kind %.40q: want 1 to 32 lower-case letters", string(k))
	}
	return nil
}

// CheckGet returns an error unless the kind and the IDs are valid, and not too many.
// A backend calls it first in Get.
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
