package redisstore

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// setWitnesses looks for the witnesses, and makes them if there are none yet and none
// are expected.
func (s *Store) setWitnesses(ctx context.Context, expected bool) error {
	const tries, pause = 20, 50 * time.Millisecond
	for range tries {
		found, n, err := s.findWitnesses(ctx, false)
		switch {
		case err != nil:
			return err
		case n == shards:
			s.witnesses = found
			return nil
		case n == 0 && expected:
			return fmt.Errorf("%w: there are no witnesses with the prefix %q, and WithExisting wants them: "+
				"restore Redis from a backup, or leave out WithExisting to begin anew", ErrDataLost, s.prefix)
		case n == 0:
			_, _, err = s.findWitnesses(ctx, true)
		default: // another process may be making them right now
			err = wait(ctx, pause)
		}
		if err != nil {
			return err
		}
	}
	// Servers of a cluster lose their data one by one.
	return fmt.Errorf("%w: some witnesses with the prefix %q are missing: "+
		"restore Redis from a backup, or delete all keys with the prefix to begin anew", ErrDataLost, s.prefix)
}

// findWitnesses returns those that there are, and their number. If wanted, it makes
// those that there aren't.
func (s *Store) findWitnesses(ctx context.Context, make bool) (found [shards]string, n int, err error) {
	var calls [shards]*call
	for i := range calls {
		fresh := ""
		if make {
			fresh = "!" + rand.Text() // no member of a document begins so
		}
		calls[i] = s.call(witnessScript, i, "", "", fresh)
	}
	answers, err := run(ctx, s, "looking for the witnesses", (*redis.Cmd).Text, calls[:]...)
	for i, witness := range answers {
		if found[i] = witness; witness != "" {
			n++
		}
	}
	return found, n, err
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
