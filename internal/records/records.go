// Package records keeps what eagate remembers, as documents in a [store.Backend]:
// an [Account] for each user, an [Address] for each e-mail address in use, a
// [Challenge] for each request to a phone, and a [Grant] for each proof.
//
// Every change is an atomic read-modify-write: the rules give a function, and it
// is applied so that no other change of the same record comes between its reading
// and its writing. One-time use, replay protection and attempt limits rest on
// that, on any number of nodes.
//
// A document is JSON that carries an HMAC over its kind, its ID and itself, so
// that a record which was forged, or moved to another ID, is refused. An earlier
// state of the same record, put back by somebody who can write to the store, is
// not recognised, nor is a deletion.
//
// Releases can share a store. A record keeps the fields that this release doesn't
// know, at any depth, and says from which format on it can be read: an older
// release returns [ErrTooNew] where it would have to ignore what must not be.
package records

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/eagate/eagate/internal/keyring"
	"github.com/eagate/eagate/store"
)

var (
	// ErrNotFound says that there is no record under that ID.
	ErrNotFound = errors.New("records: not found")

	// ErrExists says that there is a record under that ID already.
	ErrExists = errors.New("records: already exists")

	// ErrUnchanged is returned by a change that leaves the record as it is: nothing is
	// stored, and the update returns no error.
	ErrUnchanged = errors.New("records: unchanged")
)

// Records are safe for concurrent use.
type Records struct {
	backend  store.Backend
	keys     *keyring.Keyring
	observer Observer // or nil
}

// New returns the records of a backend, protected by the keys.
func New(b store.Backend, keys *keyring.Keyring) *Records { return &Records{backend: b, keys: keys} }

// A kind is one sort of record.
type kind[R any] struct {
	name store.Kind

	// of returns what a record has that isn't in its JSON.
	of func(*R) meta

	// due returns when the record is due, or the zero time for never.
	due func(*R) time.Time

	// awaited reports whether somebody may wait for the change from one record to
	// another.
	awaited func(from, to *R) bool

	// written calls the observer, or is nil where no write is observed.
	written func(o Observer, id string, rec *R)
}

// meta is where a record has what isn't in its JSON.
type meta struct {
	id      *string
	version *uint64
	stale   *bool
}

// get returns the record with that ID, or if there is none, the zero one with its
// ID and ErrNotFound.
func (k kind[R]) get(ctx context.Context, r *Records, id string) (R, error) {
	rec, _, _, err := k.read(ctx, r, id)
	return rec, err
}

// read is get with the document that the record was read from.
func (k kind[R]) read(ctx context.Context, r *Records, id string) (rec R, min int, doc store.Document, err error) {
	if doc, err = k.fetch(ctx, r, id); err == nil {
		rec, min, err = k.decode(r.keys, doc)
	}
	return rec, min, doc, err
}

// fetch returns the document with that ID as it is stored.
func (k kind[R]) fetch(ctx context.Context, r *Records, id string) (store.Document, error) {
	// What breaks a connection may be over, and a read can be made again; but who has
	// waited in vain doesn't wait once more.
	docs, err := r.backend.Get(ctx, k.name, id)
	if err != nil && ctx.Err() == nil && !errors.Is(err, context.DeadlineExceeded) {
		docs, err = r.backend.Get(ctx, k.name, id)
	}
	if err != nil {
		return store.Document{}, fmt.Errorf("records: reading %s: %w", k.name, err)
	}
	if err := k.checkAnswer(docs, id); err != nil {
		return store.Document{}, err
	}
	return docs[0], nil
}

// checkAnswer returns an error if these aren't the documents that were asked for: a
// database that compares text by letter case or language may take one ID for another,
// whose document is a good one in its own place.
func (k kind[R]) checkAnswer(docs []store.Document, ids ...string) error {
	if len(docs) != len(ids) {
		return fmt.Errorf("records: %d of %s came for %d IDs: the backend breaks its contract", len(docs), k.name, len(ids))
	}
	for i, id := range ids {
		if docs[i].ID != id {
			return fmt.Errorf("records: %s %q came for %q: see that the database compares IDs byte by byte", k.name, docs[i].ID, id)
		}
	}
	return nil
}

// create stores a new record, or returns ErrExists.
func (k kind[R]) create(ctx context.Context, r *Records, rec R) error {
	err := k.put(ctx, r, &rec, store.Document{ID: *k.of(&rec).id}, 0, false)
	if errors.Is(err, store.ErrConflict) {
		return ErrExists
	}
	return err
}

