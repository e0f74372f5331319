package redisstore_test

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/redis/go-redis/v9"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/keyring"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/store/redisstore"
)

// BenchmarkTransition compares challenges that are created, approved and used
// through records in the store with the same done by hand: JSON with an HMAC, one
// script to write it, and a plain HMGET to read it. Both take turns of some 25 ms
// with 64 goroutines each. The goal is a ratio of 0.9 in operations per second, and
// no transition that takes 200 ms.
func BenchmarkTransition(b *testing.B) {
	options := sharedServer(b)
	options.PoolSize = 64
	client := connect(b, options)
	prefix := newPrefix(b, client)
	volatile := expect.Try(redisstore.NewVolatile(client, redisstore.WithPrefix(prefix))).OrFail(b)
	key := make([]byte, 32)
	rand.Read(key)
	keys := expect.Try(keyring.New(key)).OrFail(b)
	all := records.New(volatile, keys)
	ours := func(ctx context.Context) error { return throughRecords(ctx, all) }
	theirs := func(ctx context.Context) error { return byHand{client, prefix + "hand:", key}.transition(ctx) }

	const workers, each = 64, 6
	measure := func(f func(ctx context.Context) error) (perSecond float64, longest time.Duration) {
		start := time.Now()
		var wg sync.WaitGroup
		var mu sync.Mutex
		for range workers {
			wg.Go(func() {
				for range each {
					began := time.Now()
					if err := f(b.Context()); err != nil {
						b.Error(err)
						return
					}
					mu.Lock()
					longest = max(longest, time.Since(began))
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		return workers * each / time.Since(start).Seconds(), longest
	}
	measure(theirs)
	measure(ours)
	// The median, so that whatever else the machine does in some turns doesn't
	// count.
	var ratios, rates []float64
	var longest time.Duration
	for b.Loop() {
		var us, them float64
		var slow time.Duration
		if len(ratios)%2 == 0 {
			us, slow = measure(ours)
			them, _ = measure(theirs)
		} else {
			them, _ = measure(theirs)
			us, slow = measure(ours)
		}
		ratios, rates, longest = append(ratios, us/them), append(rates, us), max(longest, slow)
	}
	slices.Sort(ratios)
	slices.Sort(rates)
	b.ReportMetric(ratios[len(ratios)/2], "ratio")
	b.ReportMetric(rates[len(rates)/2], "transitions/s")
	b.ReportMetric(float64(longest.Milliseconds()), "ms-longest")
	b.ReportMetric(0, "ns/op") // of a turn each: says nothing
}

func throughRecords(ctx context.Context, r *records.Records) error {
	c := challenge()
	move := func(from, to records.ChallengeState) error {
		return r.UpdateChallenge(ctx, c.ID, func(c *records.Challenge) error {
			if c.State != from {
				return errors.New("in another state")
			}
			c.State = to
			return nil
		})
	}
	if err := r.CreateChallenge(ctx, c); err != nil {
		return err
	}
	if err := move(records.Pending, records.Approved); err != nil {
		return err
	}
	return move(records.Approved, records.Consumed)
}

func challenge() records.Challenge {
	now := time.Now()
	return records.Challenge{
		ID: rand.Text(), UserID: "u-42", Binding: "binding", Epoch: 7, Number: "70",
		CreatedAt: now, ExpiresAt: now.Add(time.Minute), ForgetAt: now.Add(5 * time.Minute),
	}
}

// byHand keeps challenges as somebody would who writes it for this alone.
type byHand struct {
	client *redis.Client
	prefix string
	key    []byte
}

var writeByHand = redis.NewScript(`
	if (redis.call('HGET', KEYS[1], 'version') or '0') ~= ARGV[1] then
		return 0
	end
	redis.call('HSET', KEYS[1], 'version', ARGV[2], 'body', ARGV[3], 'mac', ARGV[4])
	redis.call('PEXPIREAT', KEYS[1], ARGV[5])
	return 1`)

func (h byHand) transition(ctx context.Context) error {
	c := challenge()
	if err := h.write(ctx, c, 0); err != nil {
		return err
	}
	for version, to := range []records.ChallengeState{records.Approved, records.Consumed} {
		c, err := h.read(ctx, c.ID)
		if err != nil {
			return err
		}
		c.State = to
		if err := h.write(ctx, c, version+1); err != nil {
			return err
		}
	}
	return nil
}

func (h byHand) write(ctx context.Context, c records.Challenge, version int) error {
	body, err := json.Marshal(c)
	if err != nil {
		return err
	}
	written, err := writeByHand.Run(ctx, h.client, []string{h.prefix + c.ID},
		version, version+1, body, h.mac(c.ID, body), c.ForgetAt.UnixMilli()).Bool()
	if err == nil && !written {
		err = errors.New("another writer came first")
	}
	return err
}

func (h byHand) read(ctx context.Context, id string) (c records.Challenge, err error) {
	var fields struct {
		Body string `redis:"body"`
		MAC  string `redis:"mac"`
	}
	if err := h.client.HMGet(ctx, h.prefix+id, "body", "mac").Scan(&fields); err != nil {
		return c, err
	}
	if !hmac.Equal([]byte(fields.MAC), []byte(h.mac(id, []byte(fields.Body)))) {
		return c, errors.New("forged")
	}
	err = json.Unmarshal([]byte(fields.Body), &c)
	c.ID = id
	return c, err
}

func (h byHand) mac(id string, body []byte) string {
	m := hmac.New(sha256.New, h.key)
	m.Write([]byte(id))
	m.Write(body)
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}
