package records

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

const (
	// A writer gives up after so many conflicts, or so long. The growing pauses make
	// success more likely.
	maxTries = 300
	maxTime  = 10 * time.Second
	maxPause = 50 * time.Millisecond

	// The first tries have no pause: most often there was only one other writer.
	quickTries = 2
)

var errLost = errors.New("given up: other writers kept changing it")

// A race counts the attempts of one writer, and paces them.
type race struct {
	tries int
	since time.Time // the first
}

// again waits until the next attempt, or returns an error.
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
