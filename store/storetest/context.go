package storetest

import (
	"context"
	"errors"
	"time"

	"github.com/eagate/eagate/store"
)

var contextClauses = []clause{
	{"Context/ended", contextEnded},
	{"Context/ends-meanwhile", contextEndsMeanwhile},
}

type call struct {
	method string
	err    error
}

// callAll calls each method, on a stored document that is due at moment, and on an
// ID that is free.
func (t *trial) callAll(ctx context.Context, b store.Backend, doc store.Document, free string) []call {
	_, get := b.Get(ctx, t.kind, doc.ID)
	_, insert := b.Put(ctx, t.kind, document(free, 1))
	_, replace := b.Put(ctx, t.kind, doc)
	deleted := b.Delete(ctx, t.kind, doc.ID, doc.Version)
	_, due := b.Due(ctx, t.kind, moment, 10)
	_, deleteDue := b.DeleteDue(ctx, t.kind, moment, 10)
	_, _, list := b.List(ctx, t.kind, "", 10)
	return []call{{"Get", get}, {"Put", insert}, {"Put", replace}, {"Delete", deleted}, {"Due", due}, {"DeleteDue", deleteDue}, {"List", list}}
}

// contextEnded: with a context that has ended, each method returns its error, and
// nothing changes.
func contextEnded(t *trial) {
	doc, free := t.dueAt(moment)[0], newID()
	cancelled, cancel := context.WithCancel(t.ctx)
	cancel()
	overdue, cancel := context.WithDeadline(t.ctx, time.Now().Add(-time.Hour))
	defer cancel()
	for _, ended := range []context.Context{cancelled, overdue} {
		for _, b := range t.Handles {
			for _, call := range t.callAll(ended, b, doc, free) {
				if !errors.Is(call.err, ended.Err()) {
					t.fatalf("%s returned the error %v with a context that had ended: it must return the context's error, %q", call.method, call.err, ended.Err())
				}
			}
			t.stored(t.last(), "after calls with a context that had ended", doc, store.Document{ID: free})
		}
	}
}

// contextEndsMeanwhile: when the context ends during a call, it returns soon, and a
// write has happened whole or not at all.
func contextEndsMeanwhile(t *trial) {
	doc := t.put(t.first(), document(newID(), 0))
	for n := range 2 * rounds {
		ctx, cancel := context.WithTimeout(t.ctx, time.Duration(n)*100*time.Microsecond)
		next := document(doc.ID, n+1)
		next.Version = doc.Version
		var putErr, getErr error
		var got []store.Document
		done := make(chan struct{})
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
			cancel()
			t.fatalf("a method hasn't returned %v after its context has ended: it must return soon", t.soon)
		}
		cancel()
		if putErr == nil {
			doc = next
		} else {
			if errors.Is(putErr, store.ErrConflict) {
				t.fatalf("Put returned ErrConflict with the version that was stored, when its context ended: what isn't known must be another error")
			}
			if stored := t.get(t.last(), doc.ID)[0]; stored.Version != doc.Version {
				doc, doc.Version = next, stored.Version
			}
		}
		t.stored(t.last(), "after the context of a Put has ended meanwhile", doc)
		if getErr == nil {
			t.same(got[0], doc, "read while the context ended")
		}
	}
}
