package storetest

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/eagate/eagate/store"
)

var (
	east, west = time.FixedZone("", 9*3600), time.FixedZone("", -5*3600)
	early      = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	later      = moment.Add(48 * time.Hour)

	// These are the due times of documents, one write after the other: the last counts.
	// At moment, the first four documents are due, in the order 1, 3, 0, 2; later 4, 7
	// and 6, too.
	dueTimes = [][]time.Time{
		{moment.Add(-tick).In(east)}, {moment.Add(time.Hour), time.Date(2001, 1, 1, 0, 0, 0, 0, east)}, {{}, moment}, {moment, moment.Add(-time.Hour)},
		{moment.Add(-time.Minute), moment.Add(tick)}, {moment, {}}, {moment.Add(24 * time.Hour).In(east)}, {moment.Add(time.Second)},
	}
)

// putDue writes a document for each of dueTimes, and another one under another kind.
func (t *trial) putDue() []store.Document {
	other, kind := document(0), t.kind
	other.Due, t.kind = early, newKind()
	t.put(other)
	t.kind = kind
	docs := make([]store.Document, len(dueTimes))
	for i, times := range dueTimes {
		docs[i] = document(i)
		for _, due := range times {
			docs[i].Due, docs[i].Notify = due, i%2 == 0
			docs[i] = t.put(docs[i])
			t.putConflicts(docs[i], docs[i].Version+1) // which must not count
		}
	}
	return docs
}

// putMany writes n documents that are due at moment.
func (t *trial) putMany(n int) []store.Document {
	docs := make([]store.Document, n)
	for i := range docs {
		docs[i] = t.put(document(0))
	}
	return docs
}

// isDue checks what Due returns.
func (t *trial) isDue(now time.Time, limit int, want ...store.Document) {
	for _, b := range t.Handles {
		got, err := b.Due(t.ctx, t.kind, now, limit)
		t.works(err, "Due")
		t.that(slices.Equal(got, ids(want)), "Due returned the IDs %.200q, want %.200q: at most limit of those due at or before now by their last write, the longest due first", got, ids(want))
	}
}

func (t *trial) deleteDue(now time.Time, limit int) int {
	n, err := t.next().DeleteDue(t.ctx, t.kind, now, limit)
	t.works(err, "DeleteDue")
	return n
}

var dueClauses = []clause{
	// At most limit IDs of what is due at or before now are returned, the longest due
	// first, and stay.
	{"Due/which", func(t *trial) {
		docs := t.putDue()
		due := []store.Document{docs[1], docs[3], docs[0], docs[2], docs[4], docs[7], docs[6]}
		t.isDue(early, 10)
		for _, now := range []time.Time{moment, moment.In(west), moment.Add(999)} {
			t.isDue(now, 100, due[:4]...)
		}
		for limit := range due {
			t.isDue(later, limit+1, due[:limit+1]...)
		}
		t.stored("after it was due", docs...)
	}},

	// At most limit documents that are due at or before now are deleted, fewer only if
	// no more are due, and nothing else.
	{"DeleteDue/which", func(t *trial) {
		docs := t.putDue()
		left := len(docs)
		for i, want := range []int{0, 2, 2, 0} {
			now := []time.Time{early, moment.In(west), moment, moment}[i]
			limit := i + 1
			n := t.deleteDue(now, limit)
			left -= want
			still := len(t.walk(10, nil))
			t.that(n == want && still == left, "DeleteDue returned %d with limit %d, and left %d documents: want %d and %d", n, limit, still, want, left)
		}
		t.listed(3, docs[4:]...)
		t.isDue(later, 100, docs[4], docs[7], docs[6])
	}},

	// Each document is deleted, and counted, once.
	{"DeleteDue/at-once", func(t *trial) {
		const many = 30
		t.putMany(many)
		var sum atomic.Int64
		t.race(racers, func(int) {
			const limit = 4
			for n := limit; n == limit; sum.Add(int64(n)) {
				n = t.deleteDue(moment, limit)
			}
		})
		t.that(sum.Load() == many, "several DeleteDue at once returned %d in sum where %d documents were due: each must be counted once", sum.Load(), many)
		t.listed(10)
	}},
}
