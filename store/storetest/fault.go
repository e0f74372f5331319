package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/eagate/eagate/store"
)

var faultClauses = []clause{
	// A backend that can't reach its storage returns errors.
	{"Fault/unreachable", func(t *trial) {
		if t.Unreachable == nil {
			t.skip("Subject.Unreachable is not set")
		}
		doc := document(newID(), 1)
		doc.Version = 1
		for _, call := range t.callAll(t.ctx, t.Unreachable, doc, document(newID(), 1)) {
			t.refuses(call.err, "%s, without its storage,", call.method)
		}
	}},

	// After connections have broken, each method soon works again, and until then it
	// returns errors and no wrong answers.
	{"Fault/between-calls", func(t *trial) {
		for _, b := range t.Handles {
			for _, del := range []func(store.Document) error{
				func(doc store.Document) error { return b.Delete(t.ctx, t.kind, doc.ID, doc.Version) },
				func(store.Document) error { _, err := b.DeleteDue(t.ctx, t.kind, moment, 10); return err },
			} {
				t.kill()
				doc := t.putAgain(b, document(newID(), 0))
				t.kill()
				t.same(t.getAgain(b, doc.ID), doc, "where connections had broken")
				t.kill()
				doc = t.putAgain(b, doc)
				var due []string
				t.kill()
				t.again(func() (err error) { due, err = b.Due(t.ctx, t.kind, moment, 10); return err })
				t.that(slices.Contains(due, doc.ID), "Due returned no error where connections had broken, and not what is due: a fault must not look like an answer")
				var page []store.Document
				t.kill()
				t.again(func() (err error) { page, _, err = b.List(t.ctx, t.kind, "", 10); return err })
				t.same(t.once(page, doc.ID), doc, "listed where connections had broken")
				t.kill()
				t.again(func() error { return del(doc) })
				t.same(t.getAgain(b, doc.ID), store.Document{ID: doc.ID}, "after it was deleted where connections had broken")
			}
		}
	}},

	// Of writes at once, while connections keep breaking, each that returned no error
	// is stored, none that returned ErrConflict is, and none is stored twice.
	{"Fault/race", func(t *trial) {
		const workers, kills = 6, 40
		t.kill()
		l := ledger{trial: t, id: newID(), marks: map[string]error{}, begins: make(chan struct{}), done: make(chan struct{})}
		t.putAgain(t.first(), store.Document{ID: l.id, Due: moment, Body: []byte(`[""]`)})
		t.race(workers+1, func(i int, b store.Backend) {
			if i == workers {
				defer close(l.done)
				for range kills {
					select {
					case <-l.begins:
						t.kill()
					case <-t.failed:
					}
				}
				return
			}
			for n := 0; l.running(); n++ {
				l.append(b, fmt.Sprintf("%d.%d", i, n))
				l.insertAndDelete(b)
			}
		})
		for _, b := range t.Handles {
			l.check(t.getAgain(b, l.id))
		}
	}},
}

func (t *trial) kill() {
	if t.Kill == nil {
		t.skip("Subject.Kill is not set")
	}
	t.works(t.Kill(), "Subject.Kill")
}

// again calls a method until it returns no error, as it soon must after a fault: a
// pool may have several connections that it doesn't know to be broken.
func (t *trial) again(call func() error) {
	const tries = 10
	var err error
	for range tries {
		if err = call(); err == nil {
			return
		}
		t.that(!errors.Is(err, store.ErrConflict), "%w with the version that is stored, where connections had broken: a fault must not look like an answer", err)
	}
	t.that(false, "the error %w even of call number %d after connections had broken: a backend must connect again by itself", err, tries)
}

func (t *trial) getAgain(b store.Backend, id string) (doc store.Document) {
	t.again(func() error {
		docs, err := b.Get(t.ctx, t.kind, id)
		if err == nil {
			doc = docs[0]
		}
		return err
	})
	return doc
}

// putAgain writes a document that nobody else writes.
func (t *trial) putAgain(b store.Backend, doc store.Document) store.Document {
	stored := doc
	t.again(func() error {
		err := t.tryPut(b, doc, &stored)
		if err == nil || errors.Is(err, store.ErrConflict) {
			return err
		}
		if got := t.getAgain(b, doc.ID); got.Version != doc.Version {
			stored.Version, err = got.Version, nil
		}
		return err
	})
	stored.Notify = false
	t.same(t.getAgain(b, doc.ID), stored, "written where connections had broken")
	return stored
}

// A ledger has what became of the writes of a race. Each adds a mark of its own to
// one document, and puts off its Due.
type ledger struct {
	*trial
	id           string
	begins, done chan struct{}

	mu    sync.Mutex
	marks map[string]error
}

func (l *ledger) running() bool {
	select {
	case <-l.done:
		return false
	default:
		return true
	}
}

// try writes a document at a moment at which connections may break.
func (l *ledger) try(b store.Backend, doc store.Document) (store.Document, error) {
	select {
	case l.begins <- struct{}{}:
	default:
	}
	err := l.tryPut(b, doc, &doc)
	return doc, err
}

func (l *ledger) append(b store.Backend, mark string) {
	docs, err := b.Get(l.ctx, l.kind, l.id)
	if err != nil {
		return
	}
	doc := docs[0]
	l.that(doc.Version != 0, "Get returned no error and no document where connections had broken: a fault must not look like a missing document")
	doc.Due = doc.Due.Add(tick)
	doc.Body = fmt.Appendf(nil, `%s,%q]`, strings.TrimSuffix(string(doc.Body), "]"), mark)
	_, err = l.try(b, doc)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.marks[mark] = err
}

func (l *ledger) check(doc store.Document) {
	body := string(doc.Body)
	n := strings.Count(body, ",")
	l.that(doc.Due.Equal(moment.Add(time.Duration(n)*tick)), "got Due %v in a document that was written %d times: a write must happen whole or not at all", doc.Due, n)
	for mark, err := range l.marks {
		n := strings.Count(body, fmt.Sprintf("%q", mark))
		l.that(n <= 1, "a Put that returned the error %v while connections broke is stored %d times: it must be once at most", err, n)
		l.that(n == 1 || err != nil, "a Put that returned no error while connections broke is lost")
		l.that(n == 0 || !errors.Is(err, store.ErrConflict), "a Put that returned ErrConflict while connections broke is stored: a write that may have happened must not be sent again")
	}
}

// insertAndDelete writes a document that nobody else writes.
func (l *ledger) insertAndDelete(b store.Backend) {
	doc, putErr := l.try(b, document(newID(), 1))
	l.that(!errors.Is(putErr, store.ErrConflict), "Put of a new ID returned ErrConflict while connections broke: a write that may have happened must not be sent again")
	got, err := b.Get(l.ctx, l.kind, doc.ID)
	if err != nil || putErr != nil && got[0].Version == 0 {
		return
	}
	if putErr != nil {
		doc.Version = got[0].Version
	}
	l.same(got[0], doc, "after it was inserted while connections broke")
	err = b.Delete(l.ctx, l.kind, doc.ID, doc.Version)
	l.that(!errors.Is(err, store.ErrConflict), "Delete returned ErrConflict with the version that is stored, while connections broke")
	if got, getErr := b.Get(l.ctx, l.kind, doc.ID); err == nil && getErr == nil {
		l.same(got[0], store.Document{ID: doc.ID}, "after a Delete that returned no error while connections broke")
	}
}
