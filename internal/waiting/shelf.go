package waiting

import (
	"context"
	"time"

	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/store"
)

// A shelf has the records of one kind.
type shelf[R any] struct {
	kind    store.Kind
	read    func(ctx context.Context, seen []records.Seen, changed func(int, R, error)) error
	version func(*R) uint64

	items   map[string]*item[R]
	marked  []*item[R] // to be read
	watched bool       // whether changes are reported
	failing bool       // whether the last reading failed
}

// An item is a record in the hub.
type item[R any] struct {
	id      string
	owner   *user
	rec     *R    // as last read or written, or nil; replaced, never changed
	err     error // why it can't be read
	version uint64
	gen     int       // counts changes of rec
	began   time.Time // of the last read or write
	asked   time.Time // of the last request
	marked  bool      // to be read, and in the shelf's list
	reading bool      // being read
}

func (s *shelf[R]) add(id string, owner *user) *item[R] {
	it := &item[R]{id: id, owner: owner}
	s.items[id] = it
	return it
}

// isFresh reports whether a record is current enough for a page.
func (s *shelf[R]) isFresh(it *item[R]) bool {
	return it.rec != nil && it.err == nil && (s.watched && !it.marked && !it.reading || time.Since(it.began) < fresh)
}

// mark schedules a read of a record that may have changed.
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

// put stores the result of a read that started at generation gen, and reports whether it
// is a change.
func (s *shelf[R]) put(it *item[R], gen int, began time.Time, rec *R, err error) bool {
	var version uint64
	if rec != nil {
		version = s.version(rec)
	}
	switch {
	case version < it.version && gen != it.gen:
		return false // read before the last write
	case it.rec != nil && version == it.version && err == nil && it.err == nil:
		it.began = began
		return false
	}
	it.rec, it.err, it.version, it.began = rec, err, version, began
	it.gen++
	return true
}

// take returns at most n records to read next.
func (s *shelf[R]) take(n int) (taken []*item[R]) {
	for ; len(s.marked) > 0 && len(taken) < n; s.marked = s.marked[1:] {
		// It may have been read or dropped meanwhile.
		if it := s.marked[0]; it.marked && s.items[it.id] == it {
			taken = append(taken, it)
		}
	}
	if len(s.marked) == 0 {
		s.marked = nil
	}
	return taken
}
