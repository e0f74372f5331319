package storetest

import (
	"context"
	"errors"
	"time"

	"github.com/eagate/eagate/store"
)

type call struct {
	method string
	err    error
}

// callAll calls each method, on a document that is due at moment and on a new one.
func (t *trial) callAll(ctx context.Context, b store.Backend, doc, inserted store.Document) []call {
	_, get := b.Get(ctx, t.kind, doc.ID)
	_, insert := b.Put(ctx, t.kind, inserted)
	_, replace := b.Put(ctx, t.kind, doc)
	deleted := b.Delete(ctx, t.kind, doc.ID, doc.Version)
	_, due := b.Due(ctx, t.kind, moment, 10)
	_, deleteDue := b.DeleteDue(ctx, t.kind, moment, 10)
	_, _, list := b.List(ctx, t.kind, "", 10)
	return []call{{"Get", get}, {"Put", insert}, {"Put", replace}, {"Delete", deleted}, {"Due", due}, {"DeleteDue", deleteDue}, {"List", list}}
}

var contextClauses = []clause{
	// With a context that has ended, methods return its error, and nothing changes.
	{"Context/ended", func(t *trial) {
		doc, inserted := t.putDue(moment)[0], document(newID(), 1)
		cancelled, cancel := context.WithCancel(t.ctx)
		cancel()
		overdue, cancel := context.WithDeadline(t.ctx, time.Now().Add(-time.Hour))
		defer cancel()
		for _, ended := range []context.Context{cancelled, overdue} {
			for _, b := range t.Handles {
				for _, call := range t.callAll(ended, b, doc, inserted) {
					t.that(errors.Is(call.err, ended.Err()), "%s returned the error %v with a context that had ended: it must return the context's error, %q", call.method, call.err, ended.Err())
				}
				t.stored(t.last(), "after calls with a context that had ended", doc, store.Document{ID: inserted.ID})
			}
		}
	}},

	// When the context ends during a call, it returns soon, and a write has happened
	// whole or not at all.
	{"Context/ends-meanwhile", func(t *trial) {
		doc := t.put(t.first(), document(newID(), 0))
		for n := range 2 * rounds {
			ctx, cancel := context.WithTimeout(t.ctx, time.Duration(n)*100*time.Microsecond)
			defer cancel()
			var putErr, getErr error
			var got []store.Document
			next, done := changed(doc, n+1), make(chan struct{})
			go func() {
				defer close(done)
				next.Version, putErr = t.handle(n).Put(ctx, t.kind, next)
				got, getErr = t.handle(n).Get(ctx, t.kind, doc.ID)
				t.handle(n).List(ctx, t.kind, "", 10)
			}()
			if n%2 == 0 {
				cancel()
			}
			<-ctx.Done()
			select {
			case <-done:
			case <-time.After(t.soon):
				t.that(false, "a method hasn't returned %v after its context has ended: it must return soon", t.soon)
			}
			if putErr == nil {
				doc = next
			} else {
				t.that(!errors.Is(putErr, store.ErrConflict), "Put returned ErrConflict with the version that is stored, when its context ended: what isn't known must be another error")
				if version := t.get(t.last(), doc.ID)[0].Version; version != doc.Version {
					doc, doc.Version = next, version
				}
			}
			t.stored(t.last(), "after the context of a Put has ended meanwhile", doc)
			if getErr == nil {
				t.same(got[0], doc, "read while the context ended")
			}
		}
	}},
}
