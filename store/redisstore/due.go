package redisstore

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/eagate/eagate/store"
)

// Due implements [store.Backend]. Documents that are due at the same time come in the
// order of their IDs.
func (s *Store) Due(ctx context.Context, kind store.Kind, now time.Time, limit int) ([]string, error) {
	if err := cmp.Or(ctx.Err(), kind.Check(), store.CheckLimit(limit), s.checkKind(kind)); err != nil {
		return nil, err
	}
	calls := make([]*call, shards)
	for n := range calls {
		calls[n] = s.call(dueScript, n, []string{s.key(n, dueName(kind))}, formatNow(now), limit)
	}
	if err := s.run(ctx, "looking for what is due", calls...); err != nil {
		return nil, err
	}
	type entry struct {
		id  string
		due float64
	}
	var found []entry
	for _, c := range calls {
		flat, err := c.StringSlice()
		if err != nil {
			return nil, fault(ctx, "looking for what is due", err)
		}
		for pair := range slices.Chunk(flat, 2) {
			due, err := strconv.ParseFloat(pair[1], 64)
			if err != nil {
				return nil, fault(ctx, "looking for what is due", err)
			}
			found = append(found, entry{pair[0], due})
		}
	}
	slices.SortFunc(found, func(a, b entry) int { return cmp.Or(cmp.Compare(a.due, b.due), cmp.Compare(a.id, b.id)) })
	ids := make([]string, min(len(found), limit))
	for i := range ids {
		ids[i] = found[i].id
	}
	return ids, nil
}

// DeleteDue implements [store.Backend]. Redis doesn't forget anything by itself.
func (s *Store) DeleteDue(ctx context.Context, kind store.Kind, now time.Time, limit int) (int, error) {
	// The more at once, the longer others wait for the server.
	const batch = 500
	for deleted := 0; ; {
		most := min(limit-deleted, batch)
		ids, err := s.Due(ctx, kind, now, most)
		if err != nil || len(ids) == 0 {
			return deleted, err
		}
		calls := make([]*call, len(ids))
		for i, id := range ids {
			calls[i] = s.deletion(kind, id, "", formatNow(now))
		}
		if err := s.run(ctx, "deleting what is due", calls...); err != nil {
			return deleted, err
		}
		before := deleted
		for _, c := range calls {
			n, err := c.Int()
			if err != nil {
				return deleted, fault(ctx, "deleting what is due", err)
			}
			deleted += n
		}
		if deleted == limit || len(ids) < most || deleted == before {
			return deleted, nil
		}
	}
}
