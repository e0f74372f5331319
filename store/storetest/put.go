package storetest

import (
	"time"

	"github.com/eagate/eagate/store"
)

var putClauses = []clause{
	{"Put/insert", putInsert},
	{"Put/replace", putReplace},
	{"Put/conflict", putConflict},
	{"Put/deleted", putDeleted},
	{"Put/version", putVersion},
	{"Put/version-reused", putVersionReused},
	{"Put/notify", putNotify},
	{"Put/due", putDue},
	{"Put/bodies", putBodies},
	{"Put/odd-ids", putOddIDs},
	{"Put/invalid", putInvalid},
}

// putInsert: Version 0 inserts only where no document is.
func putInsert(t *trial) {
	doc := t.put(t.first(), document(newID(), 1))
	t.stored(t.last(), "after it was inserted", doc)
	_, err := t.last().Put(t.ctx, t.kind, document(doc.ID, 2))
	t.conflict(err, "Put with Version 0 where a document is")
	t.stored(t.last(), "after ErrConflict", doc)
}

// putReplace: a write with the version that is stored replaces all.
func putReplace(t *trial) {
	doc := t.put(t.first(), document(newID(), 1))
	for n := 2; n < 5; n++ {
		next := document(doc.ID, n)
		if n == 3 {
			next.Due = time.Time{}
		}
		next.Version = doc.Version
		doc = t.put(t.handle(n), next)
		t.stored(t.last(), "after it was replaced", doc)
	}
}

// putConflict: a write with another version than the stored one changes nothing.
func putConflict(t *trial) {
	old := t.put(t.first(), document(newID(), 1))
	doc := document(old.ID, 2)
	doc.Version = old.Version
	doc = t.put(t.first(), doc)
	for _, version := range []uint64{0, old.Version, doc.Version + 1, 1<<53 - 1} {
		wrong := document(doc.ID, 3)
		wrong.Version = version
		got, err := t.last().Put(t.ctx, t.kind, wrong)
		t.conflict(err, "Put with another version than the stored one")
		if got != 0 {
			t.fatalf("Put returned the version %d with ErrConflict: want 0", got)
		}
		t.stored(t.last(), "after ErrConflict", doc)
	}
}

// putDeleted: a write doesn't bring back what was deleted.
func putDeleted(t *trial) {
	never := document(newID(), 1)
	never.Version = 1
	_, err := t.first().Put(t.ctx, t.kind, never)
	t.conflict(err, "Put with Version 1 where no document ever was")
	t.missing(t.last(), "after ErrConflict", never.ID)

	doc := t.put(t.first(), document(newID(), 1))
	t.delete(t.first(), doc)
	_, err = t.last().Put(t.ctx, t.kind, doc)
	t.conflict(err, "Put with the version of a deleted document")
	t.missing(t.last(), "after ErrConflict", doc.ID)
}

// putVersion: versions lie between 0 and 1<<53, and grow with every write, also of
// the same body.
func putVersion(t *trial) {
	doc := document(newID(), 1)
	for n := range 5 {
		version := doc.Version
		doc = t.put(t.handle(n), doc)
		if doc.Version <= version || doc.Version >= 1<<53 {
			t.fatalf("Put returned the version %d after %d: it must be greater than that, and below 1<<53", doc.Version, version)
		}
		t.stored(t.last(), "after write "+string(rune('1'+n)), doc)
	}
}

// putVersionReused: a version of a deleted document isn't given to a new one.
func putVersionReused(t *trial) {
	id, earlier := newID(), map[uint64]bool{}
	for n := range 10 {
		doc := t.put(t.handle(n), document(id, n))
		for version := range earlier {
			old := document(id, -1)
			old.Version = version
			_, err := t.last().Put(t.ctx, t.kind, old)
			t.conflict(err, "Put with a version that the document had before it was deleted and inserted anew")
		}
		earlier[doc.Version] = true
		doc = t.put(t.handle(n+1), doc)
		earlier[doc.Version] = true
		t.stored(t.last(), "after it was deleted and inserted anew", doc)
		if n%2 == 0 {
			t.delete(t.first(), doc)
		} else if got := t.deleteDue(t.first(), doc.Due, 1); got != 1 {
			t.fatalf("DeleteDue returned %d where one document is due: it must delete it", got)
		}
	}
}

// putNotify: Notify isn't stored.
func putNotify(t *trial) {
	doc := document(newID(), 1)
	doc.Notify = true
	doc = t.put(t.first(), doc)
	t.stored(t.last(), "written with Notify", doc)
	t.listed(10, doc)
	doc.Notify = true
	doc = t.put(t.first(), doc)
	t.stored(t.last(), "replaced with Notify", doc)
}

