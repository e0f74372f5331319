package storetest

import (
	"slices"
	"time"

	"github.com/eagate/eagate/store"
)

var (
	dueClauses = []clause{
		{"Due/which", dueWhich},
		{"Due/limit", dueLimit},
		{"Due/follows", dueFollows},
		{"Due/invalid", dueInvalid},
	}
	deleteDueClauses = []clause{
		{"DeleteDue/which", deleteDueWhich},
		{"DeleteDue/limit", deleteDueLimit},
		{"DeleteDue/follows", deleteDueFollows},
		{"DeleteDue/final", deleteDueFinal},
		{"DeleteDue/invalid", deleteDueInvalid},
		{"DeleteDue/at-once", deleteDueAtOnce},
		{"DeleteDue/race", deleteDueRace},
	}
)

func (t *trial) dueIDs(now time.Time, limit int) []string {
	ids, err := t.last().Due(t.ctx, t.kind, now, limit)
	if err != nil {
		t.fatalf("Due returned the error %w: it must return the IDs of what is due", err)
	}
	if len(ids) > limit {
		t.fatalf("Due returned %d IDs with limit %d", len(ids), limit)
	}
	return ids
}

// due checks what Due returns, in its order.
func (t *trial) due(now time.Time, limit int, want ...string) {
	if got := t.dueIDs(now, limit); !slices.Equal(got, want) {
		t.fatalf("Due returned the IDs %.200q, want %.200q: those that are due at or before now, the longest due first", got, want)
	}
}

func (t *trial) deleteDue(b store.Backend, now time.Time, limit int) int {
	n, err := b.DeleteDue(t.ctx, t.kind, now, limit)
	if err != nil {
		t.fatalf("DeleteDue returned the error %w: it must delete what is due", err)
	}
	if n < 0 || n > limit {
		t.fatalf("DeleteDue returned %d with limit %d", n, limit)
	}
	return n
}

// dueAt writes a document for each time, and none of the same kind is there else.
// One of another kind, due long ago, is there as well.
func (t *trial) dueAt(times ...time.Time) []store.Document {
	kind := t.kind
	t.kind = newKind()
	other := document(newID(), 0)
	other.Due = time.Unix(1, 0)
	t.put(t.first(), other)
	t.kind = kind
	docs := make([]store.Document, len(times))
	for i, at := range times {
		docs[i] = document(newID(), i)
		docs[i].Due = at
		docs[i] = t.put(t.handle(i), docs[i])
	}
	return docs
}

const tick = time.Microsecond

// dueTimes are, in no order, those of the first four documents due at moment, and
// of the last four not.
func dueTimes() []time.Time {
	zone := time.FixedZone("", 9*3600)
	return []time.Time{
		moment.Add(-tick).In(zone), time.Date(2001, 1, 1, 0, 0, 0, 0, zone), moment, moment.Add(-time.Hour),
		moment.Add(tick), {}, moment.Add(24 * time.Hour).In(zone), moment.Add(time.Second),
	}
}

// dueWhich: what is due at or before now is returned, the longest due first, and
// stays.
func dueWhich(t *trial) {
	docs := t.dueAt(dueTimes()...)
	t.due(time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), 10)
	for _, now := range []time.Time{moment, moment.In(time.FixedZone("", -5*3600)), moment.Add(999)} {
		t.due(now, 100, docs[1].ID, docs[3].ID, docs[0].ID, docs[2].ID)
	}
	t.stored(t.last(), "after it was due", docs...)
}

// dueLimit: at most limit IDs are returned, of those that are due the longest.
func dueLimit(t *trial) {
	docs := t.dueAt(dueTimes()...)
	t.due(moment, 1, docs[1].ID)
	t.due(moment, 3, docs[1].ID, docs[3].ID, docs[0].ID)
	t.due(moment, 4, docs[1].ID, docs[3].ID, docs[0].ID, docs[2].ID)
}

// dueFollows: the Due of the last write counts.
func dueFollows(t *trial) {
	docs := t.dueAt(moment, moment.Add(-time.Hour), moment.Add(time.Hour), moment, time.Time{})
	for i, to := range []time.Time{moment.Add(tick), {}, moment.Add(-tick), moment.Add(-time.Minute), moment} {
		wrong := document(docs[i].ID, 9)
		wrong.Due, wrong.Version = moment.Add(-24*time.Hour), docs[i].Version+1
		_, err := t.first().Put(t.ctx, t.kind, wrong)
		t.conflict(err, "Put with another version than the stored one")
		docs[i].Due = to
		docs[i] = t.put(t.handle(i), docs[i])
	}
	t.due(moment, 10, docs[3].ID, docs[2].ID, docs[4].ID)
}

// dueInvalid: a limit below 1 is an error, and so is an invalid kind.
func dueInvalid(t *trial) {
	t.dueAt(moment)
	for _, limit := range []int{0, -1} {
		_, err := t.first().Due(t.ctx, t.kind, moment, limit)
		t.refused(err, "Due with limit %d", limit)
	}
	for _, kind := range invalidKinds {
		_, err := t.first().Due(t.ctx, kind, moment, 1)
		t.refused(err, "Due of the invalid kind %.100q", kind)
	}
}

