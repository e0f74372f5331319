package natsstore

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/eagate/eagate/store"
)

// An index has the IDs of a kind. Each use first reads the writes since the last one; IDs
// of deleted documents stay until they are used.
type index struct {
	read uint64           // the sequence of the last message read
	due  map[string]int64 // in microseconds since 1970, or never
}

const never = math.MaxInt64

// List implements [store.Backend], in the order of the IDs. See the package comment for
// its cost.
func (s *Store) List(ctx context.Context, kind store.Kind, after string, limit int) ([]store.Document, string, error) {
	if err := s.acquire(ctx, kind, limit); err != nil {
		return nil, "", err
	}
	defer s.release()
	ix, err := s.catchUp(ctx, kind)
	if err != nil {
		return nil, "", err
	}
	var ids []string
	for id := range ix.due {
		if id > after {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	next := ""
	if n := min(limit, store.MaxGet); len(ids) > n {
		ids, next = ids[:n], ids[n-1]
	}
	page, err := s.getListed(ctx, kind, ix, ids)
	return page, next, err
}

// Due implements [store.Backend]. See the package comment for its cost.
func (s *Store) Due(ctx context.Context, kind store.Kind, now time.Time, limit int) ([]string, error) {
	if err := s.acquire(ctx, kind, limit); err != nil {
		return nil, err
	}
	defer s.release()
	docs, err := s.due(ctx, kind, now, limit)
	ids := make([]string, len(docs))
	for i, doc := range docs {
		ids[i] = doc.ID
	}
	return ids, err
}

// DeleteDue implements [store.Backend]. See the package comment for its cost.
func (s *Store) DeleteDue(ctx context.Context, kind store.Kind, now time.Time, limit int) (int, error) {
	if err := s.acquire(ctx, kind, limit); err != nil {
		return 0, err
	}
	defer s.release()
	deleted := 0
	for deleted < limit {
		docs, err := s.due(ctx, kind, now, min(limit-deleted, store.MaxGet))
		if err != nil || len(docs) == 0 {
			return deleted, err
		}
		removed := make([]bool, len(docs))
		err = each(len(docs), func(i int) (err error) {
			removed[i], err = s.purge(ctx, docKey(kind, docs[i].ID), docs[i].Version+1)
			return err
		})
		for i, doc := range docs {
			if removed[i] {
				delete(s.indexes[kind].due, doc.ID)
				deleted++
			}
		}
		if err != nil {
			return deleted, err
		}
	}
	return deleted, nil
}

// acquire checks arguments, and locks the indexes.
func (s *Store) acquire(ctx context.Context, kind store.Kind, limit int) error {
	if err := errors.Join(kind.Check(), store.CheckLimit(limit), ctx.Err()); err != nil {
		return err
	}
	select {
	case s.lock <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Store) release() { <-s.lock }

// due returns at most limit documents that are due, the earliest first.
func (s *Store) due(ctx context.Context, kind store.Kind, now time.Time, limit int) ([]store.Document, error) {
	ix, err := s.catchUp(ctx, kind)
	if err != nil {
		return nil, err
	}
	var ids []string
	for id, due := range ix.due {
		if due <= now.UnixMicro() {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b string) int { return cmp.Compare(ix.due[a], ix.due[b]) })
	var found []store.Document
	for len(ids) > 0 && len(found) < limit {
		n := min(len(ids), limit-len(found), store.MaxGet)
		docs, err := s.getListed(ctx, kind, ix, ids[:n])
		if err != nil {
			return nil, err
		}
		ids = ids[n:]
		found = append(found, slices.DeleteFunc(docs, func(d store.Document) bool { return d.Due.IsZero() || d.Due.After(now) })...)
	}
	return found, nil
}

// getListed returns the documents that exist, and removes the others from the index.
func (s *Store) getListed(ctx context.Context, kind store.Kind, ix *index, ids []string) ([]store.Document, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	docs, err := s.Get(ctx, kind, ids...)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(docs, func(d store.Document) bool {
		if d.Version == 0 {
			delete(ix.due, d.ID)
		}
		return d.Version == 0
	}), nil
}

// catchUp reads the writes since the last use of a kind's index. The indexes must be
// locked.
func (s *Store) catchUp(ctx context.Context, kind store.Kind) (*index, error) {
	ix := s.indexes[kind]
	if ix == nil {
		ix = &index{due: make(map[string]int64)}
		s.indexes[kind] = ix
	}
	end, err := s.sync(ctx, kind)
	if err != nil {
		return nil, err
	}
	err = s.follow(ctx, kind, ix.read, func() {}, func(e event) error {
		if e.seq == 0 {
			return errLag
		}
		due, err := dueOf(e.header)
		switch {
		case err != nil:
			return err
		case e.id == "":
		case e.header.Get(headerOperation) != "":
			delete(ix.due, e.id)
		case due.IsZero():
			ix.due[e.id] = never
		default:
			ix.due[e.id] = due.UnixMicro()
		}
		if ix.read = e.seq; ix.read >= end {
			return errDone
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return ix, nil
}
