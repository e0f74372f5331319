package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

const (
	maxTime  = 10 * time.Second
	maxPause = 50 * time.Millisecond
)

// persist makes a call again as long as the database certainly did nothing, because
// of what others did at the time. The pauses make it ever more likely to be the first.
func persist(ctx context.Context, classify func(error) outcome, patience time.Duration, call func() error) error {
	start := time.Now()
	for n := 0; ; n++ {
		err := call()
		if err == nil || classify(err) != rolledBack {
			return err
		}
		if time.Since(start) > patience {
			return fmt.Errorf("given up after %v, as others always came first: %w", patience, err)
		}
		if n < 2 {
			continue
		}
		select {
		case <-time.After(rand.N(min(time.Millisecond<<min(n, 10), maxPause))):
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		}
	}
}
