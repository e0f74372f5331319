package storetest

import (
	"slices"
	"time"

	"github.com/eagate/eagate/store"
)

// walk returns all documents of the kind, page by page through one handle after the
// other. Between pages it calls between, if that is set.
func (t *trial) walk(limit int, between func(page int)) (all []store.Document) {
	const most = 5000 // pages
	after := ""
	for n := range most {
		page, next, err := t.handle(n).List(t.ctx, t.kind, after, limit)
		t.works(err, "List")
		t.that(len(page) <= limit, "List returned %d documents with limit %d", len(page), limit)
		if all = append(all, page...); next == "" {
			return all
		}
		if after = next; between != nil {
			between(n)
		}
	}
	t.that(false, "List hasn't come to an end after %d pages of at most %d with %d documents: next must be \"\" then", most, limit, len(all))
	return nil
}

// listed checks that each of the documents is listed once, as it is stored.
func (t *trial) listed(limit int, want ...store.Document) {
	all := t.walk(limit, nil)
	for _, doc := range want {
		t.same(t.once(all, doc.ID), doc, "in a list")
	}
}

// listedOnly checks that no others are listed, too.
func (t *trial) listedOnly(limit int, want ...store.Document) {
	t.listed(limit, want...)
	n := len(t.walk(limit, nil))
	t.that(n == len(want), "List returned %d documents in pages of %d where %d are stored under this kind", n, limit, len(want))
}

// once returns the one document with an ID.
func (t *trial) once(all []store.Document, id string) (doc store.Document) {
	n := 0
	for _, d := range all {
		if d.ID == id {
			doc = d
			n++
		}
	}
	t.that(n == 1, "document %.100q was there all the time, and is listed %d times: it must be once", id, n)
	return doc
}

var listClauses = []clause{
	// Documents are listed as they are stored, and those of other kinds not.
	{"List/whole", func(t *trial) {
		t.listedOnly(10)
		docs := t.putDue(moment, time.Time{}, moment.Add(-time.Hour), moment.Add(tick))
		docs[1].Body = []byte(oddBodies()[5])
		docs[1] = t.put(t.first(), docs[1])
		t.listedOnly(100, docs...)
	}},

	// With pages of any size, each document is listed once.
	{"List/pages", func(t *trial) {
		docs := t.putDue(slices.Repeat([]time.Time{moment, {}}, 6)...)
		for _, limit := range []int{1, 2, 5, len(docs), len(docs) + 1, 1000} {
			t.listedOnly(limit, docs...)
		}
	}},

	// A page may end after any ID.
	{"List/odd-ids", func(t *trial) {
		var docs []store.Document
		for i, id := range oddIDs() {
			docs = append(docs, t.put(t.first(), document(id, i)))
		}
		t.listed(1, docs...)
		t.listed(7, docs...)
	}},

	// A list shows the last write.
	{"List/follows", func(t *trial) {
		docs := t.putDue(moment, moment, moment)
		docs[0].Due, docs[0].Body = time.Time{}, []byte(`"changed"`)
		docs[0] = t.put(t.first(), docs[0])
		t.delete(t.first(), docs[1])
		t.listedOnly(10, docs[0], docs[2])
		t.delete(t.first(), docs[2])
		t.listedOnly(10, docs[0])
	}},

	// Writes between pages make a list neither miss a document that was there all the
	// time, nor list any twice.
	{"List/changes", func(t *trial) {
		const stay, turn = 12, 4
		docs := t.putDue(slices.Repeat([]time.Time{moment}, stay+turn)...)
		all := t.walk(3, func(page int) {
			if page > 2*stay {
				return // or a list in the order of changes would never end
			}
			for i := range 4 { // those that stay change in all that a list may go by
				n := (page*4 + i) * 7 % stay
				docs[n] = t.put(t.first(), changed(docs[n], (n-stay/2)*1000+page))
			}
			if page >= turn {
				return
			}
			t.delete(t.first(), docs[stay+page])
			if page%2 == 0 {
				t.put(t.first(), document(docs[stay+page].ID, page))
			}
			for _, start := range []string{"!", "M", "~"} {
				t.put(t.first(), document(start+newID(), page))
			}
		})
		for _, doc := range docs[:stay] {
			t.once(all, doc.ID)
		}
		for _, doc := range all {
			t.once(all, doc.ID)
		}
	}},

	{"List/invalid", func(t *trial) {
		t.refusesLimits(func(kind store.Kind, limit int) error {
			_, _, err := t.first().List(t.ctx, kind, "", limit)
			return err
		})
	}},
}
