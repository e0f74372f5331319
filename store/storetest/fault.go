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
	{"Fault/unreachable", faultUnreachable},
	{"Fault/between-calls", faultBetweenCalls},
	{"Fault/race", faultRace},
}

// faultUnreachable: a backend that can't reach its storage returns errors.
func faultUnreachable(t *trial) {
	if t.Unreachable == nil {
		t.skip("Subject.Unreachable is not set")
	}
	doc := document(newID(), 1)
	doc.Version = 1
	for _, call := range t.callAll(t.ctx, t.Unreachable, doc, newID()) {
		t.refused(call.err, "%s, without its storage,", call.method)
	}
}

func (t *trial) kill() {
	if t.Kill == nil {
		t.skip("Subject.Kill is not set")
	}
	if err := t.Kill(); err != nil {
		t.fatalf("Subject.Kill returned the error %w", err)
	}
}

// again calls a method until it returns no error, as it soon must after a fault: a
// pool may have several connections that it doesn't know to be broken.
func (t *trial) again(method string, call func() error) {
	const tries = 10
	var err error
	for range tries {
		if err = call(); err == nil {
			return
		}
		if errors.Is(err, store.ErrConflict) {
			t.fatalf("%s returned the error %w where connections had broken, with the right version: a fault must not look like an answer", method, err)
		}
	}
	t.fatalf("%s returned the error %w even to call number %d after connections had broken: a backend must connect again by itself", method, err, tries)
}

func (t *trial) getAgain(b store.Backend, id string) (doc store.Document) {
	t.again("Get", func() error {
		docs, err := b.Get(t.ctx, t.kind, id)
		if err == nil {
			doc = docs[0]
		}
		return err
	})
	return doc
}

// putAgain writes a document where connections may be broken.
func (t *trial) putAgain(b store.Backend, doc store.Document) store.Document {
	t.again("Put", func() (err error) {
		before := doc.Version
		if doc.Version, err = b.Put(t.ctx, t.kind, doc); err == nil {
			return nil
		}
		doc.Version = before
		if got := t.getAgain(b, doc.ID); got.Version != before && !errors.Is(err, store.ErrConflict) {
			doc.Version = got.Version
			t.same(got, doc, "after a Put that returned an error")
			return nil
		}
		return err
	})
	return doc
}

// faultBetweenCalls: after connections have broken, each method soon works again,
// and until then it returns errors and no wrong answers.
func faultBetweenCalls(t *trial) {
	for i, b := range t.Handles {
		id := newID()
		t.kill()
		doc := t.putAgain(b, document(id, 1))
		t.kill()
		t.same(t.getAgain(b, id), doc, "where connections had broken")
		t.kill()
		doc.Due = moment
		doc = t.putAgain(b, doc)

		var due []string
		t.kill()
		t.again("Due", func() (err error) { due, err = b.Due(t.ctx, t.kind, moment, 10); return err })
		if !slices.Contains(due, id) {
			t.fatalf("Due returned no error where connections had broken, and not what is due: a fault must not look like an answer")
		}
		var page []store.Document
		t.kill()
		t.again("List", func() (err error) { page, _, err = b.List(t.ctx, t.kind, "", 10); return err })
		t.same(once(t, page, id), doc, "listed where connections had broken")

		t.kill()
		if i%2 == 0 {
			t.again("Delete", func() error { return b.Delete(t.ctx, t.kind, id, doc.Version) })
		} else {
			t.again("DeleteDue", func() (err error) { _, err = b.DeleteDue(t.ctx, t.kind, moment, 10); return err })
		}
		t.same(t.getAgain(b, id), store.Document{ID: id}, "after it was deleted where connections had broken")
	}
}

// A ledger has what became of the writes of a race: each has a mark of its own.
type ledger struct {
	sync.Mutex
	marks map[string]error
}

