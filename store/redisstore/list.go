package redisstore

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/eagate/eagate/store"
)

// ListAccounts implements [store.Accounts]: shard by shard, and in a shard in the
// order of the IDs. A filter is applied to the accounts that were read, so that
// looking for a few costs as much as reading all.
func (s *Store) ListAccounts(ctx context.Context, filter store.AccountFilter, from string, limit int) ([]store.Account, string, error) {
	if err := ctx.Err(); err != nil {
		return nil, "", err
	}
	if limit < 1 {
		return nil, "", fmt.Errorf("redisstore: limit %d: want at least 1", limit)
	}
	at, err := parseCursor(from)
	if err != nil {
		return nil, "", err
	}
	left := limit // to be read, which bounds what a call costs
	if filter != (store.AccountFilter{}) {
		left = max(limit, 500)
	}
	var page []store.Account
	for at.shard < shards && left > 0 {
		batch, err := s.after(ctx, at, left)
		if err != nil {
			return nil, "", fault(ctx, "listing accounts", err)
		}
		for _, a := range batch {
			at.userID = a.UserID
			if !filter.Match(a) {
				continue
			}
			if page = append(page, a); len(page) == limit {
				return page, at.String(), nil
			}
		}
		if len(batch) < left {
			at = cursor{shard: at.shard + 1}
		}
		left -= len(batch)
	}
	return page, at.String(), nil
}

// after returns the shard's next accounts, fewer than limit at its end.
func (s *Store) after(ctx context.Context, at cursor, limit int) ([]store.Account, error) {
	start := "-"
	if at.userID != "" {
		start = "(" + at.userID
	}
	keys := []string{s.keys.witness(at.shard), s.keys.accounts(at.shard)}
	ids, err := listScript.Run(ctx, s.client, keys, s.witnesses[at.shard], start, limit).StringSlice()
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	answers := make([]*redis.Cmd, len(ids))
	_, err = s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, id := range ids {
			place := s.account(id)
			answers[i] = p.Eval(ctx, readAccountSource, place.keys, place.witness, id)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	batch := make([]store.Account, len(ids))
	for i, answer := range answers {
		fields, err := pairs(answer)
		if err != nil {
			return nil, err
		}
		if batch[i], _, err = accounts.decode(ids[i], fields); err != nil {
			return nil, err
		}
	}
	return batch, nil
}

// A cursor is the place behind an account, or before the first of a shard.
type cursor struct {
	shard  int
	userID string
}

// String returns "" for the place behind all accounts.
func (c cursor) String() string {
	if c.shard == shards {
		return ""
	}
	return strconv.Itoa(c.shard) + "/" + c.userID
}

func parseCursor(text string) (cursor, error) {
	if text == "" {
		return cursor{}, nil
	}
	shard, userID, _ := strings.Cut(text, "/")
	n, err := strconv.Atoi(shard)
	if err != nil || n < 0 || n >= shards {
		return cursor{}, fmt.Errorf("redisstore: no place in the list of accounts: %q", text)
	}
	return cursor{n, userID}, nil
}
