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

// Account implements [store.Accounts].
func (s *Store) Account(ctx context.Context, userID string) (store.Account, error) {
	return read(ctx, accounts, s.account(userID))
}

// UpdateAccount implements [store.Accounts].
func (s *Store) UpdateAccount(ctx context.Context, userID string, change func(*store.Account) error) error {
	return update(ctx, accounts, s.account(userID), change)
}

// UnsyncedAccounts implements [store.Accounts]. Accounts due at the same time come
// in the order of their IDs.
func (s *Store) UnsyncedAccounts(ctx context.Context, now time.Time, limit int) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if limit < 1 {
		return nil, nil
	}
	var answers [shards]*redis.Cmd
	_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for n := range answers {
			answers[n] = p.Eval(ctx, dueSource, []string{s.keys.witness(n), s.keys.late(n)}, s.witnesses[n], score(now), limit)
		}
		return nil
	})
	if err != nil {
		return nil, fault(ctx, "looking for accounts that are due", err)
	}
	type due struct {
		id string
		at float64
	}
	var found []due
	for _, answer := range answers {
		flat, err := answer.StringSlice()
		if err != nil {
			return nil, fault(ctx, "looking for accounts that are due", err)
		}
		for pair := range slices.Chunk(flat, 2) {
			at, err := strconv.ParseFloat(pair[1], 64)
			if err != nil {
				return nil, fault(ctx, "looking for accounts that are due", err)
			}
			found = append(found, due{pair[0], at})
		}
	}
	slices.SortFunc(found, func(a, b due) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.id, b.id))
	})
	found = found[:min(len(found), limit)]
	ids := make([]string, len(found))
	for i, d := range found {
		ids[i] = d.id
	}
	return ids, nil
}

func (s *Store) account(userID string) place {
	n := shardOf(userID)
	return place{
		client:  s.client,
		id:      userID,
		keys:    []string{s.keys.account(userID), s.keys.witness(n), s.keys.accounts(n), s.keys.late(n)},
		witness: s.witnesses[n],
	}
}
