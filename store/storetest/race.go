package storetest

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/eagate/eagate/store"
)

const (
	racers = 8
	rounds = 10
)

var raceClauses = []clause{
	// Of several writers that give the same version, one succeeds.
	{"Put/race", func(t *trial) {
		doc := t.put(t.first(), document(newID(), 0))
		for range rounds {
			doc = t.oneWriter(doc)
		}
	}},
	{"Put/race-insert", func(t *trial) {
		for range rounds {
			t.oneWriter(store.Document{ID: newID()})
		}
	}},

	// Of many changes at once, none is lost.
	{"Put/counter", func(t *trial) {
		const each = 5
		id := t.put(t.first(), store.Document{ID: newID(), Body: []byte("0")}).ID
		t.race(racers, func(_ int, b store.Backend) {
			for n := 0; n < each; {
				doc, count := t.get(b, id)[0], 0
				fmt.Sscan(string(doc.Body), &count)
				doc.Body = fmt.Append(nil, count+1)
				if _, err := b.Put(t.ctx, t.kind, doc); err == nil {
					n++
				} else {
					t.conflicts(err, "Put, in a loop of reading and writing,")
				}
			}
		})
		got := string(t.get(t.last(), id)[0].Body)
		t.that(got == fmt.Sprint(racers*each), "%d changes of a counter, each with the version that was read, left %s: none may be lost", racers*each, got)
	}},

	// Writes of different documents at once don't touch each other.
	{"Put/independent", func(t *trial) {
		docs := make([]store.Document, racers)
		t.race(racers, func(i int, b store.Backend) {
			docs[i].ID = newID()
			for n := range rounds {
				docs[i] = t.put(b, changed(docs[i], n))
			}
		})
		t.stored(t.last(), "after others were written at the same time", docs...)
	}},

	// Of a Put and a Delete with the same version, one has an effect.
	{"Delete/race", func(t *trial) {
		for range rounds {
			doc := t.put(t.first(), document(newID(), 0))
			want := store.Document{ID: doc.ID}
			var putErr, deleteErr error
			t.race(2, func(i int, b store.Backend) {
				if i == 0 {
					deleteErr = b.Delete(t.ctx, t.kind, doc.ID, doc.Version)
				} else {
					putErr = t.tryPut(b, changed(doc, 1), &want)
				}
			})
			deleted, written := deleteErr == nil && errors.Is(putErr, store.ErrConflict), putErr == nil && errors.Is(deleteErr, store.ErrConflict)
			t.that(deleted || written, "Put and Delete at once with the same version returned the errors %v and %v: one must succeed, and the other return ErrConflict", putErr, deleteErr)
			t.stored(t.last(), "after Put and Delete at once", want)
		}
	}},
}

// tryPut writes a document, and sets stored to it if that succeeds.
func (t *trial) tryPut(b store.Backend, doc store.Document, stored *store.Document) error {
	version, err := b.Put(t.ctx, t.kind, doc)
	if err == nil {
		doc.Version = version
		*stored = doc
	}
	return err
}

func (t *trial) oneWriter(doc store.Document) store.Document {
	var winners atomic.Int32
	written := make([]store.Document, racers)
	t.race(racers, func(i int, b store.Backend) {
		if err := t.tryPut(b, changed(doc, i), &written[i]); err != nil {
			t.conflicts(err, "Put, called several times at once with the same version,")
			return
		}
		winners.Add(1)
	})
	t.that(winners.Load() == 1, "%d of %d writers that gave the same version succeeded: it must be one", winners.Load(), racers)
	for _, winner := range written {
		if winner.ID != "" {
			doc = winner
		}
	}
	t.stored(t.last(), "after one of several writers succeeded", doc)
	return doc
}
