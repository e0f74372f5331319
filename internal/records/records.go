// Package records stores eagate's records as documents in a [store.Backend]: an [Account]
// for each user, an [Address] for each e-mail address in use, a [Challenge] for each
// request to a phone, and a [Grant] for each proof.
//
// Every change is an atomic read-modify-write: the caller passes a function, which is
// applied so that no other change of the record comes between the read and the write.
// One-time use, replay protection and attempt limits depend on that, on any number of
// nodes.
//
// A document is JSON with an HMAC over its kind, its ID and its content; a record that
// was forged, or moved to another ID, is refused. A restored earlier state of the same
// record is not detected, nor is a deletion.
//
// Releases can share a store. A record keeps unknown fields, at any depth, and has the
// first format that can read it: an older release returns [ErrTooNew] if it would ignore
// something essential.
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
	// ErrNotFound is returned if there is no record with that ID.
	ErrNotFound = errors.New("records: not found")

	// ErrExists is returned if there is a record with that ID already.
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

// A kind is a kind of record.
type kind[R any] struct {
	name store.Kind

	// of returns the fields of a record that aren't in its JSON.
	of func(*R) meta

	// due returns when the record is due, or the zero time for never.
	due func(*R) time.Time

	// awaited reports whether a page may wait for this change.
	awaited func(from, to *R) bool

	// written calls the observer, or is nil if writes aren't observed.
	written func(o Observer, id string, rec *R)
}

// meta has the fields of a record that aren't in its JSON.
type meta struct {
	id      *string
	version *uint64
	stale   *bool
}

// get returns the record with that ID, or a zero one with the ID and ErrNotFound.
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

// fetch returns the stored document with that ID.
func (k kind[R]) fetch(ctx context.Context, r *Records, id string) (store.Document, error) {
	// A read can be retried after a broken connection, but not after a timeout.
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

// checkAnswer returns an error unless the documents have the requested IDs: a database
// that compares text by letter case or language may return another ID's document, which
// is valid under its own ID.
func (k kind[R]) checkAnswer(docs []store.Document, ids ...string) error {
	if len(docs) != len(ids) {
		return fmt.Errorf("records: got %d of %s for %d IDs: the backend breaks its contract", len(docs), k.name, len(ids))
	}
	for i, id := range ids {
		if docs[i].ID != id {
			return fmt.Errorf("records: got %s %q for %q: the database must compare IDs byte by byte", k.name, docs[i].ID, id)
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

// update applies change to the record with that ID, or to a zero one if there is none and
// create is set, and stores the result.
//
// The update is atomic: after a conflict with another writer, change is called again with
// that writer's result. It must have no effect except on its argument and on variables
// that it sets in each call. Its error ends the update, and nothing is stored;
// ErrUnchanged does the same without an error. After any other error the change may have
// been stored, but at most once.
func (k kind[R]) update(ctx context.Context, r *Records, id string, create bool, change func(*R) error) error {
	var race race
	// A document that the request has read before is enough for a write, which fails if
	// it was changed since. To leave the record unchanged, its current state is needed.
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

// earlier returns a document as the same request has read or written it before, if the
// backend remembers it. It may have been changed since.
func (r *Records) earlier(ctx context.Context, of store.Kind, id string) (doc store.Document, ok bool) {
	b, ok := r.backend.(interface {
		Earlier(ctx context.Context, kind store.Kind, id string) (store.Document, bool)
	})
	if !ok {
		return store.Document{}, false
	}
	return b.Earlier(ctx, of, id)
}

// put replaces the document that was read, and returns store.ErrConflict if another
// writer has changed it. If a write gets no response, put determines its result, or
// returns an error.
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

// send makes the write of put.
func (k kind[R]) send(ctx context.Context, r *Records, doc store.Document) (version uint64, err error) {
	if version, err = r.backend.Put(ctx, k.name, doc); err == nil || errors.Is(err, store.ErrConflict) {
		return version, err
	}
	// A retry is safe: the write happens once at most, and its body is unique.
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
		break // it was stored and overwritten, or not stored: that can't be determined
	}
	return 0, fmt.Errorf("records: writing %s: it may have been stored: %w", k.name, err)
}

// resends is how often a write is sent again whose answer didn't come.
const resends = 2

// remove deletes the record with that ID, in any version. It is no error if there is
// none.
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

// all iterates over all records of the kind. One that can't be read is an error with a
// [*RecordError]; any other error ends the iteration.
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

// orZero returns the zero record in place of ErrNotFound.
func orZero[R any](rec R, err error) (R, error) {
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	return rec, err
}
