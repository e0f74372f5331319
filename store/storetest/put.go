package storetest

import (
	"time"

	"github.com/eagate/eagate/store"
)

var putClauses = []clause{
	// Version 0 inserts only where no document is.
	{"Put/insert", func(t *trial) {
		doc := t.put(t.first(), document(newID(), 1))
		t.stored(t.last(), "after it was inserted", doc)
		t.putConflicts(doc, 0)
	}},

	// A write with the version that is stored replaces all.
	{"Put/replace", func(t *trial) {
		doc := t.put(t.first(), document(newID(), 1))
		for n := 2; n < 5; n++ {
			doc = changed(doc, n)
			if n == 3 {
				doc.Due = time.Time{}
			}
			doc = t.put(t.handle(n), doc)
			t.stored(t.last(), "after it was replaced", doc)
		}
	}},

	// A write with another version than the stored one changes nothing.
	{"Put/conflict", func(t *trial) {
		old := t.put(t.first(), document(newID(), 1))
		doc := t.put(t.first(), changed(old, 2))
		t.putConflicts(doc, 0, old.Version, doc.Version+1, 1<<53-1)
	}},

	// A write doesn't bring back what was deleted.
	{"Put/deleted", func(t *trial) {
		t.putConflicts(store.Document{ID: newID()}, 1, 1<<53-1)
		doc := t.put(t.first(), document(newID(), 1))
		t.delete(t.first(), doc)
		t.putConflicts(store.Document{ID: doc.ID}, doc.Version, doc.Version+1)
	}},

	// Versions lie between 0 and 1<<53, and grow with every write, be it of the same.
	{"Put/version", func(t *trial) {
		doc := document(newID(), 1)
		for n := range 5 {
			before := doc.Version
			doc = t.put(t.handle(n), doc)
			t.that(doc.Version > before && doc.Version < 1<<53, "Put returned the version %d after %d: it must be greater than that, and below 1<<53", doc.Version, before)
			t.stored(t.last(), "after a write", doc)
		}
	}},

	// A version of a deleted document isn't given to a new one.
	{"Put/version-reused", func(t *trial) {
		doc := store.Document{ID: newID()}
		var earlier []uint64
		for n := range 10 {
			doc = t.put(t.handle(n), document(doc.ID, n))
			t.putConflicts(doc, earlier...)
			earlier = append(earlier, doc.Version)
			doc = t.put(t.handle(n+1), doc)
			earlier = append(earlier, doc.Version)
			if n%2 == 0 {
				t.delete(t.first(), doc)
			} else {
				t.deleteDue(t.first(), doc.Due, 1)
			}
		}
	}},

	// Notify isn't stored.
	{"Put/notify", func(t *trial) {
		doc := document(newID(), 1)
		for range 2 {
			doc.Notify = true
			doc = t.put(t.first(), doc)
			t.stored(t.last(), "written with Notify", doc)
			t.listed(10, doc)
		}
	}},

	// A due time is kept to the microsecond, or refused where it is far away.
	{"Put/due", func(t *trial) {
		zone := time.FixedZone("", -9*3600)
		kept := []time.Time{
			{}, time.Time{}.In(zone), moment, moment.In(zone).Add(tick), moment.Add(999),
			time.Date(2001, 9, 9, 1, 46, 40, 999999000, time.UTC), time.Date(2099, 12, 31, 23, 59, 59, 1000, zone),
		}
		far := []time.Time{
			time.Unix(0, 0), time.Unix(0, -1000), time.Unix(-1, 0), time.Date(1492, 10, 12, 0, 0, 0, 1000, time.UTC),
			time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC), time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC),
			time.Date(2262, 4, 12, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC),
			time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(300000, 1, 1, 0, 0, 0, 0, time.UTC),
		}
		for i, due := range append(kept, far...) {
			doc := document(newID(), 1)
			doc.Due = due
			version, err := t.first().Put(t.ctx, t.kind, doc)
			if err != nil {
				t.that(i >= len(kept), "Put returned the error %w for a document due at %v: it must store it", err, due)
				t.refuses(err, "Put of a document due at %v", due)
				t.missing(t.last(), "after Put refused it", doc.ID)
				continue
			}
			got := t.get(t.last(), doc.ID)[0].Due
			d := due.Sub(got)
			t.that(d >= 0 && d < tick && got.IsZero() == due.IsZero(), "got Due %v, want %v: it must be kept to the microsecond, or refused", got, due)
			doc.Version, doc.Due = version, got
			t.stored(t.last(), "after Put", doc)
		}
	}},

	// Bodies come back byte by byte.
	{"Put/bodies", func(t *trial) {
		replaced := store.Document{ID: newID()}
		for _, body := range oddBodies() {
			replaced.Body = []byte(body)
			replaced = t.put(t.first(), replaced)
			inserted := t.put(t.first(), store.Document{ID: newID(), Body: []byte(body)})
			t.stored(t.last(), "with an odd body", inserted, replaced)
		}
	}},

	// IDs are told apart byte by byte, by every method.
	{"Put/odd-ids", func(t *trial) {
		var docs []store.Document
		for i, id := range oddIDs() {
			t.missing(t.last(), "before it is written, but others with like IDs", id)
			docs = append(docs, t.put(t.first(), document(id, i)))
		}
		t.stored(t.last(), "after others with like IDs were inserted", docs...)
		t.isDue(moment.Add(time.Hour), 1000, docs...)
		for i := range docs {
			docs[i].Due = time.Time{}
			docs[i] = t.put(t.last(), docs[i])
		}
		t.stored(t.last(), "after others with like IDs were replaced", docs...)
		for i := range docs {
			if i%2 == 0 {
				t.delete(t.first(), docs[i])
				docs[i] = store.Document{ID: docs[i].ID}
			}
		}
		t.stored(t.last(), "after others with like IDs were deleted", docs...)
		id := t.put(t.first(), document(newID(), 1)).ID
		t.missing(t.last(), "with one of a like ID", nearMisses(id)...)
	}},

	// What can't be held as it is, is refused and not altered.
	{"Put/invalid", func(t *trial) {
		put := func(kind store.Kind, doc store.Document) error { _, err := t.first().Put(t.ctx, kind, doc); return err }
		for _, id := range invalidIDs() {
			t.refuses(put(t.kind, document(id, 1)), "Put of the invalid ID %.100q", id)
		}
		t.refusesKinds(func(kind store.Kind) error { return put(kind, document(newID(), 1)) })
		stored := t.put(t.first(), document(newID(), 1))
		for _, body := range invalidBodies() {
			for _, doc := range []store.Document{stored, {ID: newID()}} {
				invalid := doc
				invalid.Body = []byte(body)
				t.refuses(put(t.kind, invalid), "Put of an invalid body of %d bytes, %.20q", len(body), body)
				t.stored(t.last(), "after Put refused an invalid body", doc)
			}
		}
		t.that(len(t.walk(10, nil)) == 1, "List returns more than was stored: Put must store nothing of what it refuses")
	}},
}

// putConflicts checks that writes with other versions conflict and change nothing.
func (t *trial) putConflicts(stored store.Document, versions ...uint64) {
	for _, version := range versions {
		doc := document(stored.ID, -1)
		doc.Version = version
		got, err := t.last().Put(t.ctx, t.kind, doc)
		t.conflicts(err, "Put with another version than the stored one")
		t.that(got == 0, "Put returned the version %d with ErrConflict: want 0", got)
		t.stored(t.last(), "after ErrConflict", stored)
	}
}
