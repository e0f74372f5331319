package storetest

import "github.com/eagate/eagate/store"

// walk returns all documents of the kind, page by page through one handle after the
// other. Between pages it calls between, if that is set.
func (t *trial) walk(limit int, between func(page int)) (all []store.Document) {
	const most = 5000 // pages
	after := ""
	for n := range most {
		page, next, err := t.next().List(t.ctx, t.kind, after, limit)
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

// listed checks that each of the documents is listed once, as it is stored, and no
// other.
func (t *trial) listed(limit int, want ...store.Document) {
	all := t.walk(limit, nil)
	for _, doc := range want {
		t.same(t.once(all, doc.ID), doc, "in a list")
	}
	t.that(len(all) == len(want), "List returned %d documents in pages of %d where %d are stored under this kind", len(all), limit, len(want))
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
	// With pages of any size, each document of the kind is listed once, as it was last
	// written.
	{"List/pages", func(t *trial) {
		t.listed(10)
		docs := t.putDue()
		t.remove(removals[0], docs[0])
		docs = docs[1:]
		for _, limit := range []int{1, 2, 5, len(docs), len(docs) + 1, 1000} {
			t.listed(limit, docs...)
		}
	}},

	// Writes between pages make a list neither miss a document that was there all the
	// time, nor list any twice.
	{"List/changes", func(t *trial) {
		const stay, turn = 12, 4
		docs := t.putMany(stay + turn)
		all := t.walk(3, func(page int) {
			if page > 2*stay {
				return // or a list in the order of changes would never end
			}
			for i := range 4 { // those that stay change in all that a list may go by
				n := (page*4 + i) * 7 % stay
				docs[n] = t.put(changed(docs[n], (n-stay/2)*1000+page))
			}
			if page >= turn {
				return
			}
			t.remove(removals[0], docs[stay+page])
			if page%2 == 0 {
				t.put(changed(none(docs[stay+page].ID), page))
			}
			for _, start := range []string{"!", "M", "~"} {
				t.put(changed(none(start+newID()), page))
			}
		})
		for _, doc := range append(all, docs[:stay]...) {
			t.once(all, doc.ID)
		}
	}},
}
