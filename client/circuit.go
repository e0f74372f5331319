package client

import (
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
)

// A circuit keeps calls from a service that is unavailable time and again, so
// that users are not kept waiting for it and it gets a rest. After a pause it
// lets a single call through to see.
type circuit struct {
	breaker circuitbreaker.CircuitBreaker[any]
}

func newCircuit(failures int, pause time.Duration) *circuit {
	return &circuit{circuitbreaker.NewBuilder[any]().
		WithFailureThreshold(uint(failures)).
		WithSuccessThreshold(1).
		WithDelay(pause).
		Build()}
}

// A sign is what a call has shown of the service.
type sign uint8

const (
	nothing sign = iota // the caller went away first
	life                // it answered, if only to refuse
	death               // it was unavailable
)

// enter reports whether a call may be made. If so, done must be called with
// what it has shown.
func (c *circuit) enter() (done func(sign), ok bool) {
	return c.record, c.breaker.TryAcquirePermit()
}

func (c *circuit) record(s sign) {
	switch s {
	case life:
		c.breaker.RecordSuccess()
	case death:
		c.breaker.RecordFailure()
	case nothing:
		// The one call that was let through has to show something, or else the
		// pause begins anew. Any other call may show nothing.
		if c.breaker.IsHalfOpen() {
			c.breaker.RecordFailure()
		}
	}
}