// putDue: a due time is kept to the microsecond, or refused.
func putDue(t *trial) {
	zone := time.FixedZone("", -9*3600)
	for _, tt := range []struct {
		due  time.Time
		must bool // be kept
	}{
		{time.Time{}, true},
		{time.Time{}.In(zone), true},
		{moment, true},
		{moment.In(zone).Add(time.Microsecond), true},
		{time.Date(2001, 9, 9, 1, 46, 40, 999999000, time.UTC), true},
		{time.Date(2099, 12, 31, 23, 59, 59, 1000, zone), true},
		{moment.Add(999), true},
		{time.Unix(0, 0), false},
		{time.Unix(0, -1000), false},
		{time.Unix(-1, 0), false},
		{time.Date(1492, 10, 12, 0, 0, 0, 1000, time.UTC), false},
		{time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC), false},
		{time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC), false},
		{time.Date(2262, 4, 12, 0, 0, 0, 0, time.UTC), false},
		{time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC), false},
		{time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), false},
		{time.Date(300000, 1, 1, 0, 0, 0, 0, time.UTC), false},
	} {
		doc := document(newID(), 1)
		doc.Due = tt.due
		version, err := t.first().Put(t.ctx, t.kind, doc)
		if err != nil {
			if tt.must {
				t.fatalf("Put returned the error %w for a document due at %v: it must store it", err, tt.due)
			}
			t.refused(err, "Put of a document due at %v", tt.due)
			t.missing(t.last(), "after Put refused it", doc.ID)
			continue
		}
		got := t.get(t.last(), doc.ID)[0]
		if d := tt.due.Sub(got.Due); d < 0 || d >= time.Microsecond || got.Due.IsZero() != tt.due.IsZero() {
			t.fatalf("got Due %v, want %v: a due time must be kept to the microsecond, or refused", got.Due, tt.due)
		}
		doc.Version, doc.Due = version, got.Due
		t.same(got, doc, "after Put")
	}
}

// putBodies: bodies come back byte by byte.
func putBodies(t *trial) {
	replaced := store.Document{ID: newID()}
	for i, body := range oddBodies() {
		doc := document(newID(), i)
		doc.Body = []byte(body)
		t.stored(t.last(), "inserted with an odd body", t.put(t.first(), doc))
		replaced.Body = []byte(body)
		replaced = t.put(t.first(), replaced)
		t.stored(t.last(), "replaced with an odd body", replaced)
	}
}

// putOddIDs: IDs are told apart byte by byte, by every method.
func putOddIDs(t *trial) {
	ids := oddIDs()
	docs := make([]store.Document, len(ids))
	for i, id := range ids {
		t.missing(t.last(), "before it is written, but others with like IDs", id)
		docs[i] = t.put(t.first(), document(id, i))
	}
	t.stored(t.last(), "after others with like IDs were written", docs...)
	t.due(moment.Add(time.Hour), 1000, ids...)
	for i := range docs {
		docs[i].Due = time.Time{}
		docs[i] = t.put(t.last(), docs[i])
	}
	t.stored(t.last(), "after others with like IDs were replaced", docs...)
	for i := range docs {
		if i%2 == 0 {
			t.delete(t.first(), docs[i])
			docs[i] = store.Document{ID: ids[i]}
		}
	}
	t.stored(t.last(), "after others with like IDs were deleted", docs...)

	id := newID()
	t.put(t.first(), document(id, 1))
	t.missing(t.last(), "with one of a like ID", nearMisses(id)...)
}

// putInvalid: what can't be held as it is, is refused and not altered.
func putInvalid(t *trial) {
	for _, id := range invalidIDs() {
		_, err := t.first().Put(t.ctx, t.kind, document(id, 1))
		t.refused(err, "Put of the invalid ID %.100q", id)
	}
	for _, kind := range invalidKinds {
		_, err := t.first().Put(t.ctx, kind, document(newID(), 1))
		t.refused(err, "Put of the invalid kind %.100q", kind)
	}
	stored := t.put(t.first(), document(newID(), 1))
	for _, body := range invalidBodies() {
		for _, doc := range []store.Document{stored, {ID: newID()}} {
			invalid := doc
			invalid.Body = []byte(body)
			_, err := t.first().Put(t.ctx, t.kind, invalid)
			t.refused(err, "Put of an invalid body of %d bytes, %.20q", len(body), body)
			t.stored(t.last(), "after Put refused an invalid body", doc)
		}
	}
	t.listed(10, stored)
}
