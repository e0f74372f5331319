package storetest

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/eagate/eagate/store"
)

// A method calls one method of a backend with those of the arguments that it takes.
// It returns whether the answer is as it must be where the document is stored.
type method struct {
	name, takes string
	call        func(c context.Context, b store.Backend, a args) (found bool, err error)
}

type args struct {
	kind  store.Kind
	doc   store.Document // due at moment
	limit int
}

var methods = []method{
	{"Get", "ID", func(c context.Context, b store.Backend, a args) (bool, error) {
		if docs, err := b.Get(c, a.kind, a.doc.ID); err == nil {
			return len(docs) == 1 && docs[0].Version == a.doc.Version, nil
		}
		docs, err := b.Get(c, a.kind, newID(), a.doc.ID)
		return err == nil && len(docs) == 2 && docs[1].Version == a.doc.Version, err
	}},
	{"Put", "document", func(c context.Context, b store.Backend, a args) (bool, error) {
		v, err := b.Put(c, a.kind, a.doc)
		return v > 0, err
	}},
	{"Due", "limit", func(c context.Context, b store.Backend, a args) (bool, error) {
		ids, err := b.Due(c, a.kind, moment, a.limit)
		return slices.Contains(ids, a.doc.ID), err
	}},
	{"List", "limit", func(c context.Context, b store.Backend, a args) (bool, error) {
		page, _, err := b.List(c, a.kind, "", a.limit)
		return slices.Contains(ids(page), a.doc.ID), err
	}},
	{"Delete", "ID", func(c context.Context, b store.Backend, a args) (bool, error) {
		err := b.Delete(c, a.kind, a.doc.ID, a.doc.Version)
		return err == nil, err
	}},
	{"DeleteDue", "limit", func(c context.Context, b store.Backend, a args) (bool, error) {
		n, err := b.DeleteDue(c, a.kind, moment, a.limit)
		return n == 1, err
	}},
}

// removals remove a document that is due at moment.
var removals = methods[4:]

func (t *trial) remove(m method, doc store.Document) {
	removed, err := m.call(t.ctx, t.next(), args{t.kind, doc, 1})
	t.works(err, m.name+", of a document that is due,")
	t.that(removed, "%s removed nothing where a document is due", m.name)
}

func methodClauses() []clause {
	all := []clause{{"Context/ended", ended}, {"Context/ends-meanwhile", func(t *trial) { t.manyWrites(contextsEnd) }}}
	for _, m := range methods {
		all = append(all, clause{m.name + "/invalid", m.refusesInvalid})
	}
	return all
}

// With a context that has ended, methods return its error, and nothing changes.
func ended(t *trial) {
	stored := t.put(document(0))
	cancelled, cancel := context.WithCancel(t.ctx)
	cancel()
	overdue, cancel := context.WithDeadline(t.ctx, time.Now().Add(-time.Hour))
	defer cancel()
	for _, m := range methods {
		for _, doc := range []store.Document{document(0), stored} {
			for _, ctx := range []context.Context{cancelled, overdue} {
				_, err := m.call(ctx, t.next(), args{t.kind, doc, 10})
				t.that(errors.Is(err, ctx.Err()), "%s returned the error %v with a context that had ended: it must return the context's error, %q", m.name, err, ctx.Err())
			}
		}
	}
	t.listed(10, stored)
}

// What is invalid is refused: it is neither altered, nor taken for what is missing.
func (m method) refusesInvalid(t *trial) {
	stored := t.put(document(0))
	refuses := func(kind store.Kind, doc store.Document, limit int) {
		_, err := m.call(t.ctx, t.next(), args{kind, doc, limit})
		t.refuses(err, "%s of kind %.40q, ID %.100q, a body of %d bytes %.20q, limit %d", m.name, kind, doc.ID, len(doc.Body), doc.Body, limit)
	}
	for _, kind := range invalidKinds {
		refuses(kind, document(0), 1)
	}
	if m.takes == "limit" {
		refuses(t.kind, none(""), 0)
		refuses(t.kind, none(""), -1)
	} else {
		for _, id := range invalidIDs() {
			refuses(t.kind, changed(none(id), 0), 1)
		}
	}
	for _, body := range invalidBodies() {
		for _, doc := range []store.Document{document(0), stored} {
			if doc.Body = []byte(body); m.takes == "document" {
				refuses(t.kind, doc, 1)
			}
		}
	}
	t.listed(10, stored)
}
