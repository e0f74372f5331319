package storelimit

import (
	"context"
	"slices"
	"sync"
	"time"
)

// The limits of the number of concurrent calls.
const (
	fewest  = 4
	initial = 16
	most    = 64

	probeEvery = 250 * time.Millisecond

	// A faster call costs less than joining another one.
	slowCall = 100 * time.Microsecond
)

// An admission limits the number of concurrent calls. The number of the store's
// connections is unknown, so the limit follows the duration of calls: it grows while they
// are fast, and shrinks while that makes them faster.
type admission struct {
	// target is how long a call may take so that a request with about eight of them
	// succeeds. patience is how long first calls wait for room.
	target   time.Duration
	patience time.Duration

	mu       sync.Mutex
	limit    int
	underWay int
	begun    []chan struct{} // later calls of requests, waiting for room
	fresh    []newcomer      // first calls of requests, waiting for room
	started  time.Time       // of the last call
	probe    time.Time       // of the last call beyond the limit, or zero
	silence  int             // calls in a row without a response
	mean     time.Duration   // of recent calls

	// A round is as many responses as the limit, to calls that have started in it.
	round    time.Time
	answers  int
	took     time.Duration
	full     bool          // the limit delayed a call
	accepted time.Duration // the store's own duration, if above target
	cutFrom  int           // the limit before the last round reduced it, or 0
	cutMean  time.Duration
}

type newcomer struct {
	room  chan struct{}
	since time.Time
}

func newAdmission(timeout time.Duration) *admission {
	return &admission{target: timeout / 10, patience: timeout / 12, limit: initial, mean: time.Millisecond}
}

// isSlow reports whether joining another call is worth its cost.
func (a *admission) isSlow() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.mean > slowCall
}

// enter waits until there is room for a call. If it returns nil, leave must be called
// afterwards.
func (a *admission) enter(ctx context.Context, first bool) error {
	a.mu.Lock()
	now := time.Now()
	if a.underWay < a.limit && len(a.begun) == 0 && (!first || len(a.fresh) == 0) {
		a.admit(now)
		a.mu.Unlock()
		return nil
	}
	a.full = true
	if now.Sub(a.started) >= probeEvery { // the running calls may never end
		a.probe = now
		a.admit(now)
		if !a.next() {
			a.mu.Unlock()
			return nil
		}
	}
	if first && (a.silence >= fewest || len(a.fresh) > 0 && now.Sub(a.fresh[0].since) > a.patience/2) {
		a.mu.Unlock()
		return ErrOverloaded
	}
	room := make(chan struct{})
	var late <-chan time.Time
	if first {
		a.fresh = append(a.fresh, newcomer{room, now})
		timer := time.NewTimer(a.patience)
		defer timer.Stop()
		late = timer.C
	} else {
		a.begun = append(a.begun, room)
	}
	a.mu.Unlock()

	select {
	case <-room:
		return nil
	case <-ctx.Done():
	case <-late:
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	select {
	case <-room: // just now
		return nil
	default:
	}
	a.begun = slices.DeleteFunc(a.begun, func(c chan struct{}) bool { return c == room })
	a.fresh = slices.DeleteFunc(a.fresh, func(n newcomer) bool { return n.room == room })
	if ctx.Err() == context.Canceled {
		return ctx.Err()
	}
	return ErrOverloaded
}

// An outcome is what a call says about the store.
type outcome uint8

const (
	unknown  outcome = iota // nothing
	answered                // how long it takes
	silent                  // that it doesn't respond
)

// leave ends a call, and makes room for others.
func (a *admission) leave(start, now time.Time, o outcome) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.underWay--
	switch o {
	case answered:
		probed := !a.probe.IsZero() && !start.Before(a.probe) && now.Sub(start) < probeEvery/2
		if a.silence >= fewest || probed {
			// It responds again; the other running calls may never end.
			a.probe = time.Time{}
			a.limit, a.cutFrom = max(a.limit, min(a.underWay, most)+initial), 0
			a.begin(now)
		}
		a.silence = 0
		a.learn(start, now)
	case silent:
		a.silence++
	case unknown:
	}
	for a.underWay < a.limit && a.next() {
		a.admit(now)
	}
}

func (a *admission) admit(now time.Time) {
	a.underWay++
	a.started = now
}

// next admits the next waiting call, if any.
func (a *admission) next() bool {
	switch {
	case len(a.begun) > 0:
		close(a.begun[0])
		a.begun = slices.Delete(a.begun, 0, 1)
	case len(a.fresh) > 0:
		close(a.fresh[0].room)
		a.fresh = slices.Delete(a.fresh, 0, 1)
	default:
		return false
	}
	return true
}

// learn records the duration of a call, and adjusts the limit at the end of a round.
func (a *admission) learn(start, now time.Time) {
	took := now.Sub(start)
	a.mean += (took - a.mean) / 8
	if start.Before(a.round) {
		return
	}
	a.answers++
	a.took += took
	if a.answers < max(8, a.limit) {
		return
	}
	mean := a.took / time.Duration(a.answers)
	if mean < a.accepted*3/4 {
		a.accepted = 0
	}
	switch {
	case mean > max(a.target, a.accepted) && a.cutFrom > 0 && mean > a.cutMean*9/10:
		// The reduction didn't help: the store itself is slow, not the queue for its
		// connections.
		a.accepted, a.limit, a.cutFrom = mean*9/8, a.cutFrom, 0
	case mean > max(a.target, a.accepted):
		a.cutFrom, a.cutMean = a.limit, mean
		a.limit = max(fewest, a.limit*3/4)
	default:
		a.cutFrom = 0
		if a.full {
			a.limit = min(most, a.limit+1)
		}
	}
	a.begin(now)
}

// begin starts a round.
func (a *admission) begin(now time.Time) { a.round, a.answers, a.took, a.full = now, 0, 0, false }
