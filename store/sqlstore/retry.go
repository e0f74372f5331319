package sqlstore

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

const (
	// What others always come before is given up after so many tries, or so long.
	// The pauses make it ever more likely to be the one that comes first.
	maxTries = 300
	maxTime  = 10 * time.Second
	maxPause = 50 * time.Millisecond

	// So many are made without a pause: most often one writer came first, and
	// is done.
	quickTries = 2
)

// errOvertaken says that other writers were always first.
var errOvertaken = errors.New("given up: others kept changing it")

// tries counts the attempts at one thing, and paces them.
type tries struct {
	n     int
	since time.Time // the first
}

// again waits until the next attempt, and returns an error if there is to be
// none.
func (t *tries) again(ctx context.Context) error {
	if t.n++; t.n == 1 {
		t.since = time.Now()
	}
	switch {
	case t.n >= maxTries, time.Since(t.since) > maxTime:
		return errOvertaken
	case t.n <= quickTries:
		return ctx.Err()
	}
	pause := min(time.Millisecond<<min(t.n-quickTries, 10), maxPause)
	timer := time.NewTimer(rand.N(pause))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
