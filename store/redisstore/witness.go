package redisstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// meetWitnesses returns the witnesses, which it makes if there are none yet and
// none are expected.
func (v *Volatile) meetWitnesses(ctx context.Context, expected bool) ([shards]string, error) {
	const tries, pause = 20, 50 * time.Millisecond
	for range tries {
		found, n, err := v.findWitnesses(ctx)
		switch {
		case err != nil:
			return found, err
		case n == shards:
			return found, nil
		case n == 0 && expected:
			return found, fmt.Errorf("%w: there are no witnesses with the prefix %q, and WithExisting wants them: "+
				"restore Redis from a backup, or leave out WithExisting to begin anew", ErrDataLost, v.keys.prefix)
		case n == 0:
			err = v.makeWitnesses(ctx)
		default: // another process may be making them right now
			err = wait(ctx, pause)
		}
		if err != nil {
			return found, err
		}
	}
	// Servers of a cluster lose their data one by one.
	return [shards]string{}, fmt.Errorf("%w: some witnesses with the prefix %q are missing: "+
		"restore Redis from a backup, or delete all keys with the prefix to begin anew", ErrDataLost, v.keys.prefix)
}

// findWitnesses returns those that there are, and their number.
func (v *Volatile) findWitnesses(ctx context.Context) (found [shards]string, n int, err error) {
	var gets [shards]*redis.StringCmd
	_, err = v.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i := range gets {
			gets[i] = p.Get(ctx, v.keys.witness(i))
		}
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return found, 0, fault(ctx, "looking for the witnesses", err)
	}
	for i, get := range gets {
		value, err := get.Result()
		switch {
		case err == nil:
			found[i] = value
			n++
		case !errors.Is(err, redis.Nil):
			return found, 0, fault(ctx, "looking for the witnesses", err)
		}
	}
	return found, n, nil
}

func (v *Volatile) makeWitnesses(ctx context.Context) error {
	_, err := v.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i := range shards {
			p.SetNX(ctx, v.keys.witness(i), rand.Text(), 0)
		}
		return nil
	})
	if err != nil {
		return fault(ctx, "making the witnesses", err)
	}
	return nil
}

// wait waits, and returns the context's error if that ends first.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
