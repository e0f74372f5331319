package storetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eagate/eagate/store"
)

// A trial is the check of one clause. As with [testing.T], a failure ends the
// goroutine.
type trial struct {
	Subject
	ctx  context.Context // of all calls that need no other; ends with the patience
	kind store.Kind      // of this trial alone
	soon time.Duration   // in which a method must return after its context has ended

	calls  atomic.Int64
	fails  sync.Once
	err    error         // the first failure
	failed chan struct{} // closed then
}

func (t *trial) end(err error) {
	t.fails.Do(func() { t.err = err; close(t.failed) })
	runtime.Goexit()
}

var errSkipped = errors.New("the clause doesn't apply")

func (t *trial) skip(why string) { t.end(fmt.Errorf("%w: %s", errSkipped, why)) }

// that ends the trial unless ok.
func (t *trial) that(ok bool, format string, args ...any) {
	if !ok {
		t.end(fmt.Errorf(format, args...))
	}
}

// works ends the trial if a method returned an error.
func (t *trial) works(err error, method string) {
	t.that(err == nil, "%s returned the error %w: it must do what it was asked", method, err)
}

// conflicts ends the trial unless the error is [store.ErrConflict].
func (t *trial) conflicts(err error, method string) {
	t.that(errors.Is(err, store.ErrConflict), "%s returned the error %v: it must be ErrConflict", method, err)
}

// refuses ends the trial unless there is an error that says nothing about what is
// stored.
func (t *trial) refuses(err error, format string, args ...any) {
	method := fmt.Sprintf(format, args...)
	t.that(err != nil, "%s returned no error: it must, as what can't be done must not look like an answer", method)
	t.that(!errors.Is(err, store.ErrConflict), "%s returned the error %v: ErrConflict is for another version that is stored", method, err)
}

// next returns one handle after the other, so that each call goes through another
// one than the call before.
func (t *trial) next() store.Backend {
	return t.Handles[int(t.calls.Add(1))%len(t.Handles)]
}

// race calls f in n goroutines at once.
func (t *trial) race(n int, f func(i int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() { <-start; f(i) })
	}
	close(start)
	wg.Wait()
	if t.err != nil {
		runtime.Goexit()
	}
}

func newID() string { return rand.Text() }

func newKind() store.Kind {
	return store.Kind(strings.NewReplacer("2", "", "3", "", "4", "", "5", "", "6", "", "7", "").Replace(strings.ToLower(rand.Text())))
}

const tick = time.Microsecond

// moment is a time that a backend doesn't reach by itself.
var moment = time.Date(2040, 2, 29, 23, 59, 59, 123456000, time.UTC)

// none returns how a document looks that isn't there.
func none(id string) store.Document { return store.Document{ID: id} }

// document returns a new document that differs from those of other numbers. That of
// 0 is due at moment.
func document(n int) store.Document { return changed(none(newID()), n) }

// changed returns another state of a document, to be written over it.
func changed(doc store.Document, n int) store.Document {
	doc.Due, doc.Body = moment.Add(time.Duration(n)*time.Second), fmt.Appendf(nil, `{"n":  %d}`, n)
	return doc
}

// tryPut writes a document, and returns it as it is then stored, or without a version.
func (t *trial) tryPut(ctx context.Context, doc store.Document) (store.Document, error) {
	version, err := t.next().Put(ctx, t.kind, doc)
	if err != nil {
		return none(doc.ID), err
	}
	t.that(version > doc.Version && version < 1<<53, "Put returned the version %d after %d: it must be greater than that, and below 1<<53", version, doc.Version)
	doc.Version, doc.Notify = version, false
	return doc, nil
}

func (t *trial) put(doc store.Document) store.Document {
	doc, err := t.tryPut(t.ctx, doc)
	t.works(err, "Put, with the version that is stored,")
	return doc
}

// get ends the trial if an answer without an error doesn't have a document for each ID.
func (t *trial) get(ctx context.Context, b store.Backend, ids ...string) ([]store.Document, error) {
	docs, err := b.Get(ctx, t.kind, ids...)
	t.that(err != nil || len(docs) == len(ids), "Get returned %d documents for %d IDs, and no error: it must be one for each", len(docs), len(ids))
	return docs, err
}

// stored checks that documents are stored as they are given, through every handle.
func (t *trial) stored(when string, want ...store.Document) {
	for _, b := range t.Handles {
		docs, err := t.get(t.ctx, b, ids(want)...)
		t.works(err, "Get")
		for i, got := range docs {
			t.same(got, want[i], when)
		}
	}
}

func ids(docs []store.Document) []string {
	ids := make([]string, len(docs))
	for i, doc := range docs {
		ids[i] = doc.ID
	}
	return ids
}

func (t *trial) same(got, want store.Document, when string) {
	that := func(ok bool, format string, args ...any) {
		t.that(ok, "%s: document %.100q: %s", when, want.ID, fmt.Sprintf(format, args...))
	}
	that(got.ID == want.ID, "got the ID %.100q: IDs must be compared and returned byte by byte, in the order of the request", got.ID)
	that(want.Version == 0 || got.Version != 0, "is missing: it must be there")
	that(got.Version == want.Version && got.Due.Equal(want.Due), "got Version %d, due %v, want %d, due %v", got.Version, got.Due, want.Version, want.Due)
	that(bytes.Equal(got.Body, want.Body), "got the body %.100q of %d bytes, want %.100q of %d bytes, byte by byte", got.Body, len(got.Body), want.Body, len(want.Body))
	that(!got.Notify, "got Notify true: it must not be stored")
}