// faultRace: of writes at once, while connections keep breaking, each that returned
// no error is stored, none that returned ErrConflict is, and none is stored twice.
func faultRace(t *trial) {
	const workers, kills = 6, 12
	shared := newID()
	t.kill()
	t.putAgain(t.first(), store.Document{ID: shared, Due: moment, Body: []byte(`[""]`)})
	l := ledger{marks: map[string]error{}}
	during, done := make(chan struct{}), make(chan struct{})
	t.race(workers+1, func(i int, b store.Backend) {
		if i == workers {
			defer close(done)
			for range kills {
				<-during // a write begins
				t.kill()
			}
			return
		}
		for n := 0; ; n++ {
			select {
			case during <- struct{}{}:
			case <-done:
				return
			default:
			}
			t.append(b, shared, fmt.Sprintf("%d.%d", i, n), &l)
			t.insertAndDelete(b)
		}
	})
	for _, b := range t.Handles {
		l.check(t, t.getAgain(b, shared))
	}
}

// append adds a mark to a document with the version that it reads.
func (t *trial) append(b store.Backend, id, mark string, l *ledger) {
	docs, err := b.Get(t.ctx, t.kind, id)
	if err != nil {
		if errors.Is(err, store.ErrConflict) {
			t.fatalf("Get returned the error %w", err)
		}
		return
	}
	doc := docs[0]
	if doc.Version == 0 {
		t.fatalf("Get returned no error and no document where connections had broken: a fault must not look like a missing document")
	}
	doc.Due = doc.Due.Add(tick) // one for each mark
	doc.Body = fmt.Appendf(nil, `%s,%q]`, strings.TrimSuffix(string(doc.Body), "]"), mark)
	_, err = b.Put(t.ctx, t.kind, doc)
	l.Lock()
	defer l.Unlock()
	l.marks[mark] = err
}

func (l *ledger) check(t *trial, doc store.Document) {
	stored := strings.Split(strings.Trim(string(doc.Body), "[]"), ",")[1:]
	count := map[string]int{}
	for _, mark := range stored {
		count[strings.Trim(mark, `"`)]++
	}
	if !doc.Due.Equal(moment.Add(time.Duration(len(stored)) * tick)) {
		t.fatalf("got Due %v in a document that was written %d times: a write must happen whole or not at all", doc.Due, len(stored))
	}
	for mark, err := range l.marks {
		switch n := count[mark]; {
		case n > 1:
			t.fatalf("a Put that returned the error %v while connections broke is stored %d times: it must be once at most", err, n)
		case err == nil && n == 0:
			t.fatalf("a Put that returned no error while connections broke is lost")
		case errors.Is(err, store.ErrConflict) && n > 0:
			t.fatalf("a Put that returned ErrConflict while connections broke is stored: ErrConflict must mean that nothing changed, so that a write that may have happened must not be sent again")
		}
	}
}

// insertAndDelete writes a document that nobody else writes.
func (t *trial) insertAndDelete(b store.Backend) {
	doc := document(newID(), 1)
	version, err := b.Put(t.ctx, t.kind, doc)
	if errors.Is(err, store.ErrConflict) {
		t.fatalf("Put of a new ID returned ErrConflict while connections broke: a write that may have happened must not be sent again")
	}
	got, getErr := b.Get(t.ctx, t.kind, doc.ID)
	switch {
	case getErr != nil:
		return
	case err == nil:
		doc.Version = version
		t.same(got[0], doc, "after a Put that returned no error while connections broke")
	case got[0].Version == 0:
		return
	}
	doc.Version = got[0].Version
	t.same(got[0], doc, "after a Put that returned an error while connections broke")
	err = b.Delete(t.ctx, t.kind, doc.ID, doc.Version)
	if errors.Is(err, store.ErrConflict) {
		t.fatalf("Delete returned ErrConflict with the version that was read, while connections broke")
	}
	if got, getErr := b.Get(t.ctx, t.kind, doc.ID); err == nil && getErr == nil {
		t.same(got[0], store.Document{ID: doc.ID}, "after a Delete that returned no error while connections broke")
	}
}
