package storetest

import (
	"slices"
	"strings"
	"time"

	"github.com/eagate/eagate/store"
)

var getClauses = []clause{
	{"Get/missing", getMissing},
	{"Get/many", getMany},
	{"Get/most", getMost},
	{"Get/invalid", getInvalid},
	{"Get/copies", getCopies},
	{"Get/newest", getNewest},
	{"Get/kinds", getKinds},
}

// getMissing: a document that isn't there has its ID and nothing else.
func getMissing(t *trial) {
	for _, b := range t.Handles {
		t.missing(b, "never written", newID(), newID())
	}
	if docs := t.get(t.first()); len(docs) != 0 {
		t.fatalf("Get without an ID returned %d documents: want none", len(docs))
	}
}

// getMany: documents come in the order of the request.
func getMany(t *trial) {
	id := newID()
	b := t.put(t.first(), document(id+"b", 1))
	a := t.put(t.first(), document(id+"a", 2))
	c := t.put(t.first(), document(id+"c", 3))
	no, not := store.Document{ID: id + "none"}, store.Document{ID: id + "0"}
	t.stored(t.last(), "many in one Get", b, no, a, a, c, not, b, no)
}

// getMost: MaxGet IDs can be asked for, and no more.
func getMost(t *trial) {
	want := make([]store.Document, store.MaxGet)
	for i := range want {
		id := newID()
		want[i].ID = id + strings.Repeat("x", store.MaxID-len(id))
		if i%400 == 99 {
			want[i] = t.put(t.first(), document(want[i].ID, i))
		}
	}
	t.stored(t.last(), "MaxGet in one Get", want...)
	_, err := t.first().Get(t.ctx, t.kind, make([]string, store.MaxGet+1)...)
	t.refused(err, "Get of %d IDs", store.MaxGet+1)
}

// getInvalid: what can't be there is an error, and not a missing document.
func getInvalid(t *trial) {
	for _, id := range invalidIDs() {
		_, err := t.first().Get(t.ctx, t.kind, id)
		t.refused(err, "Get of the invalid ID %.100q", id)
		_, err = t.first().Get(t.ctx, t.kind, newID(), id)
		t.refused(err, "Get of a valid ID and the invalid one %.100q", id)
	}
	for _, kind := range invalidKinds {
		_, err := t.first().Get(t.ctx, kind, newID())
		t.refused(err, "Get of the invalid kind %.100q", kind)
	}
}

// getCopies: what a caller does to a body changes nothing in the backend.
func getCopies(t *trial) {
	given := document(newID(), 1)
	version, want := t.put(t.first(), given).Version, document(given.ID, 1)
	want.Version = version
	clear(given.Body)
	t.stored(t.last(), "after its body was overwritten by the caller of Put", want)
	got := t.get(t.last(), want.ID, want.ID)
	clear(got[0].Body)
	t.same(got[1], want, "after the body of the same one in that Get was overwritten")
	clear(got[1].Body)
	t.stored(t.last(), "after its body was overwritten by the caller of Get", want)
	page, _, err := t.last().List(t.ctx, t.kind, "", 10)
	if err != nil {
		t.fatalf("List returned the error %w", err)
	}
	for _, doc := range page {
		clear(doc.Body)
	}
	t.stored(t.last(), "after its body was overwritten by the caller of List", want)
}

// getNewest: a finished write is seen through every handle.
func getNewest(t *trial) {
	doc := store.Document{ID: newID()}
	for n := range 2 * len(t.Handles) {
		for _, b := range t.Handles {
			t.stored(b, "before a write", doc)
		}
		version := doc.Version
		doc = document(doc.ID, n)
		doc.Version = version
		doc = t.put(t.handle(n), doc)
		for _, b := range t.Handles {
			t.stored(b, "after a write through another handle", doc)
		}
	}
	t.delete(t.first(), doc)
	for _, b := range t.Handles {
		t.missing(b, "after Delete through another handle", doc.ID)
	}
}

// getKinds: all kinds work alike, and know nothing of each other.
func getKinds(t *trial) {
	kinds := []store.Kind{store.Accounts, store.Addresses, store.Challenges, store.Grants,
		"passkey", "a", store.Kind(strings.Repeat("z", 32)), t.kind}
	id, long := newID(), time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)
	docs := make([]store.Document, len(kinds))
	check := func(gone int, when string) {
		for i, kind := range kinds {
			t.kind = kind
			if i <= gone {
				t.missing(t.last(), when+", kind "+string(kind), id)
			} else {
				t.stored(t.last(), when+", kind "+string(kind), docs[i])
			}
		}
	}
	for i, kind := range kinds {
		t.kind = kind
		t.missing(t.last(), "with one under another kind, kind "+string(kind), id)
		docs[i] = document(id, i)
		docs[i].Due = long
		docs[i] = t.put(t.first(), docs[i])
	}
	check(-1, "after one was written under each kind")
	for i, kind := range kinds {
		t.kind = kind
		if !slices.Contains(t.dueIDs(long, 1000), id) {
			t.fatalf("Due of the kind %s doesn't return a document that is due: all kinds must work alike", kind)
		}
		t.listed(1000, docs[i])
		if i%2 == 0 {
			t.delete(t.first(), docs[i])
		} else if n := t.deleteDue(t.first(), long, 1000); n < 1 {
			t.fatalf("DeleteDue of the kind %s returned %d: a document is due", kind, n)
		}
		check(i, "after one was deleted under another kind")
	}
}
