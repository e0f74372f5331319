package storetest

import (
	"slices"
	"strings"

	"github.com/eagate/eagate/store"
)

var documentClauses = []clause{
	// Documents come in the order of the request, at most MaxGet, and one that isn't
	// there has its ID and nothing else.
	{"Get/many", func(t *trial) {
		b, a := t.put(changed(none("b"+newID()), 1)), t.put(changed(none("a"+newID()), 2))
		t.stored("without an ID")
		t.stored("many in one Get", b, none("c"+a.ID), a, a, none("0"+a.ID), b, none("c"+a.ID))

		most := make([]store.Document, store.MaxGet)
		for i := range most {
			most[i] = none(strings.Repeat(newID(), 10)[:store.MaxID])
		}
		most[len(most)-1] = t.put(changed(most[0], 3))
		most[0] = most[len(most)-1]
		t.stored("MaxGet in one Get", most...)
		_, err := t.next().Get(t.ctx, t.kind, ids(append(most, a))...)
		t.refuses(err, "Get of %d IDs", len(most)+1)
	}},

	// What a caller does to a body changes nothing in the backend.
	{"Get/copies", func(t *trial) {
		given := document(1)
		want := changed(t.put(given), 1)
		clear(given.Body)
		for _, b := range t.Handles {
			got, err := t.get(t.ctx, b, want.ID, want.ID)
			t.works(err, "Get")
			clear(got[0].Body)
			t.same(got[1], want, "after a caller overwrote a body that it gave to Put, or got by the same Get")
			clear(got[1].Body)
			clear(t.once(t.walk(10, nil), want.ID).Body)
			t.stored("after a caller overwrote a body that it got by Get or List", want)
		}
	}},

	// All kinds work alike, and know nothing of each other.
	{"Get/kinds", func(t *trial) {
		kinds := []store.Kind{store.Accounts, store.Addresses, store.Challenges, store.Grants,
			"passkey", "a", store.Kind(strings.Repeat("z", 32)), t.kind}
		docs := slices.Repeat([]store.Document{none(newID())}, len(kinds))
		var i int
		for i, t.kind = range kinds {
			t.stored("written under another kind only", docs[i])
			docs[i] = changed(docs[i], i)
			docs[i].Due = early
			docs[i] = t.put(docs[i])
		}
		for i, t.kind = range kinds {
			t.stored("after a change under another kind", docs[i])
			t.same(t.once(t.walk(1000, nil), docs[i].ID), docs[i], "in a list")
			due, err := t.next().Due(t.ctx, t.kind, early, 1000)
			t.that(err == nil && slices.Contains(due, docs[i].ID), "Due returned the error %v, and not what is due of the kind %s: all kinds must work alike", err, t.kind)
			t.deleteDue(early, 1000)
			t.stored("after DeleteDue", none(docs[i].ID))
		}
	}},

	// A write with the version that is stored replaces all, be it by the same; Notify
	// isn't stored. A write or Delete with another version changes nothing. A write
	// doesn't bring back what was deleted, and to delete that again is no error. No
	// version is used again.
	{"PutDelete/versions", func(t *trial) {
		doc := none(newID())
		others := []uint64{0, 1<<53 - 1}
		conflicts := func() {
			for _, version := range append(others, doc.Version+1) {
				if version != doc.Version {
					t.putConflicts(doc, version)
				}
				err := t.next().Delete(t.ctx, t.kind, doc.ID, version)
				if doc.Version == 0 {
					t.works(err, "Delete, where no document is,")
				} else {
					t.conflicts(err, "Delete with another version than the stored one")
				}
				t.stored("after Delete with another version", doc)
			}
		}
		for n := range 4 {
			for range 2 {
				doc.Notify = n > 1
				doc = t.put(changed(doc, -n))
				t.stored("after it was written", doc)
				t.that(!slices.Contains(others, doc.Version), "Put returned the version %d, as for an earlier state of the document: none must be used again", doc.Version)
				conflicts()
				others = append(others, doc.Version)
			}
			t.remove(removals[n%2], doc)
			doc = none(doc.ID)
			conflicts()
		}
	}},

	// A due time is kept to the microsecond, or refused where it is far away.
	{"Put/due", func(t *trial) {
		for i, due := range oddTimes {
			doc := document(1)
			doc.Due = due
			doc, err := t.tryPut(t.ctx, doc)
			if err != nil {
				t.that(i >= mustKeep, "Put returned the error %w for a document due at %v: it must store it", err, due)
				t.refuses(err, "Put of a document due at %v", due)
			} else {
				doc.Due = t.getAgain(doc.ID).Due
				d := due.Sub(doc.Due)
				t.that(d >= 0 && d < tick && doc.Due.IsZero() == due.IsZero(), "got Due %v, want %v: it must be kept to the microsecond, or refused", doc.Due, due)
			}
			t.stored("after Put of a due time", doc)
		}
	}},

	// Bodies come back byte by byte.
	{"Put/bodies", func(t *trial) {
		docs := []store.Document{none(newID())}
		for _, body := range oddBodies() {
			docs[0].Body = []byte(body)
			docs[0] = t.put(docs[0])
			docs = append(docs, t.put(store.Document{ID: newID(), Body: []byte(body)}))
			t.stored("with an odd body", docs[0], docs[len(docs)-1])
		}
		t.listed(10, docs...)
	}},

	// IDs are told apart byte by byte, by every method.
	{"PutDelete/odd-ids", func(t *trial) {
		var docs, left []store.Document
		for i, id := range oddIDs() {
			t.stored("before it is written, but others with like IDs", none(id))
			docs = append(docs, t.put(changed(none(id), -100)))
			docs[i] = t.put(changed(docs[i], -i))
		}
		slices.Reverse(docs)
		t.stored("after others with like IDs were written", docs...)
		t.listed(1, docs...) // so that a page ends after each
		for i, doc := range docs {
			if i%2 == 0 {
				left = append(left, doc)
				continue
			}
			t.remove(removals[0], doc)
			docs[i] = none(doc.ID)
		}
		t.stored("after others with like IDs were deleted", docs...)
		t.listed(7, left...)
		t.isDue(moment, 1000, left...)
	}},
}

// putConflicts checks that a write with another version conflicts and changes nothing.
func (t *trial) putConflicts(stored store.Document, version uint64) {
	doc := changed(stored, -1)
	doc.Version = version
	got, err := t.next().Put(t.ctx, t.kind, doc)
	t.conflicts(err, "Put with another version than the stored one")
	t.that(got == 0, "Put returned the version %d with ErrConflict: want 0", got)
	t.stored("after ErrConflict", stored)
}
