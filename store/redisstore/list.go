package redisstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/eagate/eagate/store"
)

// List implements [store.Backend], shard by shard, each in the order of the IDs. A
// page has [store.MaxGet] documents at most.
func (s *Store) List(ctx context.Context, kind store.Kind, after string, limit int) ([]store.Document, string, error) {
	if err := cmp.Or(ctx.Err(), kind.Check(), store.CheckLimit(limit), s.checkKind(kind)); err != nil {
		return nil, "", err
	}
	at, err := parseCursor(after)
	if err != nil {
		return nil, "", err
	}
	limit = min(limit, store.MaxGet)
	for ; at.shard < shards; at = (cursor{shard: at.shard + 1}) {
		c := s.call(listScript, at.shard, nil, "("+member(kind, at.id), "("+string(kind)+";", limit)
		if err := s.run(ctx, "listing", c); err != nil {
			return nil, "", err
		}
		ids, err := c.StringSlice()
		if err != nil {
			return nil, "", fault(ctx, "listing", err)
		}
		if len(ids) == 0 {
			continue
		}
		for i := range ids {
			ids[i] = strings.TrimPrefix(ids[i], string(kind)+":")
		}
		page, err := s.Get(ctx, kind, ids...)
		next := cursor{at.shard, ids[len(ids)-1]}
		if len(ids) < limit {
			next = cursor{shard: at.shard + 1}
		}
		// One that was deleted meanwhile isn't there.
		return slices.DeleteFunc(page, func(d store.Document) bool { return d.Version == 0 }), next.String(), err
	}
	return nil, "", nil
}

// A cursor is the place behind a document, or before the first of a shard.
type cursor struct {
	shard int
	id    string
}

// String returns "" for the place behind all documents.
func (c cursor) String() string {
	if c.shard == shards {
		return ""
	}
	return strconv.Itoa(c.shard) + "/" + c.id
}

func parseCursor(text string) (cursor, error) {
	if text == "" {
		return cursor{}, nil
	}
	shard, id, _ := strings.Cut(text, "/")
	n, err := strconv.Atoi(shard)
	if err != nil || n < 0 || n >= shards {
		return cursor{}, fmt.Errorf("redisstore: no place in a list: %q", text)
	}
	return cursor{n, id}, nil
}
