package storelimit

import (
	"context"
	"slices"
	"sync"
	"time"
)

// The limits of how many calls are under way.
const (
	fewest  = 4
	initial = 16
	most    = 64

	probeEvery = 250 * time.Millisecond

	// A call below it costs less than joining others.
	slowCall = 100 * time.Microsecond
)

// admission bounds the calls under way. How many connections the store has isn't
// known, so the bound follows how long calls take: it grows while they are quick,
// and shrinks while that makes them quicker.
type admission struct {
	// target is how long a call may take so that a request, which makes some eight
	// of them, gets through. patience is how long first calls wait for room.
	target   time.Duration
	patience time.Duration

	mu       sync.Mutex
	limit    int
	underWay int
	begun    []chan struct{} // calls of requests that were begun, waiting for room
	fresh    []newcomer      // first calls, waiting
	started  time.Time       // the last call
	probe    time.Time       // the last call beyond the limit, or zero
	silence  int             // how many calls in a row had no answer
	mean     time.Duration   // of what calls take, lately

	// A round is as many answers as the limit, of calls that have started in it.
	round    time.Time
	answers  int
	took     time.Duration
	full     bool          // the limit kept a call waiting
	accepted time.Duration // as quick as the store is, if above target
	cutFrom  int           // the limit before the last round's cut, or 0
	cutMean  time.Duration
}

type newcomer struct {
	room  chan struct{}
	since time.Time
}

func newAdmission(timeout time.Duration) *admission {
	return &admission{target: timeout / 10, patience: timeout / 12, limit: initial, mean: time.Millisecond}
}

// isSlow reports whether calls take so long that it pays to join them.
func (a *admission) isSlow() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.mean > slowCall
}

// enter waits until there is room for a call. leave must be called after it, if enter
// returns no error.
func (a *admission) enter(ctx context.Context, first bool) error {
	a.mu.Lock()
	now := time.Now()
	if a.underWay < a.limit && len(a.begun) == 0 && (!first || len(a.fresh) == 0) {
		a.admit(now)
		a.mu.Unlock()
		return nil
	}
	a.full = true
	if now.Sub(a.started) >= probeEvery { // those under way may never be answered
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

// An outcome is what a call has shown of the store.
type outcome uint8

const (
	unknown  outcome = iota // little
	answered                // how long it takes
	silent                  // that it doesn't answer
)

// leave makes room for others.
func (a *admission) leave(start, now time.Time, o outcome) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.underWay--
	switch o {
	case answered:
		probed := !a.probe.IsZero() && !start.Before(a.probe) && now.Sub(start) < probeEvery/2
		if a.silence >= fewest || probed {
			// It answers again. Those under way may wait for what never comes.
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

// next lets the next one who waits go ahead, if there is any.
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

// learn takes down an answer, and sets the limit anew when the round is over.
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
		// The cut didn't help: it is the store itself that is slow, not the queue for
		// its connections.
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

// begin begins a round.
func (a *admission) begin(now time.Time) { a.round, a.answers, a.took, a.full = now, 0, 0, false }