// deleteDueWhich: what is due at or before now is deleted, and nothing else.
func deleteDueWhich(t *trial) {
	docs := t.dueAt(dueTimes()...)
	if n := t.deleteDue(t.first(), time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), 100); n != 0 {
		t.fatalf("DeleteDue returned %d where nothing is due", n)
	}
	t.stored(t.last(), "before it was due", docs...)
	if n := t.deleteDue(t.first(), moment.In(time.FixedZone("", -5*3600)), 100); n != 4 {
		t.fatalf("DeleteDue returned %d where 4 documents are due", n)
	}
	t.stored(t.last(), "not due at DeleteDue", docs[4:]...)
	for _, doc := range docs[:4] {
		t.missing(t.last(), "due at DeleteDue", doc.ID)
	}
	t.listed(3, docs[4:]...)
	t.due(moment.Add(48*time.Hour), 100, docs[4].ID, docs[7].ID, docs[6].ID)
}

// deleteDueLimit: at most limit documents are deleted, and fewer if no more are due.
func deleteDueLimit(t *trial) {
	docs := t.dueAt(moment, moment, moment, moment, moment, moment, moment)
	for _, want := range []int{1, 3, 3, 0} {
		n := t.deleteDue(t.first(), moment, max(want, 1))
		left := 0
		for _, doc := range t.get(t.last(), ids(docs)...) {
			if doc.Version != 0 {
				left++
			}
		}
		if len(docs)-left != want || n != want {
			t.fatalf("DeleteDue returned %d with limit %d, and deleted %d of %d that are due: want %d", n, max(want, 1), len(docs)-left, len(docs), want)
		}
		docs = slices.DeleteFunc(docs, func(d store.Document) bool { return t.get(t.last(), d.ID)[0].Version == 0 })
	}
}

// deleteDueFollows: the Due of the last write counts.
func deleteDueFollows(t *trial) {
	docs := t.dueAt(moment, moment, moment.Add(time.Hour), time.Time{})
	for i, to := range []time.Time{moment.Add(tick), {}, moment.Add(-tick), moment} {
		docs[i].Due = to
		docs[i] = t.put(t.handle(i), docs[i])
	}
	if n := t.deleteDue(t.first(), moment, 10); n != 2 {
		t.fatalf("DeleteDue returned %d where 2 documents are due since their last write", n)
	}
	t.stored(t.last(), "after its Due was put off", docs[:2]...)
	t.missing(t.last(), "after its Due was brought forward, at DeleteDue", docs[2].ID, docs[3].ID)
}

// deleteDueFinal: a write doesn't bring back what DeleteDue deleted.
func deleteDueFinal(t *trial) {
	doc := t.dueAt(moment)[0]
	t.deleteDue(t.first(), moment, 10)
	_, err := t.last().Put(t.ctx, t.kind, doc)
	t.conflict(err, "Put with the version of a document that DeleteDue deleted")
	t.missing(t.last(), "after DeleteDue", doc.ID)
	t.due(moment, 10)
}

// deleteDueInvalid: a limit below 1 is an error, and so is an invalid kind.
func deleteDueInvalid(t *trial) {
	doc := t.dueAt(moment)[0]
	for _, limit := range []int{0, -1} {
		_, err := t.first().DeleteDue(t.ctx, t.kind, moment, limit)
		t.refused(err, "DeleteDue with limit %d", limit)
	}
	t.stored(t.last(), "after DeleteDue with a limit below 1", doc)
	for _, kind := range invalidKinds {
		_, err := t.first().DeleteDue(t.ctx, kind, moment, 1)
		t.refused(err, "DeleteDue of the invalid kind %.100q", kind)
	}
}

// deleteDueAtOnce: each document is deleted, and counted, once.
func deleteDueAtOnce(t *trial) {
	docs := t.dueAt(slices.Repeat([]time.Time{moment}, 30)...)
	counts := make([]int, racers)
	t.race(racers, func(i int, b store.Backend) {
		const limit = 4
		for n := limit; n == limit; counts[i] += n {
			n = t.deleteDue(b, moment, limit)
		}
	})
	sum := 0
	for _, n := range counts {
		sum += n
	}
	if sum != len(docs) {
		t.fatalf("several DeleteDue at once returned %d in sum where %d documents are due: each must be counted once", sum, len(docs))
	}
	t.missing(t.last(), "after several DeleteDue at once", ids(docs)...)
}

// deleteDueRace: a document whose Due is put off meanwhile stays, or the write
// conflicts.
func deleteDueRace(t *trial) {
	for range 2 * rounds {
		doc := t.dueAt(moment)[0]
		want := store.Document{ID: doc.ID}
		var err error
		deleted := 0
		t.race(2, func(i int, b store.Backend) {
			if i == 1 {
				deleted = t.deleteDue(b, moment, 10)
				return
			}
			later := doc
			later.Due = moment.Add(time.Hour)
			var version uint64
			if version, err = b.Put(t.ctx, t.kind, later); err == nil {
				want, want.Version = later, version
			}
		})
		if err != nil {
			t.conflict(err, "Put, at the same time as DeleteDue,")
		}
		t.stored(t.last(), "after Put put off its Due at the same time as DeleteDue", want)
		if written := err == nil; written == (deleted == 1) {
			t.fatalf("DeleteDue returned %d where a Put at the same time returned the error %v: either the document is deleted, or Put succeeds", deleted, err)
		}
	}
}

func ids(docs []store.Document) []string {
	ids := make([]string, len(docs))
	for i, doc := range docs {
		ids[i] = doc.ID
	}
	return ids
}
