package redisstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/eagate/eagate/store"
)

// List implements [store.Backend], shard by shard, each in the order of the IDs. A
// page has [store.MaxGet] documents at most.
func (s *Store) List(ctx context.Context, kind store.Kind, after string, limit int) ([]store.Document, string, error) {
	if err := cmp.Or(ctx.Err(), kind.Check(), store.CheckLimit(limit), s.checkKind(kind)); err != nil {
		return nil, "", err
	}
	// A cursor is a shard and the last ID, such as 7/u-42.
	at, id, _ := strings.Cut(cmp.Or(after, "0/"), "/")
	shard, err := strconv.Atoi(at)
	if err != nil || shard < 0 || shard >= shards || after == at {
		return nil, "", fmt.Errorf("redisstore: cursor %q: want one that List has returned", after)
	}
	limit = min(limit, store.MaxGet)
	for ; shard < shards; shard, id = shard+1, "" {
		found, err := run(ctx, s, "listing", (*redis.Cmd).StringSlice,
			s.call(listScript, shard, kind, id, "("+string(kind)+";", limit)) // ';' follows ':'
		if err != nil {
			return nil, "", err
		}
		ids := found[0]
		if len(ids) == 0 {
			continue
		}
		for i := range ids {
			ids[i] = strings.TrimPrefix(ids[i], string(kind)+":")
		}
		page, err := s.Get(ctx, kind, ids...)
		if err != nil {
			return nil, "", err
		}
		// Some may have been deleted meanwhile.
		page = slices.DeleteFunc(page, func(d store.Document) bool { return d.Version == 0 })
		return page, fmt.Sprintf("%d/%s", shard, ids[len(ids)-1]), nil
	}
	return nil, "", nil
}
