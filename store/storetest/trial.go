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

// A trial is the check of one clause. Like a [testing.T], its failure ends the
// goroutine.
type trial struct {
	Subject
	ctx  context.Context // of all calls that need no other; ends with the patience
	kind store.Kind      // of this trial alone
	soon time.Duration   // in which a method must return after its context has ended

	mu  sync.Mutex
	err error // the first failure
}

func (t *trial) fatalf(format string, args ...any) { t.end(fmt.Errorf(format, args...)) }

func (t *trial) skip(why string) { t.end(skipped(why)) }

func (t *trial) end(err error) {
	t.mu.Lock()
	if t.err == nil {
		t.err = err
	}
	t.mu.Unlock()
	runtime.Goexit()
}

// first returns the handle to write through, last the one to read through, and
// handle deals them all out.
func (t *trial) first() store.Backend       { return t.Handles[0] }
func (t *trial) last() store.Backend        { return t.Handles[len(t.Handles)-1] }
func (t *trial) handle(i int) store.Backend { return t.Handles[i%len(t.Handles)] }

// race calls f in n goroutines at once, and ends when one of them has failed.
func (t *trial) race(n int, f func(i int, b store.Backend)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			f(i, t.handle(i))
		})
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

// moment is a time that a backend doesn't reach by itself.
var moment = time.Date(2040, 2, 29, 23, 59, 59, 123456000, time.UTC)

// document returns a document that differs from those of other numbers.
func document(id string, n int) store.Document {
	return store.Document{ID: id, Due: moment.Add(time.Duration(n) * time.Second), Body: fmt.Appendf(nil, `{"n":  %d}`, n)}
}

// put writes a document, and returns it as it is stored.
func (t *trial) put(b store.Backend, doc store.Document) store.Document {
	version, err := b.Put(t.ctx, t.kind, doc)
	if err != nil {
		t.fatalf("Put returned the error %w for the ID %.100q with Version %d, which was the right one: it must write the document", err, doc.ID, doc.Version)
	}
	doc.Version, doc.Notify = version, false
	return doc
}

func (t *trial) delete(b store.Backend, doc store.Document) {
	if err := b.Delete(t.ctx, t.kind, doc.ID, doc.Version); err != nil {
		t.fatalf("Delete returned the error %w for the ID %.100q with the version that is stored: it must delete the document", err, doc.ID)
	}
}

func (t *trial) get(b store.Backend, ids ...string) []store.Document {
	docs, err := b.Get(t.ctx, t.kind, ids...)
	if err != nil {
		t.fatalf("Get returned the error %w for %d valid IDs: it must return what is stored", err, len(ids))
	}
	if len(docs) != len(ids) {
		t.fatalf("Get returned %d documents for %d IDs: it must be one for each", len(docs), len(ids))
	}
	return docs
}

// stored checks that documents are stored as they are given here.
func (t *trial) stored(b store.Backend, when string, want ...store.Document) {
	ids := make([]string, len(want))
	for i, doc := range want {
		ids[i] = doc.ID
	}
	for i, got := range t.get(b, ids...) {
		t.same(got, want[i], when)
	}
}

func (t *trial) missing(b store.Backend, when string, ids ...string) {
	for i, got := range t.get(b, ids...) {
		t.same(got, store.Document{ID: ids[i]}, when)
	}
}

func (t *trial) same(got, want store.Document, when string) {
	if err := differ(got, want); err != nil {
		t.fatalf("%s: document %.100q: %w", when, want.ID, err)
	}
}

func differ(got, want store.Document) error {
	switch {
	case got.ID != want.ID:
		return fmt.Errorf("has the ID %.100q: IDs must be compared and returned byte by byte, in the order of the request", got.ID)
	case want.Version == 0 && (got.Version != 0 || len(got.Body) != 0 || !got.Due.IsZero()):
		return fmt.Errorf("got Version %d, Due %v and a body of %d bytes where no document is stored: it must have its ID and nothing else", got.Version, got.Due, len(got.Body))
	case want.Version != 0 && got.Version == 0:
		return errors.New("is missing: it must be there")
	case !bytes.Equal(got.Body, want.Body):
		return fmt.Errorf("got the body %.100q of %d bytes, want %.100q of %d bytes, byte by byte", got.Body, len(got.Body), want.Body, len(want.Body))
	case !got.Due.Equal(want.Due):
		return fmt.Errorf("got Due %v, want %v", got.Due, want.Due)
	case got.Version != want.Version:
		return fmt.Errorf("got Version %d, want %d, which Put returned", got.Version, want.Version)
	case got.Notify:
		return errors.New("got Notify true: it must not be stored")
	}
	return nil
}

// conflict checks for [store.ErrConflict].
func (t *trial) conflict(err error, what string) {
	if !errors.Is(err, store.ErrConflict) {
		t.fatalf("%s returned the error %v: it must be ErrConflict", what, err)
	}
}

// refused checks for an error that says nothing about what is stored.
func (t *trial) refused(err error, what string, args ...any) {
	what = fmt.Sprintf(what, args...)
	switch {
	case err == nil:
		t.fatalf("%s returned no error: it must, as what can't be done must not look like an answer", what)
	case errors.Is(err, store.ErrConflict):
		t.fatalf("%s returned the error %w: ErrConflict is for another version that is stored, not for faults", what, err)
	}
}
