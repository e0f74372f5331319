package storetest

import "github.com/eagate/eagate/store"

var deleteClauses = []clause{
	{"Delete/deletes", deleteDeletes},
	{"Delete/conflict", deleteConflict},
	{"Delete/missing", deleteMissing},
	{"Delete/invalid", deleteInvalid},
}

// deleteDeletes: a deleted document is gone, and no other one.
func deleteDeletes(t *trial) {
	doc, other := t.put(t.first(), document(newID(), 1)), t.put(t.first(), document(newID(), 2))
	t.delete(t.first(), doc)
	t.stored(t.last(), "after one of two was deleted", store.Document{ID: doc.ID}, other)
	t.due(other.Due, 10, other.ID)
	t.listed(10, other)
}

// deleteConflict: a document of another version stays.
func deleteConflict(t *trial) {
	old := t.put(t.first(), document(newID(), 1))
	doc := t.put(t.first(), old)
	for _, version := range []uint64{0, old.Version, doc.Version + 1, 1<<53 - 1} {
		t.conflict(t.last().Delete(t.ctx, t.kind, doc.ID, version), "Delete with another version than the stored one")
		t.stored(t.last(), "after ErrConflict", doc)
	}
}

// deleteMissing: to delete what isn't there is no error.
func deleteMissing(t *trial) {
	doc := t.put(t.first(), document(newID(), 1))
	t.delete(t.first(), doc)
	for _, gone := range []store.Document{doc, {ID: doc.ID}, {ID: newID()}, {ID: newID(), Version: 1}} {
		if err := t.last().Delete(t.ctx, t.kind, gone.ID, gone.Version); err != nil {
			t.fatalf("Delete returned the error %w where no document is: it must return none", err)
		}
	}
}

// deleteInvalid: what can't be there is an error.
func deleteInvalid(t *trial) {
	for _, id := range invalidIDs() {
		t.refused(t.first().Delete(t.ctx, t.kind, id, 1), "Delete of the invalid ID %.100q", id)
	}
	for _, kind := range invalidKinds {
		t.refused(t.first().Delete(t.ctx, kind, newID(), 1), "Delete of the invalid kind %.100q", kind)
	}
}
