package redisstore

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// setLossMarkers reads the loss markers. It creates them if there are none, unless
// they are expected.
func (s *Store) setLossMarkers(ctx context.Context, expected bool) error {
	const tries, pause = 20, 50 * time.Millisecond
	for range tries {
		found, n, err := s.findLossMarkers(ctx, false)
		switch {
		case err != nil:
			return err
		case n == shards:
			s.lossMarkers = found
			return nil
		case n == 0 && expected:
			return fmt.Errorf("%w: there are no loss markers with the prefix %q, and WithExisting requires them: "+
				"restore Redis from a backup, or remove WithExisting to start without data", ErrDataLost, s.prefix)
		case n == 0:
			_, _, err = s.findLossMarkers(ctx, true)
		default: // another process may be creating them
			err = wait(ctx, pause)
		}
		if err != nil {
			return err
		}
	}
	// The servers of a cluster lose their data independently.
	return fmt.Errorf("%w: some loss markers with the prefix %q are missing: "+
		"restore Redis from a backup, or delete all keys with the prefix to start without data", ErrDataLost, s.prefix)
}

// findLossMarkers returns the loss markers and their number. If create is set, it
// creates those that are missing.
func (s *Store) findLossMarkers(ctx context.Context, create bool) (found [shards]string, n int, err error) {
	var calls [shards]*call
	for i := range calls {
		fresh := ""
		if create {
			fresh = "!" + rand.Text() // differs from KIND:ID by its first byte
		}
		calls[i] = s.call(lossMarkerScript, i, "", "", fresh)
	}
	answers, err := run(ctx, s, "reading the loss markers", (*redis.Cmd).Text, calls[:]...)
	for i, lossMarker := range answers {
		if found[i] = lossMarker; lossMarker != "" {
			n++
		}
	}
	return found, n, err
}

// wait waits for d, or until ctx is done, and then returns its error.
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
