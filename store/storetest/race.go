package storetest

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/eagate/eagate/store"
)

var raceClauses = []clause{
	{"Put/race", putRace},
	{"Put/race-insert", putRaceInsert},
	{"Put/counter", putCounter},
	{"Put/independent", putIndependent},
	{"Delete/race", deleteRace},
}

const (
	racers = 8
	rounds = 10
)

// putRace: of several writers that give the same version, one succeeds.
func putRace(t *trial) {
	doc := t.put(t.first(), document(newID(), 0))
	for range rounds {
		doc = t.oneWriter(doc)
	}
}

// putRaceInsert: of several writers that insert a document, one succeeds.
func putRaceInsert(t *trial) {
	for range rounds {
		t.oneWriter(store.Document{ID: newID()})
	}
}

func (t *trial) oneWriter(doc store.Document) store.Document {
	var winners atomic.Int32
	var winner store.Document
	t.race(racers, func(i int, b store.Backend) {
		mine := document(doc.ID, i)
		mine.Version = doc.Version
		switch version, err := b.Put(t.ctx, t.kind, mine); {
		case err == nil && winners.Add(1) == 1:
			winner, winner.Version = mine, version
		case err != nil:
			t.conflict(err, "Put, called several times at once with the same version,")
		}
	})
	if n := winners.Load(); n != 1 {
		t.fatalf("%d of %d writers that gave the same version succeeded: it must be one", n, racers)
	}
	t.stored(t.last(), "after one of several writers succeeded", winner)
	return winner
}

// putCounter: of many changes at once, none is lost.
func putCounter(t *trial) {
	const each = 5
	doc := store.Document{ID: newID(), Body: []byte("0")}
	doc = t.put(t.first(), doc)
	t.race(racers, func(_ int, b store.Backend) {
		for range each {
			for {
				doc, n := t.get(b, doc.ID)[0], 0
				fmt.Sscan(string(doc.Body), &n)
				doc.Body = fmt.Append(nil, n+1)
				_, err := b.Put(t.ctx, t.kind, doc)
				if err == nil {
					break
				}
				t.conflict(err, "Put, in a loop of reading and writing,")
			}
		}
	})
	if got := string(t.get(t.last(), doc.ID)[0].Body); got != fmt.Sprint(racers*each) {
		t.fatalf("%d changes of a counter, each with the version that was read, left %s: none may be lost", racers*each, got)
	}
}

// putIndependent: writes of different documents at once don't touch each other.
func putIndependent(t *trial) {
	docs := make([]store.Document, racers)
	t.race(racers, func(i int, b store.Backend) {
		docs[i].ID = newID()
		for n := range rounds {
			version := docs[i].Version
			docs[i] = document(docs[i].ID, n)
			docs[i].Version = version
			docs[i] = t.put(b, docs[i])
		}
	})
	t.stored(t.last(), "after others were written at the same time", docs...)
}

// deleteRace: of a Put and a Delete with the same version, one has an effect.
func deleteRace(t *trial) {
	for range rounds {
		doc := t.put(t.first(), document(newID(), 0))
		want := store.Document{ID: doc.ID}
		var putErr, deleteErr error
		t.race(2, func(i int, b store.Backend) {
			if i == 0 {
				deleteErr = b.Delete(t.ctx, t.kind, doc.ID, doc.Version)
				return
			}
			mine := document(doc.ID, 1)
			mine.Version = doc.Version
			var version uint64
			if version, putErr = b.Put(t.ctx, t.kind, mine); putErr == nil {
				want, want.Version = mine, version
			}
		})
		deleted, written := deleteErr == nil && errors.Is(putErr, store.ErrConflict), putErr == nil && errors.Is(deleteErr, store.ErrConflict)
		if !deleted && !written {
			t.fatalf("Put and Delete at once with the same version returned the errors %v and %v: one must succeed, and the other return ErrConflict", putErr, deleteErr)
		}
		t.stored(t.last(), "after Put and Delete at once", want)
	}
}
