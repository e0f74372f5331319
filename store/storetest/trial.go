package storetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"runtime"
	"sync"
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

	fails  sync.Once
	err    error         // the first failure
	failed chan struct{} // closed then
}

func (t *trial) end(err error) {
	t.fails.Do(func() { t.err = err; close(t.failed) })
	runtime.Goexit()
}

func (t *trial) skip(why string) { t.end(skipped(why)) }

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

// first returns the handle to write through, last the one to read through, and
// handle deals them all out.
func (t *trial) first() store.Backend       { return t.Handles[0] }
func (t *trial) last() store.Backend        { return t.Handles[len(t.Handles)-1] }
func (t *trial) handle(i int) store.Backend { return t.Handles[i%len(t.Handles)] }

// race calls f in n goroutines at once.
func (t *trial) race(n int, f func(i int, b store.Backend)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() { <-start; f(i, t.handle(i)) })
	}
	close(start)
	wg.Wait()
	if t.err != nil {
		runtime.Goexit()
	}
}

func newID() string { return rand.Text() }

func newKind() store.Kind {
	letters := make([]byte, 20)
	rand.Read(letters)
	for i, c := range letters {
		letters[i] = 'a' + c%26
	}
	return store.Kind(letters)
}

const tick = time.Microsecond

// moment is a time that a backend doesn't reach by itself.
var moment = time.Date(2040, 2, 29, 23, 59, 59, 123456000, time.UTC)

// document returns a document that differs from those of other numbers.
func document(id string, n int) store.Document {
	return store.Document{ID: id, Due: moment.Add(time.Duration(n) * time.Second), Body: fmt.Appendf(nil, `{"n":  %d}`, n)}
}

// changed returns another state of a document, to be written over it.
func changed(doc store.Document, n int) store.Document {
	version := doc.Version
	doc = document(doc.ID, n)
	doc.Version = version
	return doc
}

// put writes a document, and returns it as it is stored.
func (t *trial) put(b store.Backend, doc store.Document) store.Document {
	version, err := b.Put(t.ctx, t.kind, doc)
	t.works(err, "Put, with the version that is stored,")
	doc.Version, doc.Notify = version, false
	return doc
}

// putDue writes a document for each due time, and another one under another kind.
func (t *trial) putDue(times ...time.Time) []store.Document {
	kind, other := t.kind, document(newID(), 0)
	t.kind, other.Due = newKind(), time.Unix(1, 0)
	t.put(t.first(), other)
	t.kind = kind
	docs := make([]store.Document, len(times))
	for i, due := range times {
		docs[i] = document(newID(), i)
		docs[i].Due = due
		docs[i] = t.put(t.handle(i), docs[i])
	}
	return docs
}

func (t *trial) delete(b store.Backend, doc store.Document) {
	t.works(b.Delete(t.ctx, t.kind, doc.ID, doc.Version), "Delete, with the version that is stored,")
}

func (t *trial) get(b store.Backend, ids ...string) []store.Document {
	docs, err := b.Get(t.ctx, t.kind, ids...)
	t.works(err, "Get")
	t.that(len(docs) == len(ids), "Get returned %d documents for %d IDs: it must be one for each", len(docs), len(ids))
	return docs
}

// stored checks that documents are stored as they are given.
func (t *trial) stored(b store.Backend, when string, want ...store.Document) {
	for i, got := range t.get(b, ids(want)...) {
		t.same(got, want[i], when)
	}
}

func (t *trial) missing(b store.Backend, when string, ids ...string) {
	for i, got := range t.get(b, ids...) {
		t.same(got, store.Document{ID: ids[i]}, when)
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
	err := differ(got, want)
	t.that(err == nil, "%s: document %.100q: %w", when, want.ID, err)
}

func differ(got, want store.Document) error {
	switch {
	case got.ID != want.ID:
		return fmt.Errorf("got the ID %.100q: IDs must be compared and returned byte by byte, in the order of the request", got.ID)
	case want.Version == 0 && (got.Version != 0 || len(got.Body) != 0 || !got.Due.IsZero()):
		return fmt.Errorf("got Version %d, Due %v and a body of %d bytes where no document must be", got.Version, got.Due, len(got.Body))
	case want.Version != 0 && got.Version == 0:
		return errors.New("is missing: it must be there")
	case !bytes.Equal(got.Body, want.Body):
		return fmt.Errorf("got the body %.100q of %d bytes, want %.100q of %d bytes, byte by byte", got.Body, len(got.Body), want.Body, len(want.Body))
	case !got.Due.Equal(want.Due) || got.Version != want.Version:
		return fmt.Errorf("got Version %d, due %v, want %d, due %v", got.Version, got.Due, want.Version, want.Due)
	case got.Notify:
		return errors.New("got Notify true: it must not be stored")
	}
	return nil
}
