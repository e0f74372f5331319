package records

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

const (
	// A writer that others always come before gives up after so many tries, or so
	// long. The pauses make it ever more likely to be the first.
	maxTries = 300
	maxTime  = 10 * time.Second
	maxPause = 50 * time.Millisecond

	// So many tries are made without a pause: most often one other writer came
	// first, and is done.
	quickTries = 2
)

var errLost = errors.New("given up: other writers kept changing it")

// A race counts the tries of one writer, and paces them.
type race struct {
	tries int
	since time.Time // the first
}

// again waits until the next try, and returns an error if there is to be none.
func (r *race) again(ctx context.Context) error {
	if r.tries++; r.tries == 1 {
		r.since = time.Now()
	}
	switch {
	case r.tries >= maxTries, time.Since(r.since) > maxTime:
		return errLost
	case r.tries <= quickTries:
		return ctx.Err()
	}
	pause := time.NewTimer(rand.N(min(time.Millisecond<<min(r.tries-quickTries, 10), maxPause)))
	defer pause.Stop()
	select {
	case <-pause.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
