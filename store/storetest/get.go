package storetest

import (
	"slices"
	"strings"
	"time"

	"github.com/eagate/eagate/store"
)

var getClauses = []clause{
	// A document that isn't there has its ID and nothing else.
	{"Get/missing", func(t *trial) {
		for _, b := range t.Handles {
			t.missing(b, "never written", newID(), newID())
			t.missing(b, "without an ID")
		}
	}},

	// Documents come in the order of the request.
	{"Get/many", func(t *trial) {
		b, a := t.put(t.first(), document("b"+newID(), 1)), t.put(t.first(), document("a"+newID(), 2))
		none, no := store.Document{ID: "c" + newID()}, store.Document{ID: "0" + newID()}
		t.stored(t.last(), "many in one Get", b, none, a, a, no, b, none)
	}},

	// MaxGet IDs can be asked for, and no more.
	{"Get/most", func(t *trial) {
		want := make([]store.Document, store.MaxGet)
		for i := range want {
			id := newID()
			want[i].ID = id + strings.Repeat("x", store.MaxID-len(id))
		}
		want[len(want)-1] = t.put(t.first(), document(want[len(want)-1].ID, 1))
		t.stored(t.last(), "MaxGet in one Get", want...)
		_, err := t.first().Get(t.ctx, t.kind, slices.Repeat([]string{newID()}, store.MaxGet+1)...)
		t.refuses(err, "Get of %d IDs", store.MaxGet+1)
	}},

	// What can't be there is an error, and not a missing document.
	{"Get/invalid", func(t *trial) {
		for _, id := range invalidIDs() {
			_, err := t.first().Get(t.ctx, t.kind, id)
			t.refuses(err, "Get of the invalid ID %.100q", id)
			_, err = t.first().Get(t.ctx, t.kind, newID(), id)
			t.refuses(err, "Get of a valid ID and the invalid one %.100q", id)
		}
		t.refusesKinds(func(kind store.Kind) error { _, err := t.first().Get(t.ctx, kind, newID()); return err })
	}},

	// What a caller does to a body changes nothing in the backend.
	{"Get/copies", func(t *trial) {
		given := document(newID(), 1)
		want := changed(t.put(t.first(), given), 1)
		clear(given.Body)
		t.stored(t.last(), "after the caller of Put overwrote its body", want)
		got := t.get(t.last(), want.ID, want.ID)
		clear(got[0].Body)
		t.same(got[1], want, "after the caller of Get overwrote the body of the same one")
		clear(got[1].Body)
		t.stored(t.last(), "after the caller of Get overwrote its body", want)
		for _, doc := range t.walk(10, nil) {
			clear(doc.Body)
		}
		t.stored(t.last(), "after the caller of List overwrote its body", want)
	}},

	// A finished write is seen through every handle.
	{"Get/newest", func(t *trial) {
		doc := store.Document{ID: newID()}
		everywhere := func(when string) {
			for _, b := range t.Handles {
				t.stored(b, when, doc)
			}
		}
		for n := range 2 * len(t.Handles) {
			everywhere("before a write")
			doc = t.put(t.handle(n), changed(doc, n))
			everywhere("after a write through another handle")
		}
		t.delete(t.first(), doc)
		doc = store.Document{ID: doc.ID}
		everywhere("after Delete through another handle")
	}},

	// All kinds work alike, and know nothing of each other.
	{"Get/kinds", func(t *trial) {
		kinds := []store.Kind{store.Accounts, store.Addresses, store.Challenges, store.Grants,
			"passkey", "a", store.Kind(strings.Repeat("z", 32)), t.kind}
		id, past := newID(), time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)
		docs := slices.Repeat([]store.Document{{ID: id}}, len(kinds))
		each := func(f func(i int)) {
			for i := range kinds {
				t.kind = kinds[i]
				f(i)
				for j := range kinds {
					t.kind = kinds[j]
					t.stored(t.last(), "kind "+string(t.kind)+", after a change to the kind "+string(kinds[i]), docs[j])
				}
			}
		}
		each(func(i int) {
			docs[i] = document(id, i)
			docs[i].Due = past
			docs[i] = t.put(t.first(), docs[i])
		})
		each(func(i int) {
			t.that(slices.Contains(t.due(past, 1000), id), "Due doesn't return what is due of the kind %s: all kinds must work alike", t.kind)
			t.listed(1000, docs[i])
			if i%2 == 0 {
				t.delete(t.first(), docs[i])
			} else {
				t.deleteDue(t.first(), past, 1000)
			}
			docs[i] = store.Document{ID: id}
		})
	}},
}
