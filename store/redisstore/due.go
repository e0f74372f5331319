package redisstore

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eagate/eagate/store"
)

// Due implements [store.Backend]. Documents that are due at the same time come in the
// order of their IDs.
func (s *Store) Due(ctx context.Context, kind store.Kind, now time.Time, limit int) ([]string, error) {
	if err := cmp.Or(ctx.Err(), kind.Check(), store.CheckLimit(limit), s.checkKind(kind)); err != nil {
		return nil, err
	}
	var calls [shards]*call
	for n := range calls {
		calls[n] = s.call(dueScript, n, kind, "", micros(now), limit)
	}
	found, err := run(ctx, s, "looking for what is due", parseDue, calls[:]...)
	if err != nil {
		return nil, err
	}
	all := slices.Concat(found...)
	slices.SortFunc(all, func(a, b due) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.id, b.id)) })
	ids := make([]string, min(len(all), limit))
	for i := range ids {
		ids[i] = all[i].id
	}
	return ids, nil
}

type due struct {
	id string
	at float64
}

func parseDue(answer *redis.Cmd) (all []due, err error) {
	flat, err := answer.StringSlice()
	for i := 0; i+1 < len(flat) && err == nil; i += 2 {
		d := due{id: flat[i]}
		d.at, err = strconv.ParseFloat(flat[i+1], 64)
		all = append(all, d)
	}
	return all, err
}

// DeleteDue implements [store.Backend].
func (s *Store) DeleteDue(ctx context.Context, kind store.Kind, now time.Time, limit int) (int, error) {
	const batch = 500 // a larger one blocks the server for longer
	for total := 0; ; {
		most := min(limit-total, batch)
		ids, err := s.Due(ctx, kind, now, most)
		if err != nil || len(ids) == 0 {
			return total, err
		}
		calls := make([]*call, len(ids))
		for i, id := range ids {
			calls[i] = s.call(deleteScript, shardOf(id), kind, id, "", micros(now))
		}
		deleted, err := run(ctx, s, "deleting what is due", (*redis.Cmd).Int, calls...)
		if err != nil {
			return total, err
		}
		before := total
		for _, n := range deleted {
			total += n
		}
		if total == limit || total == before || len(ids) < most {
			return total, nil
		}
	}
}
