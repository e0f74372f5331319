package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/eagate/eagate/store"
)

const (
	racers = 8
	rounds = 10
)

var raceClauses = []clause{
	// Of several writers that give the same version, one succeeds, and writes of
	// different documents don't touch each other.
	{"Put/race", func(t *trial) {
		for range 3 {
			t.manyWrites(noFaults)
		}
	}},

	// Of a write and a removal of the same version, one has an effect. The write puts
	// off the Due.
	{"Delete/race", func(t *trial) { t.putOrRemove(removals[0]) }},
	{"DeleteDue/race", func(t *trial) { t.putOrRemove(removals[1]) }},
}

func (t *trial) putOrRemove(m method) {
	for range 2 * rounds {
		doc := t.put(document(0))
		var want store.Document
		var errs [2]error
		removed := false
		t.race(2, func(i int) {
			if i == 0 {
				removed, errs[i] = m.call(t.ctx, t.next(), args{t.kind, doc, 10})
			} else {
				want, errs[i] = t.tryPut(t.ctx, changed(doc, 3600))
			}
			t.that(errs[i] == nil || errors.Is(errs[i], store.ErrConflict), "Put or %s, both at once, returned the error %w: only ErrConflict may be", m.name, errs[i])
		})
		t.that((errs[1] == nil) != removed, "Put and %s of the same version at once returned the errors %v and %v: one of both must have an effect", m.name, errs[1], errs[0])
		t.stored("after it was written and removed at once", want)
	}
}

// faults are what goes wrong while many write.
type faults int

const (
	noFaults faults = iota
	contextsEnd
	connectionsBreak
)

// A ledger has what became of many writes at once. Each adds a mark of its own to
// one document, and puts off its Due.
type ledger struct {
	*trial
	id     string
	faults faults
	begins chan struct{}
	marks  sync.Map // to the error of the Put
}

// manyWrites checks that of writes at once, each that returned no error is stored,
// none that returned ErrConflict is, and none is stored twice.
func (t *trial) manyWrites(f faults) {
	l := &ledger{trial: t, id: newID(), faults: f, begins: make(chan struct{})}
	if f != noFaults { // or the first writers race to insert it
		t.putAgain(l.first())
	}
	ctx, stop := context.WithCancel(t.ctx)
	t.race(racers, func(i int) {
		if i > 0 {
			for n := 0; n < rounds || ctx.Err() == nil; n++ {
				l.write(fmt.Sprintf("%d.%d", i, n), time.Duration(i*n)*50*time.Microsecond)
			}
			return
		}
		defer stop()
		for n := 0; n < rounds && f == connectionsBreak; n++ {
			select {
			case <-l.begins:
				t.kill()
			case <-t.failed:
			}
		}
	})
	doc := t.getAgain(l.id)
	l.whole(doc)
	l.marks.Range(func(mark, e any) bool {
		err, _ := e.(error)
		n := strings.Count(string(doc.Body), fmt.Sprintf("%q", mark))
		l.that(n <= 1, "a Put that returned the error %v is stored %d times: it must be once at most", err, n)
		l.that(n == 1 || err != nil, "a Put that returned no error among others at the same time is lost: of several writers that give the same version, one must succeed")
		l.that(n == 0 || !errors.Is(err, store.ErrConflict), "a Put that returned ErrConflict is stored: a write that may have happened must not be sent again")
		return true
	})
}

func (l *ledger) first() store.Document {
	return store.Document{ID: l.id, Due: moment, Body: []byte(`[""]`)}
}

// write changes the document that all change, and writes and deletes one of its own.
func (l *ledger) write(mark string, within time.Duration) {
	if l.faults != contextsEnd {
		within = time.Hour
	}
	for _, f := range []func(context.Context, string){l.append, l.insertAndDelete} {
		ends := time.Now().Add(within)
		ctx, cancel := context.WithDeadline(l.ctx, ends)
		f(ctx, mark)
		cancel()
		l.that(time.Since(ends) < l.soon, "methods haven't returned %v after their context has ended: they must return soon", l.soon)
	}
}

func (l *ledger) append(ctx context.Context, mark string) {
	docs, err := l.get(ctx, l.next(), l.id)
	if l.broke(err, "Get") {
		return
	}
	if docs[0].Version == 0 && l.faults == noFaults {
		docs[0] = l.first()
	} else {
		l.whole(docs[0])
	}
	docs[0].Due = docs[0].Due.Add(tick)
	docs[0].Body = fmt.Appendf(nil, `%s,%q]`, strings.TrimSuffix(string(docs[0].Body), "]"), mark)
	if _, err = l.try(ctx, docs[0]); !errors.Is(err, store.ErrConflict) {
		l.broke(err, "Put")
	}
	l.marks.Store(mark, err)
}

func (l *ledger) insertAndDelete(ctx context.Context, _ string) {
	doc := document(1)
	put, putErr := l.try(ctx, doc)
	l.broke(putErr, "Put")
	got, err := l.get(l.ctx, l.next(), doc.ID)
	if l.broke(err, "Get") || putErr != nil && got[0].Version == 0 {
		return
	}
	if doc.Version = put.Version; putErr != nil {
		doc.Version = got[0].Version
	}
	l.same(got[0], doc, "after it was inserted at the same time as others")
	if l.broke(l.next().Delete(ctx, l.kind, doc.ID, doc.Version), "Delete") {
		return
	}
	if got, err := l.get(l.ctx, l.next(), doc.ID); !l.broke(err, "Get") {
		l.same(got[0], none(doc.ID), "after a Delete that returned no error")
	}
}

// try writes a document at a moment at which connections may break.
func (l *ledger) try(ctx context.Context, doc store.Document) (store.Document, error) {
	select {
	case l.begins <- struct{}{}:
	default:
	}
	return l.tryPut(ctx, doc)
}

// broke reports whether a method returned an error, as it may when there are faults.
func (l *ledger) broke(err error, method string) bool {
	l.that(!errors.Is(err, store.ErrConflict), "%s returned ErrConflict for a document that nobody else writes: others must not touch it, and a write that may have happened must not be sent again", method)
	l.that(err == nil || l.faults != noFaults, "%s, at the same time as others, returned the error %w: it must do what it was asked", method, err)
	return err != nil
}

func (l *ledger) whole(doc store.Document) {
	l.that(doc.Version != 0, "Get returned no error, and no document where one is: a fault must not look like a missing document")
	n := strings.Count(string(doc.Body), ",")
	l.that(doc.Due.Equal(moment.Add(time.Duration(n)*tick)), "got Due %v in a document that was written %d times: a write must happen, and be read, whole or not at all", doc.Due, n)
}
