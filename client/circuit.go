package client

import (
	"slices"
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
)

// A CircuitChange is the opening or closing of a circuit breaker: see [WithCircuit].
type CircuitChange struct {
	Calls string        // "sign-in", or "status" for [Client.SyncStatus]
	Open  bool          // whether these calls are no longer made
	Err   error         // if Open: of the last call
	Pause time.Duration // if Open: until a trial call is made
	Was   time.Duration // if closed: how long it was open
}

// OnCircuit adds a function that is called when a circuit breaker opens or closes. A
// failed trial call is no change. f is called while a call of the client waits, possibly
// from several goroutines at once, and must not call the service.
func (c *Client) OnCircuit(f func(CircuitChange)) { c.listeners.add(f) }

// listeners are the functions of OnCircuit.
type listeners struct {
	mu  sync.Mutex
	all []func(CircuitChange)
}

func (l *listeners) add(f func(CircuitChange)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, f)
}

func (l *listeners) call(change CircuitChange) {
	l.mu.Lock()
	all := slices.Clone(l.all)
	l.mu.Unlock()
	for _, f := range all {
		f(change)
	}
}

// A circuit is a circuit breaker: it stops calls while the service is unavailable, so
// that users don't wait for it. After a pause it allows one trial call.
type circuit struct {
	calls     string
	pause     time.Duration
	breaker   circuitbreaker.CircuitBreaker[any]
	listeners *listeners

	mu     sync.Mutex
	last   error // of the last call that found the service unavailable
	opened time.Time
}

func newCircuit(calls string, failures int, pause time.Duration, l *listeners) *circuit {
	c := &circuit{calls: calls, pause: pause, listeners: l}
	c.breaker = circuitbreaker.NewBuilder[any]().
		WithFailureThreshold(uint(failures)).
		WithSuccessThreshold(1).
		WithDelay(pause).
		OnStateChanged(c.changed).
		Build()
	return c
}

// changed calls the listeners, except when a trial call starts or fails.
func (c *circuit) changed(e circuitbreaker.StateChangedEvent) {
	c.mu.Lock()
	change := CircuitChange{Calls: c.calls}
	switch {
	case e.OldState == circuitbreaker.ClosedState:
		c.opened = time.Now()
		change.Open, change.Err, change.Pause = true, c.last, c.pause
	case e.NewState == circuitbreaker.ClosedState:
		change.Was = time.Since(c.opened)
	default:
		c.mu.Unlock()
		return
	}
	c.mu.Unlock()
	c.listeners.call(change)
}

// A health is what a call says about the service.
type health uint8

const (
	unknown health = iota // the caller cancelled the call
	up                    // it responded, if only to refuse
	down                  // it was unavailable
)

// enter reports whether a call may be made. If so, done must be called with its
// result.
func (c *circuit) enter() (done func(health, error), ok bool) {
	return c.record, c.breaker.TryAcquirePermit()
}

func (c *circuit) record(h health, err error) {
	switch h {
	case up:
		c.breaker.RecordSuccess()
	case down:
		c.mu.Lock()
		c.last = err
		c.mu.Unlock()
		c.breaker.RecordFailure()
	case unknown:
		// A trial call needs a result; without one, the pause starts again.
		if c.breaker.IsHalfOpen() {
			c.breaker.RecordFailure()
		}
	}
}