// update applies change to the record with that ID, from the zero one on if there
// is none and create is set, and stores what it leaves.
//
// The update is atomic: if another writer comes first, change is called again with
// what that one wrote. It must have no effect but on its argument and on variables
// of its caller that it sets anew each time. Its error ends the update, and nothing
// is stored; ErrUnchanged does the same, and is no error of the update. Any other error
// leaves open whether the change was stored, but it was once or not at all.
func (k kind[R]) update(ctx context.Context, r *Records, id string, create bool, change func(*R) error) error {
	var race race
	// What the request has read before does if it can be replaced: then nobody has changed it
	// since. To leave the record as it is, one must know how it is now.
	doc, earlier := r.earlier(ctx, k.name, id)
	for ; ; earlier = false {
		var err error
		if !earlier {
			if doc, err = k.fetch(ctx, r, id); err != nil {
				return err
			}
		}
		rec, min, err := k.decode(r.keys, doc)
		before := rec
		if err == nil || create && errors.Is(err, ErrNotFound) {
			err = change(&rec)
		}
		switch {
		case err != nil && earlier:
			continue
		case errors.Is(err, ErrUnchanged):
			return nil
		case err != nil:
			return err
		}
		err = k.put(ctx, r, &rec, doc, min, k.awaited(&before, &rec))
		if !errors.Is(err, store.ErrConflict) {
			return err
		}
		if err := race.again(ctx); err != nil {
			return fmt.Errorf("records: changing %s: %w", k.name, err)
		}
	}
}

// earlier returns a document as the same request has read or written it before, where the
// backend remembers that. It may have been changed since.
func (r *Records) earlier(ctx context.Context, of store.Kind, id string) (doc store.Document, ok bool) {
	b, ok := r.backend.(interface {
		Earlier(ctx context.Context, kind store.Kind, id string) (store.Document, bool)
	})
	if !ok {
		return store.Document{}, false
	}
	return b.Earlier(ctx, of, id)
}

// put writes a record in place of the document that was read, and returns
// store.ErrConflict if another writer came first. If no answer comes, it finds out
// what became of it, or returns an error.
func (k kind[R]) put(ctx context.Context, r *Records, rec *R, read store.Document, min int, notify bool) (err error) {
	doc := store.Document{ID: read.ID, Version: read.Version, Due: k.due(rec), Notify: notify}
	if doc.Body, err = k.encode(r.keys, doc.ID, rec, min); err != nil {
		return err
	}
	version, err := k.send(ctx, r, doc)
	if r.observer == nil || k.written == nil || errors.Is(err, store.ErrConflict) {
		return err
	}
	if err != nil {
		k.written(r.observer, doc.ID, nil)
		return err
	}
	m := k.of(rec)
	*m.id, *m.version = doc.ID, version
	k.written(r.observer, doc.ID, rec)
	return nil
}

// send is the part of put that talks to the backend.
func (k kind[R]) send(ctx context.Context, r *Records, doc store.Document) (version uint64, err error) {
	if version, err = r.backend.Put(ctx, k.name, doc); err == nil || errors.Is(err, store.ErrConflict) {
		return version, err
	}
	// The same again does no harm: it is written once at most, and its body is like
	// no other.
	for n := 0; n < resends && ctx.Err() == nil && !errors.Is(err, context.DeadlineExceeded); n++ {
		version, again := r.backend.Put(ctx, k.name, doc)
		if again == nil {
			return version, nil
		}
		if !errors.Is(again, store.ErrConflict) {
			err = errors.Join(err, again)
			continue
		}
		docs, readErr := r.backend.Get(ctx, k.name, doc.ID)
		if readErr != nil {
			err = errors.Join(err, readErr)
			break
		}
		if bytes.Equal(docs[0].Body, doc.Body) {
			return docs[0].Version, nil
		}
		break // it was stored and overwritten, or never was: nobody can tell
	}
	return 0, fmt.Errorf("records: writing %s: it may be stored or not: %w", k.name, err)
}

// resends is how often a write is sent again whose answer didn't come.
const resends = 2

// remove deletes the record with that ID, whatever its version. That there is none
// is no error.
func (k kind[R]) remove(ctx context.Context, r *Records, id string) error {
	var race race
	for {
		docs, err := r.backend.Get(ctx, k.name, id)
		if err != nil {
			return fmt.Errorf("records: deleting %s: %w", k.name, err)
		}
		if docs[0].Version == 0 {
			return nil
		}
		err = r.backend.Delete(ctx, k.name, id, docs[0].Version)
		if err == nil {
			return nil
		}
		if !errors.Is(err, store.ErrConflict) {
			return fmt.Errorf("records: deleting %s: %w", k.name, err)
		}
		if err := race.again(ctx); err != nil {
			return fmt.Errorf("records: deleting %s: %w", k.name, err)
		}
	}
}

// pageSize is how many records are listed at once.
const pageSize = 200

// all returns all records of the kind. One that can't be read is an error with a
// [*RecordError]; any other error ends the list.
func (k kind[R]) all(ctx context.Context, r *Records) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		for after := ""; ; {
			docs, next, err := r.backend.List(ctx, k.name, after, pageSize)
			if err != nil {
				var none R
				yield(none, fmt.Errorf("records: listing %s: %w", k.name, err))
				return
			}
			for _, doc := range docs {
				if rec, _, err := k.decode(r.keys, doc); !yield(rec, err) {
					return
				}
			}
			if after = next; after == "" {
				return
			}
		}
	}
}

// orZero takes a record that isn't there for the zero one.
func orZero[R any](rec R, err error) (R, error) {
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	return rec, err
}
