package sqlstore

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

const (
	// An update that others always overtake gives up after so many tries. The
	// pauses make it ever more likely to be the one that overtakes.
	maxTries = 300
	maxPause = 50 * time.Millisecond

	// So many are made without a pause: most often one writer came first, and
	// is done.
	quickTries = 2
)

// errOvertaken says that other writers were always first.
var errOvertaken = errors.New("given up: others kept changing it")

// tries counts the attempts at one thing, and paces them.
type tries int

// again waits until the next attempt, and returns an error if there is to be
// none.
func (n *tries) again(ctx context.Context) error {
	*n++
	switch {
	case *n >= maxTries:
		return errOvertaken
	case *n <= quickTries:
		return ctx.Err()
	}
	pause := min(time.Millisecond<<min(*n-quickTries, 10), maxPause)
	timer := time.NewTimer(rand.N(pause))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
