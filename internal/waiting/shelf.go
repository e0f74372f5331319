package waiting

import (
	"context"
	"time"

	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/store"
)

// A shelf keeps records of one kind.
type shelf[R any] struct {
	kind    store.Kind
	read    func(ctx context.Context, seen []records.Seen, changed func(int, R, error)) error
	version func(*R) uint64

	items   map[string]*item[R]
	marked  []*item[R] // to be read
	watched bool       // whether changes are told
	failing bool       // whether the last reading failed
}

// An item is a record that is kept.
type item[R any] struct {
	id      string
	owner   *user
	rec     *R    // as it was last read or written, or nil; it is replaced, never changed
	err     error // why it can't be read
	version uint64
	gen     int       // counts what was put into rec
	began   time.Time // when it was read or written last
	asked   time.Time // when somebody wanted to know of it
	marked  bool      // it is to be read, and in the shelf's list
	reading bool      // it is being read
}

func (s *shelf[R]) add(id string, owner *user) *item[R] {
	it := &item[R]{id: id, owner: owner}
	s.items[id] = it
	return it
}

// isFresh reports whether what is known of a record can be told as what is so.
func (s *shelf[R]) isFresh(it *item[R]) bool {
	return it.rec != nil && it.err == nil && (s.watched && !it.marked && !it.reading || time.Since(it.began) < fresh)
}

// mark has a record read soon: it may have changed.
func (s *shelf[R]) mark(it *item[R]) {
	if !it.marked {
		it.marked = true
		s.marked = append(s.marked, it)
	}
}

func (s *shelf[R]) markAll() {
	for _, it := range s.items {
		s.mark(it)
	}
}

// put takes in what was read, by a reading that began when the item had that gen, and
// reports whether it is news.
func (s *shelf[R]) put(it *item[R], gen int, began time.Time, rec *R, err error) bool {
	var version uint64
	if rec != nil {
		version = s.version(rec)
	}
	switch {
	case version < it.version && gen != it.gen:
		return false // it was read before what is known here was written
	case it.rec != nil && version == it.version && err == nil && it.err == nil:
		it.began = began
		return false
	}
	it.rec, it.err, it.version, it.began = rec, err, version, began
	it.gen++
	return true
}

// take returns what is to be read next, at most n records.
func (s *shelf[R]) take(n int) (taken []*item[R]) {
	for ; len(s.marked) > 0 && len(taken) < n; s.marked = s.marked[1:] {
		// It may have been read already, or nobody waits for it any more.
		if it := s.marked[0]; it.marked && s.items[it.id] == it {
			taken = append(taken, it)
		}
	}
	if len(s.marked) == 0 {
		s.marked = nil
	}
	return taken
}
