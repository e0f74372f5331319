package storetest

import "github.com/eagate/eagate/store"

var deleteClauses = []clause{
	// A deleted document is gone, and no other one.
	{"Delete/deletes", func(t *trial) {
		doc, other := t.put(t.first(), document(newID(), 1)), t.put(t.first(), document(newID(), 2))
		t.delete(t.first(), doc)
		t.stored(t.last(), "after one of two was deleted", store.Document{ID: doc.ID}, other)
		t.isDue(other.Due, 10, other)
		t.listed(10, other)
	}},

	// A document of another version stays.
	{"Delete/conflict", func(t *trial) {
		old := t.put(t.first(), document(newID(), 1))
		doc := t.put(t.first(), old)
		for _, version := range []uint64{0, old.Version, doc.Version + 1, 1<<53 - 1} {
			t.conflicts(t.last().Delete(t.ctx, t.kind, doc.ID, version), "Delete with another version than the stored one")
			t.stored(t.last(), "after ErrConflict", doc)
		}
	}},

	// To delete what isn't there is no error.
	{"Delete/missing", func(t *trial) {
		doc := t.put(t.first(), document(newID(), 1))
		t.delete(t.first(), doc)
		for _, gone := range []store.Document{doc, {ID: doc.ID}, {ID: newID()}, {ID: newID(), Version: 1}} {
			t.works(t.last().Delete(t.ctx, t.kind, gone.ID, gone.Version), "Delete, where no document is,")
		}
	}},

	{"Delete/invalid", func(t *trial) {
		for _, id := range invalidIDs() {
			t.refuses(t.first().Delete(t.ctx, t.kind, id, 1), "Delete of the invalid ID %.100q", id)
		}
		t.refusesKinds(func(kind store.Kind) error { return t.first().Delete(t.ctx, kind, newID(), 1) })
	}},
}
