package redisstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eagate/eagate/store"
)

// Get implements [store.Backend], in one round trip to each server.
func (s *Store) Get(ctx context.Context, kind store.Kind, ids ...string) ([]store.Document, error) {
	if err := cmp.Or(ctx.Err(), store.CheckGet(kind, ids...), s.checkKind(kind)); err != nil {
		return nil, err
	}
	calls := make([]*call, len(ids))
	for i, id := range ids {
		calls[i] = s.call(getScript, shardOf(id), kind, id)
	}
	docs, err := run(ctx, s, "reading", parseDocument, calls...)
	for i := range docs {
		docs[i].ID = ids[i]
	}
	return docs, err
}

// shardOf returns the shard of an ID. It must never change.
func shardOf(id string) int { return int(crc32.ChecksumIEEE([]byte(id)) % shards) }

// parseDocument returns the document of get.lua's reply, without its ID.
func parseDocument(answer *redis.Cmd) (doc store.Document, err error) {
	fields, err := answer.StringSlice()
	if err != nil || len(fields) == 0 {
		return doc, err
	}
	doc.Version, err = strconv.ParseUint(fields[0], 10, 53)
	if fields[1] != "" && err == nil {
		var due int64
		due, err = strconv.ParseInt(fields[1], 10, 64)
		doc.Due = time.UnixMicro(due).UTC()
	}
	if err == nil && doc.Version == 0 {
		err = errors.New("version 0")
	}
	if err != nil {
		return store.Document{}, fmt.Errorf("hash not written by this package: %w", err)
	}
	doc.Body = []byte(fields[2])
	return doc, nil
}

// Put implements [store.Backend]. The first version of a document is the time in
// microseconds since 1970.
func (s *Store) Put(ctx context.Context, kind store.Kind, doc store.Document) (uint64, error) {
	if err := cmp.Or(ctx.Err(), doc.Check(kind), s.checkKind(kind), checkDue(doc.Due)); err != nil {
		return 0, err
	}
	var stored, due, channel string
	next := micros(time.Now())
	if doc.Version > 0 {
		stored, next = formatVersion(doc.Version), formatVersion(doc.Version+1)
	}
	if !doc.Due.IsZero() {
		due = micros(doc.Due)
	}
	if doc.Notify {
		channel = s.channel(kind)
	}
	versions, err := run(ctx, s, "writing", (*redis.Cmd).Text,
		s.call(putScript, shardOf(doc.ID), kind, doc.ID, stored, next, due, doc.Body, channel))
	if err != nil {
		return 0, err
	}
	if versions[0] == "" {
		return 0, store.ErrConflict
	}
	return strconv.ParseUint(versions[0], 10, 64)
}

func formatVersion(version uint64) string { return strconv.FormatUint(version, 10) }

// Scores are floating-point numbers, which are exact up to 53 bits.
var earliest, latest = time.UnixMicro(-1 << 53), time.UnixMicro(1 << 53)

func checkDue(due time.Time) error {
	if !due.IsZero() && (due.Before(earliest) || due.After(latest)) {
		return fmt.Errorf("redisstore: due at %v: want a year from %d to %d", due, earliest.Year()+1, latest.Year()-1)
	}
	return nil
}

// micros returns a time in microseconds since 1970, between earliest and latest.
func micros(t time.Time) string {
	if t.Before(earliest) {
		t = earliest
	} else if t.After(latest) {
		t = latest
	}
	return strconv.FormatInt(t.UnixMicro(), 10)
}

// Delete implements [store.Backend].
func (s *Store) Delete(ctx context.Context, kind store.Kind, id string, version uint64) error {
	if err := cmp.Or(ctx.Err(), store.CheckGet(kind, id), s.checkKind(kind)); err != nil {
		return err
	}
	deleted, err := run(ctx, s, "deleting", (*redis.Cmd).Int,
		s.call(deleteScript, shardOf(id), kind, id, formatVersion(version), ""))
	if err == nil && deleted[0] < 0 {
		return store.ErrConflict
	}
	return err
}
