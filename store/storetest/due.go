package storetest

import (
	"slices"
	"time"

	"github.com/eagate/eagate/store"
)

var (
	east, west = time.FixedZone("", 9*3600), time.FixedZone("", -5*3600)

	// At moment, the first four of these are due, in the order 1, 3, 0, 2. Later, it is
	// 4, 7 and 6.
	dueTimes = []time.Time{
		moment.Add(-tick).In(east), time.Date(2001, 1, 1, 0, 0, 0, 0, east), moment, moment.Add(-time.Hour),
		moment.Add(tick), {}, moment.Add(24 * time.Hour).In(east), moment.Add(time.Second),
	}

	// These are moved from one time to another, and due at moment are then 3, 2, 4.
	movedFrom = []time.Time{moment, moment.Add(-time.Hour), moment.Add(time.Hour), moment, {}}
	movedTo   = []time.Time{moment.Add(tick), {}, moment.Add(-tick), moment.Add(-time.Minute), moment}
)

// due returns what Due returns, through the last handle.
func (t *trial) due(now time.Time, limit int) []string {
	ids, err := t.last().Due(t.ctx, t.kind, now, limit)
	t.works(err, "Due")
	return ids
}

// isDue checks what Due returns.
func (t *trial) isDue(now time.Time, limit int, want ...store.Document) {
	got := t.due(now, limit)
	t.that(slices.Equal(got, ids(want)), "Due returned the IDs %.200q, want %.200q: at most limit of those due at or before now, the longest due first", got, ids(want))
}

func (t *trial) deleteDue(b store.Backend, now time.Time, limit int) int {
	n, err := b.DeleteDue(t.ctx, t.kind, now, limit)
	t.works(err, "DeleteDue")
	return n
}

func (t *trial) putMoved() []store.Document {
	docs := t.putDue(movedFrom...)
	for i := range docs {
		t.putConflicts(docs[i], docs[i].Version+1)
		docs[i].Due = movedTo[i]
		docs[i] = t.put(t.handle(i), docs[i])
	}
	return docs
}

// refusesLimits checks that a limit below 1 is an error, and an invalid kind too.
func (t *trial) refusesLimits(call func(kind store.Kind, limit int) error) {
	doc := t.putDue(moment)[0]
	for _, limit := range []int{0, -1} {
		t.refuses(call(t.kind, limit), "a method with limit %d", limit)
	}
	t.stored(t.last(), "after a method refused its limit", doc)
	t.refusesKinds(func(kind store.Kind) error { return call(kind, 1) })
}

var dueClauses = []clause{
	// What is due at or before now is returned, the longest due first, and stays.
	{"Due/which", func(t *trial) {
		docs := t.putDue(dueTimes...)
		t.isDue(time.Unix(0, 0), 10)
		for _, now := range []time.Time{moment, moment.In(west), moment.Add(999)} {
			t.isDue(now, 100, docs[1], docs[3], docs[0], docs[2])
		}
		t.stored(t.last(), "after it was due", docs...)
	}},

	// At most limit IDs are returned, of those that are due the longest.
	{"Due/limit", func(t *trial) {
		docs := t.putDue(dueTimes...)
		due := []store.Document{docs[1], docs[3], docs[0], docs[2]}
		for limit := range due {
			t.isDue(moment, limit+1, due[:limit+1]...)
		}
	}},

	// The Due of the last write counts.
	{"Due/follows", func(t *trial) {
		docs := t.putMoved()
		t.isDue(moment, 10, docs[3], docs[2], docs[4])
	}},

	{"Due/invalid", func(t *trial) {
		t.refusesLimits(func(kind store.Kind, limit int) error {
			_, err := t.first().Due(t.ctx, kind, moment, limit)
			return err
		})
	}},
}

var deleteDueClauses = []clause{
	// What is due at or before now is deleted, and nothing else.
	{"DeleteDue/which", func(t *trial) {
		docs := t.putDue(dueTimes...)
		n := t.deleteDue(t.first(), time.Unix(0, 0), 100)
		t.that(n == 0, "DeleteDue returned %d where nothing is due", n)
		t.stored(t.last(), "before it was due", docs...)
		n = t.deleteDue(t.first(), moment.In(west), 100)
		t.that(n == 4, "DeleteDue returned %d where 4 documents are due", n)
		t.stored(t.last(), "not due at DeleteDue", docs[4:]...)
		t.missing(t.last(), "due at DeleteDue", ids(docs[:4])...)
		t.listed(3, docs[4:]...)
		t.isDue(moment.Add(48*time.Hour), 100, docs[4], docs[7], docs[6])
	}},

	// At most limit documents are deleted, and fewer only if no more are due.
	{"DeleteDue/limit", func(t *trial) {
		left := len(t.putDue(slices.Repeat([]time.Time{moment}, 7)...))
		for _, want := range []int{1, 3, 3, 0} {
			limit := max(want, 1)
			n := t.deleteDue(t.first(), moment, limit)
			left -= want
			still := len(t.walk(10, nil))
			t.that(n == want && still == left, "DeleteDue returned %d with limit %d, and left %d documents: want %d and %d", n, limit, still, want, left)
		}
	}},

	// The Due of the last write counts.
	{"DeleteDue/follows", func(t *trial) {
		docs := t.putMoved()
		t.deleteDue(t.first(), moment, 10)
		t.stored(t.last(), "after its Due was put off", docs[:2]...)
		t.missing(t.last(), "after its Due was brought forward, at DeleteDue", ids(docs[2:])...)
	}},

	// A write doesn't bring back what was deleted.
	{"DeleteDue/final", func(t *trial) {
		doc := t.putDue(moment)[0]
		t.deleteDue(t.first(), moment, 10)
		t.putConflicts(store.Document{ID: doc.ID}, doc.Version)
		t.isDue(moment, 10)
	}},

	{"DeleteDue/invalid", func(t *trial) {
		t.refusesLimits(func(kind store.Kind, limit int) error {
			_, err := t.first().DeleteDue(t.ctx, kind, moment, limit)
			return err
		})
	}},

	// Each document is deleted, and counted, once.
	{"DeleteDue/at-once", func(t *trial) {
		docs := t.putDue(slices.Repeat([]time.Time{moment}, 30)...)
		counts, sum := make([]int, racers), 0
		t.race(racers, func(i int, b store.Backend) {
			const limit = 4
			for n := limit; n == limit; counts[i] += n {
				n = t.deleteDue(b, moment, limit)
			}
		})
		for _, n := range counts {
			sum += n
		}
		t.that(sum == len(docs), "several DeleteDue at once returned %d in sum where %d documents were due: each must be counted once", sum, len(docs))
		t.missing(t.last(), "after several DeleteDue at once", ids(docs)...)
	}},

	// A document whose Due is put off meanwhile stays, or the write conflicts.
	{"DeleteDue/race", func(t *trial) {
		for range 2 * rounds {
			doc, deleted := t.putDue(moment)[0], 0
			want := store.Document{ID: doc.ID}
			var err error
			t.race(2, func(i int, b store.Backend) {
				if i == 1 {
					deleted = t.deleteDue(b, moment, 10)
				} else if err = t.tryPut(b, changed(doc, 3600), &want); err != nil {
					t.conflicts(err, "Put, at the same time as DeleteDue,")
				}
			})
			t.stored(t.last(), "after Put put off its Due at the same time as DeleteDue", want)
			t.that((err == nil) == (deleted == 0), "DeleteDue returned %d where a Put at the same time returned the error %v: either must have an effect", deleted, err)
			if err == nil {
				t.delete(t.first(), want)
			}
		}
	}},
}
