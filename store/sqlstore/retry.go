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

// retry calls call again while the database certainly did nothing because of concurrent
// transactions, with random pauses.
func retry(ctx context.Context, classify func(error) outcome, patience time.Duration, call func() error) error {
	start := time.Now()
	for n := 0; ; n++ {
		err := call()
		if err == nil || classify(err) != rolledBack {
			return err
		}
		if time.Since(start) > patience {
			return fmt.Errorf("gave up after %v of conflicts with other transactions: %w", patience, err)
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
