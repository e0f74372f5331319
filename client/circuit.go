package client

import (
	"slices"
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
)

// A CircuitChange says that a [Client] no longer asks the service, or that it does
// again: see [WithCircuit].
type CircuitChange struct {
	Calls string        // which of them: "sign-in", or "status" for [Client.SyncStatus]
	Open  bool          // whether they are no longer made
	Err   error         // of the last call, if Open
	Pause time.Duration // until a call is let through to see, if Open
	Was   time.Duration // how long they weren't made, unless Open
}

// OnCircuit has f called when a circuit opens, and when it closes. A call that is let
// through to see, and fails, is no change. f is called while a call of the client
// waits, perhaps from several at once, and must not call the service.
func (c *Client) OnCircuit(f func(CircuitChange)) { c.listeners.add(f) }

// listeners are the functions that OnCircuit was given.
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

// A circuit keeps calls from a service that is unavailable time and again, so
// that users are not kept waiting for it and it gets a rest. After a pause it
// lets a single call through to see.
type circuit struct {
	calls     string
	pause     time.Duration
	breaker   circuitbreaker.CircuitBreaker[any]
	listeners *listeners

	mu     sync.Mutex
	last   error     // of a call that found the service unavailable
	opened time.Time // when the circuit did
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

// changed tells the listeners, unless the circuit only lets a call through to see.
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

// A sign is what a call has shown of the service.
type sign uint8

const (
	nothing sign = iota // the caller went away first
	life                // it answered, if only to refuse
	death               // it was unavailable
)

// enter reports whether a call may be made. If so, done must be called with
// what it has shown, and its error.
func (c *circuit) enter() (done func(sign, error), ok bool) {
	return c.record, c.breaker.TryAcquirePermit()
}

func (c *circuit) record(s sign, err error) {
	switch s {
	case life:
		c.breaker.RecordSuccess()
	case death:
		c.mu.Lock()
		c.last = err
		c.mu.Unlock()
		c.breaker.RecordFailure()
	case nothing:
		// The one call that was let through has to show something, or else the
		// pause begins anew. Any other call may show nothing.
		if c.breaker.IsHalfOpen() {
			c.breaker.RecordFailure()
		}
	}
}
