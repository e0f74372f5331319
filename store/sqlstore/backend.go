package sqlstore

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/eagate/eagate/store"
)

// Get implements [store.Backend].
func (s *Store) Get(ctx context.Context, kind store.Kind, ids ...string) ([]store.Document, error) {
	if err := cmp.Or(ctx.Err(), store.CheckGet(kind, ids...)); err != nil || len(ids) == 0 {
		return nil, err
	}
	query, args := s.get, []any{string(kind)}
	for _, id := range ids {
		args = append(args, id)
	}
	if len(ids) > 1 {
		// The numbers of IDs are few, so that statements can be prepared for all.
		for n := len(ids); n&(n-1) != 0; n++ {
			args = append(args, ids[0])
		}
		query = s.getMany(len(args) - 1)
	}
	found, err := s.read(ctx, "reading", query, args...)
	if err != nil {
		return nil, err
	}
	byID := make(map[string]store.Document, len(found))
	for _, doc := range found {
		byID[doc.ID] = doc
	}
	docs := make([]store.Document, len(ids))
	for i, id := range ids {
		docs[i] = byID[id]
		docs[i].ID = id
		docs[i].Body = bytes.Clone(docs[i].Body) // an ID may be there twice
	}
	return docs, nil
}

// Put implements [store.Backend].
func (s *Store) Put(ctx context.Context, kind store.Kind, doc store.Document) (uint64, error) {
	if err := cmp.Or(ctx.Err(), doc.Check(kind)); err != nil {
		return 0, err
	}
	var due any
	if !doc.Due.IsZero() {
		if year := doc.Due.UTC().Year(); year < 1 || year > 9999 {
			return 0, fmt.Errorf("sqlstore: due in the year %d: want 1 to 9999", year)
		}
		due = doc.Due.UnixMicro()
	}
	query, version := s.update, doc.Version+1
	args := []any{due, string(doc.Body), string(kind), doc.ID, int64(doc.Version)}
	if doc.Version == 0 {
		version = newVersion()
		query, args[4] = s.insert, int64(version)
	}
	if doc.Notify && s.listener != nil {
		query = s.notifying(query)
		args = append(args, s.channel+string(kind), written+doc.ID)
	}
	switch n, err := s.exec(ctx, "writing", query, args...); {
	case err != nil:
		return 0, err
	case n == 0:
		return 0, store.ErrConflict
	}
	return version, nil
}

var lastVersion atomic.Int64

// newVersion returns the first version of a document: the time, so that it is
// greater than those of an earlier document with the same ID. Updates count on from
// there, and none takes less than a microsecond.
func newVersion() uint64 {
	for {
		last := lastVersion.Load()
		if next := max(time.Now().UnixMicro(), last+2); lastVersion.CompareAndSwap(last, next) {
			return uint64(next)
		}
	}
}

// Delete implements [store.Backend].
func (s *Store) Delete(ctx context.Context, kind store.Kind, id string, version uint64) error {
	if err := cmp.Or(ctx.Err(), store.CheckGet(kind, id)); err != nil {
		return err
	}
	n, err := s.exec(ctx, "deleting", s.delete, string(kind), id, int64(version))
	if err != nil || n > 0 {
		return err
	}
	docs, err := s.Get(ctx, kind, id)
	if err == nil && docs[0].Version != 0 {
		err = store.ErrConflict
	}
	return err
}

// Due implements [store.Backend].
func (s *Store) Due(ctx context.Context, kind store.Kind, now time.Time, limit int) ([]string, error) {
	if err := cmp.Or(ctx.Err(), kind.Check(), store.CheckLimit(limit)); err != nil {
		return nil, err
	}
	docs, err := s.read(ctx, "looking for what is due", s.due, string(kind), micros(now), limit)
	ids := make([]string, len(docs))
	for i, doc := range docs {
		ids[i] = doc.ID
	}
	return ids, err
}

// DeleteDue implements [store.Backend].
func (s *Store) DeleteDue(ctx context.Context, kind store.Kind, now time.Time, limit int) (int, error) {
	if err := cmp.Or(ctx.Err(), kind.Check(), store.CheckLimit(limit)); err != nil {
		return 0, err
	}
	return s.exec(ctx, "deleting what is due", s.deleteDue, string(kind), micros(now), limit)
}

// List implements [store.Backend], in the order of the IDs, byte by byte.
func (s *Store) List(ctx context.Context, kind store.Kind, after string, limit int) ([]store.Document, string, error) {
	if err := cmp.Or(ctx.Err(), kind.Check(), store.CheckLimit(limit)); err != nil {
		return nil, "", err
	}
	page, err := s.read(ctx, "listing", s.list, string(kind), after, limit)
	if err != nil || len(page) < limit {
		return page, "", err
	}
	return page, page[len(page)-1].ID, nil
}

// getMany returns the statement that gets n documents.
func (s *Store) getMany(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = s.param(i + 2)
	}
	return strings.Replace(s.get, "("+s.param(2)+")", "("+strings.Join(list, ", ")+")", 1)
}

// micros returns a time that due times are compared with.
func micros(t time.Time) int64 {
	switch year := t.UTC().Year(); {
	case year < 1:
		return time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
	case year > 9999:
		return time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
	}
	return t.UnixMicro()
}
