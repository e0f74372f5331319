package redisstore_test

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/redisstore"
)

// BenchmarkTransition compares challenges that are created, approved and used
// through the store with the same done by hand: one script to write, a plain
// HGETALL to read. Both take turns of some 25 ms with 64 goroutines each. The goal
// is a ratio of 0.9 in operations per second.
func BenchmarkTransition(b *testing.B) {
	options := sharedServer(b)
	options.PoolSize = 64
	client := connect(b, options)
	prefix := newPrefix(b, client)
	volatile, err := redisstore.NewVolatile(client, redisstore.WithPrefix(prefix))
	if err != nil {
		b.Fatal(err)
	}
	ours := func(ctx context.Context) error { return throughStore(ctx, volatile) }
	theirs := func(ctx context.Context) error { return byHand(ctx, client, prefix+"hand:") }

	const workers, each = 64, 6
	measure := func(f func(ctx context.Context) error) float64 {
		start := time.Now()
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				for range each {
					if err := f(b.Context()); err != nil {
						b.Error(err)
					}
				}
			})
		}
		wg.Wait()
		return workers * each / time.Since(start).Seconds()
	}
	measure(theirs)
	measure(ours)
	// The median, so that whatever else the machine does in some turns doesn't
	// count.
	var ratios, rates []float64
	for b.Loop() {
		var us, them float64
		if len(ratios)%2 == 0 {
			us, them = measure(ours), measure(theirs)
		} else {
			them, us = measure(theirs), measure(ours)
		}
		ratios, rates = append(ratios, us/them), append(rates, us)
	}
	slices.Sort(ratios)
	slices.Sort(rates)
	b.ReportMetric(ratios[len(ratios)/2], "ratio")
	b.ReportMetric(rates[len(rates)/2], "transitions/s")
	b.ReportMetric(0, "ns/op") // of a turn each: says nothing
}

func throughStore(ctx context.Context, s store.Challenges) error {
	id, now := rand.Text(), time.Now()
	move := func(from, to store.ChallengeState) error {
		return s.UpdateChallenge(ctx, id, func(c *store.Challenge) error {
			if c.State != from {
				return errors.New("in another state")
			}
			c.State = to
			return nil
		})
	}
	if err := s.CreateChallenge(ctx, store.Challenge{
		ID: id, UserID: "u-42", Binding: "binding", Epoch: 7, Number: "70",
		CreatedAt: now, ExpiresAt: now.Add(time.Minute), ForgetAt: now.Add(5 * time.Minute),
	}); err != nil {
		return err
	}
	if err := move(store.Pending, store.Approved); err != nil {
		return err
	}
	return move(store.Approved, store.Consumed)
}

var writeByHand = redis.NewScript(`
	if (redis.call('HGET', KEYS[1], 'version') or '0') ~= ARGV[1] then
		return 0
	end
	redis.call('HSET', KEYS[1], 'version', ARGV[2], unpack(ARGV, 4))
	redis.call('PEXPIREAT', KEYS[1], ARGV[3])
	return 1`)

func byHand(ctx context.Context, client *redis.Client, prefix string) error {
	key, now := prefix+rand.Text(), time.Now()
	write := func(from, to int, forget int64, fields ...any) error {
		args := append([]any{from, to, forget}, fields...)
		written, err := writeByHand.Run(ctx, client, []string{key}, args...).Bool()
		if err == nil && !written {
			err = errors.New("another writer came first")
		}
		return err
	}
	move := func(from, to string) error {
		fields, err := client.HGetAll(ctx, key).Result()
		if err != nil {
			return err
		}
		version, err := strconv.Atoi(fields["version"])
		if err != nil {
			return err
		}
		expires, err := strconv.ParseInt(fields["forget_at"], 10, 64)
		if err != nil {
			return err
		}
		if fields["state"] != from {
			return errors.New("in another state")
		}
		return write(version, version+1, expires, "state", to)
	}
	forget := now.Add(5 * time.Minute).UnixMilli()
	if err := write(0, 1, forget,
		"user_id", "u-42", "binding", "binding", "epoch", 7, "state", "pending", "number", "70", "created_at", now.UnixMilli(),
		"expires_at", now.Add(time.Minute).UnixMilli(), "forget_at", forget,
	); err != nil {
		return err
	}
	if err := move("pending", "approved"); err != nil {
		return err
	}
	return move("approved", "consumed")
}
