package redisstore

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/eagate/eagate/store"
)

// Get implements [store.Backend], in one round trip to each server.
func (s *Store) Get(ctx context.Context, kind store.Kind, ids ...string) ([]store.Document, error) {
	if err := cmp.Or(ctx.Err(), store.CheckGet(kind, ids...), s.checkKind(kind)); err != nil || len(ids) == 0 {
		return nil, err
	}
	calls := make([]*call, len(ids))
	for i, id := range ids {
		name, n := member(kind, id), shardOf(id)
		calls[i] = s.call(getScript, n, []string{s.key(n, name)}, name)
	}
	if err := s.run(ctx, "reading", calls...); err != nil {
		return nil, err
	}
	docs := make([]store.Document, len(ids))
	for i, id := range ids {
		var err error
		if docs[i], err = calls[i].document(id); err != nil {
			return nil, fmt.Errorf("redisstore: %s %q: %w", kind, id, err)
		}
	}
	return docs, nil
}

// document returns what get.lua has answered.
func (c *call) document(id string) (store.Document, error) {
	doc := store.Document{ID: id}
	fields, err := c.Slice()
	if err != nil {
		return doc, err
	}
	if len(fields) == 3 && fields[0] == nil && fields[1] == nil && fields[2] == nil {
		return doc, nil
	}
	var texts [3]string
	for i := range texts {
		text, ok := fields[min(i, len(fields)-1)].(string)
		if !ok || len(fields) != 3 {
			return doc, fmt.Errorf("the hash doesn't have the fields version, due and body: want what this package writes")
		}
		texts[i] = text
	}
	if doc.Version, err = strconv.ParseUint(texts[0], 10, 53); err != nil || doc.Version == 0 {
		return doc, fmt.Errorf("field version: got %q, want what this package writes", texts[0])
	}
	if texts[1] != "" {
		due, err := strconv.ParseInt(texts[1], 10, 64)
		if err != nil {
			return doc, fmt.Errorf("field due: got %q, want what this package writes", texts[1])
		}
		doc.Due = time.UnixMicro(due).UTC()
	}
	doc.Body = []byte(texts[2])
	return doc, nil
}

// Put implements [store.Backend]. The first version of a document is the time in
// microseconds since 1970.
func (s *Store) Put(ctx context.Context, kind store.Kind, doc store.Document) (uint64, error) {
	due, err := formatDue(doc.Due)
	if err := cmp.Or(ctx.Err(), doc.Check(kind), s.checkKind(kind), err); err != nil {
		return 0, err
	}
	stored, next := "", strconv.FormatInt(time.Now().UnixMicro(), 10)
	if doc.Version > 0 {
		stored, next = formatVersion(doc.Version), formatVersion(doc.Version+1)
	}
	report := ""
	if doc.Notify {
		report = s.channel(kind)
	}
	name, n := member(kind, doc.ID), shardOf(doc.ID)
	keys := []string{s.key(n, name), s.key(n, dueName(kind)), s.key(n, "deleted"), s.key(n, reportedName(kind))}
	c := s.call(putScript, n, keys, name, doc.ID, stored, next, due, doc.Body, report, n)
	if err := s.run(ctx, "writing", c); err != nil {
		return 0, err
	}
	version, err := c.Text()
	if err == nil && version == "" {
		return 0, store.ErrConflict
	}
	if err != nil {
		return 0, fault(ctx, "writing", err)
	}
	return strconv.ParseUint(version, 10, 64)
}

// Delete implements [store.Backend].
func (s *Store) Delete(ctx context.Context, kind store.Kind, id string, version uint64) error {
	if err := cmp.Or(ctx.Err(), store.CheckGet(kind, id), s.checkKind(kind)); err != nil {
		return err
	}
	c := s.deletion(kind, id, formatVersion(version), "")
	if err := s.run(ctx, "deleting", c); err != nil {
		return err
	}
	deleted, err := c.Int()
	if err != nil {
		return fault(ctx, "deleting", err)
	}
	if deleted < 0 {
		return store.ErrConflict
	}
	return nil
}

// deletion is a call that deletes a document, if it has that version and is due.
func (s *Store) deletion(kind store.Kind, id, version, due string) *call {
	name, n := member(kind, id), shardOf(id)
	keys := []string{s.key(n, name), s.key(n, dueName(kind)), s.key(n, "deleted")}
	return s.call(deleteScript, n, keys, name, id, version, due)
}
