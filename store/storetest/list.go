package storetest

import (
	"slices"
	"time"

	"github.com/eagate/eagate/store"
)

var listClauses = []clause{
	{"List/whole", listWhole},
	{"List/pages", listPages},
	{"List/odd-ids", listOddIDs},
	{"List/follows", listFollows},
	{"List/changes", listChanges},
	{"List/invalid", listInvalid},
}

// walk returns all documents of a kind, page by page through one handle after the
// other. Between pages it calls between, if that is set.
func (t *trial) walk(limit int, between func(page int)) []store.Document {
	const most = 5000 // pages
	var all []store.Document
	after := ""
	for n := range most {
		page, next, err := t.handle(n).List(t.ctx, t.kind, after, limit)
		switch {
		case err != nil:
			t.fatalf("List returned the error %w for page %d", err, n)
		case len(page) > limit:
			t.fatalf("List returned %d documents with limit %d", len(page), limit)
		}
		all = append(all, page...)
		if next == "" {
			return all
		}
		after = next
		if between != nil {
			between(n)
		}
	}
	t.fatalf("List hasn't come to an end after %d pages of at most %d with %d documents: next must be \"\" then", most, limit, len(all))
	return nil
}

// listed checks that each of the documents is listed once, as it is stored.
func (t *trial) listed(limit int, want ...store.Document) {
	all := t.walk(limit, nil)
	for _, doc := range want {
		t.same(once(t, all, doc.ID), doc, "in a list")
	}
}

func once(t *trial, all []store.Document, id string) store.Document {
	has := func(doc store.Document) bool { return doc.ID == id }
	i := slices.IndexFunc(all, has)
	if i < 0 || slices.ContainsFunc(all[i+1:], has) {
		n := len(slices.DeleteFunc(slices.Clone(all), func(doc store.Document) bool { return !has(doc) }))
		t.fatalf("document %.100q was there all the time, and is listed %d times: it must be once", id, n)
	}
	return all[i]
}

// listWhole: documents are listed as they are stored, and those of other kinds not.
func listWhole(t *trial) {
	if all := t.walk(10, nil); len(all) != 0 {
		t.fatalf("List returned %d documents of a kind that has none", len(all))
	}
	docs := t.dueAt(moment, time.Time{}, moment.Add(-time.Hour), moment.Add(tick))
	docs[1].Body = []byte(oddBodies()[5])
	docs[1] = t.put(t.first(), docs[1])
	t.listed(100, docs...)
	if all := t.walk(100, nil); len(all) != len(docs) {
		t.fatalf("List returned %d documents where %d are stored under this kind", len(all), len(docs))
	}
}

// listPages: with pages of any size, each document is listed once.
func listPages(t *trial) {
	docs := t.dueAt(slices.Repeat([]time.Time{moment, {}}, 6)...)
	for _, limit := range []int{1, 2, 5, len(docs), len(docs) + 1, 1000} {
		t.listed(limit, docs...)
		if all := t.walk(limit, nil); len(all) != len(docs) {
			t.fatalf("List returned %d documents in pages of %d where %d are stored", len(all), limit, len(docs))
		}
	}
}

// listOddIDs: a page may end after any ID.
func listOddIDs(t *trial) {
	var docs []store.Document
	for i, id := range oddIDs() {
		docs = append(docs, t.put(t.first(), document(id, i)))
	}
	t.listed(1, docs...)
	t.listed(7, docs...)
}

// listFollows: a list shows the last write.
func listFollows(t *trial) {
	docs := t.dueAt(moment, moment, moment)
	docs[0] = t.put(t.first(), store.Document{ID: docs[0].ID, Version: docs[0].Version, Body: []byte(`"changed"`)})
	t.delete(t.first(), docs[1])
	t.listed(10, docs[0], docs[2])
	t.delete(t.first(), docs[2])
	if all := t.walk(10, nil); len(all) != 1 {
		t.fatalf("List returned %d documents where one is left after others were deleted", len(all))
	}
}

// listChanges: writes between pages make a list neither miss a document that was
// there all the time, nor list any twice.
func listChanges(t *trial) {
	const stay, turn = 12, 4
	docs := t.dueAt(slices.Repeat([]time.Time{moment}, stay+turn)...)
	states := map[string][]store.Document{}
	write := func(doc store.Document) store.Document {
		doc = t.put(t.first(), doc)
		states[doc.ID] = append(states[doc.ID], doc)
		return doc
	}
	for i := range docs {
		docs[i] = write(docs[i])
	}
	all := t.walk(3, func(page int) {
		if page > 2*stay {
			return // or a list that goes by time would never end
		}
		for i := range 4 { // those that stay change in all that a list may go by
			n := (page*4 + i) * 7 % stay
			next := document(docs[n].ID, 100+page*4+i)
			next.Due, next.Version = moment.Add(time.Duration(n-stay/2)*time.Hour), docs[n].Version
			docs[n] = write(next)
		}
		if page < turn {
			t.delete(t.first(), docs[stay+page])
			if page%2 == 0 {
				write(document(docs[stay+page].ID, page))
			}
			for _, start := range []string{"!", "M", "~"} {
				write(document(start+newID(), page))
			}
		}
	})
	for _, doc := range docs[:stay] {
		once(t, all, doc.ID)
	}
	seen := map[string]bool{}
	for _, doc := range all {
		if seen[doc.ID] {
			t.fatalf("a document that came, changed or went while others were listed is listed more than once")
		}
		seen[doc.ID] = true
		if !slices.ContainsFunc(states[doc.ID], func(state store.Document) bool { return differ(doc, state) == nil }) {
			t.fatalf("document %q is listed in a state in which it never was", doc.ID)
		}
	}
}

// listInvalid: a limit below 1 is an error, and so is an invalid kind.
func listInvalid(t *trial) {
	t.dueAt(moment)
	for _, limit := range []int{0, -1} {
		_, _, err := t.first().List(t.ctx, t.kind, "", limit)
		t.refused(err, "List with limit %d", limit)
	}
	for _, kind := range invalidKinds {
		_, _, err := t.first().List(t.ctx, kind, "", 1)
		t.refused(err, "List of the invalid kind %.100q", kind)
	}
}
