package storetest

import (
	"errors"
	"strings"

	"github.com/eagate/eagate/store"
)

var faultClauses = []clause{
	// A backend that can't reach its storage returns errors.
	{"Fault/unreachable", func(t *trial) {
		if t.Unreachable == nil {
			t.skip("Subject.Unreachable is not set")
		}
		for _, m := range methods {
			for version := range uint64(2) {
				doc := document(0)
				doc.Version = version
				_, err := m.call(t.ctx, t.Unreachable, args{t.kind, doc, 10})
				t.refuses(err, "%s, without its storage,", m.name)
			}
		}
	}},

	// After connections have broken, each method soon works again, and until then it
	// returns errors and no wrong answers.
	{"Fault/between-calls", func(t *trial) {
		for _, b := range t.Handles {
			t.Handles = []store.Backend{b}
			for _, m := range methods {
				doc := t.putAgain(document(0))
				t.kill()
				doc = t.again(m, doc)
				stays := !strings.HasPrefix(m.name, "Delete")
				t.that((doc.Version != 0) == stays, "%s returned no error where connections had broken, and left the Version %d: a fault must not look like success", m.name, doc.Version)
				if stays {
					t.again(removals[0], doc)
				}
			}
		}
	}},

	// What is true of many writes at once is so while connections keep breaking.
	{"Fault/race", func(t *trial) {
		t.kill()
		t.manyWrites(connectionsBreak)
	}},
}

func (t *trial) kill() {
	if t.Kill == nil {
		t.skip("Subject.Kill is not set")
	}
	t.works(t.Kill(), "Subject.Kill")
}

// retry calls f until it returns no error, as it soon must after a fault: a pool may
// have several connections that it doesn't know to be broken.
func (t *trial) retry(method string, f func() error) {
	for tries := 1; ; tries++ {
		err := f()
		if err == nil {
			return
		}
		t.that(!errors.Is(err, store.ErrConflict), "%s returned ErrConflict with the version that is stored, where connections had broken: a fault must not look like an answer", method)
		t.that(tries < 10*len(t.Handles), "%s returned the error %w even at call number %d after connections had broken: a backend must connect again by itself", method, err, tries)
	}
}

// again retries a method on a document that nobody else writes, and returns the
// document as it then is.
func (t *trial) again(m method, doc store.Document) store.Document {
	t.retry(m.name, func() error {
		found, err := m.call(t.ctx, t.next(), args{t.kind, doc, 10})
		if err != nil {
			doc.Version = t.getAgain(doc.ID).Version // as it may have been written
		}
		t.that(err != nil || found || doc.Version == 0, "%s returned no error where connections had broken, and not what is stored: a fault must not look like an answer", m.name)
		return err
	})
	return t.getAgain(doc.ID)
}

func (t *trial) getAgain(id string) (doc store.Document) {
	t.retry("Get", func() error {
		docs, err := t.get(t.ctx, t.next(), id)
		if err == nil {
			doc = docs[0]
		}
		return err
	})
	return doc
}

// putAgain writes a document that nobody else writes.
func (t *trial) putAgain(doc store.Document) store.Document {
	got := t.again(methods[1], doc)
	doc.Version, doc.Notify = got.Version, false
	t.that(got.Version != 0, "Put returned no error where connections had broken, and Get no document: a fault must not look like an answer")
	t.same(got, doc, "written where connections had broken")
	return doc
}
